/* The first change of a mounted volume: the dirty bit goes to the disk before anything else. */
#include "fat.h"

/* FAT[1] straight from and to the disk: the log holds no table sector when this is written (start, lock, shutdown). */
NTSTATUS FatQueryDirtyBit(PVCB Vcb, PBOOLEAN Dirty)
{
    ULONG Entry;
    NTSTATUS Status = IoReadVolume(Vcb->Volume, FatSectorOffset(Vcb->FatStart) + sizeof Entry, &Entry, sizeof Entry);

    *Dirty = NT_SUCCESS(Status) && (Entry & FAT_CLEAN_BIT) == 0;
    return Status;
}

/* By a commit of its own, so by the journal: written to the copies of the FAT one after the other, a power cut between
 * would leave them different, and nobody would know which one is right. */
NTSTATUS FatSetDirtyBit(PVCB Vcb, BOOLEAN Dirty)
{
    NTSTATUS Status = FatCommit(Vcb);
    PUCHAR Data;
    ULONG Entry;

    if (NT_SUCCESS(Status))
        Status = FatChangeSector(Vcb, Vcb->FatStart, &Data);
    if (!NT_SUCCESS(Status))
        return Status;
    RtlCopyMemory(&Entry, Data + sizeof Entry, sizeof Entry);
    Entry = Dirty ? Entry & ~FAT_CLEAN_BIT : Entry | FAT_CLEAN_BIT;
    RtlCopyMemory(Data + sizeof Entry, &Entry, sizeof Entry);
    Status = FatCommit(Vcb);
    return NT_SUCCESS(Status) ? IoFlushVolume(Vcb->Volume) : Status;
}

NTSTATUS FatEnableWrites(PVCB Vcb)
{
    NTSTATUS Status;

    if (Vcb->ReadOnly)
        return STATUS_MEDIA_WRITE_PROTECTED;
    if (Vcb->Closed)
        return STATUS_TOO_LATE;
    if (Vcb->LockedBy != NULL)
        return STATUS_ACCESS_DENIED;
    if (Vcb->WriteEnabled)
        return STATUS_SUCCESS;
    if (Vcb->JournalState == FatJournalTorn)
        FatClearJournal(Vcb);
    Status = FatSetDirtyBit(Vcb, TRUE);
    if (NT_SUCCESS(Status)) {
        Vcb->WriteEnabled = TRUE;
        ExRecordFact("volume.write-enable", "device=%wZ", &Vcb->DevicePath);
    }
    return Status;
}
