/* KeWaitForSingleObject and its relatives. */
#include "kip.h"

static PDISPATCHER_HEADER KiHeader(PVOID Object) { return Object; }

/* Takes what is to be had without waiting. FALSE: the thread has to wait. */
static BOOLEAN KiTrySatisfy(PKTHREAD Thread, ULONG Count, PVOID Object[], WAIT_TYPE WaitType, NTSTATUS *Status)
{
    if (WaitType == WaitAny) {
        for (ULONG i = 0; i < Count; i++)
            if (KiIsSignalled(Object[i], Thread)) {
                BOOLEAN Abandoned = KiSatisfyObject(Object[i], Thread);
                *Status = (NTSTATUS)i + (Abandoned ? STATUS_ABANDONED_WAIT_0 : STATUS_SUCCESS);
                return TRUE;
            }
        return FALSE;
    }
    for (ULONG i = 0; i < Count; i++)
        if (!KiIsSignalled(Object[i], Thread))
            return FALSE;
    *Status = STATUS_SUCCESS;
    for (ULONG i = 0; i < Count; i++)
        if (KiSatisfyObject(Object[i], Thread))
            *Status = STATUS_ABANDONED;
    return TRUE;
}

static VOID KiInsertBlock(PKWAIT_BLOCK Block, PKWAIT_BLOCK Next, PKTHREAD Thread, PVOID Object, ULONG Key, WAIT_TYPE Type)
{
    Block->Thread = Thread;
    Block->Object = Object;
    Block->WaitKey = (USHORT)Key;
    Block->WaitType = (UCHAR)Type;
    Block->NextWaitBlock = Next;
    InsertTailList(&KiHeader(Object)->WaitListHead, &Block->WaitListEntry);
}

/* Dispatcher lock held: no signal can come between the test above and the blocks' insertion, so none is lost. */
static VOID KiInsertBlocks(PKTHREAD Thread, ULONG Count, PVOID Object[], WAIT_TYPE WaitType, PKWAIT_BLOCK Blocks,
                           PLARGE_INTEGER Timeout)
{
    PKWAIT_BLOCK TimerBlock = &Thread->WaitBlock[TIMER_WAIT_BLOCK];

    for (ULONG i = 0; i < Count; i++)
        KiInsertBlock(&Blocks[i], &Blocks[i + 1], Thread, Object[i], i, WaitType);
    if (Timeout != NULL) {
        KiInsertBlock(TimerBlock, Blocks, Thread, &Thread->Timer, 0, WaitAny);
        if (Count != 0)
            Blocks[Count - 1].NextWaitBlock = TimerBlock;
        else
            TimerBlock->NextWaitBlock = TimerBlock;
        Thread->Timer.Header.SignalState = 0;
        KiInsertTimer(&Thread->Timer, KiDueTime(Timeout));
    } else {
        Blocks[Count - 1].NextWaitBlock = Blocks;
    }
    Thread->WaitBlockList = Count != 0 ? Blocks : TimerBlock;
}

static NTSTATUS KiWait(ULONG Count, PVOID Object[], WAIT_TYPE WaitType, KWAIT_REASON WaitReason,
                       KPROCESSOR_MODE WaitMode, PLARGE_INTEGER Timeout, PKWAIT_BLOCK Blocks)
{
    PKTHREAD Thread = KeGetCurrentThread();
    KIRQL OldIrql = KfRaiseIrql(DISPATCH_LEVEL);    /* raises IRQL */
    NTSTATUS Status = STATUS_SUCCESS;

    if (WaitMode == UserMode && Thread->TerminationPending) {
        Status = STATUS_THREAD_IS_TERMINATING;
    } else if (Count != 0 && KiTrySatisfy(Thread, Count, Object, WaitType, &Status)) {
        /* nothing to wait for */
    } else if (Timeout != NULL && Timeout->QuadPart == 0) {
        Status = STATUS_TIMEOUT;
    } else {
        if (OldIrql >= DISPATCH_LEVEL || Thread == KiProcessorBlock.IdleThread)
            KeBugCheckEx(IRQL_NOT_LESS_OR_EQUAL, (ULONG_PTR)Object[0], OldIrql, 0, (ULONG_PTR)__builtin_return_address(0));
        KiInsertBlocks(Thread, Count, Object, WaitType, Blocks, Timeout);
        Thread->State = Waiting;
        Thread->WaitReason = (UCHAR)WaitReason;
        Thread->WaitMode = (UCHAR)WaitMode;
        Thread->WaitIrql = OldIrql;
        Thread->WaitTime = (ULONG)(KeQueryBootTimeNs() / 1000000);
        KiSwapThread();
        Status = Thread->WaitStatus;
    }
    KeLowerIrql(OldIrql);
    return Status;
}

NTSTATUS KeWaitForSingleObject(PVOID Object, KWAIT_REASON WaitReason, KPROCESSOR_MODE WaitMode, BOOLEAN Alertable,
                               PLARGE_INTEGER Timeout)
{
    UNREFERENCED_PARAMETER(Alertable);
    return KiWait(1, &Object, WaitAny, WaitReason, WaitMode, Timeout, KeGetCurrentThread()->WaitBlock);
}

NTSTATUS KeWaitForMultipleObjects(ULONG Count, PVOID Object[], WAIT_TYPE WaitType, KWAIT_REASON WaitReason,
                                  KPROCESSOR_MODE WaitMode, BOOLEAN Alertable, PLARGE_INTEGER Timeout,
                                  PKWAIT_BLOCK WaitBlockArray)
{
    UNREFERENCED_PARAMETER(Alertable);
    if (Count == 0 || Count > MAXIMUM_WAIT_OBJECTS)
        return STATUS_INVALID_PARAMETER_1;
    if (WaitBlockArray == NULL) {
        if (Count > THREAD_WAIT_OBJECTS)
            return STATUS_INVALID_PARAMETER_1;
        WaitBlockArray = KeGetCurrentThread()->WaitBlock;
    }
    return KiWait(Count, Object, WaitType, WaitReason, WaitMode, Timeout, WaitBlockArray);
}

NTSTATUS KeDelayExecutionThread(KPROCESSOR_MODE WaitMode, BOOLEAN Alertable, PLARGE_INTEGER Interval)
{
    NTSTATUS Status;
    PVOID None[1] = { NULL };

    UNREFERENCED_PARAMETER(Alertable);
    if (Interval->QuadPart == 0) {
        KeYieldExecution();
        return STATUS_SUCCESS;
    }
    Status = KiWait(0, None, WaitAny, DelayExecution, WaitMode, Interval, KeGetCurrentThread()->WaitBlock);
    return Status == STATUS_TIMEOUT ? STATUS_SUCCESS : Status;
}
