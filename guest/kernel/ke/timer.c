/* Timers, and the one clock deadline that the hardware is given: without a timer or a contended quantum it never rings. */
#include "kip.h"

static LIST_ENTRY KiTimerListHead;              /* KTIMER.TimerListEntry, earliest first */
static KDPC KiTimerDpc;
ULONG64 KiClockDeadline = KI_NEVER;

VOID KiRequestClock(ULONG64 Deadline)
{
    BOOLEAN Enabled = KiSaveAndDisableInterrupts();

    if (Deadline < KiClockDeadline) {
        KiClockDeadline = Deadline;
        KiSetClockDeadline(Deadline);
    }
    KiRestoreInterrupts(Enabled);
}

/* Interrupts are off. Nothing is expected any more until somebody asks, so all who still wait ask again. */
VOID KiClockInterrupt(VOID)
{
    PKTHREAD Thread = KiProcessorBlock.CurrentThread;
    ULONG64 Now = KeQueryBootTimeNs();

    KiClockDeadline = KI_NEVER;
    if (Thread != KiProcessorBlock.IdleThread && KiProcessorBlock.ReadySummary != 0) {
        if (Now >= Thread->QuantumEnd)
            KiProcessorBlock.QuantumExpired = TRUE;
        else
            KiRequestClock(Thread->QuantumEnd);
    }
    KeInsertQueueDpc(&KiTimerDpc, NULL, NULL);
}

/* Timers are touched with the dispatcher lock only, and the clock's interrupt leaves them to this DPC. */
static VOID KiExpireTimers(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    UNREFERENCED_PARAMETER(Dpc);
    UNREFERENCED_PARAMETER(Context);
    UNREFERENCED_PARAMETER(Argument1);
    UNREFERENCED_PARAMETER(Argument2);
    while (!IsListEmpty(&KiTimerListHead)) {
        PKTIMER Timer = CONTAINING_RECORD(KiTimerListHead.Flink, KTIMER, TimerListEntry);

        if (Timer->DueTime > KeQueryBootTimeNs()) {
            KiRequestClock(Timer->DueTime);
            return;
        }
        KiRemoveTimer(Timer);
        Timer->Header.SignalState = 1;
        if (Timer->Period != 0)
            KiInsertTimer(Timer, Timer->DueTime + Timer->Period * 1000000ull);
        if (Timer->Dpc != NULL)
            KeInsertQueueDpc(Timer->Dpc, NULL, NULL);
        KiWaitTest(&Timer->Header);
    }
}

VOID KiInitializeTimers(VOID)
{
    InitializeListHead(&KiTimerListHead);
    KeInitializeDpc(&KiTimerDpc, KiExpireTimers, NULL);
}

VOID KiInsertTimer(PKTIMER Timer, ULONG64 DueTime)
{
    PLIST_ENTRY Entry;

    KiRemoveTimer(Timer);
    Entry = KiTimerListHead.Flink;
    while (Entry != &KiTimerListHead && CONTAINING_RECORD(Entry, KTIMER, TimerListEntry)->DueTime <= DueTime)
        Entry = Entry->Flink;
    Timer->DueTime = DueTime;
    Timer->Header.Inserted = TRUE;
    InsertTailList(Entry, &Timer->TimerListEntry);
    KiRequestClock(DueTime);
}

VOID KiRemoveTimer(PKTIMER Timer)
{
    if (Timer->Header.Inserted) {
        Timer->Header.Inserted = FALSE;
        RemoveEntryList(&Timer->TimerListEntry);
    }
}

VOID KeInitializeTimerEx(PKTIMER Timer, TIMER_TYPE Type)
{
    *Timer = (KTIMER){ .Header.Type = (UCHAR)(TimerNotificationObject + Type) };
    InitializeListHead(&Timer->Header.WaitListHead);
}

VOID KeInitializeTimer(PKTIMER Timer) { KeInitializeTimerEx(Timer, NotificationTimer); }

BOOLEAN KeSetTimerEx(PKTIMER Timer, LARGE_INTEGER DueTime, LONG Period, PKDPC Dpc)
{
    KIRQL OldIrql = KfRaiseIrql(DISPATCH_LEVEL);    /* raises IRQL */
    BOOLEAN WasInserted = Timer->Header.Inserted;

    Timer->Dpc = Dpc;
    Timer->Period = (ULONG)Period;
    Timer->Header.SignalState = 0;
    KiInsertTimer(Timer, KiDueTime(&DueTime));
    KeLowerIrql(OldIrql);
    return WasInserted;
}

BOOLEAN KeSetTimer(PKTIMER Timer, LARGE_INTEGER DueTime, PKDPC Dpc) { return KeSetTimerEx(Timer, DueTime, 0, Dpc); }

BOOLEAN KeCancelTimer(PKTIMER Timer)
{
    KIRQL OldIrql = KfRaiseIrql(DISPATCH_LEVEL);    /* raises IRQL */
    BOOLEAN WasInserted = Timer->Header.Inserted;

    KiRemoveTimer(Timer);
    KeLowerIrql(OldIrql);
    return WasInserted;
}

BOOLEAN KeReadStateTimer(PKTIMER Timer) { return Timer->Header.SignalState > 0; }
