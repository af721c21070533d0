/* Listing directories. */
#include "fat.h"

/* Unique while the volume is mounted and the file keeps its place: files without clusters have no number of their own. */
ULONG64 FatFileId(PFCB Parent, ULONG FirstCluster, ULONG Slot)
{
    if (Parent == NULL)
        return FirstCluster;
    return (ULONG64)Parent->FirstCluster << 32 | (Slot + 1);
}

VOID FatFillAttributes(PVCB Vcb, const FAT_DIRENT *Entry, PIO_FILE_ATTRIBUTES Attributes)
{
    BOOLEAN Directory = (Entry->Attributes & FILE_ATTRIBUTE_DIRECTORY) != 0;

    Attributes->EndOfFile = Directory ? 0 : Entry->Size;
    Attributes->AllocationSize = (ULONG64)FatClustersFor(Vcb, Attributes->EndOfFile) * Vcb->ClusterSize;
    Attributes->CreationTime = FatTimeToNt(Entry->CreationDate, Entry->CreationTime, Entry->CreationTenths);
    Attributes->LastAccessTime = FatTimeToNt(Entry->AccessDate, 0, 0);
    Attributes->LastWriteTime = FatTimeToNt(Entry->WriteDate, Entry->WriteTime, 0);
    Attributes->FileAttributes = Entry->Attributes & (FAT_ATTRIBUTES | FILE_ATTRIBUTE_DIRECTORY);
    if (Attributes->FileAttributes == 0)
        Attributes->FileAttributes = FILE_ATTRIBUTE_NORMAL;
    Attributes->NumberOfLinks = 1;
}

static BOOLEAN FatMatches(const FAT_FOUND *Found, PCUNICODE_STRING Pattern)
{
    UNICODE_STRING Name = { Found->NameLength, Found->NameLength, (PWSTR)Found->Name };
    UNICODE_STRING Short = { Found->ShortLength, Found->ShortLength, (PWSTR)Found->ShortName };

    return Pattern->Length == 0 || FsRtlIsNameInExpression((PUNICODE_STRING)Pattern, &Name, TRUE, NULL) ||
           (Short.Length != 0 && FsRtlIsNameInExpression((PUNICODE_STRING)Pattern, &Short, TRUE, NULL));
}

static VOID FatFillDirectoryEntry(PFCB Directory, const FAT_FOUND *Found, PIO_DIRECTORY_ENTRY Entry)
{
    RtlZeroMemory(Entry, sizeof *Entry);
    FatFillAttributes(Directory->Vcb, &Found->Entry, &Entry->Attributes);
    Entry->Attributes.FileId = FatFileId(Directory, FatEntryCluster(&Found->Entry), Found->Slot);
    Entry->NameLength = Found->NameLength;
    RtlCopyMemory(Entry->Name, Found->Name, Found->NameLength);
    Entry->ShortNameLength = Found->ShortLength;
    RtlCopyMemory(Entry->ShortName, Found->ShortName, Found->ShortLength);
}

/* *Index is a slot. The root has no `.` and `..`; other directories have them on the disk. */
NTSTATUS FatQueryDirectory(PFILE_OBJECT File, PCUNICODE_STRING Pattern, PULONG Index, PIO_DIRECTORY_ENTRY Entry)
{
    PFCB Directory = File->FsContext;
    FAT_SCAN Scan = { .Directory = Directory, .Slot = *Index };
    PFAT_FOUND Found;
    NTSTATUS Status = FatUsable(File);

    if (!NT_SUCCESS(Status))
        return Status;
    if (Directory->Type != FatDirectory)
        return STATUS_INVALID_PARAMETER;
    Found = ExAllocatePoolWithTag(PagedPool, sizeof *Found, FAT_TAG);
    if (Found == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    while (NT_SUCCESS(Status = FatNextEntry(&Scan, Found))) {
        if (Directory->Parent == NULL && FatIsDotEntry(&Found->Entry))
            continue;
        if (!FatMatches(Found, Pattern))
            continue;
        FatFillDirectoryEntry(Directory, Found, Entry);
        break;
    }
    *Index = Scan.Slot;
    ExFreePoolWithTag(Found, FAT_TAG);
    return Status;
}
