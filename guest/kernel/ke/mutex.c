/* Mutants (NT's recursive mutexes, seen by user mode) and guarded mutexes (the kernel's own). */
#include "kip.h"

VOID KeInitializeMutant(PKMUTANT Mutant, BOOLEAN InitialOwner)
{
    PKTHREAD Thread = KeGetCurrentThread();

    *Mutant = (KMUTANT){ .Header = { .Type = MutantObject, .SignalState = InitialOwner ? 0 : 1 } };
    InitializeListHead(&Mutant->Header.WaitListHead);
    if (InitialOwner) {
        KIRQL OldIrql = KfRaiseIrql(DISPATCH_LEVEL);    /* raises IRQL */
        Mutant->OwnerThread = Thread;
        InsertTailList(&Thread->MutantListHead, &Mutant->MutantListEntry);
        KeLowerIrql(OldIrql);
    }
}

/* Drops the mutant once, or altogether when its owner ends (Abandoned). */
NTSTATUS KeReleaseMutant(PKMUTANT Mutant, KPRIORITY Increment, BOOLEAN Abandoned, LONG *PreviousState)
{
    KIRQL OldIrql = KfRaiseIrql(DISPATCH_LEVEL);        /* raises IRQL */
    NTSTATUS Status = STATUS_SUCCESS;

    UNREFERENCED_PARAMETER(Increment);
    if (PreviousState != NULL)
        *PreviousState = Mutant->Header.SignalState;
    if (Mutant->OwnerThread != KeGetCurrentThread()) {
        Status = STATUS_MUTANT_NOT_OWNED;
    } else {
        Mutant->Header.SignalState = Abandoned ? 1 : Mutant->Header.SignalState + 1;
        if (Mutant->Header.SignalState == 1) {
            Mutant->OwnerThread = NULL;
            Mutant->Abandoned = Abandoned;
            RemoveEntryList(&Mutant->MutantListEntry);
            KiWaitTest(&Mutant->Header);
        }
    }
    KeLowerIrql(OldIrql);
    return Status;
}

LONG KeReadStateMutant(PKMUTANT Mutant) { return Mutant->Header.SignalState; }

VOID KeInitializeGuardedMutex(PKGUARDED_MUTEX Mutex)
{
    Mutex->Owner = NULL;
    Mutex->Contention = 0;
    KeInitializeEvent(&Mutex->Gate, SynchronizationEvent, FALSE);
}

/* Kernel code below DISPATCH_LEVEL is not preempted, so plain reads and writes of Owner are enough; only who finds the
 * mutex taken waits, and tests again, because another thread may have been faster. */
VOID KeAcquireGuardedMutex(PKGUARDED_MUTEX Mutex)
{
    PKTHREAD Thread = KeGetCurrentThread();

    if (Mutex->Owner == Thread)
        KeBugCheckEx(IRQL_NOT_LESS_OR_EQUAL, (ULONG_PTR)Mutex, KeGetCurrentIrql(), 8, (ULONG_PTR)__builtin_return_address(0));
    while (Mutex->Owner != NULL) {
        Mutex->Contention++;
        KeWaitForSingleObject(&Mutex->Gate, WrGuardedMutex, KernelMode, FALSE, NULL);
        Mutex->Contention--;
    }
    Mutex->Owner = Thread;
}

BOOLEAN KeTryToAcquireGuardedMutex(PKGUARDED_MUTEX Mutex)
{
    if (Mutex->Owner != NULL)
        return FALSE;
    Mutex->Owner = KeGetCurrentThread();
    return TRUE;
}

VOID KeReleaseGuardedMutex(PKGUARDED_MUTEX Mutex)
{
    Mutex->Owner = NULL;
    if (Mutex->Contention != 0)
        KeSetEvent(&Mutex->Gate, 0, FALSE);
}
