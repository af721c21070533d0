/* The slots of a paging file: which pages of it hold something. A bitmap, searched from where the last search ended, so
 * that pages which go out together lie together. Needs nothing else of the kernel. */
#include <slots.h>

static BOOLEAN MiIsSlotUsed(const MI_SLOTS *Slots, ULONG Slot)
{
    return (Slots->Map[Slot / 64] >> Slot % 64 & 1) != 0;
}

VOID MiInitializeSlots(PMI_SLOTS Slots, PULONG64 Map, ULONG Count)
{
    Slots->Map = Map;
    Slots->Count = Count;
    Slots->Free = Count - 1;
    Slots->Hint = 1;
    Map[0] |= 1;
}

PULONG64 MiGrowSlots(PMI_SLOTS Slots, PULONG64 Map, ULONG Count)
{
    PULONG64 Old = Slots->Map;

    for (ULONG i = 0; i < (Slots->Count + 63) / 64; i++)
        Map[i] = Old[i];
    Slots->Map = Map;
    Slots->Free += Count - Slots->Count;
    Slots->Count = Count;
    return Old;
}

/* The first free slot in [From, End), or End. Full words cost one step. */
static ULONG MiFindFreeSlot(const MI_SLOTS *Slots, ULONG From, ULONG End)
{
    while (From < End) {
        ULONG64 Used = Slots->Map[From / 64] >> From % 64;

        if (From % 64 == 0 && Used == ~0ull) {
            From += 64;
            continue;
        }
        if ((Used & 1) == 0)
            return From;
        From++;
    }
    return End;
}

ULONG MiTakeSlots(PMI_SLOTS Slots, ULONG Wanted, PULONG Taken)
{
    ULONG First, Count = 0;

    if (Slots->Free == 0 || Wanted == 0)
        return 0;
    First = MiFindFreeSlot(Slots, Slots->Hint, Slots->Count);
    if (First == Slots->Count)
        First = MiFindFreeSlot(Slots, 1, Slots->Count);
    while (Count < Wanted && First + Count < Slots->Count && !MiIsSlotUsed(Slots, First + Count)) {
        Slots->Map[(First + Count) / 64] |= 1ull << (First + Count) % 64;
        Count++;
    }
    Slots->Free -= Count;
    Slots->Hint = First + Count < Slots->Count ? First + Count : 1;
    *Taken = Count;
    return First;
}

BOOLEAN MiReturnSlot(PMI_SLOTS Slots, ULONG Slot)
{
    if (Slot == 0 || Slot >= Slots->Count || !MiIsSlotUsed(Slots, Slot))
        return FALSE;
    Slots->Map[Slot / 64] &= ~(1ull << Slot % 64);
    Slots->Free++;
    return TRUE;
}
