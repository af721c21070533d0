/* The file allocation table: entries, and the map of free clusters that is made from it. */
#include "fat.h"

static ULONG FatEntrySector(PVCB Vcb, ULONG Cluster)
{
    return Vcb->FatStart + Cluster / FAT_ENTRIES_PER_SECTOR;
}

NTSTATUS FatGetEntry(PVCB Vcb, ULONG Cluster, PULONG Value)
{
    ULONG Sector = FatEntrySector(Vcb, Cluster);
    NTSTATUS Status;

    if (Vcb->WindowSector != Sector) {
        Vcb->WindowSector = MAXULONG;
        Status = FatReadSector(Vcb, Sector, Vcb->Window);
        if (!NT_SUCCESS(Status))
            return Status;
        Vcb->WindowSector = Sector;
    }
    RtlCopyMemory(Value, Vcb->Window + Cluster % FAT_ENTRIES_PER_SECTOR * sizeof(ULONG), sizeof(ULONG));
    *Value &= FAT_MASK;
    return STATUS_SUCCESS;
}

static BOOLEAN FatTestBit(PVCB Vcb, ULONG Cluster)
{
    return (Vcb->Bitmap[(Cluster - 2) / 8] >> (Cluster - 2) % 8 & 1) != 0;
}

static VOID FatMarkBit(PVCB Vcb, ULONG Cluster, BOOLEAN Taken)
{
    UCHAR Mask = (UCHAR)(1u << (Cluster - 2) % 8);

    if (Taken)
        Vcb->Bitmap[(Cluster - 2) / 8] |= Mask;
    else
        Vcb->Bitmap[(Cluster - 2) / 8] &= (UCHAR)~Mask;
}

/* One entry in the bytes of its sector. The top four bits of an entry are nobody's and stay. */
static VOID FatPutEntry(PVCB Vcb, PUCHAR Data, ULONG Cluster, ULONG Value)
{
    ULONG Old;

    Data += Cluster % FAT_ENTRIES_PER_SECTOR * sizeof(ULONG);
    RtlCopyMemory(&Old, Data, sizeof Old);
    Value = (Old & ~FAT_MASK) | Value;
    RtlCopyMemory(Data, &Value, sizeof Value);
    if ((Old & FAT_MASK) == 0 && (Value & FAT_MASK) != 0) {
        FatMarkBit(Vcb, Cluster, TRUE);
        Vcb->FreeClusters--;
    } else if ((Old & FAT_MASK) != 0 && (Value & FAT_MASK) == 0) {
        Vcb->FreeClusters++;            /* its bit stays until the disk knows */
        Vcb->PendingFree++;
    }
}

/* The map is loaded. */
NTSTATUS FatSetEntry(PVCB Vcb, ULONG Cluster, ULONG Value)
{
    PUCHAR Data;
    NTSTATUS Status;

    if (!FatIsCluster(Vcb, Cluster))
        return STATUS_FILE_CORRUPT_ERROR;
    Status = FatChangeSector(Vcb, FatEntrySector(Vcb, Cluster), &Data);
    if (NT_SUCCESS(Status))
        FatPutEntry(Vcb, Data, Cluster, Value);
    return Status;
}

/* Clusters whose entries are in one sector, each linked to the one behind it and the last to Next. The map is loaded. */
NTSTATUS FatLinkEntries(PVCB Vcb, ULONG First, ULONG Count, ULONG Next)
{
    PUCHAR Data;
    NTSTATUS Status;

    if (!FatIsCluster(Vcb, First) || !FatIsCluster(Vcb, First + Count - 1))
        return STATUS_FILE_CORRUPT_ERROR;
    Status = FatChangeSector(Vcb, FatEntrySector(Vcb, First), &Data);
    for (ULONG i = 0; i < Count && NT_SUCCESS(Status); i++)
        FatPutEntry(Vcb, Data, First + i, i + 1 < Count ? First + i + 1 : Next);
    return Status;
}

static ULONG FatEntryAt(const UCHAR *Data, ULONG Index)
{
    ULONG Value;

    RtlCopyMemory(&Value, Data + Index * sizeof Value, sizeof Value);
    return Value & FAT_MASK;
}

/* Calls for each entry of a table sector that is a cluster's. */
static ULONG FatFirstCluster(PVCB Vcb, ULONG Sector)
{
    return (Sector - Vcb->FatStart) * FAT_ENTRIES_PER_SECTOR;
}

/* An operation is taken back: so are its changes of the map and the counts. */
VOID FatUndoTable(PVCB Vcb, PFAT_BLOCK Block)
{
    ULONG First = FatFirstCluster(Vcb, Block->Sector);

    if (Block->Sector < Vcb->FatStart || Block->Sector >= Vcb->FatStart + Vcb->FatSectors || Vcb->Bitmap == NULL)
        return;
    for (ULONG i = 0; i < FAT_ENTRIES_PER_SECTOR; i++) {
        ULONG Old = FatEntryAt(Block->Undo, i), New = FatEntryAt(Block->Data, i);

        if (!FatIsCluster(Vcb, First + i) || (Old == 0) == (New == 0))
            continue;
        if (Old == 0) {
            FatMarkBit(Vcb, First + i, FALSE);
            Vcb->FreeClusters++;
        } else {
            Vcb->FreeClusters--;
            Vcb->PendingFree--;
        }
    }
}

/* The disk knows now which clusters of this sector are free. */
VOID FatReleaseFreed(PVCB Vcb, const UCHAR *Data, ULONG Sector)
{
    ULONG First = FatFirstCluster(Vcb, Sector);

    for (ULONG i = 0; i < FAT_ENTRIES_PER_SECTOR && Vcb->Bitmap != NULL; i++)
        if (FatIsCluster(Vcb, First + i) && FatEntryAt(Data, i) == 0)
            FatMarkBit(Vcb, First + i, FALSE);
}

/* ---- the map ----------------------------------------------------------------------------------------------------- */

#define FAT_LOAD_CHUNK 0x10000u

/* Eight entries at once: most of a table is free. */
static BOOLEAN FatAreFree(const UCHAR *Data)
{
    ULONG64 Pairs[4];

    RtlCopyMemory(Pairs, Data, sizeof Pairs);
    return ((Pairs[0] | Pairs[1] | Pairs[2] | Pairs[3]) & ((ULONG64)FAT_MASK << 32 | FAT_MASK)) == 0;
}

static NTSTATUS FatScanTable(PVCB Vcb, PUCHAR Buffer, PULONG Free)
{
    ULONG Cluster = 0, End = Vcb->ClusterCount + 2;

    for (ULONG Sector = Vcb->FatStart; Cluster < End; Sector += FAT_LOAD_CHUNK / FAT_SECTOR) {
        ULONG Entries = min(End - Cluster, FAT_LOAD_CHUNK / (ULONG)sizeof(ULONG));
        NTSTATUS Status = IoReadVolume(Vcb->Volume, FatSectorOffset(Sector), Buffer, Entries * sizeof(ULONG));

        if (!NT_SUCCESS(Status))
            return Status;
        for (ULONG i = 0; i < Entries; i++, Cluster++) {
            if (Cluster < 2)
                continue;
            if (Entries - i >= 8 && FatAreFree(Buffer + i * sizeof(ULONG))) {
                *Free += 8;
                i += 7;
                Cluster += 7;
            } else if (FatEntryAt(Buffer, i) == 0) {
                ++*Free;
            } else {
                FatMarkBit(Vcb, Cluster, TRUE);
            }
        }
    }
    return STATUS_SUCCESS;
}

/* Reads the whole table once. The log holds no table sector then: the first of them is made with the map there. */
NTSTATUS FatLoadBitmap(PVCB Vcb)
{
    ULONG Free = 0;
    PUCHAR Buffer;
    NTSTATUS Status;

    if (Vcb->Bitmap != NULL)
        return STATUS_SUCCESS;
    Buffer = ExAllocatePoolWithTag(PagedPool, FAT_LOAD_CHUNK, FAT_TAG);
    Vcb->Bitmap = ExAllocatePoolWithTag(PagedPool, Vcb->ClusterCount / 8 + 1, FAT_TAG);
    if (Buffer == NULL || Vcb->Bitmap == NULL) {
        Status = STATUS_INSUFFICIENT_RESOURCES;
    } else {
        RtlZeroMemory(Vcb->Bitmap, Vcb->ClusterCount / 8 + 1);
        Status = FatScanTable(Vcb, Buffer, &Free);
    }
    if (Buffer != NULL)
        ExFreePoolWithTag(Buffer, FAT_TAG);
    if (!NT_SUCCESS(Status)) {
        if (Vcb->Bitmap != NULL)
            ExFreePoolWithTag(Vcb->Bitmap, FAT_TAG);
        Vcb->Bitmap = NULL;
        return Status;
    }
    Vcb->FreeClusters = Free;
    Vcb->PendingFree = 0;
    return STATUS_SUCCESS;
}

/* Free clusters that nobody was promised. */
NTSTATUS FatQueryFree(PVCB Vcb, PULONG Free)
{
    NTSTATUS Status = Vcb->FreeClusters == MAXULONG ? FatLoadBitmap(Vcb) : STATUS_SUCCESS;

    *Free = NT_SUCCESS(Status) && Vcb->FreeClusters > Vcb->Reserved ? Vcb->FreeClusters - Vcb->Reserved : 0;
    return Status;
}

static ULONG FatRunAt(PVCB Vcb, ULONG Cluster, ULONG Wanted)
{
    ULONG Count = 0;

    while (Count < Wanted && FatIsCluster(Vcb, Cluster + Count) && !FatTestBit(Vcb, Cluster + Count)) {
        ULONG Bit = Cluster + Count - 2;

        if (Bit % 8 == 0 && Vcb->Bitmap[Bit / 8] == 0 && Wanted - Count >= 8 && FatIsCluster(Vcb, Cluster + Count + 7))
            Count += 8;
        else
            Count++;
    }
    return Count;
}

/* A run of free clusters, at most Wanted: at Hint if that is free; Contiguous: the first that is long enough, or the
 * longest; otherwise the next one after Hint. 0: none. */
ULONG FatFindRun(PVCB Vcb, ULONG Hint, ULONG Wanted, BOOLEAN Contiguous, PULONG First)
{
    ULONG Best = 0, End = Vcb->ClusterCount + 2, Seen = 0;

    if (!FatIsCluster(Vcb, Hint))
        Hint = 2;
    for (ULONG Cluster = Hint; Seen < Vcb->ClusterCount;) {
        ULONG Count = FatRunAt(Vcb, Cluster, Wanted);

        if (Count > Best) {
            Best = Count;
            *First = Cluster;
            if (Count == Wanted || !Contiguous)
                break;
        }
        Seen += Count + 1;
        Cluster += Count + 1;
        if (Cluster >= End)
            Cluster = 2;
    }
    return Best;
}
