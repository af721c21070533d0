/* When a wait is satisfied, and how it ends. Everything here needs the dispatcher lock. */
#include "kip.h"

BOOLEAN KiIsSignalled(const DISPATCHER_HEADER *Object, PKTHREAD Thread)
{
    if (Object->Type == MutantObject)
        return Object->SignalState > 0 || ((const KMUTANT *)Object)->OwnerThread == Thread;
    return Object->SignalState > 0;
}

BOOLEAN KiSatisfyObject(PDISPATCHER_HEADER Object, PKTHREAD Thread)
{
    BOOLEAN Abandoned = FALSE;

    switch (Object->Type) {
    case EventSynchronizationObject:
    case TimerSynchronizationObject:
        Object->SignalState = 0;
        break;
    case SemaphoreObject:
        Object->SignalState--;
        break;
    case MutantObject: {
        PKMUTANT Mutant = CONTAINING_RECORD(Object, KMUTANT, Header);
        if (Object->SignalState-- == 1) {           /* was free */
            Mutant->OwnerThread = Thread;
            InsertTailList(&Thread->MutantListHead, &Mutant->MutantListEntry);
            Abandoned = Mutant->Abandoned;
            Mutant->Abandoned = FALSE;
        }
        break;
    }
    default:                                        /* stays signalled: notification objects, processes, threads */
        break;
    }
    return Abandoned;
}

/* The object that a thread's wait for time is on takes no part in WaitAll. */
static BOOLEAN KiIsTimeout(PKWAIT_BLOCK Block) { return Block->Object == &Block->Thread->Timer; }

static BOOLEAN KiIsWaitAllSatisfied(PKTHREAD Thread)
{
    PKWAIT_BLOCK Block = Thread->WaitBlockList;

    do {
        if (!KiIsTimeout(Block) && !KiIsSignalled(Block->Object, Thread))
            return FALSE;
        Block = Block->NextWaitBlock;
    } while (Block != Thread->WaitBlockList);
    return TRUE;
}

static NTSTATUS KiSatisfyWaitAll(PKTHREAD Thread)
{
    PKWAIT_BLOCK Block = Thread->WaitBlockList;
    NTSTATUS Status = STATUS_SUCCESS;

    do {
        if (!KiIsTimeout(Block) && KiSatisfyObject(Block->Object, Thread))
            Status = STATUS_ABANDONED;
        Block = Block->NextWaitBlock;
    } while (Block != Thread->WaitBlockList);
    return Status;
}

VOID KiUnwaitThread(PKTHREAD Thread, NTSTATUS Status)
{
    PKWAIT_BLOCK Block = Thread->WaitBlockList;

    do {
        RemoveEntryList(&Block->WaitListEntry);
        Block = Block->NextWaitBlock;
    } while (Block != Thread->WaitBlockList);
    Thread->WaitBlockList = NULL;
    KiRemoveTimer(&Thread->Timer);
    Thread->WaitStatus = Status;
    KiReadyThread(Thread);
}

/* A wait that ends takes its own blocks off every list, so after one the walk begins again at the head; each turn either
 * ends a wait or moves on, and what cannot be satisfied now is passed. */
VOID KiWaitTest(PDISPATCHER_HEADER Object)
{
    PLIST_ENTRY Entry = Object->WaitListHead.Flink;

    while (Entry != &Object->WaitListHead) {
        PKWAIT_BLOCK Block = CONTAINING_RECORD(Entry, KWAIT_BLOCK, WaitListEntry);
        PKTHREAD Thread = Block->Thread;

        if (!KiIsSignalled(Object, Thread)) {
            if (Object->Type != MutantObject)
                return;                             /* used up by the threads before */
            Entry = Entry->Flink;
        } else if (Block->WaitType == WaitAny) {
            BOOLEAN Abandoned = KiSatisfyObject(Object, Thread);
            NTSTATUS Status = KiIsTimeout(Block) ? STATUS_TIMEOUT : (NTSTATUS)Block->WaitKey;
            KiUnwaitThread(Thread, Abandoned ? STATUS_ABANDONED_WAIT_0 + Status : Status);
            Entry = Object->WaitListHead.Flink;
        } else if (KiIsWaitAllSatisfied(Thread)) {
            KiUnwaitThread(Thread, KiSatisfyWaitAll(Thread));
            Entry = Object->WaitListHead.Flink;
        } else {
            Entry = Entry->Flink;
        }
    }
}
