/* Handles: made, duplicated, inherited, closed. */
#include "obp.h"

#define OBJ_PROTECT_CLOSE 0x00000001u
#define OBP_HANDLE_ATTRIBUTES (OBJ_INHERIT | OBJ_PROTECT_CLOSE)

/* The entry of a handle in the current process, or in the System process for a kernel handle. */
PHANDLE_TABLE_ENTRY ObpMapHandle(HANDLE Handle, KPROCESSOR_MODE AccessMode, PHANDLE_TABLE *Table, PHANDLE Local)
{
    PHANDLE_TABLE Owner = PsGetCurrentProcess()->ObjectTable;

    if (((ULONG_PTR)Handle & OBP_KERNEL_HANDLE_BIT) == OBP_KERNEL_HANDLE_BIT) {
        if (AccessMode == UserMode)
            return NULL;
        Owner = PsInitialSystemProcess->ObjectTable;
        Handle = (HANDLE)((ULONG_PTR)Handle & ~OBP_KERNEL_HANDLE_BIT);
    }
    if (Owner == NULL)
        return NULL;
    if (Table != NULL)
        *Table = Owner;
    if (Local != NULL)
        *Local = Handle;
    return ExMapHandleToPointer(Owner, Handle);
}

/* Process NULL: the current one. The handle holds one reference to the object. */
NTSTATUS ObpCreateHandle(OB_OPEN_REASON Reason, PVOID Object, ACCESS_MASK GrantedAccess, ULONG Attributes,
                         KPROCESSOR_MODE AccessMode, PEPROCESS Process, PHANDLE Handle)
{
    POBJECT_HEADER Header = OBJECT_TO_OBJECT_HEADER(Object);
    BOOLEAN Kernel = AccessMode == KernelMode && (Attributes & OBJ_KERNEL_HANDLE) != 0;
    HANDLE_TABLE_ENTRY Entry = { Object, Attributes & OBP_HANDLE_ATTRIBUTES, GrantedAccess };
    HANDLE Local;

    if (Kernel)
        Process = PsInitialSystemProcess;
    else if (Process == NULL)
        Process = PsGetCurrentProcess();
    if (Process->ObjectTable == NULL)
        return STATUS_PROCESS_IS_TERMINATING;
    if ((Header->Flags & OB_FLAG_EXCLUSIVE) != 0 && Header->HandleCount != 0 && Reason == ObOpenHandle)
        return STATUS_ACCESS_DENIED;
    if (Header->Type->TypeInfo.OpenProcedure != NULL) {
        NTSTATUS Status = Header->Type->TypeInfo.OpenProcedure(Reason, Process, Object, GrantedAccess,
                                                               (ULONG)Header->HandleCount + 1);
        if (!NT_SUCCESS(Status))
            return Status;
    }
    Local = ExCreateHandle(Process->ObjectTable, &Entry);
    if (Local == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    ObReferenceObject(Object);
    Header->HandleCount++;
    Header->Type->TotalNumberOfHandles++;
    *Handle = Kernel ? (HANDLE)((ULONG_PTR)Local | OBP_KERNEL_HANDLE_BIT) : Local;
    return STATUS_SUCCESS;
}

/* Frees the slot, tells the type, and drops the handle's reference. */
VOID ObpCloseEntry(PEPROCESS Process, PHANDLE_TABLE Table, HANDLE Local)
{
    PHANDLE_TABLE_ENTRY Entry = ExMapHandleToPointer(Table, Local);
    PVOID Object = Entry->Object;
    ACCESS_MASK Granted = Entry->GrantedAccess;
    POBJECT_HEADER Header = OBJECT_TO_OBJECT_HEADER(Object);

    ExDestroyHandle(Table, Local);
    Header->HandleCount--;
    Header->Type->TotalNumberOfHandles--;
    if (Header->Type->TypeInfo.CloseProcedure != NULL)
        Header->Type->TypeInfo.CloseProcedure(Process, Object, Granted, (ULONG)Header->HandleCount);
    ObpDeleteNameCheck(Header);
    ObDereferenceObject(Object);
}

NTSTATUS ObCloseHandle(HANDLE Handle, KPROCESSOR_MODE PreviousMode)
{
    PHANDLE_TABLE Table;
    HANDLE Local;
    PHANDLE_TABLE_ENTRY Entry = ObpMapHandle(Handle, PreviousMode, &Table, &Local);

    if (Handle == NtCurrentProcess() || Handle == NtCurrentThread())
        return STATUS_SUCCESS;
    if (Entry == NULL)
        return STATUS_INVALID_HANDLE;
    if ((Entry->Attributes & OBJ_PROTECT_CLOSE) != 0 && PreviousMode == UserMode)
        return STATUS_HANDLE_NOT_CLOSABLE;
    ObpCloseEntry(PsGetCurrentProcess(), Table, Local);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI NtClose(HANDLE Handle)
{
    return ObCloseHandle(Handle, ExGetPreviousMode());
}

/* --- Tables of processes ------------------------------------------------------------------------------------- */

NTSTATUS ObInitProcess(PEPROCESS Parent, PEPROCESS Process)
{
    PHANDLE_TABLE Table = ExCreateHandleTable();
    PHANDLE_TABLE_ENTRY Entry;
    HANDLE Handle = NULL;

    if (Table == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    Process->ObjectTable = Table;
    if (Parent == NULL || Parent->ObjectTable == NULL)
        return STATUS_SUCCESS;
    while ((Entry = ExNextHandle(Parent->ObjectTable, &Handle)) != NULL) {
        if ((Entry->Attributes & OBJ_INHERIT) != 0) {
            POBJECT_HEADER Header = OBJECT_TO_OBJECT_HEADER(Entry->Object);
            NTSTATUS Status = ExPlaceHandle(Table, Handle, Entry);

            if (!NT_SUCCESS(Status))
                return Status;
            ObReferenceObject(Entry->Object);
            Header->HandleCount++;
            Header->Type->TotalNumberOfHandles++;
        }
        Handle = (HANDLE)((ULONG_PTR)Handle + 4);
    }
    return STATUS_SUCCESS;
}

/* Closes every handle of a process that ends. */
VOID ObKillProcess(PEPROCESS Process)
{
    PHANDLE_TABLE Table = Process->ObjectTable;
    HANDLE Handle = NULL;

    if (Table == NULL)
        return;
    while (ExNextHandle(Table, &Handle) != NULL)
        ObpCloseEntry(Process, Table, Handle);
    Process->ObjectTable = NULL;
    ExDestroyHandleTable(Table);
}

ULONG ObGetHandleCount(PEPROCESS Process)
{
    return Process->ObjectTable != NULL ? ExHandleCount(Process->ObjectTable) : 0;
}

/* --- Services ------------------------------------------------------------------------------------------------ */

/* Duplicates one handle between two processes whose references the caller holds. */
static NTSTATUS ObpDuplicate(PEPROCESS Source, HANDLE SourceHandle, PEPROCESS Target, ACCESS_MASK DesiredAccess,
                             ULONG Attributes, ULONG Options, KPROCESSOR_MODE Mode, PHANDLE NewHandle)
{
    KAPC_STATE Attached;
    OBJECT_HANDLE_INFORMATION Information;
    PVOID Object;
    NTSTATUS Status;

    KeStackAttachProcess(&Source->Pcb, &Attached);
    Status = ObReferenceObjectByHandle(SourceHandle, 0, NULL, Mode, &Object, &Information);
    KeUnstackDetachProcess(&Attached);
    if (!NT_SUCCESS(Status))
        return Status;
    if (Target != NULL) {
        ACCESS_MASK Granted = Information.GrantedAccess;

        if ((Options & DUPLICATE_SAME_ATTRIBUTES) != 0)
            Attributes = Information.HandleAttributes;
        if ((Options & DUPLICATE_SAME_ACCESS) == 0) {
            PGENERIC_MAPPING Map = &ObGetObjectType(Object)->TypeInfo.GenericMapping;

            RtlMapGenericMask(&DesiredAccess, Map);
            if ((DesiredAccess & ~Information.GrantedAccess) != 0)
                Status = ObpCheckObjectAccess(Object, NULL, DesiredAccess, Mode, &Granted);
            else
                Granted = DesiredAccess;
        }
        if (NT_SUCCESS(Status))
            Status = ObpCreateHandle(ObDuplicateHandle, Object, Granted, Attributes & ~(ULONG)OBJ_KERNEL_HANDLE,
                                     Mode, Target, NewHandle);
    }
    if ((Options & DUPLICATE_CLOSE_SOURCE) != 0) {
        KeStackAttachProcess(&Source->Pcb, &Attached);
        ObCloseHandle(SourceHandle, Mode);
        KeUnstackDetachProcess(&Attached);
    }
    ObDereferenceObject(Object);
    return Status;
}

NTSTATUS NTAPI NtDuplicateObject(HANDLE SourceProcessHandle, HANDLE SourceHandle, HANDLE TargetProcessHandle,
                                 PHANDLE TargetHandle, ACCESS_MASK DesiredAccess, ULONG HandleAttributes,
                                 ULONG Options)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    PEPROCESS Source, Target = NULL;
    HANDLE NewHandle = NULL;
    NTSTATUS Status;

    Status = ObReferenceObjectByHandle(SourceProcessHandle, PROCESS_DUP_HANDLE, PsProcessType, Mode,
                                       (PVOID *)&Source, NULL);
    if (!NT_SUCCESS(Status))
        return Status;
    if (TargetProcessHandle != NULL) {
        Status = ObReferenceObjectByHandle(TargetProcessHandle, PROCESS_DUP_HANDLE, PsProcessType, Mode,
                                           (PVOID *)&Target, NULL);
        if (!NT_SUCCESS(Status)) {
            ObDereferenceObject(Source);
            return Status;
        }
    }
    Status = ObpDuplicate(Source, SourceHandle, Target, DesiredAccess, HandleAttributes, Options, Mode, &NewHandle);
    if (NT_SUCCESS(Status) && TargetHandle != NULL)
        Status = ExCopyToMode(Mode, TargetHandle, &NewHandle, sizeof NewHandle);
    if (Target != NULL)
        ObDereferenceObject(Target);
    ObDereferenceObject(Source);
    return Status;
}

NTSTATUS NTAPI NtMakeTemporaryObject(HANDLE Handle)
{
    PVOID Object;
    NTSTATUS Status = ObReferenceObjectByHandle(Handle, DELETE, NULL, ExGetPreviousMode(), &Object, NULL);

    if (NT_SUCCESS(Status)) {
        ObMakeTemporaryObject(Object);
        ObDereferenceObject(Object);
    }
    return Status;
}

NTSTATUS NTAPI NtMakePermanentObject(HANDLE Handle)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    PVOID Object;
    NTSTATUS Status;

    if (Mode == UserMode && !SePrivilegeCheckToken(NULL, SE_CREATE_PERMANENT_PRIVILEGE))
        return STATUS_PRIVILEGE_NOT_HELD;
    Status = ObReferenceObjectByHandle(Handle, 0, NULL, Mode, &Object, NULL);
    if (NT_SUCCESS(Status)) {
        OBJECT_TO_OBJECT_HEADER(Object)->Flags |= OB_FLAG_PERMANENT;
        ObDereferenceObject(Object);
    }
    return Status;
}
