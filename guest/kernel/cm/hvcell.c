/* Cells: the one way to reach one, and the allocator. Free neighbours are always joined. */
#include "hive.h"

#define HV_SMALLEST_CELL 8u

static LONG HvpCellSize(PCMHIVE Hive, ULONG Cell)
{
    return (LONG)CmpRead32(HvpAddress(Hive, Cell));
}

static VOID HvpSetCellSize(PCMHIVE Hive, ULONG Cell, LONG Size)
{
    CmpWrite32(HvpAddress(Hive, Cell), (ULONG)Size);
    HvpMarkDirty(Hive, Cell, 4);
}

PUCHAR HvGetCell(PCMHIVE Hive, ULONG Cell, ULONG AtLeast, PULONG Length)
{
    ULONG Bin, Contents;
    LONG Size;

    if (Cell % 8 != 0 || Cell >= Hive->Length)
        return NULL;
    Bin = Hive->Pages[Cell / HV_PAGE_SIZE].Bin;
    if (Cell - Bin < HV_BIN_HEADER_SIZE)
        return NULL;
    Size = HvpCellSize(Hive, Cell);
    if (Size > -(LONG)HV_SMALLEST_CELL || Size == (LONG)0x80000000)     /* free, or too small for anything */
        return NULL;
    if ((ULONG)-Size > HvpBinSize(Hive, Bin) - (Cell - Bin))
        return NULL;
    Contents = (ULONG)-Size - 4;
    if (Contents < AtLeast)
        return NULL;
    if (Length != NULL)
        *Length = Contents;
    return HvpAddress(Hive, Cell) + 4;
}

PUCHAR HvClaimCell(PCMHIVE Hive, ULONG Cell, ULONG AtLeast, PULONG Length)
{
    PUCHAR Contents = HvGetCell(Hive, Cell, AtLeast, Length);
    UCHAR Bit = (UCHAR)(1u << Cell / 8 % 8);

    if (Contents == NULL || Hive->Unclaimed == NULL)
        return Contents;
    if ((Hive->Unclaimed[Cell / 64] & Bit) == 0)
        return NULL;
    Hive->Unclaimed[Cell / 64] &= (UCHAR)~Bit;
    return Contents;
}

VOID HvpMarkDirty(PCMHIVE Hive, ULONG Offset, ULONG Length)
{
    for (ULONG Page = Offset / HV_PAGE_SIZE; Page <= (Offset + Length - 1) / HV_PAGE_SIZE; Page++) {
        if (!Hive->Pages[Page].Dirty) {
            Hive->Pages[Page].Dirty = TRUE;
            Hive->DirtyPages++;
        }
    }
}

VOID HvMarkCellDirty(PCMHIVE Hive, ULONG Cell)
{
    ULONG Length;

    if (HvGetCell(Hive, Cell, 0, &Length) != NULL)
        HvpMarkDirty(Hive, Cell, Length + 4);
}

BOOLEAN HvpGrowPages(PCMHIVE Hive, ULONG Length)
{
    ULONG Room = Length / HV_PAGE_SIZE, Used = Hive->Length / HV_PAGE_SIZE;
    PHV_PAGE Pages;

    if (Room <= Hive->PageRoom)
        return TRUE;
    Room += Room / 4 + 8;
    Pages = ExAllocatePoolWithTag(PagedPool, Room * sizeof *Pages, HV_TAG);
    if (Pages == NULL)
        return FALSE;
    if (Hive->Pages != NULL) {
        RtlCopyMemory(Pages, Hive->Pages, Used * sizeof *Pages);
        ExFreePoolWithTag(Hive->Pages, HV_TAG);
    }
    Hive->Pages = Pages;
    Hive->PageRoom = Room;
    return TRUE;
}

/* A new bin with one free cell of at least Need bytes, at the end. Returns the bin's offset. */
static ULONG HvpAddBin(PCMHIVE Hive, ULONG Need)
{
    ULONG Size = (Need + HV_BIN_HEADER_SIZE + HV_PAGE_SIZE - 1) & ~(HV_PAGE_SIZE - 1), Bin = Hive->Length;
    PUCHAR Memory;

    if (Size > HV_MAXIMUM_LENGTH - Hive->Length || !HvpGrowPages(Hive, Hive->Length + Size))
        return HV_NO_CELL;
    Memory = ExAllocatePoolWithTag(PagedPool, Size, HV_TAG);
    if (Memory == NULL)
        return HV_NO_CELL;
    CmpWrite32(Memory, 0x6E696268u);    /* `hbin` */
    CmpWrite32(Memory + 4, Bin);
    CmpWrite32(Memory + 8, Size);
    CmpWrite32(Memory + HV_BIN_HEADER_SIZE, Size - HV_BIN_HEADER_SIZE);
    for (ULONG Offset = 0; Offset < Size; Offset += HV_PAGE_SIZE) {
        PHV_PAGE Page = &Hive->Pages[(Bin + Offset) / HV_PAGE_SIZE];

        RtlZeroMemory(Page, sizeof *Page);
        Page->Memory = Memory + Offset;
        Page->Bin = Bin;
    }
    Hive->Pages[Bin / HV_PAGE_SIZE].OwnsMemory = TRUE;
    Hive->Pages[Bin / HV_PAGE_SIZE].Free = Size - HV_BIN_HEADER_SIZE;
    Hive->Length += Size;
    HvpMarkDirty(Hive, Bin, Size);
    return Bin;
}

/* The first free cell of at least Need bytes in the bin. */
static ULONG HvpFindFreeCell(PCMHIVE Hive, ULONG Bin, ULONG Need)
{
    ULONG End = Bin + HvpBinSize(Hive, Bin), Cell = Bin + HV_BIN_HEADER_SIZE;

    if (Hive->Pages[Bin / HV_PAGE_SIZE].Free < Need)
        return HV_NO_CELL;
    while (Cell < End) {
        LONG Size = HvpCellSize(Hive, Cell);

        if (Size >= (LONG)Need)
            return Cell;
        Cell += Size < 0 ? (ULONG)-Size : (ULONG)Size;
    }
    return HV_NO_CELL;
}

/* A free cell anywhere, from the bin where the last one was found and round once; a new bin when there is none. */
static ULONG HvpFindRoom(PCMHIVE Hive, ULONG Need)
{
    ULONG Bin = Hive->Hint, Cell;

    for (ULONG Passed = 0; Passed < Hive->Length;) {
        ULONG Size = HvpBinSize(Hive, Bin);

        Cell = HvpFindFreeCell(Hive, Bin, Need);
        if (Cell != HV_NO_CELL) {
            Hive->Hint = Bin;
            return Cell;
        }
        Passed += Size;
        Bin = Bin + Size < Hive->Length ? Bin + Size : 0;
    }
    Bin = HvpAddBin(Hive, Need);
    if (Bin == HV_NO_CELL)
        return HV_NO_CELL;
    Hive->Hint = Bin;
    return Bin + HV_BIN_HEADER_SIZE;
}

ULONG HvAllocateCell(PCMHIVE Hive, ULONG Size)
{
    ULONG Need = (Size + 4 + 7) & ~7u, Cell, Room;

    if (Size > HV_MAXIMUM_LENGTH)
        return HV_NO_CELL;
    Cell = HvpFindRoom(Hive, Need);
    if (Cell == HV_NO_CELL)
        return HV_NO_CELL;
    Room = (ULONG)HvpCellSize(Hive, Cell);
    if (Room > Need)                    /* both are multiples of 8 */
        HvpSetCellSize(Hive, Cell + Need, (LONG)(Room - Need));
    HvpSetCellSize(Hive, Cell, -(LONG)Need);
    Hive->Pages[Hive->Pages[Cell / HV_PAGE_SIZE].Bin / HV_PAGE_SIZE].Free -= Need;
    RtlZeroMemory(HvpAddress(Hive, Cell) + 4, Need - 4);
    HvpMarkDirty(Hive, Cell, Need);
    return Cell;
}

VOID HvFreeCell(PCMHIVE Hive, ULONG Cell)
{
    ULONG Bin, End, Before = HV_NO_CELL, At, Size;

    if (HvGetCell(Hive, Cell, 0, &Size) == NULL)
        return;
    Size += 4;
    Bin = Hive->Pages[Cell / HV_PAGE_SIZE].Bin;
    End = Bin + HvpBinSize(Hive, Bin);
    for (At = Bin + HV_BIN_HEADER_SIZE; At < Cell;) {
        LONG Other = HvpCellSize(Hive, At);

        Before = Other > 0 ? At : HV_NO_CELL;
        At += Other < 0 ? (ULONG)-Other : (ULONG)Other;
    }
    NT_ASSERT(At == Cell);
    Hive->Pages[Bin / HV_PAGE_SIZE].Free += Size;
    if (Cell + Size < End && HvpCellSize(Hive, Cell + Size) > 0)
        Size += (ULONG)HvpCellSize(Hive, Cell + Size);
    if (Before != HV_NO_CELL) {
        Size += Cell - Before;
        Cell = Before;
    }
    HvpSetCellSize(Hive, Cell, (LONG)Size);
}
