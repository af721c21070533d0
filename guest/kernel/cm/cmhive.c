/* The regf file: its header, its bins, and the one way to reach a cell. */
#include "cmp.h"

#define REGF_HEADER_SIZE 4096u
#define HBIN_HEADER_SIZE 32u

NTSTATUS CmpDamaged(PCMP_HIVE Hive, CMP_DAMAGE Damage, ULONG Cell)
{
    if (Hive->Damage == CmpNoDamage) {
        Hive->Damage = Damage;
        Hive->DamagedCell = Cell;
    }
    return STATUS_REGISTRY_CORRUPT;
}

static BOOLEAN CmpCheckHeader(const UCHAR *Header)
{
    ULONG Sum = 0, i;

    if (CmpRead32(Header) != 0x66676572u)               /* `regf` */
        return FALSE;
    if (CmpRead32(Header + 20) != 1 || CmpRead32(Header + 24) < 3 || CmpRead32(Header + 24) > 6)
        return FALSE;                                   /* version 1.3 to 1.6 */
    if (CmpRead32(Header + 4) != CmpRead32(Header + 8))
        return FALSE;                                   /* a write that was not finished */
    for (i = 0; i < 127; i++)
        Sum ^= CmpRead32(Header + 4 * i);
    if (Sum == 0)
        Sum = 1;
    else if (Sum == 0xFFFFFFFFu)
        Sum = 0xFFFFFFFEu;
    return Sum == CmpRead32(Header + 508);
}

/* Bins follow one another without gaps, and each says where it is. */
static BOOLEAN CmpCheckBins(PCMP_HIVE Hive)
{
    ULONG Offset = 0;

    while (Offset < Hive->BinsSize) {
        const UCHAR *Bin = Hive->Bins + Offset;
        ULONG Size;

        if (Hive->BinsSize - Offset < HBIN_HEADER_SIZE || CmpRead32(Bin) != 0x6E696268u)    /* `hbin` */
            return FALSE;
        Size = CmpRead32(Bin + 8);
        if (CmpRead32(Bin + 4) != Offset || Size < HBIN_HEADER_SIZE || Size % 4096 != 0 ||
            Size > Hive->BinsSize - Offset)
            return FALSE;
        Offset += Size;
    }
    return TRUE;
}

NTSTATUS CmpOpenHive(const VOID *File, SIZE_T Size, PCMP_HIVE Hive)
{
    const UCHAR *Header = File;

    RtlZeroMemory(Hive, sizeof *Hive);
    if (Size < REGF_HEADER_SIZE + HBIN_HEADER_SIZE)
        return CmpDamaged(Hive, CmpBadHeader, 0);
    if (!CmpCheckHeader(Header))
        return CmpDamaged(Hive, CmpBadChecksum, 0);
    Hive->Bins = Header + REGF_HEADER_SIZE;
    Hive->RootCell = CmpRead32(Header + 36);
    Hive->BinsSize = CmpRead32(Header + 40);
    if (Hive->BinsSize == 0 || Hive->BinsSize > Size - REGF_HEADER_SIZE)
        return CmpDamaged(Hive, CmpBadHeader, 0);
    if (!CmpCheckBins(Hive))
        return CmpDamaged(Hive, CmpBadBin, 0);
    return STATUS_SUCCESS;
}

/* The contents of an allocated cell of at least AtLeast bytes that lies inside the bins; NULL when it is not such. */
const UCHAR *CmpGetCell(PCMP_HIVE Hive, ULONG Offset, ULONG AtLeast, PULONG Length)
{
    LONG Size;
    ULONG Contents;

    if (Offset % 8 != 0 || Offset < HBIN_HEADER_SIZE || Hive->BinsSize < 8 || Offset > Hive->BinsSize - 8)
        return NULL;
    Size = (LONG)CmpRead32(Hive->Bins + Offset);
    if (Size >= -4 || Size == (LONG)0x80000000)         /* free, or too small for anything */
        return NULL;
    Contents = (ULONG)-Size - 4;
    if (Contents > Hive->BinsSize - Offset - 4 || Contents < AtLeast)
        return NULL;
    if (Length != NULL)
        *Length = Contents;
    return Hive->Bins + Offset + 4;
}
