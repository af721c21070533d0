/* Threads and processes as the scheduler sees them: made, readied, attached, ended. */
#include "kip.h"

#include <ps.h>

VOID KeInitializeProcess(PKPROCESS Process, KPRIORITY BasePriority, ULONG64 DirectoryTableBase)
{
    Process->Header.Type = ProcessObject;
    Process->Header.SignalState = 0;
    InitializeListHead(&Process->Header.WaitListHead);
    Process->DirectoryTableBase = DirectoryTableBase;
    InitializeListHead(&Process->ThreadListHead);
    Process->BasePriority = BasePriority;
    Process->QuantumReset = KI_QUANTUM_NS / 1000000;
}

LONG KeSetProcess(PKPROCESS Process)
{
    KIRQL OldIrql = KfRaiseIrql(DISPATCH_LEVEL);    /* raises IRQL */
    LONG OldState = Process->Header.SignalState;

    Process->Header.SignalState = 1;
    if (OldState == 0)
        KiWaitTest(&Process->Header);
    KeLowerIrql(OldIrql);
    return OldState;
}

VOID KeInitializeThread(PKTHREAD Thread, PVOID KernelStackTop, PKSTART_ROUTINE StartRoutine, PVOID StartContext,
                        PVOID Teb, PKPROCESS Process)
{
    KIRQL OldIrql;

    Thread->Header.Type = ThreadObject;
    Thread->Header.SignalState = 0;
    InitializeListHead(&Thread->Header.WaitListHead);
    InitializeListHead(&Thread->MutantListHead);
    KeInitializeTimer(&Thread->Timer);
    Thread->InitialStack = KernelStackTop;
    Thread->KernelStack = KernelStackTop ? KiInitializeSwitchFrame(KernelStackTop) : NULL;
    Thread->Teb = Teb;
    KiInitializeFloatingState(&Thread->FloatingState);
    Thread->Process = Process;
    Thread->ApcState.Process = Process;
    Thread->StartRoutine = (PVOID)StartRoutine;
    Thread->StartContext = StartContext;
    Thread->Priority = Thread->BasePriority = (SCHAR)Process->BasePriority;
    Thread->PreviousMode = KernelMode;
    Thread->State = Initialized;

    OldIrql = KfRaiseIrql(DISPATCH_LEVEL);          /* raises IRQL */
    InsertTailList(&Process->ThreadListHead, &Thread->ThreadListEntry);
    KeLowerIrql(OldIrql);
}

/* A new thread's first C line, on its own stack, still at the DISPATCH_LEVEL of the switch, interrupts off. */
VOID KiThreadStartup(VOID)
{
    PKTHREAD Thread = KiProcessorBlock.CurrentThread;

    KiEnableInterrupts();
    KiFinishSwitch();
    KeLowerIrql(PASSIVE_LEVEL);
    ((PKSTART_ROUTINE)Thread->StartRoutine)(Thread->StartContext);
    KeBugCheckEx(SYSTEM_THREAD_EXCEPTION_NOT_HANDLED, (ULONG_PTR)Thread->StartRoutine, 0, 0, 0);
}

VOID KeReadyThread(PKTHREAD Thread)
{
    KIRQL OldIrql = KfRaiseIrql(DISPATCH_LEVEL);    /* raises IRQL */

    KiReadyThread(Thread);
    KeLowerIrql(OldIrql);
}

KPRIORITY KeSetPriorityThread(PKTHREAD Thread, KPRIORITY Priority)
{
    KIRQL OldIrql = KfRaiseIrql(DISPATCH_LEVEL);    /* raises IRQL */
    KPRIORITY OldPriority = Thread->Priority;

    if (Thread->State == Ready && Priority != OldPriority) {
        if (RemoveEntryList(&Thread->WaitListEntry))
            KiProcessorBlock.ReadySummary &= ~(1u << (ULONG)OldPriority);
        Thread->Priority = (SCHAR)Priority;
        KiReadyThread(Thread);
    } else {
        Thread->Priority = (SCHAR)Priority;
    }
    KeLowerIrql(OldIrql);
    return OldPriority;
}

VOID KeTerminateThread(VOID)
{
    PKTHREAD Thread = KeGetCurrentThread();

    KfRaiseIrql(DISPATCH_LEVEL);                    /* raises IRQL, for good */
    while (!IsListEmpty(&Thread->MutantListHead))
        KeReleaseMutant(CONTAINING_RECORD(Thread->MutantListHead.Flink, KMUTANT, MutantListEntry), 0, TRUE, NULL);
    RemoveEntryList(&Thread->ThreadListEntry);
    Thread->State = Terminated;
    Thread->Header.SignalState = 1;
    KiWaitTest(&Thread->Header);
    KiProcessorBlock.TerminatedThread = Thread;
    if (KiProcessorBlock.FloatingOwner == Thread)
        KiProcessorBlock.FloatingOwner = NULL;
    KiSwapThread();
    __builtin_unreachable();
}

VOID KeRequestTermination(PKTHREAD Thread)
{
    KIRQL OldIrql = KfRaiseIrql(DISPATCH_LEVEL);    /* raises IRQL */

    Thread->TerminationPending = TRUE;
    if (Thread->State == Waiting && Thread->WaitMode == UserMode)
        KiUnwaitThread(Thread, STATUS_THREAD_IS_TERMINATING);
    KeLowerIrql(OldIrql);
}

/* The address space of another process, for a while. A switch in between keeps it: it is the thread's. */
VOID KeStackAttachProcess(PKPROCESS Process, PKAPC_STATE ApcState)
{
    PKTHREAD Thread = KeGetCurrentThread();
    KIRQL OldIrql = KfRaiseIrql(DISPATCH_LEVEL);    /* raises IRQL */

    *ApcState = Thread->ApcState;
    Thread->ApcState.Process = Process;
    if (ApcState->Process->DirectoryTableBase != Process->DirectoryTableBase)
        KiLoadPageTableRoot(Process->DirectoryTableBase);
    KeLowerIrql(OldIrql);
}

VOID KeUnstackDetachProcess(PKAPC_STATE ApcState)
{
    PKTHREAD Thread = KeGetCurrentThread();
    KIRQL OldIrql = KfRaiseIrql(DISPATCH_LEVEL);    /* raises IRQL */
    PKPROCESS Attached = Thread->ApcState.Process;

    Thread->ApcState = *ApcState;
    if (Attached->DirectoryTableBase != ApcState->Process->DirectoryTableBase)
        KiLoadPageTableRoot(ApcState->Process->DirectoryTableBase);
    KeLowerIrql(OldIrql);
}

VOID KeReloadAddressSpace(VOID)
{
    KiLoadPageTableRoot(KeGetCurrentProcess()->DirectoryTableBase);
}
