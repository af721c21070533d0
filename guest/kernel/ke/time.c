/* The clocks: boot time from the processor's counter, system time from the machine's clock at boot. */
#include "kip.h"

#define SECONDS_1601_TO_1970 11644473600ull

static ULONG64 KiCounterStart;
static ULONG64 KiCounterFrequency;
static ULONG64 KiCounterMultiplier;             /* ns per tick, 32.32 fixed point */
static ULONG64 KiBootSystemTime;                /* 100 ns since 1601 when boot time was 0 */

VOID KiStartCounter(VOID) { KiCounterStart = KiReadCycleCounter(); }

VOID KiSetCounterFrequency(ULONG64 Hertz)
{
    KiCounterFrequency = Hertz;
    KiCounterMultiplier = (1000000000ull << 32) / Hertz;
}

VOID KiInitializeSystemTime(VOID)
{
    KiBootSystemTime = (SECONDS_1601_TO_1970 + KiReadWallClock()) * 10000000 - KeQueryBootTimeNs() / 100;
}

ULONG64 KeQueryBootTimeNs(VOID)
{
    return (ULONG64)((unsigned __int128)(KiReadCycleCounter() - KiCounterStart) * KiCounterMultiplier >> 32);
}

ULONG64 KeQueryInterruptTime(VOID) { return KeQueryBootTimeNs() / 100; }

VOID KeQuerySystemTime(PLARGE_INTEGER CurrentTime)
{
    CurrentTime->QuadPart = (LONGLONG)(KiBootSystemTime + KeQueryInterruptTime());
}

LARGE_INTEGER KeQueryPerformanceCounter(PLARGE_INTEGER PerformanceFrequency)
{
    LARGE_INTEGER Counter = { .QuadPart = (LONGLONG)(KiReadCycleCounter() - KiCounterStart) };

    if (PerformanceFrequency != NULL)
        PerformanceFrequency->QuadPart = (LONGLONG)KiCounterFrequency;
    return Counter;
}

VOID KeStallExecutionProcessor(ULONG MicroSeconds)
{
    ULONG64 End = KeQueryBootTimeNs() + MicroSeconds * 1000ull;

    while (KeQueryBootTimeNs() < End)
        ;
}

ULONG64 KiDueTime(const LARGE_INTEGER *Timeout)
{
    ULONG64 Now = KeQueryBootTimeNs(), Units;

    if (Timeout->QuadPart < 0) {
        Units = 0 - (ULONG64)Timeout->QuadPart;
        return Units > (KI_NEVER - Now) / 100 ? KI_NEVER : Now + Units * 100;
    }
    if ((ULONG64)Timeout->QuadPart <= KiBootSystemTime)
        return Now;
    Units = (ULONG64)Timeout->QuadPart - KiBootSystemTime;
    return Units > KI_NEVER / 100 ? KI_NEVER : Units * 100;
}
