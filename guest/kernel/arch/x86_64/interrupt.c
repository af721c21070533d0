/* The local APIC, its timer, and the I/O APICs. KiInitializeCpu masked the old controllers. */
#include "archp.h"

#include <ke.h>
#include <mm.h>

#define LOCAL_APIC          0xFEE00000ull
#define APIC_TPR            0x080
#define APIC_EOI            0x0B0
#define APIC_SPURIOUS       0x0F0
#define APIC_LVT_TIMER      0x320
#define APIC_LVT_LINT0      0x350
#define APIC_LVT_LINT1      0x360
#define APIC_TIMER_INITIAL  0x380
#define APIC_TIMER_CURRENT  0x390
#define APIC_TIMER_DIVIDE   0x3E0
#define APIC_MASKED         0x10000u
#define APIC_DIVIDE_BY_16   3u
#define APIC_MEASURE_NS     200000ull

/* The second one is microvm's, for its virtio lines. */
static const ULONG64 KiIoApicAddress[] = { 0xFEC00000, 0xFEC10000 };
#define IOAPIC_LINES        24
#define IOAPIC_REDIRECTION  0x10
#define IOAPIC_MASKED       0x10000u
#define IOAPIC_LEVEL        0x8000u

static volatile ULONG *KiLocalApic;
static volatile ULONG *KiIoApic[RTL_NUMBER_OF(KiIoApicAddress)];
static ULONG64 KiApicTicksPerMs;
static PKI_LISTENER KiLine[KI_LINES];
static ULONG64 KiWantedDeadline = ~0ull;            /* asked for before there was a timer */

static VOID KiWriteApic(ULONG Register, ULONG Value) { KiLocalApic[Register / 4] = Value; }
static ULONG KiReadApic(ULONG Register) { return KiLocalApic[Register / 4]; }

static VOID KiWriteIoApic(ULONG Index, ULONG Register, ULONG Value)
{
    KiIoApic[Index][0] = Register;
    KiIoApic[Index][4] = Value;
}

static VOID KiInitializeApicTimer(VOID)
{
    ULONG64 Start, Elapsed;

    KiWriteApic(APIC_TIMER_DIVIDE, APIC_DIVIDE_BY_16);
    KiWriteApic(APIC_LVT_TIMER, APIC_MASKED);
    KiWriteApic(APIC_TIMER_INITIAL, 0xFFFFFFFF);
    Start = KeQueryBootTimeNs();
    do
        Elapsed = KeQueryBootTimeNs() - Start;
    while (Elapsed < APIC_MEASURE_NS);
    KiApicTicksPerMs = (0xFFFFFFFFull - KiReadApic(APIC_TIMER_CURRENT)) * 1000000 / Elapsed;
    KiWriteApic(APIC_TIMER_INITIAL, 0);
    KiWriteApic(APIC_LVT_TIMER, KI_VECTOR_CLOCK);   /* one shot */
}

VOID KiInitializeInterrupts(VOID)
{
    KiLocalApic = MmMapIoSpace(LOCAL_APIC, PAGE_SIZE);
    if (KiLocalApic == NULL)
        KeBugCheckEx(HAL_INITIALIZATION_FAILED, LOCAL_APIC, 0, 0, 0);
    KiWriteApic(APIC_TPR, 0);
    KiWriteApic(APIC_LVT_LINT0, APIC_MASKED);
    KiWriteApic(APIC_LVT_LINT1, APIC_MASKED);
    KiWriteApic(APIC_SPURIOUS, 0x100 | KI_VECTOR_SPURIOUS);
    KiInitializeApicTimer();
    for (ULONG i = 0; i < RTL_NUMBER_OF(KiIoApicAddress); i++) {
        KiIoApic[i] = MmMapIoSpace(KiIoApicAddress[i], PAGE_SIZE);
        if (KiIoApic[i] == NULL)
            continue;
        for (ULONG Line = 0; Line < IOAPIC_LINES; Line++)
            KiWriteIoApic(i, IOAPIC_REDIRECTION + 2 * Line, IOAPIC_MASKED);
    }
    if (KiWantedDeadline != ~0ull)
        KiSetClockDeadline(KiWantedDeadline);
}

VOID KiSetClockDeadline(ULONG64 BootTimeNs)
{
    ULONG64 Now = KeQueryBootTimeNs(), Ticks;

    if (KiLocalApic == NULL) {
        KiWantedDeadline = BootTimeNs;
        return;
    }
    if (BootTimeNs == ~0ull) {
        KiWriteApic(APIC_TIMER_INITIAL, 0);
        return;
    }
    /* Late rather than early, so that one interrupt is enough; what the 32 bits cannot hold takes several. */
    Ticks = BootTimeNs > Now ? min(BootTimeNs - Now, 60000000000ull) * KiApicTicksPerMs / 1000000 + 1 : 1;
    KiWriteApic(APIC_TIMER_INITIAL, (ULONG)min(Ticks, 0xFFFFFFFFull));
}

BOOLEAN KiConnectInterrupt(ULONG Vector, BOOLEAN LevelTriggered, KINTERRUPT_ROUTINE *Routine, PVOID Context)
{
    ULONG Index = Vector / IOAPIC_LINES, Line = Vector % IOAPIC_LINES;

    if (Vector >= KI_LINES || KiIoApic[Index] == NULL || !KiAddListener(&KiLine[Vector], Routine, Context))
        return FALSE;
    KiWriteIoApic(Index, IOAPIC_REDIRECTION + 2 * Line + 1, 0);         /* to processor 0 */
    KiWriteIoApic(Index, IOAPIC_REDIRECTION + 2 * Line, (KI_VECTOR_LINE + Vector) | (LevelTriggered ? IOAPIC_LEVEL : 0));
    return TRUE;
}

/* From trap.c with interrupts off; they stay off. */
VOID KiInterruptHandler(ULONG Vector)
{
    KIRQL OldIrql = KiProcessorBlock.Irql;

    if (Vector == KI_VECTOR_SPURIOUS)
        return;
    KiProcessorBlock.Irql = Vector == KI_VECTOR_CLOCK ? CLOCK_LEVEL : DEVICE_LEVEL;
    if (Vector == KI_VECTOR_CLOCK)
        KiClockInterrupt();
    else if (Vector - KI_VECTOR_LINE < KI_LINES)
        KiCallListeners(KiLine[Vector - KI_VECTOR_LINE]);
    KiWriteApic(APIC_EOI, 0);
    KiProcessorBlock.Irql = OldIrql;
}
