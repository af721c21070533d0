/* Which thread runs: 32 priorities, round robin within one, preemption on the way back to user mode. */
#include "kip.h"

#include <ps.h>

static ULONG KiHighestReady(VOID)
{
    return 31 - (ULONG)__builtin_clz(KiProcessorBlock.ReadySummary);
}

static PKTHREAD KiSelectThread(VOID)
{
    PKPRCB Prcb = &KiProcessorBlock;
    PKTHREAD Thread;
    ULONG Priority;

    if (Prcb->ReadySummary == 0)
        return Prcb->IdleThread;
    Priority = KiHighestReady();
    Thread = CONTAINING_RECORD(RemoveHeadList(&Prcb->DispatcherReadyListHead[Priority]), KTHREAD, WaitListEntry);
    if (IsListEmpty(&Prcb->DispatcherReadyListHead[Priority]))
        Prcb->ReadySummary &= ~(1u << Priority);
    return Thread;
}

/* The clock has to ring at the end of the current thread's quantum only when somebody else could use the time. */
static VOID KiWatchQuantum(VOID)
{
    PKTHREAD Thread = KiProcessorBlock.CurrentThread;

    if (Thread != KiProcessorBlock.IdleThread && KiProcessorBlock.ReadySummary != 0 &&
        KiHighestReady() >= (ULONG)Thread->Priority)
        KiRequestClock(Thread->QuantumEnd);
}

VOID KiReadyThread(PKTHREAD Thread)
{
    Thread->State = Ready;
    InsertTailList(&KiProcessorBlock.DispatcherReadyListHead[(ULONG)Thread->Priority], &Thread->WaitListEntry);
    KiProcessorBlock.ReadySummary |= 1u << (ULONG)Thread->Priority;
    KiWatchQuantum();
}

BOOLEAN KiIsPreemptionDue(VOID)
{
    ULONG Priority = (ULONG)KiProcessorBlock.CurrentThread->Priority;

    if (KiProcessorBlock.ReadySummary == 0)
        return FALSE;
    return KiHighestReady() > Priority || (KiHighestReady() == Priority && KiProcessorBlock.QuantumExpired);
}

VOID KiFinishSwitch(VOID)
{
    PKTHREAD Terminated = KiProcessorBlock.TerminatedThread;

    KiProcessorBlock.TerminatedThread = NULL;
    if (Terminated != NULL)
        PspThreadSwitchedAway(Terminated);
}

/* Kernel threads compute with integers only, so the registers stay a user thread's until another one needs them. */
static VOID KiSwapFloatingState(PKPRCB Prcb, PKTHREAD New)
{
    if (New->Teb == NULL || Prcb->FloatingOwner == New)
        return;
    if (Prcb->FloatingOwner != NULL)
        KiSaveFloatingState(&Prcb->FloatingOwner->FloatingState);
    KiRestoreFloatingState(&New->FloatingState);
    Prcb->FloatingOwner = New;
}

VOID KiSwapThread(VOID)
{
    PKPRCB Prcb = &KiProcessorBlock;
    PKTHREAD Old = Prcb->CurrentThread;
    PKTHREAD New;

    KiDisableInterrupts();
    New = KiSelectThread();
    New->State = Running;
    Prcb->QuantumExpired = FALSE;
    New->QuantumEnd = KeQueryBootTimeNs() + KI_QUANTUM_NS;
    if (New != Old) {
        New->ContextSwitches++;
        Prcb->CurrentThread = New;
        if (New->ApcState.Process->DirectoryTableBase != Old->ApcState.Process->DirectoryTableBase)
            KiLoadPageTableRoot(New->ApcState.Process->DirectoryTableBase);
        KiSetThreadState(New->InitialStack, New->Teb);
        KiSwapFloatingState(Prcb, New);
        KiWatchQuantum();
        KiSwapContext(&Old->KernelStack, New->KernelStack);
        /* Old runs again; all locals are its own. */
    }
    KiEnableInterrupts();
    KiFinishSwitch();
}

/* Before user mode goes on: DPCs, the thread's end, another thread's turn. Interrupts are off on entry and return, and
 * nothing is left to do when it returns. */
VOID KiPrepareUserReturn(PKTRAP_FRAME TrapFrame)
{
    PKTHREAD Thread = KiProcessorBlock.CurrentThread;

    UNREFERENCED_PARAMETER(TrapFrame);
    for (;;) {
        if (KiProcessorBlock.Irql != PASSIVE_LEVEL)
            KeBugCheckEx(IRQL_NOT_LESS_OR_EQUAL, KiTrapFramePc(TrapFrame), KiProcessorBlock.Irql, 0, 0);
        if (KiIsDpcPending()) {
            KiRetireDpcs();
        } else if (Thread->TerminationPending || Thread->SuspendPending) {
            KiEnableInterrupts();
            PsCheckTermination();
        } else if (KiIsPreemptionDue()) {
            KfRaiseIrql(DISPATCH_LEVEL);
            KiReadyThread(Thread);
            KiSwapThread();
            KeLowerIrql(PASSIVE_LEVEL);
        } else {
            break;
        }
        KiDisableInterrupts();
    }
}

VOID KeYieldExecution(VOID)
{
    KIRQL OldIrql = KfRaiseIrql(DISPATCH_LEVEL);    /* raises IRQL */

    if (KiProcessorBlock.ReadySummary != 0) {
        KiReadyThread(KiProcessorBlock.CurrentThread);
        KiSwapThread();
    }
    KeLowerIrql(OldIrql);
}

/* For the host, which waits for the moment when nothing of the guest's own is due any more (docs/determinism.md). */
KI_IDLE_STATE KiIdleState;

VOID KiIdle(VOID)
{
    ULONG64 Start = KeQueryBootTimeNs();

    KiIdleState.Count++;
    KiIdleState.Until = KiClockDeadline;
    KiIdleProcessor();
    KiIdleState.Until = 0;
    KiIdleState.TotalNs += KeQueryBootTimeNs() - Start;
}

VOID KiIdleLoop(VOID)
{
    KfRaiseIrql(DISPATCH_LEVEL);
    for (;;) {
        KiDisableInterrupts();
        if (KiIsDpcPending())
            KiRetireDpcs();
        else if (KiProcessorBlock.ReadySummary != 0)
            KiSwapThread();
        else
            KiIdle();
    }
}
