/* The end of threads and processes. */
#include "psp.h"

static LIST_ENTRY PspReaperList = { &PspReaperList, &PspReaperList };
static KEVENT PspReaperEvent;

static struct {                 /* what the reaper was asked to end; nothing when Completed is null */
    HANDLE ProcessId;
    NTSTATUS ExitStatus;
    PS_TERMINATED *Completed;
} PspTermination;

/* A process or thread without which the system cannot go on has ended. */
static DECLSPEC_NORETURN VOID PspCriticalDied(PVOID Object, ULONG_PTR IsThread, NTSTATUS Status)
{
    KeBugCheckEx(CRITICAL_PROCESS_DIED, (ULONG_PTR)Object, IsThread, (ULONG_PTR)(ULONG)Status, 0);
}

DECLSPEC_NORETURN VOID PspExitThread(NTSTATUS ExitStatus)
{
    PETHREAD Thread = PsGetCurrentThread();
    PEPROCESS Process = Thread->ThreadsProcess;

    Thread->ExitStatus = ExitStatus;
    if (Thread->BreakOnTermination && !Process->ProcessExiting)
        PspCriticalDied(Thread, 1, ExitStatus);
    LpcExitThread(Thread);
    if (Thread->ImpersonationToken != NULL) {
        ObDereferenceObject(Thread->ImpersonationToken);
        Thread->ImpersonationToken = NULL;
    }
    RemoveEntryList(&Thread->ThreadListEntry);
    if (--Process->ActiveThreads == 0 && !Thread->SystemThread) {
        if (Process->ExitStatus == STATUS_PENDING)
            Process->ExitStatus = ExitStatus;
        if (Process->BreakOnTermination)
            PspCriticalDied(Process, 0, Process->ExitStatus);
        PspExitProcess(Process);
    } else if (!Process->ProcessExiting && !Thread->SystemThread) {
        PspDeleteTeb(Thread);
    }
    KeTerminateThread();
}

/* On another thread's stack, at DISPATCH_LEVEL: the reaper may have it. */
VOID PspThreadSwitchedAway(PKTHREAD Tcb)
{
    PETHREAD Thread = CONTAINING_RECORD(Tcb, ETHREAD, Tcb);

    InsertTailList(&PspReaperList, &Thread->ThreadListEntry);
    KeSetEvent(&PspReaperEvent, 0, FALSE);
}

BOOLEAN PsRequestTermination(HANDLE ProcessId, NTSTATUS ExitStatus, PS_TERMINATED *Completed)
{
    if (PspTermination.Completed != NULL)
        return FALSE;
    PspTermination.ProcessId = ProcessId;
    PspTermination.ExitStatus = ExitStatus;
    PspTermination.Completed = Completed;
    KeSetEvent(&PspReaperEvent, 0, FALSE);
    return TRUE;
}

/* The process is the kernel's to end, whatever protects it; only the system itself is not. */
static NTSTATUS PspTerminateRequested(VOID)
{
    PEPROCESS Process;
    NTSTATUS Status = PsLookupProcessByProcessId(PspTermination.ProcessId, &Process);

    if (!NT_SUCCESS(Status))
        return Status;
    if (Process == PsInitialSystemProcess)
        Status = STATUS_ACCESS_DENIED;
    else if (Process->ProcessDeleted || Process->ProcessExiting)
        Status = STATUS_PROCESS_IS_TERMINATING;
    else
        PspTerminateProcess(Process, PspTermination.ExitStatus);
    ObDereferenceObject(Process);
    return Status;
}

/* Drops the reference that each ended thread had to itself, where a wait would do no harm; ends what it is asked to. */
static VOID PspReaper(PVOID Context)
{
    UNREFERENCED_PARAMETER(Context);
    for (;;) {
        PS_TERMINATED *Completed;
        KIRQL Irql;

        KeWaitForSingleObject(&PspReaperEvent, Executive, KernelMode, FALSE, NULL);
        if ((Completed = PspTermination.Completed) != NULL) {
            NTSTATUS Status = PspTerminateRequested();

            PspTermination.Completed = NULL;
            Completed(Status);
        }
        KeRaiseIrql(DISPATCH_LEVEL, &Irql);
        while (!IsListEmpty(&PspReaperList)) {
            PETHREAD Thread = CONTAINING_RECORD(RemoveHeadList(&PspReaperList), ETHREAD, ThreadListEntry);

            KeLowerIrql(Irql);
            ObDereferenceObject(Thread);
            KeRaiseIrql(DISPATCH_LEVEL, &Irql);
        }
        KeLowerIrql(Irql);
    }
}

BOOLEAN PspStartReaper(VOID)
{
    KeInitializeEvent(&PspReaperEvent, SynchronizationEvent, FALSE);
    return NT_SUCCESS(PsCreateSystemThread(NULL, THREAD_ALL_ACCESS, NULL, NULL, NULL, PspReaper, NULL));
}

/* On the way back to user mode: a suspended thread holds here, one that was asked to end does not come back. */
VOID PsCheckTermination(VOID)
{
    PETHREAD Thread = PsGetCurrentThread();

    Thread->Tcb.SuspendPending = FALSE;
    if (Thread->SuspendCount != 0)
        KeWaitForSingleObject(&Thread->SuspendEvent, Suspended, UserMode, FALSE, NULL);
    if (Thread->Tcb.TerminationPending)
        PspExitThread(Thread->ExitStatus);
}

static VOID PspTerminateThread(PETHREAD Thread, NTSTATUS ExitStatus)
{
    if (Thread->Tcb.TerminationPending || Thread->Tcb.State == Terminated)
        return;
    Thread->ExitStatus = ExitStatus;
    KeRequestTermination(&Thread->Tcb);
}

/* All threads but the current one are asked to end; the last one to go ends the process. */
VOID PspTerminateProcess(PEPROCESS Process, NTSTATUS ExitStatus)
{
    if (Process->BreakOnTermination)
        PspCriticalDied(Process, 0, ExitStatus);
    Process->ProcessExiting = TRUE;
    if (Process->ExitStatus == STATUS_PENDING)
        Process->ExitStatus = ExitStatus;
    for (PLIST_ENTRY Entry = Process->ThreadListHead.Flink; Entry != &Process->ThreadListHead; Entry = Entry->Flink) {
        PETHREAD Thread = CONTAINING_RECORD(Entry, ETHREAD, ThreadListEntry);

        if (Thread != PsGetCurrentThread())
            PspTerminateThread(Thread, ExitStatus);
    }
}

NTSTATUS NTAPI NtTerminateProcess(HANDLE ProcessHandle, NTSTATUS ExitStatus)
{
    PETHREAD Current = PsGetCurrentThread();
    PEPROCESS Process;
    NTSTATUS Status;

    if (ProcessHandle == NULL) {        /* everybody else in this process, before the caller goes too */
        Process = Current->ThreadsProcess;
        for (PLIST_ENTRY Entry = Process->ThreadListHead.Flink; Entry != &Process->ThreadListHead;
             Entry = Entry->Flink) {
            PETHREAD Thread = CONTAINING_RECORD(Entry, ETHREAD, ThreadListEntry);

            if (Thread != Current)
                PspTerminateThread(Thread, ExitStatus);
        }
        return STATUS_SUCCESS;
    }
    Status = ObReferenceObjectByHandle(ProcessHandle, PROCESS_TERMINATE, PsProcessType, ExGetPreviousMode(),
                                       (PVOID *)&Process, NULL);
    if (!NT_SUCCESS(Status))
        return Status;
    if (Process->ProcessDeleted || Process == PsInitialSystemProcess) {
        ObDereferenceObject(Process);
        return Process == PsInitialSystemProcess ? STATUS_ACCESS_DENIED : STATUS_PROCESS_IS_TERMINATING;
    }
    PspTerminateProcess(Process, ExitStatus);
    if (Process == Current->ThreadsProcess) {
        ObDereferenceObject(Process);
        PspExitThread(ExitStatus);
    }
    ObDereferenceObject(Process);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI NtTerminateThread(HANDLE ThreadHandle, NTSTATUS ExitStatus)
{
    PETHREAD Current = PsGetCurrentThread(), Thread = Current;
    NTSTATUS Status;

    if (ThreadHandle != NULL && ThreadHandle != NtCurrentThread()) {
        Status = ObReferenceObjectByHandle(ThreadHandle, THREAD_TERMINATE, PsThreadType, ExGetPreviousMode(),
                                           (PVOID *)&Thread, NULL);
        if (!NT_SUCCESS(Status))
            return Status;
        if (Thread != Current) {
            if (Thread->SystemThread)
                Status = STATUS_INVALID_PARAMETER;
            else
                PspTerminateThread(Thread, ExitStatus);
        }
        ObDereferenceObject(Thread);
        if (Thread != Current)
            return Status;
    }
    PspExitThread(ExitStatus);
}
