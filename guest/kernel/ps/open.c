/* Processes and threads opened by their client id. */
#include "psp.h"

/* The common part: an object found by id is opened for the caller. Drops the reference to Object. */
static NTSTATUS PspOpenFound(PVOID Object, POBJECT_TYPE Type, ACCESS_MASK DesiredAccess,
                             const OBJECT_ATTRIBUTES *Attributes, KPROCESSOR_MODE Mode, PHANDLE UserHandle)
{
    HANDLE Handle;
    NTSTATUS Status = ObOpenObjectByPointer(Object, Attributes->Attributes & OBJ_INHERIT, NULL, DesiredAccess, Type,
                                            Mode, &Handle);

    ObDereferenceObject(Object);
    return NT_SUCCESS(Status) ? ObReturnHandle(Mode, UserHandle, Handle, Status) : Status;
}

static NTSTATUS PspCaptureOpen(KPROCESSOR_MODE Mode, POBJECT_ATTRIBUTES ObjectAttributes, PCLIENT_ID ClientId,
                               POBJECT_ATTRIBUTES Attributes, PCLIENT_ID Cid)
{
    NTSTATUS Status = ExCopyFromMode(Mode, Attributes, ObjectAttributes, sizeof *Attributes);

    if (NT_SUCCESS(Status))
        Status = ExCopyFromMode(Mode, Cid, ClientId, sizeof *Cid);
    if (NT_SUCCESS(Status) && Attributes->ObjectName != NULL)
        Status = STATUS_INVALID_PARAMETER_MIX;      /* processes and threads have no names */
    return Status;
}

NTSTATUS NTAPI NtOpenProcess(PHANDLE ProcessHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                             PCLIENT_ID ClientId)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    OBJECT_ATTRIBUTES Attributes;
    CLIENT_ID Cid;
    PEPROCESS Process;
    PETHREAD Thread;
    NTSTATUS Status = PspCaptureOpen(Mode, ObjectAttributes, ClientId, &Attributes, &Cid);

    if (!NT_SUCCESS(Status))
        return Status;
    if (Cid.UniqueThread != NULL) {     /* the process of that thread */
        Status = PsLookupThreadByThreadId(Cid.UniqueThread, &Thread);
        if (!NT_SUCCESS(Status))
            return Status;
        Process = Thread->ThreadsProcess;
        ObReferenceObject(Process);
        ObDereferenceObject(Thread);
        if (Cid.UniqueProcess != NULL && Cid.UniqueProcess != Process->UniqueProcessId) {
            ObDereferenceObject(Process);
            return STATUS_INVALID_CID;
        }
    } else {
        Status = PsLookupProcessByProcessId(Cid.UniqueProcess, &Process);
        if (!NT_SUCCESS(Status))
            return Status;
    }
    return PspOpenFound(Process, PsProcessType, DesiredAccess, &Attributes, Mode, ProcessHandle);
}

NTSTATUS NTAPI NtOpenThread(PHANDLE ThreadHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                            PCLIENT_ID ClientId)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    OBJECT_ATTRIBUTES Attributes;
    CLIENT_ID Cid;
    PETHREAD Thread;
    NTSTATUS Status = PspCaptureOpen(Mode, ObjectAttributes, ClientId, &Attributes, &Cid);

    if (NT_SUCCESS(Status))
        Status = PsLookupThreadByThreadId(Cid.UniqueThread, &Thread);
    if (!NT_SUCCESS(Status))
        return Status;
    if (Cid.UniqueProcess != NULL && Cid.UniqueProcess != Thread->Cid.UniqueProcess) {
        ObDereferenceObject(Thread);
        return STATUS_INVALID_CID;
    }
    return PspOpenFound(Thread, PsThreadType, DesiredAccess, &Attributes, Mode, ThreadHandle);
}
