/* A hive from the bytes of its file: bins are copied and every cell's place is checked, so nothing later meets a bin
 * that does not add up. */
#include "hive.h"

/* The cells of a bin follow one another to its end. Counts the free ones, notes where the others are. */
static BOOLEAN HvpCheckCells(PCMHIVE Hive, ULONG Bin, ULONG BinSize)
{
    ULONG Free = 0;

    for (ULONG Cell = Bin + HV_BIN_HEADER_SIZE; Cell < Bin + BinSize;) {
        LONG Size = (LONG)CmpRead32(HvpAddress(Hive, Cell));
        ULONG Bytes = Size < 0 ? 0u - (ULONG)Size : (ULONG)Size;

        if (Bytes < 8 || Bytes % 8 != 0 || Bytes > Bin + BinSize - Cell) {
            HvDamaged(Hive, CmpBadCell, Cell);
            return FALSE;
        }
        if (Size > 0)
            Free += Bytes;
        else
            Hive->Unclaimed[Cell / 64] |= (UCHAR)(1u << Cell / 8 % 8);
        Cell += Bytes;
    }
    Hive->Pages[Bin / HV_PAGE_SIZE].Free = Free;
    return TRUE;
}

/* Bins follow one another without gaps, and each says where it is. */
static BOOLEAN HvpCheckBins(PCMHIVE Hive)
{
    for (ULONG Bin = 0; Bin < Hive->Length;) {
        const UCHAR *Header = HvpAddress(Hive, Bin);
        ULONG Size = CmpRead32(Header + 8);

        if (CmpRead32(Header) != 0x6E696268u || CmpRead32(Header + 4) != Bin ||     /* `hbin` */
            Size == 0 || Size % HV_PAGE_SIZE != 0 || Size > Hive->Length - Bin) {
            HvDamaged(Hive, CmpBadBin, Bin);
            return FALSE;
        }
        for (ULONG Offset = 0; Offset < Size; Offset += HV_PAGE_SIZE)
            Hive->Pages[(Bin + Offset) / HV_PAGE_SIZE].Bin = Bin;
        if (!HvpCheckCells(Hive, Bin, Size))
            return FALSE;
        Bin += Size;
    }
    return TRUE;
}

static NTSTATUS HvpAllocateBins(PCMHIVE Hive, ULONG Length)
{
    Hive->Storage = ExAllocatePoolWithTag(PagedPool, Length, HV_TAG);
    Hive->Unclaimed = ExAllocatePoolWithTag(PagedPool, Length / 64, HV_TAG);
    if (Hive->Storage == NULL || Hive->Unclaimed == NULL || !HvpGrowPages(Hive, Length))
        return STATUS_INSUFFICIENT_RESOURCES;
    for (ULONG Offset = 0; Offset < Length; Offset += HV_PAGE_SIZE)
        Hive->Pages[Offset / HV_PAGE_SIZE].Memory = Hive->Storage + Offset;
    Hive->Length = Length;
    return STATUS_SUCCESS;
}

static NTSTATUS HvpLoad(PCMHIVE Hive, const UCHAR *File, SIZE_T Size, const VOID *const Logs[2],
                        const SIZE_T LogSizes[2])
{
    HV_RECOVERY Recovery = { 0 };
    ULONG OnDisk, Length;
    NTSTATUS Status;

    if (Size < HV_PAGE_SIZE)
        return HvDamaged(Hive, CmpBadHeader, 0);
    RtlCopyMemory(Hive->BaseBlock, File, HV_SECTOR_SIZE);
    RtlCopyMemory(Hive->LoadedBlock, File, HV_SECTOR_SIZE);
    Hive->FileSize = Size;
    if (!HvpCheckBaseBlock(Hive->BaseBlock) ||
        CmpRead32(Hive->BaseBlock + HV_BASE_SEQUENCE1) != CmpRead32(Hive->BaseBlock + HV_BASE_SEQUENCE2)) {
        Hive->Recovered = TRUE;
        if (!NT_SUCCESS(HvpPlanRecovery(Hive->BaseBlock, Logs, LogSizes, &Recovery)))
            return HvDamaged(Hive, HvpCheckBaseBlock(File) ? CmpBadLog : CmpBadChecksum, 0);
    }
    OnDisk = CmpRead32(Hive->BaseBlock + HV_BASE_LENGTH);
    Length = Hive->Recovered ? Recovery.Length : OnDisk;
    if (Length == 0 || Length % HV_PAGE_SIZE != 0 || Length > HV_MAXIMUM_LENGTH ||
        Length > Size - HV_PAGE_SIZE + Recovery.Logged)
        return HvDamaged(Hive, CmpBadHeader, 0);
    Status = HvpAllocateBins(Hive, Length);
    if (!NT_SUCCESS(Status))
        return Status;
    RtlCopyMemory(Hive->Storage, File + HV_PAGE_SIZE, Length < Size - HV_PAGE_SIZE ? Length : Size - HV_PAGE_SIZE);
    Hive->Minor = CmpRead32(Hive->BaseBlock + HV_BASE_MINOR);
    Hive->RootCell = CmpRead32(Hive->BaseBlock + HV_BASE_ROOT);
    Hive->Secondary = CmpRead32(Hive->BaseBlock + HV_BASE_SEQUENCE2);
    Hive->Sequence = Hive->Secondary;
    if (Hive->Recovered)
        HvpApplyRecovery(Hive, &Recovery);
    return HvpCheckBins(Hive) ? STATUS_SUCCESS : STATUS_REGISTRY_CORRUPT;
}

NTSTATUS HvOpen(PCMHIVE Hive, const VOID *File, SIZE_T Size, const VOID *const Logs[2], const SIZE_T LogSizes[2])
{
    NTSTATUS Status;

    RtlZeroMemory(Hive, sizeof *Hive);
    InitializeListHead(&Hive->HiveList);
    Status = HvpLoad(Hive, File, Size, Logs, LogSizes);
    if (!NT_SUCCESS(Status))
        HvClose(Hive);
    return Status;
}

NTSTATUS HvCreate(PCMHIVE Hive, PCWSTR FileName)
{
    PUCHAR Base = Hive->BaseBlock;

    RtlZeroMemory(Hive, sizeof *Hive);
    InitializeListHead(&Hive->HiveList);
    Hive->Minor = 5;
    Hive->RootCell = HV_BIN_HEADER_SIZE;
    Hive->Sequence = Hive->Secondary = 1;
    CmpWrite32(Base, 0x66676572u);      /* `regf` */
    CmpWrite32(Base + HV_BASE_SEQUENCE1, 1);
    CmpWrite32(Base + HV_BASE_SEQUENCE2, 1);
    CmpWrite32(Base + HV_BASE_MAJOR, 1);
    CmpWrite32(Base + HV_BASE_MINOR, Hive->Minor);
    CmpWrite32(Base + HV_BASE_FORMAT, 1);
    CmpWrite32(Base + HV_BASE_ROOT, Hive->RootCell);
    CmpWrite32(Base + HV_BASE_CLUSTER, 1);
    for (ULONG i = 0; i < 31 && FileName[i] != 0; i++)
        CmpWrite16(Base + HV_BASE_NAME + 2 * i, FileName[i]);
    return STATUS_SUCCESS;
}

VOID HvClose(PCMHIVE Hive)
{
    for (ULONG Page = 0; Page < Hive->Length / HV_PAGE_SIZE; Page++) {
        if (Hive->Pages[Page].OwnsMemory)
            ExFreePoolWithTag(Hive->Pages[Page].Memory, HV_TAG);
    }
    if (Hive->Pages != NULL)
        ExFreePoolWithTag(Hive->Pages, HV_TAG);
    if (Hive->Storage != NULL)
        ExFreePoolWithTag(Hive->Storage, HV_TAG);
    if (Hive->Unclaimed != NULL)
        ExFreePoolWithTag(Hive->Unclaimed, HV_TAG);
    Hive->Pages = NULL;
    Hive->Storage = Hive->Unclaimed = NULL;
    Hive->Length = Hive->PageRoom = Hive->DirtyPages = 0;
}
