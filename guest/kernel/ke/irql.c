/* The interrupt request level: below DEVICE_LEVEL interrupts come in; below DISPATCH_LEVEL DPCs run. */
#include "kip.h"

KPRCB KiProcessorBlock = { .Irql = HIGH_LEVEL };

KIRQL KeGetCurrentIrql(VOID) { return KiProcessorBlock.Irql; }

/* Never lowers: code that asks for DISPATCH_LEVEL at a higher level stays there. */
KIRQL KfRaiseIrql(KIRQL NewIrql)
{
    KIRQL OldIrql = KiProcessorBlock.Irql;

    if (NewIrql > OldIrql) {
        if (NewIrql >= DEVICE_LEVEL)
            KiDisableInterrupts();
        KiProcessorBlock.Irql = NewIrql;
    }
    return OldIrql;
}

VOID KeLowerIrql(KIRQL NewIrql)
{
    KIRQL OldIrql = KiProcessorBlock.Irql;

    if (NewIrql >= OldIrql)
        return;
    KiProcessorBlock.Irql = NewIrql;
    if (NewIrql < DEVICE_LEVEL && OldIrql >= DEVICE_LEVEL)
        KiEnableInterrupts();
    if (NewIrql < DISPATCH_LEVEL && KiIsDpcPending())
        KiRetireDpcs();
}
