/* Waiting for a device without giving the processor to another thread. */
#include "kip.h"

/* Raises IRQL to DISPATCH_LEVEL while it waits, so that nobody is scheduled; DPCs, which signal the event, are run from
 * here. The deadline is asked for again in every round, because the clock forgets it when it rings for somebody else. */
NTSTATUS KeWaitForDevice(PKEVENT Event, ULONG TimeoutMs)
{
    ULONG64 Deadline = KeQueryBootTimeNs() + TimeoutMs * 1000000ull;
    PKTHREAD Thread = KeGetCurrentThread();
    KIRQL OldIrql = KeGetCurrentIrql();
    NTSTATUS Status = STATUS_SUCCESS;

    if (OldIrql >= DISPATCH_LEVEL)
        KeBugCheckEx(IRQL_NOT_LESS_OR_EQUAL, (ULONG_PTR)Event, OldIrql, 0, (ULONG_PTR)__builtin_return_address(0));
    KfRaiseIrql(DISPATCH_LEVEL);
    for (;;) {
        KiDisableInterrupts();
        if (KiIsDpcPending()) {
            KiRetireDpcs();                     /* comes back with interrupts on */
        } else if (KiIsSignalled(&Event->Header, Thread)) {
            KiSatisfyObject(&Event->Header, Thread);
            break;
        } else if (KeQueryBootTimeNs() >= Deadline) {
            Status = STATUS_TIMEOUT;
            break;
        } else {
            KiRequestClock(Deadline);
            KiIdle();
            KiEnableInterrupts();
        }
    }
    KiEnableInterrupts();
    KeLowerIrql(OldIrql);
    return Status;
}
