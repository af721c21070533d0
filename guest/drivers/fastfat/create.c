/* Opening and making files. */
#include "fat.h"

#define FAT_WRITE_ACCESS (FILE_WRITE_DATA | FILE_APPEND_DATA)

/* ---- what is there already --------------------------------------------------------------------------------------- */

static NTSTATUS FatCheckKind(PFCB Fcb, PIO_CREATE_PARAMETERS Parameters, BOOLEAN Trailing)
{
    if (Fcb->Type == FatDirectory) {
        if ((Parameters->Options & FILE_NON_DIRECTORY_FILE) != 0)
            return STATUS_FILE_IS_A_DIRECTORY;
        if (Parameters->Disposition == FILE_SUPERSEDE || Parameters->Disposition == FILE_OVERWRITE ||
            Parameters->Disposition == FILE_OVERWRITE_IF)
            return STATUS_OBJECT_NAME_COLLISION;
        return STATUS_SUCCESS;
    }
    if ((Parameters->Options & FILE_DIRECTORY_FILE) != 0)
        return STATUS_NOT_A_DIRECTORY;
    return Trailing ? STATUS_OBJECT_NAME_INVALID : STATUS_SUCCESS;
}

static BOOLEAN FatOverwrites(PIO_CREATE_PARAMETERS Parameters)
{
    return Parameters->Disposition == FILE_SUPERSEDE || Parameters->Disposition == FILE_OVERWRITE ||
           Parameters->Disposition == FILE_OVERWRITE_IF;
}

/* Read-only files are not written; hidden and system files are overwritten only by who knows that they are. */
static NTSTATUS FatCheckAttributes(PFCB Fcb, PIO_CREATE_PARAMETERS Parameters)
{
    ULONG Special = Fcb->Entry.Attributes & (FILE_ATTRIBUTE_HIDDEN | FILE_ATTRIBUTE_SYSTEM);

    if ((Fcb->Entry.Attributes & FILE_ATTRIBUTE_READONLY) != 0) {
        if (Fcb->Type == FatFile && ((Parameters->DesiredAccess & FAT_WRITE_ACCESS) != 0 || FatOverwrites(Parameters)))
            return STATUS_ACCESS_DENIED;
        if ((Parameters->Options & FILE_DELETE_ON_CLOSE) != 0)
            return STATUS_CANNOT_DELETE;
    }
    if (FatOverwrites(Parameters) && (Special & ~Parameters->FileAttributes) != 0)
        return STATUS_ACCESS_DENIED;
    return STATUS_SUCCESS;
}

/* A file that runs as a program is not written; one whose pages are mapped is not cut. */
static NTSTATUS FatCheckMapped(PFCB Fcb, PIO_CREATE_PARAMETERS Parameters)
{
    if (((Parameters->DesiredAccess & FAT_WRITE_ACCESS) != 0 || FatOverwrites(Parameters)) &&
        !MmFlushImageSection(&Fcb->Sections, MmFlushForWrite))
        return STATUS_SHARING_VIOLATION;
    if (FatOverwrites(Parameters) && !MmCanFileBeTruncated(&Fcb->Sections, NULL))
        return STATUS_USER_MAPPED_FILE;
    if ((Parameters->Options & FILE_DELETE_ON_CLOSE) != 0 && !MmFlushImageSection(&Fcb->Sections, MmFlushForDelete))
        return STATUS_CANNOT_DELETE;
    return STATUS_SUCCESS;
}

/* Empties a file that is opened to be written anew. */
static NTSTATUS FatOverwriteFile(PFCB Fcb, PIO_CREATE_PARAMETERS Parameters)
{
    PVCB Vcb = Fcb->Vcb;
    FAT_DIRENT Old;
    NTSTATUS Status = FatSetSize(Fcb, 0);

    if (NT_SUCCESS(Status))
        Status = FatBegin(Vcb, 0);
    if (!NT_SUCCESS(Status))
        return Status;
    Old = Fcb->Entry;
    Fcb->Entry.Attributes = (UCHAR)((Parameters->FileAttributes & FAT_ATTRIBUTES) | FILE_ATTRIBUTE_ARCHIVE);
    FatStampWrite(&Fcb->Entry);
    Status = FatEnd(Vcb, FatWriteEntry(Fcb));
    if (!NT_SUCCESS(Status)) {
        Fcb->Entry = Old;
        return Status;
    }
    FatRecord("file.overwrite", Fcb, NULL, NULL, ~0ull);
    Parameters->Information = Parameters->Disposition == FILE_SUPERSEDE ? FILE_SUPERSEDED : FILE_OVERWRITTEN;
    return Status;
}

static NTSTATUS FatOpenExisting(PFCB Fcb, PFILE_OBJECT File, PIO_CREATE_PARAMETERS Parameters, BOOLEAN Trailing)
{
    NTSTATUS Status;

    if (Fcb->DeletePending)
        return STATUS_DELETE_PENDING;
    if (Parameters->Disposition == FILE_CREATE)
        return STATUS_OBJECT_NAME_COLLISION;
    Status = FatCheckKind(Fcb, Parameters, Trailing);
    if (NT_SUCCESS(Status))
        Status = FatCheckAttributes(Fcb, Parameters);
    if (NT_SUCCESS(Status))
        Status = FatCheckShare(Fcb, File);
    if (NT_SUCCESS(Status) && Fcb->Type == FatFile)
        Status = FatCheckMapped(Fcb, Parameters);
    Parameters->Information = FILE_OPENED;
    if (NT_SUCCESS(Status) && FatOverwrites(Parameters))
        Status = FatOverwriteFile(Fcb, Parameters);
    return Status;
}

/* ---- what is new ------------------------------------------------------------------------------------------------- */

/* The first cluster of a new directory: `.` and `..`, then zeros. It goes straight to its place, as FatZeroClusters. */
static NTSTATUS FatInitDirectory(PFCB Parent, PFAT_DIRENT Entry)
{
    PVCB Vcb = Parent->Vcb;
    FAT_DIRENT Dots[2];
    FCB New = { .Type = FatFile, .Vcb = Vcb, .ExtentsValid = TRUE };
    ULONG Above = Parent->Parent != NULL ? Parent->FirstCluster : 0;    /* the root is written as 0 */
    NTSTATUS Status = FatGrowChain(&New, 1);

    if (NT_SUCCESS(Status))
        Status = New.ClusterCount == 1 ? FatZeroClusters(Vcb, New.FirstCluster, 1) : STATUS_INTERNAL_ERROR;
    Entry->ClusterHigh = (USHORT)(New.FirstCluster >> 16);
    Entry->ClusterLow = (USHORT)New.FirstCluster;
    Dots[0] = Dots[1] = *Entry;
    RtlCopyMemory(Dots[0].Name, ".          ", 11);
    RtlCopyMemory(Dots[1].Name, "..         ", 11);
    Dots[1].ClusterHigh = (USHORT)(Above >> 16);
    Dots[1].ClusterLow = (USHORT)Above;
    if (NT_SUCCESS(Status))
        Status = IoWriteVolume(Vcb->Volume, FatClusterOffset(Vcb, New.FirstCluster), Dots, sizeof Dots);
    FatDropExtents(&New);
    return Status;
}

static NTSTATUS FatMakeEntry(PFCB Parent, PCUNICODE_STRING Name, PIO_CREATE_PARAMETERS Parameters, PFAT_FOUND Found)
{
    BOOLEAN Directory = (Parameters->Options & FILE_DIRECTORY_FILE) != 0;
    NTSTATUS Status = FatBegin(Parent->Vcb, Directory ? 2 : 0);

    if (!NT_SUCCESS(Status))
        return Status;
    RtlZeroMemory(Found, sizeof *Found);
    Found->Entry.Attributes = (UCHAR)(Parameters->FileAttributes & FAT_ATTRIBUTES);
    if (Directory)
        Found->Entry.Attributes |= FILE_ATTRIBUTE_DIRECTORY;
    FatStampNew(&Found->Entry);
    if (Directory)
        Status = FatInitDirectory(Parent, &Found->Entry);
    if (NT_SUCCESS(Status))
        Status = FatAddEntry(Parent, Name, &Found->Entry, &Found->FirstSlot, &Found->Slot);
    Status = FatEnd(Parent->Vcb, Status);
    if (!NT_SUCCESS(Status))
        FatDropExtents(Parent);         /* it may have had a cluster more */
    Found->NameLength = Name->Length;
    RtlCopyMemory(Found->Name, Name->Buffer, Name->Length);
    return Status;
}

static NTSTATUS FatCreateNew(PFCB Parent, PCUNICODE_STRING Name, PIO_CREATE_PARAMETERS Parameters, BOOLEAN Trailing,
                             PFAT_FOUND Found, PFCB *Fcb)
{
    NTSTATUS Status;

    if (Parameters->Disposition == FILE_OPEN || Parameters->Disposition == FILE_OVERWRITE)
        return STATUS_OBJECT_NAME_NOT_FOUND;
    if (Trailing && (Parameters->Options & FILE_DIRECTORY_FILE) == 0)
        return STATUS_OBJECT_NAME_INVALID;
    if (Parent->DeletePending)
        return STATUS_DELETE_PENDING;
    if ((Parameters->FileAttributes & FILE_ATTRIBUTE_READONLY) != 0 && (Parameters->Options & FILE_DELETE_ON_CLOSE) != 0)
        return STATUS_CANNOT_DELETE;
    Status = FatMakeEntry(Parent, Name, Parameters, Found);
    if (NT_SUCCESS(Status))
        Status = FatOpenNode(Parent, Found, Fcb);
    if (NT_SUCCESS(Status)) {
        Parameters->Information = FILE_CREATED;
        FatRecord("file.create", *Fcb, NULL, NULL, ~0ull);
    }
    return Status;
}

/* ---- all of it --------------------------------------------------------------------------------------------------- */

/* What only begins with the open: the paging file's way, room that is asked for. Its failure leaves the file as it is. */
static NTSTATUS FatPrepareFile(PFCB Fcb, PFILE_OBJECT File, PIO_CREATE_PARAMETERS Parameters)
{
    if (Fcb->Type != FatFile)
        return STATUS_SUCCESS;
    if ((Parameters->Flags & IO_OPEN_PAGING_FILE) != 0)
        Fcb->Paging = TRUE;
    if (Parameters->AllocationSize == 0 || Parameters->Information == FILE_OPENED)
        return STATUS_SUCCESS;
    File->FsContext = Fcb;
    return FatSetAllocation(File, Parameters->AllocationSize);
}

static NTSTATUS FatFindOrMake(PFCB Parent, PCUNICODE_STRING Leaf, PFILE_OBJECT File, PIO_CREATE_PARAMETERS Parameters,
                              BOOLEAN Trailing, PFCB *Fcb)
{
    PFAT_FOUND Found = ExAllocatePoolWithTag(PagedPool, sizeof *Found, FAT_TAG);
    NTSTATUS Status;

    *Fcb = NULL;
    if (Found == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    if (Leaf->Length == 0) {            /* the root */
        *Fcb = Parent;
        FatReferenceNode(Parent);
        Status = FatOpenExisting(Parent, File, Parameters, FALSE);
        if (NT_SUCCESS(Status) && (Parameters->Options & FILE_DELETE_ON_CLOSE) != 0)
            Status = STATUS_CANNOT_DELETE;
    } else {
        Status = FatLookup(Parent, Leaf, Found);
        if (NT_SUCCESS(Status)) {
            Status = FatOpenNode(Parent, Found, Fcb);
            if (NT_SUCCESS(Status))
                Status = FatOpenExisting(*Fcb, File, Parameters, Trailing);
        } else if (Status == STATUS_OBJECT_NAME_NOT_FOUND) {
            Status = FatCreateNew(Parent, Leaf, Parameters, Trailing, Found, Fcb);
        }
    }
    ExFreePoolWithTag(Found, FAT_TAG);
    if (NT_SUCCESS(Status))
        Status = FatPrepareFile(*Fcb, File, Parameters);
    if (!NT_SUCCESS(Status) && *Fcb != NULL)
        FatDereferenceNode(*Fcb);
    return Status;
}

NTSTATUS FatCreate(PDEVICE_OBJECT Device, PFILE_OBJECT File, PIO_CREATE_PARAMETERS Parameters)
{
    PVCB Vcb = IoVolumeVcb(Device);
    PFCB Parent, Fcb;
    UNICODE_STRING Leaf;
    BOOLEAN Trailing;
    NTSTATUS Status;

    if (Vcb == NULL)
        return STATUS_VOLUME_DISMOUNTED;
    if (Vcb->LockedBy != NULL)
        return STATUS_ACCESS_DENIED;
    Status = FatWalk(Vcb, &File->FileName, &Parent, &Leaf, &Trailing);
    if (!NT_SUCCESS(Status))
        return Status;
    Status = FatFindOrMake(Parent, &Leaf, File, Parameters, Trailing, &Fcb);
    FatDereferenceNode(Parent);
    if (!NT_SUCCESS(Status)) {
        File->FsContext = NULL;
        return Status;
    }
    File->FsContext = Fcb;              /* with its reference */
    File->Directory = Fcb->Type == FatDirectory;
    File->SectionObjectPointer = Fcb->Type == FatFile ? &Fcb->Sections : NULL;
    FatAddShare(Fcb, File);
    Fcb->Handles++;
    Vcb->OpenFiles++;
    return STATUS_SUCCESS;
}
