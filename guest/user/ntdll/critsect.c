/* Critical sections: one interlocked operation when nobody else is inside, an event when somebody is. */
#include "ntdllp.h"

NTSTATUS NTAPI RtlInitializeCriticalSection(PRTL_CRITICAL_SECTION CriticalSection)
{
    memset(CriticalSection, 0, sizeof(*CriticalSection));
    CriticalSection->LockCount = -1;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlDeleteCriticalSection(PRTL_CRITICAL_SECTION CriticalSection)
{
    NTSTATUS Status = STATUS_SUCCESS;

    if (CriticalSection->LockSemaphore)
        Status = NtClose(CriticalSection->LockSemaphore);
    memset(CriticalSection, 0, sizeof(*CriticalSection));
    CriticalSection->LockCount = -1;
    return Status;
}

/* The section's event, made by whoever needs it first; a second maker drops its own. */
static HANDLE GetEvent(PRTL_CRITICAL_SECTION CriticalSection)
{
    HANDLE Event, Expected = NULL;

    if (CriticalSection->LockSemaphore)
        return CriticalSection->LockSemaphore;
    ASSERT(NT_SUCCESS(NtCreateEvent(&Event, EVENT_ALL_ACCESS, NULL, SynchronizationEvent, FALSE)));
    if (!__atomic_compare_exchange_n(&CriticalSection->LockSemaphore, &Expected, Event, FALSE, __ATOMIC_SEQ_CST,
                                     __ATOMIC_SEQ_CST)) {
        NtClose(Event);
        return Expected;
    }
    return Event;
}

NTSTATUS NTAPI RtlEnterCriticalSection(PRTL_CRITICAL_SECTION CriticalSection)
{
    HANDLE Thread = NtCurrentTeb()->ClientId.UniqueThread;

    if (InterlockedIncrement(&CriticalSection->LockCount) != 0) {
        if (CriticalSection->OwningThread == Thread) {
            CriticalSection->RecursionCount++;
            return STATUS_SUCCESS;
        }
        /* Whoever leaves hands the section over by setting the event once. */
        NtWaitForSingleObject(GetEvent(CriticalSection), FALSE, NULL);
    }
    CriticalSection->OwningThread = Thread;
    CriticalSection->RecursionCount = 1;
    return STATUS_SUCCESS;
}

LOGICAL NTAPI RtlTryEnterCriticalSection(PRTL_CRITICAL_SECTION CriticalSection)
{
    HANDLE Thread = NtCurrentTeb()->ClientId.UniqueThread;

    if (InterlockedCompareExchange(&CriticalSection->LockCount, 0, -1) == -1) {
        CriticalSection->OwningThread = Thread;
        CriticalSection->RecursionCount = 1;
        return TRUE;
    }
    if (CriticalSection->OwningThread == Thread) {
        InterlockedIncrement(&CriticalSection->LockCount);
        CriticalSection->RecursionCount++;
        return TRUE;
    }
    return FALSE;
}

NTSTATUS NTAPI RtlLeaveCriticalSection(PRTL_CRITICAL_SECTION CriticalSection)
{
    if (CriticalSection->OwningThread != NtCurrentTeb()->ClientId.UniqueThread)
        return STATUS_INVALID_OWNER;
    if (--CriticalSection->RecursionCount) {
        InterlockedDecrement(&CriticalSection->LockCount);
        return STATUS_SUCCESS;
    }
    CriticalSection->OwningThread = NULL;
    if (InterlockedDecrement(&CriticalSection->LockCount) >= 0)
        NtSetEvent(GetEvent(CriticalSection), NULL);
    return STATUS_SUCCESS;
}
