/* Threads: made, started in user mode or as system threads, deleted. */
#include "psp.h"

PVOID PsNtDllEntryPoint, PspUserThreadStart, PspUserExceptionDispatcher;

/* A thread object with a client id and a kernel stack; one reference. Takes a reference to the process. */
static NTSTATUS PspAllocateThread(PEPROCESS Process, POBJECT_ATTRIBUTES Attributes, KPROCESSOR_MODE Mode,
                                  PETHREAD *Thread)
{
    PETHREAD New;
    NTSTATUS Status = ObCreateObject(Mode, PsThreadType, Attributes, KernelMode, NULL, sizeof *New, 0, 0,
                                     (PVOID *)&New);

    if (!NT_SUCCESS(Status))
        return Status;
    RtlZeroMemory(New, sizeof *New);
    New->ExitStatus = STATUS_PENDING;
    KeQuerySystemTime(&New->CreateTime);
    KeInitializeEvent(&New->SuspendEvent, NotificationEvent, TRUE);
    LpcInitializeThread(New);
    ObReferenceObject(Process);
    New->ThreadsProcess = Process;
    New->Cid.UniqueProcess = Process->UniqueProcessId;
    New->Cid.UniqueThread = PspAllocateCid(New);
    New->KernelStackTop = MmCreateKernelStack();
    if (New->Cid.UniqueThread == NULL || New->KernelStackTop == NULL) {
        ObDereferenceObject(New);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    *Thread = New;
    return STATUS_SUCCESS;
}

/* From here on the thread counts; it keeps a reference to itself until it has ended. */
static VOID PspInsertThread(PETHREAD Thread)
{
    PEPROCESS Process = Thread->ThreadsProcess;

    ObReferenceObject(Thread);
    InsertTailList(&Process->ThreadListHead, &Thread->ThreadListEntry);
    Process->ActiveThreads++;
    Thread->ThreadInserted = TRUE;
}

VOID PspDeleteThread(PVOID Object)
{
    PETHREAD Thread = Object;

    if (Thread->Cid.UniqueThread != NULL)
        PspFreeCid(Thread->Cid.UniqueThread);
    if (Thread->ImpersonationToken != NULL)
        ObDereferenceObject(Thread->ImpersonationToken);
    if (Thread->KernelStackTop != NULL)
        MmDeleteKernelStack(Thread->KernelStackTop);
    if (Thread->ThreadsProcess != NULL)
        ObDereferenceObject(Thread->ThreadsProcess);
}

/* --- System threads ------------------------------------------------------------------------------------------- */

static VOID PspSystemThreadStartup(PVOID Context)
{
    PETHREAD Thread = Context;

    ((PKSTART_ROUTINE)Thread->StartAddress)(Thread->StartParameter);
    PspExitThread(STATUS_SUCCESS);
}

NTSTATUS NTAPI PsCreateSystemThread(PHANDLE ThreadHandle, ULONG DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                                    HANDLE ProcessHandle, PCLIENT_ID ClientId, PKSTART_ROUTINE StartRoutine,
                                    PVOID StartContext)
{
    PETHREAD Thread;
    HANDLE Handle = NULL;
    NTSTATUS Status;

    UNREFERENCED_PARAMETER(ProcessHandle);
    Status = PspAllocateThread(PsInitialSystemProcess, ObjectAttributes, KernelMode, &Thread);
    if (!NT_SUCCESS(Status))
        return Status;
    Thread->SystemThread = TRUE;
    Thread->StartAddress = (PVOID)StartRoutine;
    Thread->StartParameter = StartContext;
    KeInitializeThread(&Thread->Tcb, Thread->KernelStackTop, PspSystemThreadStartup, Thread, NULL,
                       &PsInitialSystemProcess->Pcb);
    PspInsertThread(Thread);
    if (ClientId != NULL)
        *ClientId = Thread->Cid;
    Status = ObInsertObject(Thread, NULL, DesiredAccess, 0, NULL, ThreadHandle != NULL ? &Handle : NULL);
    if (ThreadHandle != NULL)
        *ThreadHandle = Handle;
    KeReadyThread(&Thread->Tcb);
    return Status;
}

NTSTATUS NTAPI PsTerminateSystemThread(NTSTATUS ExitStatus)
{
    if (!PsGetCurrentThread()->SystemThread)
        return STATUS_INVALID_PARAMETER;
    PspExitThread(ExitStatus);
}

/* --- User threads --------------------------------------------------------------------------------------------- */

/* The first thing that a user thread does, in kernel mode: waits until it is resumed, then puts on its stack the
   registers with which it shall begin, and enters ntdll, which continues with them when it has set itself up. */
static VOID PspUserThreadStartup(PVOID Context)
{
    PETHREAD Thread = Context;
    CONTEXT Begin, Thunk;
    PUCHAR Stack = (PUCHAR)Thread->InitialUserStack - ALIGN_UP_BY(sizeof(CONTEXT), 16);
    NTSTATUS Status;

    if (KeWaitForSingleObject(&Thread->SuspendEvent, Suspended, UserMode, FALSE, NULL) ==
        STATUS_THREAD_IS_TERMINATING)
        PspExitThread(Thread->ExitStatus);
    KiInitializeUserContext(&Begin, PspUserThreadStart, Stack, Thread->Win32StartAddress);
    CONTEXT_ARG1(&Begin) = (ULONG64)Thread->StartParameter;
    Status = MmCopyToUser(Stack, &Begin, sizeof Begin);
    if (!NT_SUCCESS(Status))
        PspExitThread(Status);
    KiInitializeUserContext(&Thunk, PsNtDllEntryPoint, Stack, Stack);
    CONTEXT_ARG1(&Thunk) = (ULONG64)PsSystemDllBase;
    KeEnterUserModeContext(&Thunk);
}

NTSTATUS PspCreateUserThread(PEPROCESS Process, PVOID StartRoutine, PVOID Argument, SIZE_T StackSize,
                             BOOLEAN Suspended, POBJECT_ATTRIBUTES Attributes, KPROCESSOR_MODE Mode,
                             PETHREAD *Thread)
{
    PETHREAD New;
    NTSTATUS Status;

    if (Process->ProcessExiting)
        return STATUS_PROCESS_IS_TERMINATING;
    Status = PspAllocateThread(Process, Attributes, Mode, &New);
    if (!NT_SUCCESS(Status))
        return Status;
    New->StartAddress = PspUserThreadStart;
    New->Win32StartAddress = StartRoutine;
    New->StartParameter = Argument;
    Status = PspCreateTeb(New, StackSize);
    if (!NT_SUCCESS(Status)) {
        PspDeleteTeb(New);
        ObDereferenceObject(New);
        return Status;
    }
    if (Suspended) {
        New->SuspendCount = 1;
        KeClearEvent(&New->SuspendEvent);
    }
    KeInitializeThread(&New->Tcb, New->KernelStackTop, PspUserThreadStartup, New, New->Teb, &Process->Pcb);
    PspInsertThread(New);
    ExRecordFact("thread.create", "pid=%u tid=%u name=%s", HandleToUlong(New->Cid.UniqueProcess),
                 HandleToUlong(New->Cid.UniqueThread), Process->ImageFileName);
    *Thread = New;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI NtCreateThreadEx(PHANDLE ThreadHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                                HANDLE ProcessHandle, PVOID StartRoutine, PVOID Argument, ULONG CreateFlags,
                                SIZE_T ZeroBits, SIZE_T StackSize, SIZE_T MaximumStackSize,
                                PPS_ATTRIBUTE_LIST AttributeList)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    PSP_ATTRIBUTES Attributes;
    PEPROCESS Process;
    PETHREAD Thread;
    HANDLE Handle = NULL;
    NTSTATUS Status;

    UNREFERENCED_PARAMETER(ZeroBits);
    if ((CreateFlags & ~(ULONG)THREAD_CREATE_FLAGS_CREATE_SUSPENDED) != 0)
        return STATUS_INVALID_PARAMETER;
    Status = PspCaptureAttributes(Mode, AttributeList, &Attributes);
    if (!NT_SUCCESS(Status))
        return Status;
    Status = ObReferenceObjectByHandle(ProcessHandle, PROCESS_CREATE_THREAD, PsProcessType, Mode,
                                       (PVOID *)&Process, NULL);
    if (NT_SUCCESS(Status)) {
        Status = Process->Peb == NULL
                     ? STATUS_INVALID_PARAMETER
                     : PspCreateUserThread(Process, StartRoutine, Argument, max(StackSize, MaximumStackSize),
                                           (CreateFlags & THREAD_CREATE_FLAGS_CREATE_SUSPENDED) != 0,
                                           ObjectAttributes, Mode, &Thread);
        ObDereferenceObject(Process);
    }
    if (NT_SUCCESS(Status)) {
        CLIENT_ID Cid = Thread->Cid;
        PVOID Teb = Thread->Teb;

        Status = ObInsertObject(Thread, NULL, DesiredAccess, 0, NULL, &Handle);
        KeReadyThread(&Thread->Tcb);    /* it holds itself while it lives */
        if (NT_SUCCESS(Status) && Attributes.ClientId != NULL)
            Status = ExCopyToMode(Mode, Attributes.ClientId, &Cid, sizeof Cid);
        if (NT_SUCCESS(Status) && Attributes.TebAddress != NULL)
            Status = ExCopyToMode(Mode, Attributes.TebAddress, &Teb, sizeof Teb);
        if (NT_SUCCESS(Status))
            Status = ObReturnHandle(Mode, ThreadHandle, Handle, Status);
    }
    PspReleaseAttributes(&Attributes);
    return Status;
}
