/* The journal in the reserved sectors: header, list of the sectors that follow, their new contents. A header counts only
 * with the checksum of everything; so a journal that a power cut tore is none. */
#include "fat.h"

#define JOURNAL_MAGIC 0x314C4E4A54414653ull     /* SFATJNL1 */

typedef struct _FAT_JOURNAL_HEADER {
    ULONG64 Magic;
    ULONG64 Sequence;
    ULONG SerialNumber;                 /* of the volume */
    ULONG Count;                        /* sectors of contents; 0: nothing to do */
    ULONG Checksum;                     /* CRC-32 of header (this field 0), list and contents */
    UCHAR Reserved[FAT_SECTOR - 28];
} FAT_JOURNAL_HEADER, *PFAT_JOURNAL_HEADER;
C_ASSERT(sizeof(FAT_JOURNAL_HEADER) == FAT_SECTOR);

static ULONG FatListSectors(ULONG Count)
{
    return (ULONG)((Count * sizeof(ULONG) + FAT_SECTOR - 1) / FAT_SECTOR);
}

static VOID FatFillHeader(PVCB Vcb, PFAT_JOURNAL_HEADER Header, ULONG Count)
{
    RtlZeroMemory(Header, sizeof *Header);
    Header->Magic = JOURNAL_MAGIC;
    Header->Sequence = Vcb->JournalSequence;
    Header->SerialNumber = Vcb->SerialNumber;
    Header->Count = Count;
}

static NTSTATUS FatWriteHeader(PVCB Vcb, PFAT_JOURNAL_HEADER Header)
{
    return IoWriteVolume(Vcb->Volume, FatSectorOffset(FAT_JOURNAL_SECTOR), Header, FAT_SECTOR);
}

/* List and contents, each in the order of the log. */
static NTSTATUS FatWriteBody(PVCB Vcb, PULONG Checksum)
{
    ULONG ListBytes = FatListSectors(Vcb->LogCount) * FAT_SECTOR, Index = 0;
    ULONG64 Offset = FatSectorOffset(FAT_JOURNAL_SECTOR + 1);
    PULONG List = ExAllocatePoolWithTag(PagedPool, ListBytes, FAT_TAG);
    PLIST_ENTRY Entry;
    NTSTATUS Status;

    if (List == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(List, ListBytes);
    for (Entry = Vcb->Log.Flink; Entry != &Vcb->Log; Entry = Entry->Flink)
        List[Index++] = CONTAINING_RECORD(Entry, FAT_BLOCK, Link)->Sector;
    *Checksum = RtlComputeCrc32(*Checksum, List, ListBytes);
    Status = IoWriteVolume(Vcb->Volume, Offset, List, ListBytes);
    Offset += ListBytes;
    ExFreePoolWithTag(List, FAT_TAG);
    for (Entry = Vcb->Log.Flink; Entry != &Vcb->Log && NT_SUCCESS(Status); Entry = Entry->Flink) {
        PFAT_BLOCK Block = CONTAINING_RECORD(Entry, FAT_BLOCK, Link);

        *Checksum = RtlComputeCrc32(*Checksum, Block->Data, FAT_SECTOR);
        Status = IoWriteVolume(Vcb->Volume, Offset, Block->Data, FAT_SECTOR);
        Offset += FAT_SECTOR;
    }
    return Status;
}

NTSTATUS FatWriteJournal(PVCB Vcb)
{
    FAT_JOURNAL_HEADER Header;
    ULONG Checksum;
    NTSTATUS Status;

    if (Vcb->LogCount > Vcb->JournalSectors)
        return STATUS_INTERNAL_ERROR;
    Vcb->JournalSequence++;
    FatFillHeader(Vcb, &Header, Vcb->LogCount);
    Checksum = RtlComputeCrc32(0, &Header, sizeof Header);
    Status = FatWriteBody(Vcb, &Checksum);
    Header.Checksum = Checksum;
    return NT_SUCCESS(Status) ? FatWriteHeader(Vcb, &Header) : Status;
}

/* Reaches the disk with the next flush; until then a replay repeats what is there already. No sector of the journal can
 * have become something else by then: a freed cluster is taken again only after a later commit, with its own journal. */
NTSTATUS FatClearJournal(PVCB Vcb)
{
    FAT_JOURNAL_HEADER Header;

    FatFillHeader(Vcb, &Header, 0);
    Header.Checksum = RtlComputeCrc32(0, &Header, sizeof Header);
    return FatWriteHeader(Vcb, &Header);
}

/* ---- at mount ---------------------------------------------------------------------------------------------------- */

/* The sectors that a journal may hold: FSInfo, the active FAT, the data. */
static BOOLEAN FatIsTarget(PVCB Vcb, ULONG Sector)
{
    if (Sector >= Vcb->DataStart)
        return Sector < Vcb->TotalSectors;
    return (Sector != 0 && Sector == Vcb->FsInfoSector) ||
           (Sector >= Vcb->FatStart && Sector < Vcb->FatStart + Vcb->FatSectors);
}

static NTSTATUS FatCheckJournal(PVCB Vcb, PFAT_JOURNAL_HEADER Header, const ULONG *Body, ULONG BodyBytes)
{
    ULONG Stored = Header->Checksum, Checksum;

    Header->Checksum = 0;
    Checksum = RtlComputeCrc32(RtlComputeCrc32(0, Header, sizeof *Header), Body, BodyBytes);
    if (Checksum != Stored)
        return STATUS_DATA_ERROR;
    for (ULONG i = 0; i < Header->Count; i++)
        if (!FatIsTarget(Vcb, Body[i]))
            return STATUS_DATA_ERROR;
    return STATUS_SUCCESS;
}

static NTSTATUS FatApplyJournal(PVCB Vcb, ULONG Count, const ULONG *Body)
{
    const UCHAR *Contents = (const UCHAR *)Body + FatListSectors(Count) * FAT_SECTOR;
    NTSTATUS Status = STATUS_SUCCESS;

    for (ULONG i = 0; i < Count && NT_SUCCESS(Status); i++)
        Status = FatWriteInPlace(Vcb, Body[i], Contents + i * FAT_SECTOR);
    if (NT_SUCCESS(Status))
        Status = IoFlushVolume(Vcb->Volume);
    if (NT_SUCCESS(Status))
        Status = FatClearJournal(Vcb);
    return NT_SUCCESS(Status) ? IoFlushVolume(Vcb->Volume) : Status;
}

NTSTATUS FatReplayJournal(PVCB Vcb)
{
    FAT_JOURNAL_HEADER Header;
    ULONG BodyBytes;
    PULONG Body;
    NTSTATUS Status = IoReadVolume(Vcb->Volume, FatSectorOffset(FAT_JOURNAL_SECTOR), &Header, sizeof Header);

    Vcb->JournalState = FatJournalClean;
    if (!NT_SUCCESS(Status) || Header.Magic != JOURNAL_MAGIC || Header.SerialNumber != Vcb->SerialNumber)
        return Status;
    Vcb->JournalSequence = Header.Sequence;
    if (Header.Count == 0)
        return STATUS_SUCCESS;
    Vcb->JournalState = FatJournalTorn;
    if (Header.Count > Vcb->JournalSectors)
        return STATUS_SUCCESS;
    BodyBytes = (FatListSectors(Header.Count) + Header.Count) * FAT_SECTOR;
    Body = ExAllocatePoolWithTag(PagedPool, BodyBytes, FAT_TAG);
    if (Body == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    Status = IoReadVolume(Vcb->Volume, FatSectorOffset(FAT_JOURNAL_SECTOR + 1), Body, BodyBytes);
    if (NT_SUCCESS(Status) && NT_SUCCESS(FatCheckJournal(Vcb, &Header, Body, BodyBytes))) {
        Status = FatApplyJournal(Vcb, Header.Count, Body);
        Vcb->JournalState = FatJournalReplayed;
    }
    ExFreePoolWithTag(Body, FAT_TAG);
    return Status;
}
