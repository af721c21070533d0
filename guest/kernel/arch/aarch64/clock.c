/* The generic timer's virtual counter as clock and for deadlines; the PL031 for the date. */
#include "archp.h"

#include <ke.h>
#include <loader.h>
#include <mm.h>

#define CNTV_CTL_ENABLE 1ull
#define CNTV_CTL_MASK   2ull

static BOOLEAN KiTimerReady;
static ULONG64 KiWantedDeadline = ~0ull;        /* asked for before there was an interrupt controller */

VOID KiStartClockTimer(VOID);

VOID KiInitializeClock(VOID)
{
    KiWriteSystemRegister(cntv_ctl_el0, CNTV_CTL_MASK);
    KiSetCounterFrequency(KiReadSystemRegister(cntfrq_el0));
}

/* From interrupt.c, once the timer's interrupt can arrive. */
VOID KiStartClockTimer(VOID)
{
    KiTimerReady = TRUE;
    if (KiWantedDeadline != ~0ull)
        KiSetClockDeadline(KiWantedDeadline);
}

VOID KiSetClockDeadline(ULONG64 BootTimeNs)
{
    ULONG64 Now = KeQueryBootTimeNs(), Frequency = KiReadSystemRegister(cntfrq_el0), Ticks;

    if (!KiTimerReady) {
        KiWantedDeadline = BootTimeNs;
        return;
    }
    if (BootTimeNs == ~0ull) {
        KiWriteSystemRegister(cntv_ctl_el0, CNTV_CTL_MASK);
        return;
    }
    /* Late rather than early, so that one interrupt is enough; a year takes several. */
    Ticks = BootTimeNs > Now ? min(BootTimeNs - Now, 60000000000ull) * (Frequency / 1000) / 1000000 + 1 : 1;
    KiWriteSystemRegister(cntv_cval_el0, KiReadCycleCounter() + Ticks);
    KiWriteSystemRegister(cntv_ctl_el0, CNTV_CTL_ENABLE);
    KiInstructionBarrier();
}

ULONG64 KiReadWallClock(VOID)
{
    volatile ULONG *Rtc = MmMapIoSpace(VIRT_RTC, PAGE_SIZE);
    ULONG64 Seconds = Rtc ? Rtc[0] : 0;

    if (Rtc != NULL)
        MmUnmapIoSpace((PVOID)Rtc, PAGE_SIZE);
    return Seconds;
}
