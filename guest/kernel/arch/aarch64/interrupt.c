/* The generic interrupt controller, version 2. */
#include "archp.h"

#include <ke.h>
#include <mm.h>

#define GICD_CTLR       0x000
#define GICD_ISENABLER  0x100
#define GICD_ICENABLER  0x180
#define GICD_IPRIORITYR 0x400
#define GICD_ITARGETSR  0x800
#define GICD_ICFGR      0xC00
#define GICC_CTLR       0x00
#define GICC_PMR        0x04
#define GICC_IAR        0x0C
#define GICC_EOIR       0x10

#define GIC_LINES       288                     /* as many as virt wires */
#define GIC_SPURIOUS    1020
#define CNTV_CTL_MASK   2ull

static volatile ULONG *KiDistributor, *KiCpuInterface;
static PKI_LISTENER KiLine[GIC_LINES];

VOID KiStartClockTimer(VOID);                   /* clock.c */

static VOID KiEnableLine(ULONG Line, BOOLEAN LevelTriggered)
{
    volatile UCHAR *Bytes = (volatile UCHAR *)KiDistributor;
    ULONG Shift = Line % 16 * 2;

    Bytes[GICD_IPRIORITYR + Line] = 0x80;
    if (Line >= 32) {
        Bytes[GICD_ITARGETSR + Line] = 1;
        KiDistributor[GICD_ICFGR / 4 + Line / 16] =
            (KiDistributor[GICD_ICFGR / 4 + Line / 16] & ~(3u << Shift)) | (LevelTriggered ? 0u : 2u << Shift);
    }
    KiDistributor[GICD_ISENABLER / 4 + Line / 32] = 1u << Line % 32;
}

VOID KiInitializeInterrupts(VOID)
{
    KiDistributor = MmMapIoSpace(VIRT_GIC_DISTRIBUTOR, 0x1000);
    KiCpuInterface = MmMapIoSpace(VIRT_GIC_CPU_INTERFACE, 0x1000);
    if (KiDistributor == NULL || KiCpuInterface == NULL)
        KeBugCheckEx(HAL_INITIALIZATION_FAILED, VIRT_GIC_DISTRIBUTOR, 0, 0, 0);
    KiDistributor[GICD_CTLR / 4] = 1;
    KiCpuInterface[GICC_PMR / 4] = 0xFF;
    KiCpuInterface[GICC_CTLR / 4] = 1;
    KiEnableLine(VIRT_INTID_TIMER, TRUE);
    KiStartClockTimer();
}

BOOLEAN KiConnectInterrupt(ULONG Vector, BOOLEAN LevelTriggered, KINTERRUPT_ROUTINE *Routine, PVOID Context)
{
    if (Vector >= GIC_LINES || KiDistributor == NULL || !KiAddListener(&KiLine[Vector], Routine, Context))
        return FALSE;
    KiEnableLine(Vector, LevelTriggered);
    return TRUE;
}

/* From trap.c with interrupts off; they stay off. */
VOID KiInterruptHandler(VOID)
{
    KIRQL OldIrql = KiProcessorBlock.Irql;
    ULONG Acknowledge = KiCpuInterface[GICC_IAR / 4], Line = Acknowledge & 0x3FF;

    if (Line >= GIC_SPURIOUS)
        return;
    KiProcessorBlock.Irql = Line == VIRT_INTID_TIMER ? CLOCK_LEVEL : DEVICE_LEVEL;
    if (Line == VIRT_INTID_TIMER) {
        KiWriteSystemRegister(cntv_ctl_el0, CNTV_CTL_MASK);     /* it would go on asking */
        KiClockInterrupt();
    } else if (Line < GIC_LINES) {
        KiCallListeners(KiLine[Line]);
    }
    KiCpuInterface[GICC_EOIR / 4] = Acknowledge;
    KiProcessorBlock.Irql = OldIrql;
}
