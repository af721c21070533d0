/* Reading and writing files. */
#include "fat.h"

NTSTATUS FatUsable(PFILE_OBJECT File)
{
    PFCB Fcb = File->FsContext;

    if (Fcb->Deleted)
        return STATUS_FILE_DELETED;
    return Fcb->Invalid ? STATUS_FILE_INVALID : STATUS_SUCCESS;
}

NTSTATUS FatRead(PFILE_OBJECT File, ULONG64 Offset, PVOID Buffer, ULONG Length, PULONG Done)
{
    PFCB Fcb = File->FsContext;
    NTSTATUS Status = FatUsable(File);

    *Done = 0;
    if (!NT_SUCCESS(Status))
        return Status;
    if (Fcb->Type != FatFile)
        return STATUS_INVALID_DEVICE_REQUEST;
    if (Offset >= Fcb->Entry.Size)
        return STATUS_END_OF_FILE;
    Length = (ULONG)min((ULONG64)Length, Fcb->Entry.Size - Offset);
    Status = FatTransferFile(Fcb, FALSE, Offset, Buffer, Length);
    *Done = NT_SUCCESS(Status) ? Length : 0;
    return Status;
}

/* The time of a write that does not make the file longer, in the entry when it changes (every two seconds). */
static NTSTATUS FatStampEntry(PFCB Fcb)
{
    FAT_DIRENT Old = Fcb->Entry;
    NTSTATUS Status;

    FatStampWrite(&Fcb->Entry);
    if (memcmp(&Old, &Fcb->Entry, sizeof Old) == 0)
        return STATUS_SUCCESS;
    Status = FatBegin(Fcb->Vcb, 0);
    if (NT_SUCCESS(Status))
        Status = FatEnd(Fcb->Vcb, FatWriteEntry(Fcb));
    if (!NT_SUCCESS(Status))
        Fcb->Entry = Old;
    return Status;
}

/* A gap behind the old end reads as zeros. The new end becomes true only with the data in its place: they reach the disk
 * before the entry that names them does. */
static NTSTATUS FatWriteLonger(PFCB Fcb, ULONG64 Offset, const VOID *Buffer, ULONG Length)
{
    ULONG64 End = Offset + Length;
    ULONG OldSize = Fcb->Entry.Size;
    NTSTATUS Status = STATUS_SUCCESS;

    if (Offset > OldSize)
        Status = FatExtendFile(Fcb, Offset, TRUE);
    if (NT_SUCCESS(Status))
        Status = FatExtendFile(Fcb, End, FALSE);
    if (NT_SUCCESS(Status))
        Status = FatTransferFile(Fcb, TRUE, Offset, (PVOID)Buffer, Length);
    if (!NT_SUCCESS(Status) && Fcb->Entry.Size > OldSize)
        FatCutFile(Fcb, OldSize);
    return Status;
}

NTSTATUS FatWrite(PFILE_OBJECT File, ULONG64 Offset, const VOID *Buffer, ULONG Length, PULONG Done)
{
    PFCB Fcb = File->FsContext;
    NTSTATUS Status = FatUsable(File);

    *Done = 0;
    if (!NT_SUCCESS(Status))
        return Status;
    if (Fcb->Type != FatFile)
        return STATUS_INVALID_DEVICE_REQUEST;
    if (Length == 0)
        return STATUS_SUCCESS;
    if (Offset > FAT_MAX_SIZE || Offset + Length > FAT_MAX_SIZE)
        return STATUS_DISK_FULL;
    if (!MmFlushImageSection(&Fcb->Sections, MmFlushForWrite))
        return STATUS_SHARING_VIOLATION;
    if (Offset + Length > Fcb->Entry.Size) {
        Status = FatWriteLonger(Fcb, Offset, Buffer, Length);
    } else {
        Status = FatStampEntry(Fcb);
        if (NT_SUCCESS(Status))
            Status = FatTransferFile(Fcb, TRUE, Offset, (PVOID)Buffer, Length);
    }
    *Done = NT_SUCCESS(Status) ? Length : 0;
    return Status;
}

/* All of the volume: what one file's entry says depends on the rest of the log. File may be the volume itself. Who
 * has locked it writes past the log, in an order that is to be kept. */
NTSTATUS FatFlush(PFILE_OBJECT File)
{
    PVCB Vcb = IoVolumeVcb(File->DeviceObject);

    return Vcb->LockedBy != NULL ? IoFlushVolume(Vcb->Volume) : FatCommit(Vcb);
}

NTSTATUS FatQueryExtent(PFILE_OBJECT File, ULONG64 Offset, PULONG64 VolumeOffset, PULONG64 Length)
{
    PFCB Fcb = File->FsContext;
    ULONG Cluster, Count, Inside;
    NTSTATUS Status = FatUsable(File);

    if (!NT_SUCCESS(Status))
        return Status;
    if (Fcb->Type != FatFile)
        return STATUS_INVALID_DEVICE_REQUEST;
    if (Offset >= Fcb->Entry.Size)
        return STATUS_END_OF_FILE;
    Inside = (ULONG)(Offset % Fcb->Vcb->ClusterSize);
    Status = FatMapCluster(Fcb, (ULONG)(Offset / Fcb->Vcb->ClusterSize), &Cluster, &Count);
    if (!NT_SUCCESS(Status))
        return Status;
    *VolumeOffset = FatClusterOffset(Fcb->Vcb, Cluster) + Inside;
    if (Fcb->Paging) {                  /* whoever asks goes around the cache: nothing old may come after what he writes */
        Status = IoFlushVolume(Fcb->Vcb->Volume);
        IoPurgeVolume(Fcb->Vcb->Volume, *VolumeOffset - Inside, (ULONG64)Count * Fcb->Vcb->ClusterSize);
    }
    *Length = min((ULONG64)Count * Fcb->Vcb->ClusterSize - Inside, Fcb->Entry.Size - Offset);
    return Status;
}
