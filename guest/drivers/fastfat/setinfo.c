/* What a file is: attributes, times, size, its end. */
#include "fat.h"

NTSTATUS FatQueryAttributes(PFILE_OBJECT File, PIO_FILE_ATTRIBUTES Attributes)
{
    PFCB Fcb = File->FsContext;
    NTSTATUS Status = FatUsable(File);

    if (!NT_SUCCESS(Status))
        return Status;
    File->DeletePending = Fcb->DeletePending;
    Attributes->NumberOfLinks = Fcb->DeletePending ? 0 : 1;
    FatFillAttributes(Fcb->Vcb, &Fcb->Entry, Attributes);
    Attributes->FileId = FatFileId(Fcb->Parent, Fcb->FirstCluster, Fcb->Slot);
    if (Fcb->Type == FatFile && NT_SUCCESS(FatLoadExtents(Fcb)))
        Attributes->AllocationSize = (ULONG64)(Fcb->ClusterCount + Fcb->Reserved) * Fcb->Vcb->ClusterSize;
    return STATUS_SUCCESS;
}

/* 0: leave as it is; -1: leave it from now on, which is the same here. */
static BOOLEAN FatGivesTime(LARGE_INTEGER Time)
{
    return Time.QuadPart > 0;
}

static VOID FatApplyBasic(PFCB Fcb, const FILE_BASIC_INFORMATION *Basic)
{
    PFAT_DIRENT Entry = &Fcb->Entry;
    USHORT Date, Time;
    UCHAR Tenths;

    if (Basic->FileAttributes != 0)
        Entry->Attributes = (UCHAR)((Basic->FileAttributes & FAT_ATTRIBUTES) | (Entry->Attributes & FILE_ATTRIBUTE_DIRECTORY));
    if (FatGivesTime(Basic->CreationTime)) {
        FatTimeFromNt(Basic->CreationTime, &Date, &Time, &Tenths);
        Entry->CreationDate = Date;
        Entry->CreationTime = Time;
        Entry->CreationTenths = Tenths;
    }
    if (FatGivesTime(Basic->LastAccessTime)) {
        FatTimeFromNt(Basic->LastAccessTime, &Date, &Time, NULL);
        Entry->AccessDate = Date;
    }
    if (FatGivesTime(Basic->LastWriteTime)) {
        FatTimeFromNt(Basic->LastWriteTime, &Date, &Time, NULL);
        Entry->WriteDate = Date;
        Entry->WriteTime = Time;
    }
}

NTSTATUS FatSetAttributes(PFILE_OBJECT File, const FILE_BASIC_INFORMATION *Information)
{
    PFCB Fcb = File->FsContext;
    FAT_DIRENT Old = Fcb->Entry;
    NTSTATUS Status = FatUsable(File);

    if (!NT_SUCCESS(Status))
        return Status;
    if (Fcb->Parent == NULL)
        return STATUS_INVALID_PARAMETER;
    if ((Information->FileAttributes & FILE_ATTRIBUTE_TEMPORARY) != 0 && Fcb->Type == FatDirectory)
        return STATUS_INVALID_PARAMETER;
    Status = FatBegin(Fcb->Vcb, 0);
    if (!NT_SUCCESS(Status))
        return Status;
    FatApplyBasic(Fcb, Information);
    Status = FatEnd(Fcb->Vcb, FatWriteEntry(Fcb));
    if (!NT_SUCCESS(Status))
        Fcb->Entry = Old;
    return Status;
}

NTSTATUS FatSetEndOfFile(PFILE_OBJECT File, ULONG64 EndOfFile)
{
    PFCB Fcb = File->FsContext;
    NTSTATUS Status = FatUsable(File);

    if (!NT_SUCCESS(Status))
        return Status;
    if (Fcb->Type != FatFile)
        return STATUS_INVALID_DEVICE_REQUEST;
    if (EndOfFile > FAT_MAX_SIZE)
        return STATUS_DISK_FULL;
    if (!MmFlushImageSection(&Fcb->Sections, MmFlushForWrite))
        return STATUS_SHARING_VIOLATION;
    if (EndOfFile < Fcb->Entry.Size &&
        !MmCanFileBeTruncated(&Fcb->Sections, &(LARGE_INTEGER){ .QuadPart = (LONGLONG)EndOfFile }))
        return STATUS_USER_MAPPED_FILE;
    if (EndOfFile < Fcb->Entry.Size && Fcb->Paging)
        return STATUS_ACCESS_DENIED;    /* its clusters are written around the file system */
    Status = FatSetSize(Fcb, EndOfFile);
    if (NT_SUCCESS(Status))
        FatRecord("file.size", Fcb, NULL, NULL, EndOfFile);
    return Status;
}

/* Less than the file has cuts it, as NT does. More is promised, not taken: FAT has no place on the disk to say that a
 * chain is longer than its file, and checkers call it damage. The promise ends with the last handle, as NT's does. */
NTSTATUS FatSetAllocation(PFILE_OBJECT File, ULONG64 AllocationSize)
{
    PFCB Fcb = File->FsContext;
    PVCB Vcb = Fcb->Vcb;
    ULONG Wanted, Free;
    NTSTATUS Status = FatUsable(File);

    if (!NT_SUCCESS(Status))
        return Status;
    if (Fcb->Type != FatFile)
        return STATUS_INVALID_DEVICE_REQUEST;
    if (AllocationSize > FAT_MAX_SIZE)
        return STATUS_DISK_FULL;
    if (AllocationSize < Fcb->Entry.Size)
        return FatSetEndOfFile(File, AllocationSize);
    Status = FatLoadExtents(Fcb);
    if (NT_SUCCESS(Status))
        Status = FatQueryFree(Vcb, &Free);
    if (!NT_SUCCESS(Status))
        return Status;
    Wanted = FatClustersFor(Vcb, AllocationSize);
    Wanted = Wanted > Fcb->ClusterCount ? Wanted - Fcb->ClusterCount : 0;
    if (Wanted > Free + Fcb->Reserved)
        return STATUS_DISK_FULL;
    Vcb->Reserved += Wanted - Fcb->Reserved;
    Fcb->Reserved = Wanted;
    return STATUS_SUCCESS;
}

NTSTATUS FatMayDelete(PFCB Fcb)
{
    if (Fcb->Parent == NULL || Fcb->Paging ||
        (Fcb->Entry.Attributes & FILE_ATTRIBUTE_READONLY) != 0 || !MmFlushImageSection(&Fcb->Sections, MmFlushForDelete))
        return STATUS_CANNOT_DELETE;
    return Fcb->Type == FatDirectory ? FatIsEmpty(Fcb) : STATUS_SUCCESS;
}

NTSTATUS FatSetDisposition(PFILE_OBJECT File, BOOLEAN Delete)
{
    PFCB Fcb = File->FsContext;
    NTSTATUS Status = FatUsable(File);

    if (NT_SUCCESS(Status) && Delete)
        Status = FatMayDelete(Fcb);
    if (NT_SUCCESS(Status) && Delete)
        Status = FatEnableWrites(Fcb->Vcb);
    if (NT_SUCCESS(Status))
        File->DeletePending = Fcb->DeletePending = Delete;
    return Status;
}
