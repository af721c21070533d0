/* The list of a key's subkeys: an lh leaf, or an ri with leaves when there are many. Leaves of other kinds (lf, li) are
 * read, and become lh when something is added. */
#include "cmcell.h"

#define CMP_LEAF_MAXIMUM 1000u          /* entries; a leaf that gets longer is split */

static ULONG CmpLeafStride(const UCHAR *Leaf)
{
    return Leaf[1] == 'i' ? 4 : 8;      /* li and ri hold offsets, lf and lh pairs of offset and hash */
}

static ULONG CmpListEntry(const UCHAR *List, ULONG Index)
{
    return CmpRead32(List + 4 + CmpLeafStride(List) * Index);
}

/* The list in a cell, with a count that fits; NULL: it is none. */
static PUCHAR CmpGetList(PCMHIVE Hive, ULONG Cell, PULONG Room)
{
    PUCHAR List = HvGetCell(Hive, Cell, 4, Room);

    if (List == NULL || CmpRead16(List + 2) > (*Room - 4) / CmpLeafStride(List))
        return NULL;
    return List;
}

static BOOLEAN CmpIsIndex(const UCHAR *List)
{
    return List[0] == 'r' && List[1] == 'i';
}

/* Does the key in cell Key come after Name? */
static BOOLEAN CmpComesAfter(PCMHIVE Hive, ULONG Key, PCUNICODE_STRING Name)
{
    WCHAR Buffer[CMP_MAXIMUM_NAME / sizeof(WCHAR)];
    UNICODE_STRING Other;

    return CmpReadKeyName(Hive, Key, Buffer, &Other) && RtlCompareUnicodeString(&Other, Name, TRUE) > 0;
}

/* A new lh leaf with entries From.. of Old (NULL: none) and room for some more. */
static ULONG CmpCopyLeaf(PCMHIVE Hive, const UCHAR *Old, ULONG From, ULONG Count)
{
    ULONG Cell = HvAllocateCell(Hive, 4 + 8 * (Count + 1 + Count / 4));
    WCHAR Buffer[CMP_MAXIMUM_NAME / sizeof(WCHAR)];
    UNICODE_STRING Name;
    PUCHAR Leaf;

    if (Cell == HV_NO_CELL)
        return Cell;
    Leaf = HvGetCell(Hive, Cell, 4, NULL);
    Leaf[0] = 'l';
    Leaf[1] = 'h';
    CmpWrite16(Leaf + 2, Count);
    for (ULONG i = 0; i < Count; i++) {
        ULONG Key = CmpListEntry(Old, From + i);

        CmpWrite32(Leaf + 4 + 8 * i, Key);
        CmpWrite32(Leaf + 8 + 8 * i, CmpReadKeyName(Hive, Key, Buffer, &Name) ? CmpHashName(&Name) : 0);
    }
    return Cell;
}

/* Puts Child into the leaf in *Cell, which is replaced by a longer one when it is full or no lh. */
static NTSTATUS CmpAddToLeaf(PCMHIVE Hive, PULONG Cell, ULONG Child, PCUNICODE_STRING Name)
{
    ULONG Room, Count, At, Longer;
    PUCHAR Leaf = CmpGetList(Hive, *Cell, &Room);

    if (Leaf == NULL || Leaf[0] != 'l')
        return STATUS_REGISTRY_CORRUPT;
    Count = CmpRead16(Leaf + 2);
    if (Count == 0xFFFFu)
        return STATUS_INSUFFICIENT_RESOURCES;
    if (Leaf[1] != 'h' || 4 + 8 * (Count + 1) > Room) {
        Longer = CmpCopyLeaf(Hive, Leaf, 0, Count);
        if (Longer == HV_NO_CELL)
            return STATUS_INSUFFICIENT_RESOURCES;
        HvFreeCell(Hive, *Cell);
        *Cell = Longer;
        Leaf = HvGetCell(Hive, Longer, 4, NULL);
    }
    for (At = Count; At != 0 && CmpComesAfter(Hive, CmpListEntry(Leaf, At - 1), Name); At--)
        ;
    RtlMoveMemory(Leaf + 4 + 8 * (At + 1), Leaf + 4 + 8 * At, 8 * (Count - At));
    CmpWrite32(Leaf + 4 + 8 * At, Child);
    CmpWrite32(Leaf + 8 + 8 * At, CmpHashName(Name));
    CmpWrite16(Leaf + 2, Count + 1);
    HvMarkCellDirty(Hive, *Cell);
    return STATUS_SUCCESS;
}

/* A new ri of the entries of Old (NULL: Only alone), with room for some more. */
static ULONG CmpCopyIndex(PCMHIVE Hive, const UCHAR *Old, ULONG Only)
{
    ULONG Count = Old != NULL ? CmpRead16(Old + 2) : 1, Cell = HvAllocateCell(Hive, 4 + 4 * (Count + 4 + Count / 4));
    PUCHAR Index;

    if (Cell == HV_NO_CELL)
        return Cell;
    Index = HvGetCell(Hive, Cell, 4, NULL);
    Index[0] = 'r';
    Index[1] = 'i';
    CmpWrite16(Index + 2, Count);
    CmpWrite32(Index + 4, Only);
    if (Old != NULL)
        RtlCopyMemory(Index + 4, Old + 4, 4 * Count);
    return Cell;
}

/* Splits leaf At of the ri in *Cell when it is too long. Without memory it stays long, which is no harm. */
static VOID CmpSplitLeaf(PCMHIVE Hive, PULONG Cell, ULONG At)
{
    ULONG Room, LeafRoom, Count, Half, Upper, Longer;
    PUCHAR Index = CmpGetList(Hive, *Cell, &Room), Leaf;

    if (Index == NULL || (Leaf = CmpGetList(Hive, CmpListEntry(Index, At), &LeafRoom)) == NULL ||
        CmpRead16(Leaf + 2) <= CMP_LEAF_MAXIMUM)
        return;
    Half = CmpRead16(Leaf + 2) / 2;
    Upper = CmpCopyLeaf(Hive, Leaf, Half, CmpRead16(Leaf + 2) - Half);
    if (Upper == HV_NO_CELL)
        return;
    Count = CmpRead16(Index + 2);
    if (4 + 4 * (Count + 1) > Room) {
        Longer = CmpCopyIndex(Hive, Index, 0);
        if (Longer == HV_NO_CELL) {
            HvFreeCell(Hive, Upper);
            return;
        }
        HvFreeCell(Hive, *Cell);
        *Cell = Longer;
        Index = HvGetCell(Hive, Longer, 4, NULL);
    }
    CmpWrite16(Leaf + 2, Half);
    HvMarkCellDirty(Hive, CmpListEntry(Index, At));
    RtlMoveMemory(Index + 4 + 4 * (At + 2), Index + 4 + 4 * (At + 1), 4 * (Count - At - 1));
    CmpWrite32(Index + 4 + 4 * (At + 1), Upper);
    CmpWrite16(Index + 2, Count + 1);
    HvMarkCellDirty(Hive, *Cell);
}

/* The leaf of an ri where Name belongs: the last one that begins before it. */
static ULONG CmpFindLeaf(PCMHIVE Hive, const UCHAR *Index, PCUNICODE_STRING Name)
{
    ULONG At = CmpRead16(Index + 2) - 1, Room;

    for (; At != 0; At--) {
        const UCHAR *Leaf = CmpGetList(Hive, CmpListEntry(Index, At), &Room);

        if (Leaf != NULL && CmpRead16(Leaf + 2) != 0 && !CmpComesAfter(Hive, CmpListEntry(Leaf, 0), Name))
            break;
    }
    return At;
}

static NTSTATUS CmpAddToList(PCMHIVE Hive, PULONG Cell, ULONG Child, PCUNICODE_STRING Name)
{
    ULONG Room, At, Leaf;
    PUCHAR List = CmpGetList(Hive, *Cell, &Room);
    NTSTATUS Status;

    if (List == NULL)
        return STATUS_REGISTRY_CORRUPT;
    if (!CmpIsIndex(List)) {
        Status = CmpAddToLeaf(Hive, Cell, Child, Name);
        if (NT_SUCCESS(Status) && CmpRead16(HvGetCell(Hive, *Cell, 4, NULL) + 2) > CMP_LEAF_MAXIMUM) {
            Leaf = CmpCopyIndex(Hive, NULL, *Cell);
            if (Leaf != HV_NO_CELL) {
                *Cell = Leaf;
                CmpSplitLeaf(Hive, Cell, 0);
            }
        }
        return Status;
    }
    if (CmpRead16(List + 2) == 0)
        return STATUS_REGISTRY_CORRUPT;
    At = CmpFindLeaf(Hive, List, Name);
    Leaf = CmpListEntry(List, At);
    Status = CmpAddToLeaf(Hive, &Leaf, Child, Name);
    if (!NT_SUCCESS(Status))
        return Status;
    CmpWrite32(List + 4 + 4 * At, Leaf);
    HvMarkCellDirty(Hive, *Cell);
    CmpSplitLeaf(Hive, Cell, At);
    return STATUS_SUCCESS;
}

NTSTATUS CmpAddSubKeyCell(PCMHIVE Hive, ULONG Parent, ULONG Child, PCUNICODE_STRING Name)
{
    PUCHAR nk = HvGetCell(Hive, Parent, NK_SIZE, NULL);
    ULONG Count, List;
    NTSTATUS Status;

    if (nk == NULL)
        return STATUS_REGISTRY_CORRUPT;
    Count = CmpRead32(nk + NK_SUBKEYS);
    List = Count != 0 ? CmpRead32(nk + NK_SUBKEY_LIST) : CmpCopyLeaf(Hive, NULL, 0, 0);
    if (List == HV_NO_CELL)
        return STATUS_INSUFFICIENT_RESOURCES;
    Status = CmpAddToList(Hive, &List, Child, Name);
    if (!NT_SUCCESS(Status)) {
        if (Count == 0)
            HvFreeCell(Hive, List);
        return Status;
    }
    CmpWrite32(nk + NK_SUBKEY_LIST, List);
    CmpWrite32(nk + NK_SUBKEYS, Count + 1);
    if (CmpRead16(nk + NK_MAX_NAME) < Name->Length)
        CmpWrite16(nk + NK_MAX_NAME, Name->Length);
    HvMarkCellDirty(Hive, Parent);
    return STATUS_SUCCESS;
}

/* Takes entry At out of a list; TRUE when the list is then empty, and freed. */
static BOOLEAN CmpCutEntry(PCMHIVE Hive, ULONG Cell, PUCHAR List, ULONG At)
{
    ULONG Count = CmpRead16(List + 2), Stride = CmpLeafStride(List);

    if (Count == 1) {
        HvFreeCell(Hive, Cell);
        return TRUE;
    }
    RtlMoveMemory(List + 4 + Stride * At, List + 4 + Stride * (At + 1), Stride * (Count - At - 1));
    CmpWrite16(List + 2, Count - 1);
    HvMarkCellDirty(Hive, Cell);
    return FALSE;
}

/* TRUE: Child was there. *Empty: the list in Cell is gone with it. */
static BOOLEAN CmpCutFromList(PCMHIVE Hive, ULONG Cell, ULONG Child, PBOOLEAN Empty)
{
    ULONG Room;
    PUCHAR List = CmpGetList(Hive, Cell, &Room);

    *Empty = FALSE;
    for (ULONG i = 0; List != NULL && i < CmpRead16(List + 2); i++) {
        BOOLEAN LeafEmpty;

        if (!CmpIsIndex(List)) {
            if (CmpListEntry(List, i) == Child) {
                *Empty = CmpCutEntry(Hive, Cell, List, i);
                return TRUE;
            }
            continue;
        }
        if (CmpGetList(Hive, CmpListEntry(List, i), &Room) != NULL &&
            !CmpIsIndex(HvGetCell(Hive, CmpListEntry(List, i), 4, NULL)) &&
            CmpCutFromList(Hive, CmpListEntry(List, i), Child, &LeafEmpty)) {
            if (LeafEmpty)
                *Empty = CmpCutEntry(Hive, Cell, List, i);
            return TRUE;
        }
    }
    return FALSE;
}

VOID CmpRemoveSubKeyCell(PCMHIVE Hive, ULONG Parent, ULONG Child)
{
    PUCHAR nk = HvGetCell(Hive, Parent, NK_SIZE, NULL);
    BOOLEAN Empty;

    if (nk == NULL || CmpRead32(nk + NK_SUBKEYS) == 0 ||
        !CmpCutFromList(Hive, CmpRead32(nk + NK_SUBKEY_LIST), Child, &Empty))
        return;
    CmpWrite32(nk + NK_SUBKEYS, CmpRead32(nk + NK_SUBKEYS) - 1);
    if (Empty)
        CmpWrite32(nk + NK_SUBKEY_LIST, HV_NO_CELL);
    HvMarkCellDirty(Hive, Parent);
}
