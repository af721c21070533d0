/* NtQueryDirectoryFile: what a directory holds, in the caller's choice of detail. */
#include "iop.h"

#define IOP_DIRECTORY_BUFFER 0x10000u

/* Where the name begins in each class; 0: no such class. */
static ULONG IopDirectoryFixed(FILE_INFORMATION_CLASS Class)
{
    switch (Class) {
    case FileDirectoryInformation:
        return FIELD_OFFSET(FILE_DIRECTORY_INFORMATION, FileName);
    case FileFullDirectoryInformation:
        return FIELD_OFFSET(FILE_FULL_DIR_INFORMATION, FileName);
    case FileBothDirectoryInformation:
        return FIELD_OFFSET(FILE_BOTH_DIR_INFORMATION, FileName);
    case FileNamesInformation:
        return FIELD_OFFSET(FILE_NAMES_INFORMATION, FileName);
    default:
        return 0;
    }
}

/* The fixed part; Both is the longest of the classes, the others are its beginning. */
static VOID IopFillEntry(FILE_INFORMATION_CLASS Class, const IO_DIRECTORY_ENTRY *Entry, PVOID To, ULONG Fixed)
{
    const IO_FILE_ATTRIBUTES *Attributes = &Entry->Attributes;
    FILE_BOTH_DIR_INFORMATION Both;
    PFILE_NAMES_INFORMATION Names = To;

    if (Class == FileNamesInformation) {
        Names->FileNameLength = Entry->NameLength;
        return;
    }
    RtlZeroMemory(&Both, sizeof Both);
    Both.CreationTime = Attributes->CreationTime;
    Both.LastAccessTime = Attributes->LastAccessTime;
    Both.LastWriteTime = Both.ChangeTime = Attributes->LastWriteTime;
    Both.EndOfFile.QuadPart = (LONGLONG)Attributes->EndOfFile;
    Both.AllocationSize.QuadPart = (LONGLONG)Attributes->AllocationSize;
    Both.FileAttributes = Attributes->FileAttributes;
    Both.FileNameLength = Entry->NameLength;
    Both.ShortNameLength = (CCHAR)Entry->ShortNameLength;
    RtlCopyMemory(Both.ShortName, Entry->ShortName, Entry->ShortNameLength);
    RtlCopyMemory(To, &Both, Fixed);
}

/* One entry at To, whose room is Room bytes; *Used is what it took. STATUS_BUFFER_OVERFLOW: its name was cut. */
static NTSTATUS IopPutEntry(FILE_INFORMATION_CLASS Class, const IO_DIRECTORY_ENTRY *Entry, PUCHAR To, ULONG Room, PULONG Used)
{
    ULONG Fixed = IopDirectoryFixed(Class), Name = Entry->NameLength;

    if (Room < Fixed)
        return STATUS_INFO_LENGTH_MISMATCH;
    IopFillEntry(Class, Entry, To, Fixed);
    Name = min(Name, Room - Fixed);
    RtlCopyMemory(To + Fixed, Entry->Name, Name);
    *Used = Fixed + Name;
    return Name < Entry->NameLength ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}

/* As many entries as fit. An entry that does not fit behind others stays for the next call. */
static NTSTATUS IopFillDirectory(PFILE_OBJECT File, FILE_INFORMATION_CLASS Class, PUCHAR Buffer, ULONG Length,
                                 BOOLEAN Single, PIO_DIRECTORY_ENTRY Entry, PULONG Returned)
{
    UNICODE_STRING All = { 0 }, *Pattern = &File->DirectoryPattern;
    PULONG Link = NULL;
    ULONG At = 0;
    NTSTATUS Status;

    if (Pattern->Length == sizeof(WCHAR) && Pattern->Buffer[0] == L'*')
        Pattern = &All;
    for (;;) {
        ULONG Index = File->DirectoryIndex, Used = 0;

        Status = File->Operations->QueryDirectory(File, Pattern, &Index, Entry);
        if (!NT_SUCCESS(Status))
            break;
        Status = At < Length ? IopPutEntry(Class, Entry, Buffer + At, Length - At, &Used) : STATUS_INFO_LENGTH_MISMATCH;
        if (!NT_SUCCESS(Status) && Link != NULL)
            return STATUS_SUCCESS;
        if (Status == STATUS_INFO_LENGTH_MISMATCH)
            return Status;
        if (Link != NULL)
            *Link = (ULONG)(Buffer + At - (PUCHAR)Link);
        Link = (PULONG)(Buffer + At);
        *Returned = At + Used;
        File->DirectoryIndex = Index;
        At = (ULONG)ALIGN_UP_BY(*Returned, 8);
        if (Single || Status == STATUS_BUFFER_OVERFLOW)
            return Status;
    }
    return Link != NULL && Status == STATUS_NO_MORE_FILES ? STATUS_SUCCESS : Status;
}

/* The pattern of the first call counts for the handle, until a scan that starts again brings another. */
static NTSTATUS IopSetPattern(PFILE_OBJECT File, PUNICODE_STRING FileName, BOOLEAN Restart)
{
    UNICODE_STRING Pattern, Everything = RTL_CONSTANT_STRING(L"*");
    NTSTATUS Status = STATUS_SUCCESS;

    if (Restart)
        File->DirectoryIndex = 0;
    if (File->DirectoryPattern.Buffer != NULL && (FileName == NULL || !Restart))
        return STATUS_SUCCESS;
    RtlZeroMemory(&Pattern, sizeof Pattern);
    if (FileName != NULL)
        Status = ExCaptureUnicodeString(ExGetPreviousMode(), &Pattern, FileName);
    if (NT_SUCCESS(Status) && Pattern.Length == 0) {
        ExFreeCapturedString(&Pattern);
        Status = ExCaptureUnicodeString(KernelMode, &Pattern, &Everything);
    }
    if (!NT_SUCCESS(Status))
        return Status;
    ExFreeCapturedString(&File->DirectoryPattern);
    File->DirectoryPattern = Pattern;
    return STATUS_SUCCESS;
}

static NTSTATUS IopQueryDirectory(PFILE_OBJECT File, FILE_INFORMATION_CLASS Class, PVOID User, ULONG Length, BOOLEAN Single,
                                  PUNICODE_STRING FileName, BOOLEAN Restart, PULONG Returned)
{
    BOOLEAN First = File->DirectoryPattern.Buffer == NULL;
    ULONG Size = min(Length, IOP_DIRECTORY_BUFFER);
    PIO_DIRECTORY_ENTRY Entry;
    PUCHAR Buffer;
    NTSTATUS Status, Stored;

    if (!File->Directory || File->Operations->QueryDirectory == NULL)
        return STATUS_INVALID_PARAMETER;
    if (Size < IopDirectoryFixed(Class))
        return STATUS_INFO_LENGTH_MISMATCH;
    Status = IopSetPattern(File, FileName, Restart);
    if (!NT_SUCCESS(Status))
        return Status;
    Buffer = ExAllocatePoolWithTag(PagedPool, Size, IOP_TAG);
    Entry = ExAllocatePoolWithTag(PagedPool, sizeof *Entry, IOP_TAG);
    if (Buffer == NULL || Entry == NULL)
        Status = STATUS_INSUFFICIENT_RESOURCES;
    else
        Status = IopFillDirectory(File, Class, Buffer, Size, Single, Entry, Returned);
    if (Status == STATUS_NO_MORE_FILES && First)
        Status = STATUS_NO_SUCH_FILE;
    if (*Returned != 0) {
        Stored = ExCopyToMode(ExGetPreviousMode(), User, Buffer, *Returned);
        Status = NT_SUCCESS(Stored) ? Status : Stored;
    }
    if (Buffer != NULL)
        ExFreePoolWithTag(Buffer, IOP_TAG);
    if (Entry != NULL)
        ExFreePoolWithTag(Entry, IOP_TAG);
    return Status;
}

NTSTATUS NTAPI NtQueryDirectoryFile(HANDLE FileHandle, HANDLE Event, PVOID ApcRoutine, PVOID ApcContext,
                                    PIO_STATUS_BLOCK IoStatusBlock, PVOID FileInformation, ULONG Length,
                                    FILE_INFORMATION_CLASS FileInformationClass, BOOLEAN ReturnSingleEntry,
                                    PUNICODE_STRING FileName, BOOLEAN RestartScan)
{
    PFILE_OBJECT File;
    ULONG Returned = 0;
    NTSTATUS Status;

    UNREFERENCED_PARAMETER(ApcContext);
    if (ApcRoutine != NULL)
        return STATUS_INVALID_PARAMETER;        /* there are no asynchronous procedure calls */
    if (IopDirectoryFixed(FileInformationClass) == 0)
        return STATUS_INVALID_INFO_CLASS;
    Status = ObReferenceObjectByHandle(FileHandle, FILE_LIST_DIRECTORY, IoFileObjectType, ExGetPreviousMode(),
                                       (PVOID *)&File, NULL);
    if (!NT_SUCCESS(Status))
        return Status;
    Status = IopQueryDirectory(File, FileInformationClass, FileInformation, Length, ReturnSingleEntry, FileName, RestartScan,
                               &Returned);
    ObDereferenceObject(File);
    return IopComplete(IoStatusBlock, Event, Status, Returned);
}
