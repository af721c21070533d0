/* Threads held and let go; alerts. */
#include "psp.h"

VOID PspRecordResume(PETHREAD Thread)
{
    PEPROCESS Process = Thread->ThreadsProcess;

    if (Process->Resumed)
        return;
    Process->Resumed = TRUE;
    ExRecordFact("process.resume", "pid=%u name=%s", HandleToUlong(Process->UniqueProcessId),
                 Process->ImageFileName);
}

static NTSTATUS PspReferenceForSuspend(HANDLE ThreadHandle, PETHREAD *Thread)
{
    return ObReferenceObjectByHandle(ThreadHandle, THREAD_SUSPEND_RESUME, PsThreadType, ExGetPreviousMode(),
                                     (PVOID *)Thread, NULL);
}

static NTSTATUS PspReturnCount(PULONG PreviousSuspendCount, ULONG Count)
{
    return PreviousSuspendCount != NULL
               ? ExCopyToMode(ExGetPreviousMode(), PreviousSuspendCount, &Count, sizeof Count)
               : STATUS_SUCCESS;
}

NTSTATUS NTAPI NtResumeThread(HANDLE ThreadHandle, PULONG PreviousSuspendCount)
{
    PETHREAD Thread;
    ULONG Previous;
    NTSTATUS Status = PspReferenceForSuspend(ThreadHandle, &Thread);

    if (!NT_SUCCESS(Status))
        return Status;
    Previous = Thread->SuspendCount;
    if (Previous == 1)                  /* the fact comes before the thread can act */
        PspRecordResume(Thread);
    if (Previous != 0 && --Thread->SuspendCount == 0)
        KeSetEvent(&Thread->SuspendEvent, 0, FALSE);
    ObDereferenceObject(Thread);
    return PspReturnCount(PreviousSuspendCount, Previous);
}

/* A thread holds when it next returns to user mode; one that has not begun yet stays where it is. */
NTSTATUS NTAPI NtSuspendThread(HANDLE ThreadHandle, PULONG PreviousSuspendCount)
{
    PETHREAD Thread;
    ULONG Previous;
    NTSTATUS Status = PspReferenceForSuspend(ThreadHandle, &Thread);

    if (!NT_SUCCESS(Status))
        return Status;
    Previous = Thread->SuspendCount;
    if (Thread->Tcb.State == Terminated || Thread->Tcb.TerminationPending)
        Status = STATUS_THREAD_IS_TERMINATING;
    else if (Previous == MAXIMUM_SUSPEND_COUNT)
        Status = STATUS_SUSPEND_COUNT_EXCEEDED;
    else if (Thread->SuspendCount++ == 0) {
        KeClearEvent(&Thread->SuspendEvent);
        Thread->Tcb.SuspendPending = TRUE;
    }
    if (NT_SUCCESS(Status))
        Status = PspReturnCount(PreviousSuspendCount, Previous);
    ObDereferenceObject(Thread);
    return Status;
}

/* No user APC is ever queued in this kernel, so there is never an alert to take. */
NTSTATUS NTAPI NtTestAlert(VOID)
{
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI NtAlertThread(HANDLE ThreadHandle)
{
    PETHREAD Thread;
    NTSTATUS Status = ObReferenceObjectByHandle(ThreadHandle, THREAD_ALERT, PsThreadType, ExGetPreviousMode(),
                                                (PVOID *)&Thread, NULL);

    if (!NT_SUCCESS(Status))
        return Status;
    ObDereferenceObject(Thread);
    return STATUS_NOT_SUPPORTED;        /* waits are not alertable here */
}
