/* A file's size: longer with zeros, shorter, nothing at all. */
#include "fat.h"

/* Data of a file whose clusters are there. Each run is one transfer through the cache. */
NTSTATUS FatTransferFile(PFCB Fcb, BOOLEAN Write, ULONG64 Offset, PVOID Buffer, ULONG Length)
{
    PVCB Vcb = Fcb->Vcb;
    PUCHAR At = Buffer;
    NTSTATUS Status = STATUS_SUCCESS;

    while (Length != 0 && NT_SUCCESS(Status)) {
        ULONG Cluster, Count, Inside = (ULONG)(Offset % Vcb->ClusterSize), Piece;
        ULONG64 Where;

        Status = FatMapCluster(Fcb, (ULONG)(Offset / Vcb->ClusterSize), &Cluster, &Count);
        if (!NT_SUCCESS(Status))
            return Status == STATUS_END_OF_FILE ? STATUS_FILE_CORRUPT_ERROR : Status;
        Piece = (ULONG)min((ULONG64)Count * Vcb->ClusterSize - Inside, (ULONG64)Length);
        Where = FatClusterOffset(Vcb, Cluster) + Inside;
        Status = Write ? IoWriteVolume(Vcb->Volume, Where, At, Piece) : IoReadVolume(Vcb->Volume, Where, At, Piece);
        At += Piece;
        Offset += Piece;
        Length -= Piece;
    }
    return Status;
}

VOID FatReleaseReserved(PFCB Fcb)
{
    Fcb->Vcb->Reserved -= Fcb->Reserved;
    Fcb->Reserved = 0;
}

/* Zeros from byte From to byte To, in clusters that the file has. */
static NTSTATUS FatZeroRange(PFCB Fcb, ULONG64 From, ULONG64 To)
{
    ULONG Size = (ULONG)min(To - From, 0x10000ull);
    PVOID Zeros;
    NTSTATUS Status = STATUS_SUCCESS;

    if (From >= To)
        return STATUS_SUCCESS;
    Zeros = ExAllocatePoolWithTag(PagedPool, Size, FAT_TAG);
    if (Zeros == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(Zeros, Size);
    while (From < To && NT_SUCCESS(Status)) {
        ULONG Piece = (ULONG)min(To - From, (ULONG64)Size);

        Status = FatTransferFile(Fcb, TRUE, From, Zeros, Piece);
        From += Piece;
    }
    ExFreePoolWithTag(Zeros, FAT_TAG);
    return Status;
}

/* One operation of an extension: as many clusters as the log takes, and the size that they hold. */
static NTSTATUS FatExtendStep(PFCB Fcb, ULONG64 Size, BOOLEAN Zero)
{
    PVCB Vcb = Fcb->Vcb;
    FAT_DIRENT Old = Fcb->Entry;
    ULONG OldFirst = Fcb->FirstCluster, Before = Fcb->ClusterCount, Wanted = FatClustersFor(Vcb, Size), Taken;
    NTSTATUS Status = FatBegin(Vcb, Wanted > Before ? Wanted - Before : 0);

    if (!NT_SUCCESS(Status))
        return Status;
    Status = FatGrowChain(Fcb, Wanted);
    if (NT_SUCCESS(Status)) {
        Size = min(Size, (ULONG64)Fcb->ClusterCount * Vcb->ClusterSize);
        if (Zero)
            Status = FatZeroRange(Fcb, Fcb->Entry.Size, Size);
    }
    if (NT_SUCCESS(Status)) {
        Fcb->Entry.Size = (ULONG)Size;
        FatStampWrite(&Fcb->Entry);
        Status = FatWriteEntry(Fcb);
    }
    Status = FatEnd(Vcb, Status);
    if (!NT_SUCCESS(Status)) {
        Fcb->Entry = Old;
        Fcb->FirstCluster = OldFirst;
        FatDropExtents(Fcb);
        return Status;
    }
    Taken = min(Fcb->Reserved, Fcb->ClusterCount - Before);
    Fcb->Reserved -= Taken;
    Vcb->Reserved -= Taken;
    return Status;
}

/* An extension that is more than the journal holds is made of several that it holds, each of which leaves a file that is
 * whole: its clusters and its size agree, and what it gained reads as zeros. A power cut leaves one of those. */
NTSTATUS FatExtendFile(PFCB Fcb, ULONG64 Size, BOOLEAN Zero)
{
    PVCB Vcb = Fcb->Vcb;
    ULONG Wanted = FatClustersFor(Vcb, Size), Free;
    NTSTATUS Status;

    if (Size > FAT_MAX_SIZE)
        return STATUS_DISK_FULL;
    Status = FatLoadExtents(Fcb);
    if (NT_SUCCESS(Status) && Wanted > Fcb->ClusterCount) {
        Status = FatQueryFree(Vcb, &Free);
        if (NT_SUCCESS(Status) && (ULONG64)Free + Fcb->Reserved < Wanted - Fcb->ClusterCount)
            return STATUS_DISK_FULL;
    }
    while (NT_SUCCESS(Status) && Fcb->Entry.Size < Size) {
        ULONG Before = Fcb->Entry.Size;

        Status = FatExtendStep(Fcb, Size, Zero);
        if (NT_SUCCESS(Status) && Fcb->Entry.Size < Size)
            Status = FatCommit(Vcb);
        if (NT_SUCCESS(Status) && Fcb->Entry.Size == Before)
            Status = STATUS_INTERNAL_ERROR;     /* a log without room for one cluster */
    }
    return Status;
}

static NTSTATUS FatCutStep(PFCB Fcb, ULONG64 Size)
{
    PVCB Vcb = Fcb->Vcb;
    FAT_DIRENT Old = Fcb->Entry;
    ULONG OldFirst = Fcb->FirstCluster;
    NTSTATUS Status = FatBegin(Vcb, 0);

    if (!NT_SUCCESS(Status))
        return Status;
    Status = FatShrinkChain(Fcb, FatClustersFor(Vcb, Size));
    if (NT_SUCCESS(Status)) {
        if (Fcb->ClusterCount > FatClustersFor(Vcb, Size))      /* not all of it */
            Size = min((ULONG64)Fcb->ClusterCount * Vcb->ClusterSize, (ULONG64)Fcb->Entry.Size);
        Fcb->Entry.Size = (ULONG)Size;
        FatStampWrite(&Fcb->Entry);
        Status = FatWriteEntry(Fcb);
    }
    Status = FatEnd(Vcb, Status);
    if (!NT_SUCCESS(Status)) {
        Fcb->Entry = Old;
        Fcb->FirstCluster = OldFirst;
        FatDropExtents(Fcb);
    }
    return Status;
}

/* A cut that is more than the journal holds goes from the end, in steps that each leave a shorter whole file. */
NTSTATUS FatCutFile(PFCB Fcb, ULONG64 Size)
{
    NTSTATUS Status = FatLoadExtents(Fcb);

    while (NT_SUCCESS(Status)) {
        ULONG Before = Fcb->ClusterCount;

        Status = FatCutStep(Fcb, Size);
        if (!NT_SUCCESS(Status) || Fcb->ClusterCount <= FatClustersFor(Fcb->Vcb, Size))
            break;
        Status = Fcb->ClusterCount < Before ? FatCommit(Fcb->Vcb) : STATUS_INTERNAL_ERROR;
    }
    return Status;
}

NTSTATUS FatSetSize(PFCB Fcb, ULONG64 Size)
{
    if (Size > Fcb->Entry.Size)
        return FatExtendFile(Fcb, Size, !Fcb->Paging);
    if (Size == Fcb->Entry.Size && (Size != 0 || Fcb->FirstCluster == 0))
        return STATUS_SUCCESS;
    return FatCutFile(Fcb, Size);
}

/* An empty directory's clusters but the first hold nothing: they may go by themselves. */
static NTSTATUS FatCutDirectory(PFCB Fcb)
{
    NTSTATUS Status = STATUS_SUCCESS;

    while (NT_SUCCESS(Status) && Fcb->ClusterCount > 1) {
        Status = FatBegin(Fcb->Vcb, 0);
        if (NT_SUCCESS(Status))
            Status = FatEnd(Fcb->Vcb, FatShrinkChain(Fcb, 1));
        if (NT_SUCCESS(Status))
            Status = FatCommit(Fcb->Vcb);
    }
    return Status;
}

/* The sectors of the FAT that a file's chain lies in, at most. */
static ULONG FatTableSectors(PFCB Fcb)
{
    ULONG Sectors = 0;

    for (ULONG i = 0; i < Fcb->ExtentCount; i++)
        Sectors += Fcb->Extents[i].Count / FAT_ENTRIES_PER_SECTOR + 2;
    return Sectors;
}

/* Sees to it that one operation can free all clusters of the file and do something else too. A chain that is too long for
 * any journal is cut beforehand, in FatCutFile's steps: the file stays until the operation, without contents. */
NTSTATUS FatMakeRoomToFree(PFCB Fcb)
{
    PVCB Vcb = Fcb->Vcb;
    NTSTATUS Status = FatLoadExtents(Fcb);
    ULONG Needed = FatTableSectors(Fcb) + FAT_OPERATION_ROOM;

    if (!NT_SUCCESS(Status) || Needed <= FatLogRoom(Vcb))
        return Status;
    Status = FatEnableWrites(Vcb);
    if (NT_SUCCESS(Status))
        Status = FatCommit(Vcb);
    if (!NT_SUCCESS(Status) || Needed <= FatLogRoom(Vcb))
        return Status;
    return Fcb->Type == FatFile ? FatSetSize(Fcb, 0) : FatCutDirectory(Fcb);
}

/* Entries and clusters go together. Part of a running operation. */
NTSTATUS FatRemoveFile(PFCB Fcb)
{
    NTSTATUS Status = FatRemoveEntry(Fcb->Parent, Fcb->FirstSlot, Fcb->Slot);

    if (NT_SUCCESS(Status))
        Status = FatShrinkChain(Fcb, 0);
    return NT_SUCCESS(Status) && Fcb->ClusterCount != 0 ? STATUS_INTERNAL_ERROR : Status;
}

NTSTATUS FatDeleteFile(PFCB Fcb)
{
    FAT_DIRENT Old;
    NTSTATUS Status = FatMakeRoomToFree(Fcb);

    Old = Fcb->Entry;
    if (NT_SUCCESS(Status))
        Status = FatBegin(Fcb->Vcb, 0);
    if (!NT_SUCCESS(Status))
        return Status;
    Status = FatEnd(Fcb->Vcb, FatRemoveFile(Fcb));
    if (!NT_SUCCESS(Status)) {
        Fcb->Entry = Old;
        Fcb->FirstCluster = FatEntryCluster(&Old);
        FatDropExtents(Fcb);
    }
    return Status;
}
