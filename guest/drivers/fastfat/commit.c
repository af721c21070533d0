/* What was changed reaches the disk: data first, then the journal, then each sector's own place. */
#include "fat.h"

static BOOLEAN FatIsTableSector(PVCB Vcb, ULONG Sector)
{
    return Sector >= Vcb->FatStart && Sector < Vcb->FatStart + Vcb->FatSectors;
}

/* Into the cache, not yet to the disk: a sector of the FAT to all copies that are kept alike. */
NTSTATUS FatWriteInPlace(PVCB Vcb, ULONG Sector, const VOID *Data)
{
    NTSTATUS Status = IoWriteVolume(Vcb->Volume, FatSectorOffset(Sector), Data, FAT_SECTOR);

    if (!FatIsTableSector(Vcb, Sector) || !Vcb->Mirrored)
        return Status;
    for (ULONG Copy = 1; Copy < Vcb->FatCount && NT_SUCCESS(Status); Copy++)
        Status = IoWriteVolume(Vcb->Volume, FatSectorOffset(Sector + Copy * Vcb->FatSectors), Data, FAT_SECTOR);
    return Status;
}

static NTSTATUS FatUpdateFsInfo(PVCB Vcb)
{
    PUCHAR Data;
    NTSTATUS Status;

    if (Vcb->FsInfoSector == 0 || Vcb->FreeClusters == MAXULONG)
        return STATUS_SUCCESS;
    Status = FatChangeSector(Vcb, Vcb->FsInfoSector, &Data);
    if (!NT_SUCCESS(Status))
        return Status;
    RtlCopyMemory(Data + 488, &Vcb->FreeClusters, sizeof(ULONG));
    RtlCopyMemory(Data + 492, &Vcb->NextFree, sizeof(ULONG));
    return STATUS_SUCCESS;
}

/* Table: the FAT's sectors, otherwise all others. */
static NTSTATUS FatWriteGroup(PVCB Vcb, BOOLEAN Table)
{
    NTSTATUS Status = STATUS_SUCCESS;

    for (PLIST_ENTRY Entry = Vcb->Log.Flink; Entry != &Vcb->Log && NT_SUCCESS(Status); Entry = Entry->Flink) {
        PFAT_BLOCK Block = CONTAINING_RECORD(Entry, FAT_BLOCK, Link);

        if (FatIsTableSector(Vcb, Block->Sector) == Table)
            Status = FatWriteInPlace(Vcb, Block->Sector, Block->Data);
    }
    return Status;
}

/* Without a journal: when clusters were freed, entries go before the FAT (a cut between leaves clusters that belong to
 * nobody, never a file without its clusters); otherwise the FAT goes first, for the same reason. */
static NTSTATUS FatWriteOrdered(PVCB Vcb)
{
    BOOLEAN TableFirst = Vcb->PendingFree == 0;
    NTSTATUS Status = FatWriteGroup(Vcb, TableFirst);

    if (NT_SUCCESS(Status))
        Status = IoFlushVolume(Vcb->Volume);
    if (NT_SUCCESS(Status))
        Status = FatWriteGroup(Vcb, !TableFirst);
    return NT_SUCCESS(Status) ? IoFlushVolume(Vcb->Volume) : Status;
}

/* The journal is on the disk before the first sector is overwritten, and stays until the last one is there. Files' data
 * reach the disk before the journal that makes them reachable. */
static NTSTATUS FatWriteJournaled(PVCB Vcb)
{
    NTSTATUS Status = IoFlushVolume(Vcb->Volume);

    if (NT_SUCCESS(Status))
        Status = FatWriteJournal(Vcb);
    if (NT_SUCCESS(Status))
        Status = IoFlushVolume(Vcb->Volume);
    if (NT_SUCCESS(Status))
        Status = FatWriteGroup(Vcb, TRUE);
    if (NT_SUCCESS(Status))
        Status = FatWriteGroup(Vcb, FALSE);
    if (NT_SUCCESS(Status))
        Status = IoFlushVolume(Vcb->Volume);
    return NT_SUCCESS(Status) ? FatClearJournal(Vcb) : Status;
}

/* Must not be called while an operation runs: the changes of half an operation would be on the disk. */
NTSTATUS FatCommit(PVCB Vcb)
{
    NTSTATUS Status;

    if (IsListEmpty(&Vcb->Log))
        return IoFlushVolume(Vcb->Volume);
    Status = FatUpdateFsInfo(Vcb);
    if (NT_SUCCESS(Status))
        Status = Vcb->JournalSectors != 0 ? FatWriteJournaled(Vcb) : FatWriteOrdered(Vcb);
    for (PLIST_ENTRY Entry = Vcb->Log.Flink; Entry != &Vcb->Log; Entry = Entry->Flink) {
        PFAT_BLOCK Block = CONTAINING_RECORD(Entry, FAT_BLOCK, Link);

        Block->Touched = Block->Fresh = FALSE;          /* FSInfo's */
        if (NT_SUCCESS(Status) && Vcb->PendingFree != 0 && FatIsTableSector(Vcb, Block->Sector))
            FatReleaseFreed(Vcb, Block->Data, Block->Sector);
    }
    if (NT_SUCCESS(Status)) {
        Vcb->PendingFree = 0;
        FatForgetLog(Vcb);
    }
    return Status;
}
