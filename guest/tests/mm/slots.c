/* The slots of a paging file on the host: never slot 0, never one twice, runs where there is room, growth. */
#include <slots.h>
#include <stdio.h>
#include <string.h>

static int Failures;

#define CHECK(Condition) \
    do { \
        if (!(Condition)) { \
            Failures++; \
            printf("FAILED %s:%d %s\n", __FILE__, __LINE__, #Condition); \
        } \
    } while (0)

static ULONG64 FirstMap[4], SecondMap[8];
static UCHAR Used[512];

/* Takes and keeps account; FALSE: none is free. */
static BOOLEAN Take(PMI_SLOTS Slots, ULONG Wanted)
{
    ULONG Taken = 0, First = MiTakeSlots(Slots, Wanted, &Taken);

    if (First == 0)
        return FALSE;
    CHECK(Taken >= 1 && Taken <= Wanted && First + Taken <= Slots->Count);
    for (ULONG i = 0; i < Taken; i++) {
        CHECK(!Used[First + i]);
        Used[First + i] = 1;
    }
    return TRUE;
}

static ULONG CountUsed(void)
{
    ULONG Count = 0;

    for (ULONG i = 0; i < sizeof Used; i++)
        Count += Used[i];
    return Count;
}

/* A fixed sequence of numbers that looks like none. */
static ULONG Next(void)
{
    static ULONG State = 12345;

    State = State * 1664525u + 1013904223u;
    return State >> 8;
}

static void TestRuns(PMI_SLOTS Slots)
{
    ULONG Taken, First;

    MiInitializeSlots(Slots, FirstMap, 200);
    First = MiTakeSlots(Slots, 16, &Taken);
    CHECK(First == 1 && Taken == 16);
    First = MiTakeSlots(Slots, 16, &Taken);
    CHECK(First == 17 && Taken == 16);      /* what goes out together lies together */
    for (ULONG i = 1; i < 33; i++)
        CHECK(MiReturnSlot(Slots, i));
    CHECK(!MiReturnSlot(Slots, 5) && !MiReturnSlot(Slots, 0) && !MiReturnSlot(Slots, 200) && !MiReturnSlot(Slots, ~0u));
    CHECK(Slots->Free == 199);
    CHECK(MiTakeSlots(Slots, 0, &Taken) == 0);
}

static void TestChurn(PMI_SLOTS Slots)
{
    for (ULONG Round = 0; Round < 20000; Round++) {
        ULONG Slot = Next() % Slots->Count;

        if (Next() % 2 != 0) {
            BOOLEAN Room = Slots->Free != 0;

            CHECK(Take(Slots, 1 + Next() % 16) == Room);
        }
        if (Slot != 0) {
            CHECK(MiReturnSlot(Slots, Slot) == Used[Slot]);
            Used[Slot] = 0;
        }
        CHECK(Slots->Free + CountUsed() == Slots->Count - 1);
    }
}

int main(void)
{
    MI_SLOTS Slots;

    TestRuns(&Slots);
    TestChurn(&Slots);
    while (Take(&Slots, 16))
        ;
    CHECK(Slots.Free == 0 && CountUsed() == 199);
    CHECK(MiGrowSlots(&Slots, SecondMap, 500) == FirstMap);
    CHECK(Slots.Free == 300);
    while (Take(&Slots, 7))
        ;
    CHECK(CountUsed() == 499 && !Used[0]);
    TestChurn(&Slots);
    printf("%d failures\n", Failures);
    return Failures != 0;
}
