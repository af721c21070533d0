/* Security descriptors while a hive is read: keys are counted, and what the hive says of it is corrected, so that a
 * cell is freed with its last key and never before. */
#include "cmp.h"

#define CMP_MAXIMUM_DESCRIPTORS 16384u

/* Where Cell is among the entries, or belongs. */
static ULONG CmpFindCount(PCMP_SECURITY_COUNTS Counts, ULONG Cell)
{
    ULONG Low = 0, High = Counts->Count;

    while (Low < High) {
        ULONG Middle = (Low + High) / 2;

        if (Counts->Entries[Middle].Cell < Cell)
            Low = Middle + 1;
        else
            High = Middle;
    }
    return Low;
}

static BOOLEAN CmpIsCounted(PCMP_SECURITY_COUNTS Counts, ULONG Cell)
{
    ULONG At = CmpFindCount(Counts, Cell);

    return At < Counts->Count && Counts->Entries[At].Cell == Cell;
}

static NTSTATUS CmpInsertCount(PCMHIVE Hive, PCMP_SECURITY_COUNTS Counts, ULONG At, ULONG Cell)
{
    ULONG Room = Counts->Room != 0 ? 2 * Counts->Room : 16;
    PVOID Entries;

    if (Counts->Count == CMP_MAXIMUM_DESCRIPTORS)
        return HvDamaged(Hive, CmpTooManyKeys, Cell);
    if (Counts->Count == Counts->Room) {
        Entries = ExAllocatePoolWithTag(PagedPool, Room * sizeof *Counts->Entries, CMP_TAG);
        if (Entries == NULL)
            return STATUS_INSUFFICIENT_RESOURCES;
        if (Counts->Entries != NULL) {
            RtlCopyMemory(Entries, Counts->Entries, Counts->Count * sizeof *Counts->Entries);
            ExFreePoolWithTag(Counts->Entries, CMP_TAG);
        }
        Counts->Entries = Entries;
        Counts->Room = Room;
    }
    RtlMoveMemory(&Counts->Entries[At + 1], &Counts->Entries[At], (Counts->Count - At) * sizeof *Counts->Entries);
    Counts->Entries[At].Cell = Cell;
    Counts->Entries[At].References = 0;
    Counts->Count++;
    return STATUS_SUCCESS;
}

NTSTATUS CmpCountSecurity(PCMHIVE Hive, PCMP_SECURITY_COUNTS Counts, ULONG Key)
{
    PUCHAR nk = HvGetCell(Hive, Key, NK_SIZE, NULL);
    ULONG Cell = CmpRead32(nk + NK_SECURITY), At = CmpFindCount(Counts, Cell), Length;
    const UCHAR *sk;
    NTSTATUS Status;

    if (Cell == HV_NO_CELL)
        return STATUS_SUCCESS;
    if (At == Counts->Count || Counts->Entries[At].Cell != Cell) {
        sk = HvGetCell(Hive, Cell, SK_SIZE, &Length);
        if (sk == NULL || sk[0] != 's' || sk[1] != 'k' || CmpRead32(sk + SK_LENGTH) > Length - SK_SIZE ||
            HvClaimCell(Hive, Cell, SK_SIZE, NULL) == NULL) {
            CmpWrite32(nk + NK_SECURITY, HV_NO_CELL);
            HvMarkCellDirty(Hive, Key);
            return STATUS_SUCCESS;
        }
        Status = CmpInsertCount(Hive, Counts, At, Cell);
        if (!NT_SUCCESS(Status))
            return Status;
    }
    Counts->Entries[At].References++;
    return STATUS_SUCCESS;
}

/* Each one's neighbours are among the counted, and say so too. */
static BOOLEAN CmpIsRing(PCMHIVE Hive, PCMP_SECURITY_COUNTS Counts)
{
    for (ULONG i = 0; i < Counts->Count; i++) {
        ULONG Cell = Counts->Entries[i].Cell, Next = CmpRead32(HvGetCell(Hive, Cell, SK_SIZE, NULL) + SK_NEXT);

        if (!CmpIsCounted(Counts, Next) || CmpRead32(HvGetCell(Hive, Next, SK_SIZE, NULL) + SK_PREVIOUS) != Cell)
            return FALSE;
    }
    return TRUE;
}

VOID CmpSettleSecurity(PCMHIVE Hive, PCMP_SECURITY_COUNTS Counts)
{
    BOOLEAN Ring = CmpIsRing(Hive, Counts);

    for (ULONG i = 0; i < Counts->Count; i++) {
        ULONG Cell = Counts->Entries[i].Cell;
        PUCHAR sk = HvGetCell(Hive, Cell, SK_SIZE, NULL);

        if (Ring && CmpRead32(sk + SK_REFERENCES) == Counts->Entries[i].References)
            continue;
        CmpWrite32(sk + SK_REFERENCES, Counts->Entries[i].References);
        if (!Ring) {
            CmpWrite32(sk + SK_NEXT, Counts->Entries[(i + 1) % Counts->Count].Cell);
            CmpWrite32(sk + SK_PREVIOUS, Counts->Entries[(i + Counts->Count - 1) % Counts->Count].Cell);
        }
        HvMarkCellDirty(Hive, Cell);
    }
    if (Counts->Entries != NULL)
        ExFreePoolWithTag(Counts->Entries, CMP_TAG);
}
