/* Changed sectors of metadata: they stay in memory until FatCommit puts them on the disk together, and one operation's
 * changes are taken back together. */
#include "fat.h"

static PFAT_BLOCK *FatHashSlot(PVCB Vcb, ULONG Sector)
{
    return &Vcb->LogHash[(Sector ^ Sector >> 8) % FAT_HASH];
}

static PFAT_BLOCK FatFindBlock(PVCB Vcb, ULONG Sector)
{
    PFAT_BLOCK Block = *FatHashSlot(Vcb, Sector);

    while (Block != NULL && Block->Sector != Sector)
        Block = Block->Next;
    return Block;
}

NTSTATUS FatReadSector(PVCB Vcb, ULONG Sector, PVOID Buffer)
{
    PFAT_BLOCK Block = FatFindBlock(Vcb, Sector);

    if (Block == NULL)
        return IoReadVolume(Vcb->Volume, FatSectorOffset(Sector), Buffer, FAT_SECTOR);
    RtlCopyMemory(Buffer, Block->Data, FAT_SECTOR);
    return STATUS_SUCCESS;
}

NTSTATUS FatChangeSector(PVCB Vcb, ULONG Sector, PUCHAR *Data)
{
    PFAT_BLOCK Block = FatFindBlock(Vcb, Sector), *Slot;
    NTSTATUS Status;

    if (Block == NULL) {
        Block = ExAllocatePoolWithTag(PagedPool, sizeof *Block, FAT_TAG);
        if (Block == NULL)
            return STATUS_INSUFFICIENT_RESOURCES;
        Status = IoReadVolume(Vcb->Volume, FatSectorOffset(Sector), Block->Data, FAT_SECTOR);
        if (!NT_SUCCESS(Status)) {
            ExFreePoolWithTag(Block, FAT_TAG);
            return Status;
        }
        Block->Sector = Sector;
        Block->Touched = FALSE;
        Block->Fresh = TRUE;
        Slot = FatHashSlot(Vcb, Sector);
        Block->Next = *Slot;
        *Slot = Block;
        InsertTailList(&Vcb->Log, &Block->Link);
        Vcb->LogCount++;
    }
    if (!Block->Touched) {
        RtlCopyMemory(Block->Undo, Block->Data, FAT_SECTOR);
        Block->Touched = TRUE;
    }
    if (Vcb->WindowSector == Sector)
        Vcb->WindowSector = MAXULONG;
    *Data = Block->Data;
    return STATUS_SUCCESS;
}

static VOID FatForgetBlock(PVCB Vcb, PFAT_BLOCK Block)
{
    PFAT_BLOCK *Link = FatHashSlot(Vcb, Block->Sector);

    while (*Link != Block)
        Link = &(*Link)->Next;
    *Link = Block->Next;
    RemoveEntryList(&Block->Link);
    Vcb->LogCount--;
    ExFreePoolWithTag(Block, FAT_TAG);
}

VOID FatForgetLog(PVCB Vcb)
{
    while (!IsListEmpty(&Vcb->Log))
        FatForgetBlock(Vcb, CONTAINING_RECORD(Vcb->Log.Flink, FAT_BLOCK, Link));
}

/* FSInfo goes along with each commit and needs its place too. Without a journal nothing limits the log but memory. */
ULONG FatLogRoom(PVCB Vcb)
{
    ULONG Capacity = Vcb->JournalSectors != 0 ? Vcb->JournalSectors : 1024;

    return Capacity > Vcb->LogCount + 1 ? Capacity - Vcb->LogCount - 1 : 0;
}

NTSTATUS FatBegin(PVCB Vcb, ULONG Clusters)
{
    NTSTATUS Status = FatEnableWrites(Vcb);

    if (!NT_SUCCESS(Status))
        return Status;
    if (Clusters != 0) {
        Status = FatLoadBitmap(Vcb);
        if (!NT_SUCCESS(Status))
            return Status;
        if (Vcb->FreeClusters < Clusters)
            return STATUS_DISK_FULL;
    }
    /* Clusters that were freed may be taken only when the disk knows that they are free: until then a power cut would
     * give them back to their old file, with the new one's contents. */
    if (FatLogRoom(Vcb) < FAT_OPERATION_ROOM ||
        (Clusters != 0 && Vcb->FreeClusters - Vcb->PendingFree < Clusters && Vcb->PendingFree != 0)) {
        Status = FatCommit(Vcb);
        if (!NT_SUCCESS(Status))
            return Status;
    }
    Vcb->Working = TRUE;
    return STATUS_SUCCESS;
}

NTSTATUS FatEnd(PVCB Vcb, NTSTATUS Status)
{
    PLIST_ENTRY Entry = Vcb->Log.Flink;

    while (Entry != &Vcb->Log) {
        PFAT_BLOCK Block = CONTAINING_RECORD(Entry, FAT_BLOCK, Link);

        Entry = Entry->Flink;
        if (Block->Touched && !NT_SUCCESS(Status)) {
            FatUndoTable(Vcb, Block);
            RtlCopyMemory(Block->Data, Block->Undo, FAT_SECTOR);
            if (Vcb->WindowSector == Block->Sector)
                Vcb->WindowSector = MAXULONG;
            if (Block->Fresh) {
                FatForgetBlock(Vcb, Block);
                continue;
            }
        }
        Block->Touched = Block->Fresh = FALSE;
    }
    Vcb->Working = FALSE;
    /* Without a journal each operation goes to the disk by itself, in the order that harms least. What cannot be
     * written now stays in the log. */
    if (NT_SUCCESS(Status) && Vcb->JournalSectors == 0)
        FatCommit(Vcb);
    return Status;
}
