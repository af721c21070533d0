/* Chains of clusters: where a file is, longer and shorter. */
#include "fat.h"

VOID FatDropExtents(PFCB Fcb)
{
    if (Fcb->Extents != NULL)
        ExFreePoolWithTag(Fcb->Extents, FAT_TAG);
    Fcb->Extents = NULL;
    Fcb->ExtentCount = Fcb->ExtentRoom = Fcb->ClusterCount = 0;
    Fcb->ExtentsValid = FALSE;
}

static NTSTATUS FatAppendExtent(PFCB Fcb, ULONG Cluster, ULONG Count)
{
    PFAT_EXTENT Last = Fcb->Extents != NULL && Fcb->ExtentCount != 0 ? &Fcb->Extents[Fcb->ExtentCount - 1] : NULL;

    if (Last != NULL && Last->Cluster + Last->Count == Cluster) {
        Last->Count += Count;
    } else {
        if (Fcb->Extents == NULL || Fcb->ExtentCount == Fcb->ExtentRoom) {
            ULONG Room = Fcb->ExtentRoom != 0 ? Fcb->ExtentRoom * 2 : 4;
            PFAT_EXTENT New = ExAllocatePoolWithTag(PagedPool, (SIZE_T)Room * sizeof *New, FAT_TAG);

            if (New == NULL)
                return STATUS_INSUFFICIENT_RESOURCES;
            if (Fcb->Extents != NULL) {
                RtlCopyMemory(New, Fcb->Extents, (SIZE_T)Fcb->ExtentCount * sizeof *New);
                ExFreePoolWithTag(Fcb->Extents, FAT_TAG);
            }
            Fcb->Extents = New;
            Fcb->ExtentRoom = Room;
        }
        Fcb->Extents[Fcb->ExtentCount++] = (FAT_EXTENT){ Fcb->ClusterCount, Cluster, Count };
    }
    Fcb->ClusterCount += Count;
    return STATUS_SUCCESS;
}

/* Brent's way to see a loop: a mark that moves up whenever the steps since it have doubled. */
static NTSTATUS FatWalkChain(PFCB Fcb)
{
    PVCB Vcb = Fcb->Vcb;
    ULONG Cluster = Fcb->FirstCluster, Mark = 0, Steps = 0, Limit = 1;
    NTSTATUS Status = STATUS_SUCCESS;

    while (NT_SUCCESS(Status)) {
        if (!FatIsCluster(Vcb, Cluster) || Cluster == Mark || Fcb->ClusterCount >= Vcb->ClusterCount)
            return STATUS_FILE_CORRUPT_ERROR;
        if (Fcb->Type == FatDirectory && (ULONG64)Fcb->ClusterCount * Vcb->ClusterSize >= FAT_MAX_DIRECTORY)
            return STATUS_FILE_CORRUPT_ERROR;
        if (++Steps > Limit) {
            Mark = Cluster;
            Steps = 0;
            Limit *= 2;
        }
        Status = FatAppendExtent(Fcb, Cluster, 1);
        if (NT_SUCCESS(Status))
            Status = FatGetEntry(Vcb, Cluster, &Cluster);
        if (NT_SUCCESS(Status) && Cluster > FAT_BAD)
            return STATUS_SUCCESS;
    }
    return Status;
}

NTSTATUS FatLoadExtents(PFCB Fcb)
{
    NTSTATUS Status = STATUS_SUCCESS;

    if (Fcb->ExtentsValid)
        return STATUS_SUCCESS;
    FatDropExtents(Fcb);
    if (Fcb->FirstCluster != 0)
        Status = FatWalkChain(Fcb);
    else if (Fcb->Type == FatDirectory)
        Status = STATUS_FILE_CORRUPT_ERROR;
    if (NT_SUCCESS(Status) && Fcb->Type == FatFile &&
        Fcb->ClusterCount < FatClustersFor(Fcb->Vcb, Fcb->Entry.Size))
        Status = STATUS_FILE_CORRUPT_ERROR;
    if (!NT_SUCCESS(Status)) {
        FatDropExtents(Fcb);
        return Status;
    }
    Fcb->ExtentsValid = TRUE;
    return STATUS_SUCCESS;
}

NTSTATUS FatMapCluster(PFCB Fcb, ULONG Position, PULONG Cluster, PULONG Count)
{
    ULONG Low = 0, High;
    NTSTATUS Status = FatLoadExtents(Fcb);

    if (!NT_SUCCESS(Status))
        return Status;
    if (Position >= Fcb->ClusterCount)
        return STATUS_END_OF_FILE;
    High = Fcb->ExtentCount;
    while (High - Low > 1) {
        ULONG Middle = Low + (High - Low) / 2;

        if (Fcb->Extents[Middle].Position <= Position)
            Low = Middle;
        else
            High = Middle;
    }
    *Cluster = Fcb->Extents[Low].Cluster + (Position - Fcb->Extents[Low].Position);
    *Count = Fcb->Extents[Low].Count - (Position - Fcb->Extents[Low].Position);
    return STATUS_SUCCESS;
}

static ULONG FatLastCluster(PFCB Fcb)
{
    PFAT_EXTENT Last = &Fcb->Extents[Fcb->ExtentCount - 1];

    return Last->Cluster + Last->Count - 1;
}

/* Links a run behind the chain; as many clusters of it as the log has room for. */
static NTSTATUS FatLinkRun(PFCB Fcb, ULONG First, ULONG Count)
{
    PVCB Vcb = Fcb->Vcb;
    ULONG Done = 0, Tail = Fcb->ClusterCount != 0 ? FatLastCluster(Fcb) : 0;
    NTSTATUS Status = STATUS_SUCCESS;

    while (Done < Count && NT_SUCCESS(Status) && FatLogRoom(Vcb) > FAT_CHAIN_ROOM) {
        ULONG At = First + Done, Piece = min(Count - Done, FAT_ENTRIES_PER_SECTOR - At % FAT_ENTRIES_PER_SECTOR);

        Status = FatLinkEntries(Vcb, At, Piece, Done + Piece < Count ? At + Piece : FAT_END);
        Done += Piece;
    }
    if (NT_SUCCESS(Status) && Done < Count && Done != 0)
        Status = FatSetEntry(Vcb, First + Done - 1, FAT_END);
    if (NT_SUCCESS(Status) && Done != 0)
        Status = FatAppendExtent(Fcb, First, Done);
    if (NT_SUCCESS(Status) && Done != 0) {
        if (Tail != 0)
            Status = FatSetEntry(Vcb, Tail, First);
        else
            FatSetFirstCluster(Fcb, First);
        Vcb->NextFree = First + Done;
    }
    return Status;
}

NTSTATUS FatGrowChain(PFCB Fcb, ULONG Count)
{
    PVCB Vcb = Fcb->Vcb;
    NTSTATUS Status = FatLoadExtents(Fcb);

    if (NT_SUCCESS(Status))
        Status = FatLoadBitmap(Vcb);
    while (NT_SUCCESS(Status) && Fcb->ClusterCount < Count && FatLogRoom(Vcb) > FAT_CHAIN_ROOM) {
        ULONG Hint = Fcb->ClusterCount != 0 ? FatLastCluster(Fcb) + 1 : Vcb->NextFree;
        ULONG First = 0, Run = FatFindRun(Vcb, Hint, Count - Fcb->ClusterCount, Fcb->Paging, &First);

        Status = Run != 0 ? FatLinkRun(Fcb, First, Run) : STATUS_DISK_FULL;
    }
    if (!NT_SUCCESS(Status))
        FatDropExtents(Fcb);            /* the operation is taken back; they are read again */
    return Status;
}

static VOID FatCutExtents(PFCB Fcb, ULONG Count)
{
    while (Fcb->ExtentCount != 0 && Fcb->Extents[Fcb->ExtentCount - 1].Position >= Count)
        Fcb->ExtentCount--;
    if (Fcb->ExtentCount != 0)
        Fcb->Extents[Fcb->ExtentCount - 1].Count = Count - Fcb->Extents[Fcb->ExtentCount - 1].Position;
    Fcb->ClusterCount = Count;
}

NTSTATUS FatShrinkChain(PFCB Fcb, ULONG Count)
{
    PVCB Vcb = Fcb->Vcb;
    ULONG Cluster, Run, Left;
    NTSTATUS Status = FatLoadExtents(Fcb);

    if (NT_SUCCESS(Status))
        Status = FatLoadBitmap(Vcb);
    if (!NT_SUCCESS(Status) || Count >= Fcb->ClusterCount)
        return Status;
    for (Left = Fcb->ClusterCount; Left > Count && NT_SUCCESS(Status) && FatLogRoom(Vcb) > FAT_CHAIN_ROOM; Left--) {
        Status = FatMapCluster(Fcb, Left - 1, &Cluster, &Run);
        if (NT_SUCCESS(Status))
            Status = FatSetEntry(Vcb, Cluster, 0);
    }
    if (NT_SUCCESS(Status) && Left == 0) {
        FatSetFirstCluster(Fcb, 0);
    } else if (NT_SUCCESS(Status)) {
        Status = FatMapCluster(Fcb, Left - 1, &Cluster, &Run);
        if (NT_SUCCESS(Status))
            Status = FatSetEntry(Vcb, Cluster, FAT_END);
    }
    if (NT_SUCCESS(Status))
        FatCutExtents(Fcb, Left);
    else
        FatDropExtents(Fcb);
    return Status;
}
