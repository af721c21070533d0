/* The TSC as clock, measured against the PIT; the local APIC's timer for deadlines; the CMOS clock for the date. */
#include "archp.h"

#include <ke.h>

#define PIT_CHANNEL0   0x40
#define PIT_COMMAND    0x43
#define PIT_FREQUENCY  1193182ull
#define PIT_MEASURE    1193             /* ticks: 1 ms */
#define TSC_STEP       1000000ull       /* Hz: the measurement is good for three digits and a half, so more would be noise */

#define CMOS_INDEX     0x70
#define CMOS_DATA      0x71

/* Channel 0 counts down from 65536 for ever; its interrupt goes nowhere. */
static ULONG KiReadPit(VOID)
{
    ULONG Low;

    KiOut8(PIT_COMMAND, 0x00);          /* latch channel 0 */
    Low = KiIn8(PIT_CHANNEL0);
    return Low | (ULONG)KiIn8(PIT_CHANNEL0) << 8;
}

VOID KiInitializeClock(VOID)
{
    ULONG64 Start, End, Hertz;
    ULONG First, Ticks;

    KiOut8(PIT_COMMAND, 0x34);          /* channel 0, both bytes, rate generator */
    KiOut8(PIT_CHANNEL0, 0);
    KiOut8(PIT_CHANNEL0, 0);
    First = KiReadPit();
    while ((Ticks = KiReadPit()) == First)
        ;                               /* from one tick to another, and not from somewhere between two */
    First = Ticks;
    Start = KiReadCycleCounter();
    do {
        Ticks = (First - KiReadPit()) & 0xFFFF;
        End = KiReadCycleCounter();
    } while (Ticks < PIT_MEASURE);
    KiOut8(PIT_COMMAND, 0x30);          /* one shot without a count: silent */
    Hertz = (End - Start) * PIT_FREQUENCY / Ticks;
    KiSetCounterFrequency(Hertz < TSC_STEP ? Hertz : (Hertz + TSC_STEP / 2) / TSC_STEP * TSC_STEP);
}

static ULONG KiReadCmos(UCHAR Index, BOOLEAN Binary)
{
    UCHAR Value;

    KiOut8(CMOS_INDEX, Index);
    Value = KiIn8(CMOS_DATA);
    return Binary ? Value : (ULONG)(Value >> 4) * 10 + (Value & 15);
}

ULONG64 KiReadWallClock(VOID)
{
    static const USHORT DaysBefore[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };
    BOOLEAN Binary = (KiReadCmos(0x0B, TRUE) & 4) != 0;
    ULONG Second, Minute, Hour, Day, Month, Year, Days;

    if (KiReadCmos(0x0A, TRUE) == 0xFF)
        return 0;                       /* no such clock */
    do {
        while (KiReadCmos(0x0A, TRUE) & 0x80)
            ;                           /* it is just changing */
        Second = KiReadCmos(0x00, Binary);
        Minute = KiReadCmos(0x02, Binary);
        Hour = KiReadCmos(0x04, Binary);
        Day = KiReadCmos(0x07, Binary);
        Month = KiReadCmos(0x08, Binary);
        Year = 2000 + KiReadCmos(0x09, Binary);
    } while (Second != KiReadCmos(0x00, Binary));
    if (Month < 1 || Month > 12)
        return 0;
    Days = (Year - 1970) * 365 + (Year - 1969) / 4 + DaysBefore[Month - 1] + Day - 1;
    if (Year % 4 == 0 && Month > 2)
        Days++;
    return ((Days * 24ull + Hour) * 60 + Minute) * 60 + Second;
}
