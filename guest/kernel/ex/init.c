/* Phase 0 of the executive, in NT's order, on the boot stack. */
#include "exp.h"

BOOLEAN ExInitSystem(VOID)
{
    return ExpCreateEventType() && ExpCreateMutantType();
}

/* Mm first, for everything allocates; Se's globals before Ob, for every object has a descriptor; Ps last, for the
   System process needs all of them. Ends with the phase-1 thread ready: it runs when the idle loop starts. */
VOID ExpInitializeExecutive(PLOADER_PARAMETER_BLOCK LoaderBlock)
{
    NTSTATUS Status;

    ExRecordHello(LoaderBlock);
    if (!MmInitSystem(0, LoaderBlock))
        KeBugCheckEx(MEMORY1_INITIALIZATION_FAILED, 0, 0, 0, 0);
    if (!SeInitGlobals())
        KeBugCheckEx(SECURITY_INITIALIZATION_FAILED, 0, 0, 0, 0);
    if (!ObInitSystem())
        KeBugCheckEx(OBJECT_INITIALIZATION_FAILED, 0, 0, 0, 0);
    if (!SeInitSystem())
        KeBugCheckEx(SECURITY_INITIALIZATION_FAILED, 1, 0, 0, 0);
    if (!ExInitSystem() || !LpcInitSystem())
        KeBugCheckEx(OBJECT_INITIALIZATION_FAILED, 1, 0, 0, 0);
    if (!PsInitSystem(0, LoaderBlock))
        KeBugCheckEx(PROCESS_INITIALIZATION_FAILED, 0, 0, 0, 0);
    Status = PsCreateSystemThread(NULL, THREAD_ALL_ACCESS, NULL, NULL, NULL, Phase1Initialization, LoaderBlock);
    if (!NT_SUCCESS(Status))
        KeBugCheckEx(PROCESS_INITIALIZATION_FAILED, (ULONG_PTR)(ULONG)Status, 1, 0, 0);
}
