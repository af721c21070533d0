/* Deferred procedure calls: what an interrupt leaves to be done at DISPATCH_LEVEL. */
#include "kip.h"

VOID KeInitializeDpc(PKDPC Dpc, PKDEFERRED_ROUTINE DeferredRoutine, PVOID DeferredContext)
{
    *Dpc = (KDPC){ .DeferredRoutine = DeferredRoutine, .DeferredContext = DeferredContext };
}

BOOLEAN KeInsertQueueDpc(PKDPC Dpc, PVOID SystemArgument1, PVOID SystemArgument2)
{
    BOOLEAN Enabled = KiSaveAndDisableInterrupts();
    BOOLEAN Inserted = !Dpc->Inserted;

    if (Inserted) {
        Dpc->Inserted = TRUE;
        Dpc->SystemArgument1 = SystemArgument1;
        Dpc->SystemArgument2 = SystemArgument2;
        InsertTailList(&KiProcessorBlock.DpcListHead, &Dpc->DpcListEntry);
    }
    KiRestoreInterrupts(Enabled);
    /* Who inserts below DISPATCH_LEVEL has nothing to wait for. */
    if (Enabled && KiProcessorBlock.Irql < DISPATCH_LEVEL)
        KiRetireDpcs();
    return Inserted;
}

BOOLEAN KiIsDpcPending(VOID)
{
    return !IsListEmpty(&KiProcessorBlock.DpcListHead) && !KiProcessorBlock.DpcRoutineActive;
}

VOID KiRetireDpcs(VOID)
{
    KIRQL OldIrql = KiProcessorBlock.Irql;

    KiDisableInterrupts();
    if (KiProcessorBlock.DpcRoutineActive) {
        KiEnableInterrupts();
        return;
    }
    KiProcessorBlock.DpcRoutineActive = TRUE;
    KiProcessorBlock.Irql = DISPATCH_LEVEL;
    while (!IsListEmpty(&KiProcessorBlock.DpcListHead)) {
        PKDPC Dpc = CONTAINING_RECORD(RemoveHeadList(&KiProcessorBlock.DpcListHead), KDPC, DpcListEntry);
        PKDEFERRED_ROUTINE Routine = Dpc->DeferredRoutine;
        PVOID Context = Dpc->DeferredContext, Argument1 = Dpc->SystemArgument1, Argument2 = Dpc->SystemArgument2;

        Dpc->Inserted = FALSE;                  /* the routine may queue its DPC again, or free it */
        KiEnableInterrupts();
        Routine(Dpc, Context, Argument1, Argument2);
        KiDisableInterrupts();
    }
    KiProcessorBlock.DpcRoutineActive = FALSE;
    KiProcessorBlock.Irql = OldIrql;
    KiEnableInterrupts();
}

VOID KiDispatchInterrupts(BOOLEAN InterruptsWereEnabled)
{
    if (InterruptsWereEnabled && KiProcessorBlock.Irql < DISPATCH_LEVEL && KiIsDpcPending()) {
        KiRetireDpcs();
        KiDisableInterrupts();
    }
}
