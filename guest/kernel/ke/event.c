/* Events and semaphores. Every function here raises IRQL to DISPATCH_LEVEL for its own length. The priority increments of
 * NT are accepted and have no effect: there is no boost. */
#include "kip.h"

VOID KeInitializeEvent(PKEVENT Event, EVENT_TYPE Type, BOOLEAN State)
{
    Event->Header = (DISPATCHER_HEADER){ .Type = (UCHAR)Type, .SignalState = State };
    InitializeListHead(&Event->Header.WaitListHead);
}

LONG KeSetEvent(PKEVENT Event, KPRIORITY Increment, BOOLEAN Wait)
{
    KIRQL OldIrql = KfRaiseIrql(DISPATCH_LEVEL);
    LONG OldState = Event->Header.SignalState;

    UNREFERENCED_PARAMETER(Increment);
    UNREFERENCED_PARAMETER(Wait);
    Event->Header.SignalState = 1;
    if (OldState == 0)
        KiWaitTest(&Event->Header);
    KeLowerIrql(OldIrql);
    return OldState;
}

LONG KeResetEvent(PKEVENT Event)
{
    KIRQL OldIrql = KfRaiseIrql(DISPATCH_LEVEL);
    LONG OldState = Event->Header.SignalState;

    Event->Header.SignalState = 0;
    KeLowerIrql(OldIrql);
    return OldState;
}

LONG KePulseEvent(PKEVENT Event, KPRIORITY Increment, BOOLEAN Wait)
{
    KIRQL OldIrql = KfRaiseIrql(DISPATCH_LEVEL);
    LONG OldState = KeSetEvent(Event, Increment, Wait);

    Event->Header.SignalState = 0;
    KeLowerIrql(OldIrql);
    return OldState;
}

VOID KeClearEvent(PKEVENT Event) { Event->Header.SignalState = 0; }
LONG KeReadStateEvent(PKEVENT Event) { return Event->Header.SignalState; }

VOID KeInitializeSemaphore(PKSEMAPHORE Semaphore, LONG Count, LONG Limit)
{
    Semaphore->Header = (DISPATCHER_HEADER){ .Type = SemaphoreObject, .SignalState = Count };
    InitializeListHead(&Semaphore->Header.WaitListHead);
    Semaphore->Limit = Limit;
}

LONG KeReleaseSemaphore(PKSEMAPHORE Semaphore, KPRIORITY Increment, LONG Adjustment, BOOLEAN *Exceeded)
{
    KIRQL OldIrql = KfRaiseIrql(DISPATCH_LEVEL);
    LONG OldState = Semaphore->Header.SignalState;
    BOOLEAN TooMany = Adjustment <= 0 || Adjustment > Semaphore->Limit - OldState;

    UNREFERENCED_PARAMETER(Increment);
    if (!TooMany) {
        Semaphore->Header.SignalState = OldState + Adjustment;
        KiWaitTest(&Semaphore->Header);
    }
    KeLowerIrql(OldIrql);
    if (Exceeded != NULL)
        *Exceeded = TooMany;
    return OldState;
}

LONG KeReadStateSemaphore(PKSEMAPHORE Semaphore) { return Semaphore->Header.SignalState; }
