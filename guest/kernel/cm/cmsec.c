/* Security descriptors of keys: sk cells in a ring, each counted by the keys that name it. The counts were checked when
 * the hive was read (cmload.c). */
#include "cmcell.h"

/* The sk of a key; *Cell is its offset. NULL: it has none that is good. */
static PUCHAR CmpGetSecurity(PCMHIVE Hive, ULONG Key, PULONG Cell)
{
    const UCHAR *nk = HvGetCell(Hive, Key, NK_SIZE, NULL);
    PUCHAR sk;
    ULONG Length;

    if (nk == NULL)
        return NULL;
    *Cell = CmpRead32(nk + NK_SECURITY);
    sk = HvGetCell(Hive, *Cell, SK_SIZE, &Length);
    return sk != NULL && sk[0] == 's' && sk[1] == 'k' && CmpRead32(sk + SK_LENGTH) <= Length - SK_SIZE ? sk : NULL;
}

const UCHAR *CmpKeySecurity(PCMHIVE Hive, ULONG Key, PULONG Length)
{
    ULONG Cell;
    const UCHAR *sk = CmpGetSecurity(Hive, Key, &Cell);

    if (sk == NULL)
        return NULL;
    *Length = CmpRead32(sk + SK_LENGTH);
    return sk + SK_SIZE;
}

static VOID CmpReferenceSecurity(PCMHIVE Hive, ULONG Key, ULONG Cell)
{
    PUCHAR nk = HvGetCell(Hive, Key, NK_SIZE, NULL), sk = HvGetCell(Hive, Cell, SK_SIZE, NULL);

    CmpWrite32(sk + SK_REFERENCES, CmpRead32(sk + SK_REFERENCES) + 1);
    CmpWrite32(nk + NK_SECURITY, Cell);
    HvMarkCellDirty(Hive, Cell);
    HvMarkCellDirty(Hive, Key);
}

VOID CmpInheritSecurity(PCMHIVE Hive, ULONG Parent, ULONG Child)
{
    ULONG Cell;

    if (CmpGetSecurity(Hive, Parent, &Cell) != NULL)
        CmpReferenceSecurity(Hive, Child, Cell);
}

VOID CmpDropSecurity(PCMHIVE Hive, ULONG Key)
{
    ULONG Cell, Next, Previous;
    PUCHAR sk = CmpGetSecurity(Hive, Key, &Cell), NextSk, PreviousSk;

    if (sk == NULL || CmpRead32(sk + SK_REFERENCES) == 0)
        return;
    CmpWrite32(HvGetCell(Hive, Key, NK_SIZE, NULL) + NK_SECURITY, HV_NO_CELL);
    HvMarkCellDirty(Hive, Key);
    CmpWrite32(sk + SK_REFERENCES, CmpRead32(sk + SK_REFERENCES) - 1);
    HvMarkCellDirty(Hive, Cell);
    if (CmpRead32(sk + SK_REFERENCES) != 0)
        return;
    Next = CmpRead32(sk + SK_NEXT);
    Previous = CmpRead32(sk + SK_PREVIOUS);
    NextSk = HvGetCell(Hive, Next, SK_SIZE, NULL);
    PreviousSk = HvGetCell(Hive, Previous, SK_SIZE, NULL);
    /* A ring that does not close stays as it is, and the cell is left to nobody. */
    if (NextSk == NULL || PreviousSk == NULL || NextSk[0] != 's' || NextSk[1] != 'k' || PreviousSk[0] != 's' ||
        PreviousSk[1] != 'k' || CmpRead32(NextSk + SK_PREVIOUS) != Cell || CmpRead32(PreviousSk + SK_NEXT) != Cell)
        return;
    CmpWrite32(NextSk + SK_PREVIOUS, Previous);
    CmpWrite32(PreviousSk + SK_NEXT, Next);
    HvMarkCellDirty(Hive, Next);
    HvMarkCellDirty(Hive, Previous);
    HvFreeCell(Hive, Cell);
}

NTSTATUS CmpAssignSecurity(PCMHIVE Hive, ULONG Key, const VOID *Descriptor, ULONG Length)
{
    ULONG First = HV_NO_CELL, Cell, Known;
    PUCHAR sk, Head = CmpGetSecurity(Hive, Hive->RootCell, &First), Last;

    if (Head != NULL) {
        Cell = First;
        do {
            sk = HvGetCell(Hive, Cell, SK_SIZE, &Known);
            if (CmpRead32(sk + SK_LENGTH) == Length && RtlEqualMemory(sk + SK_SIZE, Descriptor, Length)) {
                CmpReferenceSecurity(Hive, Key, Cell);
                return STATUS_SUCCESS;
            }
            Cell = CmpRead32(sk + SK_NEXT);
        } while (Cell != First);
    }
    Cell = HvAllocateCell(Hive, SK_SIZE + Length);
    if (Cell == HV_NO_CELL)
        return STATUS_INSUFFICIENT_RESOURCES;
    sk = HvGetCell(Hive, Cell, SK_SIZE, NULL);
    sk[0] = 's';
    sk[1] = 'k';
    CmpWrite32(sk + SK_LENGTH, Length);
    RtlCopyMemory(sk + SK_SIZE, Descriptor, Length);
    CmpWrite32(sk + SK_NEXT, Head != NULL ? First : Cell);
    CmpWrite32(sk + SK_PREVIOUS, Head != NULL ? CmpRead32(Head + SK_PREVIOUS) : Cell);
    if (Head != NULL) {
        Last = HvGetCell(Hive, CmpRead32(Head + SK_PREVIOUS), SK_SIZE, NULL);
        HvMarkCellDirty(Hive, CmpRead32(Head + SK_PREVIOUS));
        CmpWrite32(Last + SK_NEXT, Cell);
        CmpWrite32(Head + SK_PREVIOUS, Cell);
        HvMarkCellDirty(Hive, First);
    }
    CmpReferenceSecurity(Hive, Key, Cell);
    return STATUS_SUCCESS;
}
