/* Paging files: made by NtCreatePagingFile, grown when more memory is promised, kept until the end. */
#include "mip.h"
#include "pagefile.h"

#define MI_GROWTH (1ull << 20)          /* bytes by which a paging file grows, or a multiple */

PMMPAGING_FILE MmPagingFile[MI_MAXIMUM_PAGING_FILES];
ULONG MmNumberOfPagingFiles;

UNICODE_STRING MiPagingFileWin32Name(PMMPAGING_FILE File)
{
    static const UNICODE_STRING Prefix = RTL_CONSTANT_STRING(L"\\??\\");
    UNICODE_STRING Name = File->Name;

    if (RtlPrefixUnicodeString(&Prefix, &Name, TRUE)) {
        Name.Buffer += Prefix.Length / sizeof(WCHAR);
        Name.Length -= Prefix.Length;
    }
    return Name;
}

ULONG64 MiPagingFileSlots(VOID)
{
    ULONG64 Slots = 0;

    for (ULONG i = 0; i < MmNumberOfPagingFiles; i++)
        Slots += MmPagingFile[i]->Slots.Count - 1;
    return Slots;
}

/* The file gets that size on the disk, its slots and its extents follow. On failure it is as before. */
static NTSTATUS MiResizePagingFile(PMMPAGING_FILE File, ULONG64 Size)
{
    ULONG Count = (ULONG)(Size >> PAGE_SHIFT);
    ULONG64 OldSize = File->Size;
    PULONG64 Map = ExAllocatePoolWithTag(NonPagedPool, (Count + 63) / 64 * sizeof *Map, MI_TAG);
    NTSTATUS Status = Map != NULL ? IoSetEndOfFile(File->File, Size) : STATUS_INSUFFICIENT_RESOURCES;

    if (NT_SUCCESS(Status))
        Status = IoFlushFile(File->File);
    if (NT_SUCCESS(Status)) {
        File->Size = Size;
        Status = MiLocatePagingFile(File);
    }
    if (!NT_SUCCESS(Status)) {
        File->Size = OldSize;
        if (Map != NULL)
            ExFreePoolWithTag(Map, MI_TAG);
        return Status;
    }
    if (File->Slots.Map == NULL)
        MiInitializeSlots(&File->Slots, Map, Count);
    else
        ExFreePoolWithTag(MiGrowSlots(&File->Slots, Map, Count), MI_TAG);
    return STATUS_SUCCESS;
}

VOID MiExtendPagingFiles(ULONG64 Slots)
{
    for (ULONG i = 0; i < MmNumberOfPagingFiles && Slots != 0; i++) {
        PMMPAGING_FILE File = MmPagingFile[i];
        ULONG64 Room = File->MaximumSize - File->Size;
        ULONG64 More = Slots >= Room >> PAGE_SHIFT ? Room : ALIGN_UP_BY(Slots << PAGE_SHIFT, MI_GROWTH);

        if (More > Room)
            More = Room;
        if (More == 0 || !NT_SUCCESS(MiResizePagingFile(File, File->Size + More)))
            continue;
        Slots -= More >> PAGE_SHIFT < Slots ? More >> PAGE_SHIFT : Slots;
    }
}

/* A dump that lies in the file was looked at before the file is used for paging: its header must not be found again. */
static NTSTATUS MiForgetCrashDump(PMMPAGING_FILE File)
{
    PULONG Header = ExAllocatePoolWithTag(NonPagedPool, PAGE_SIZE, MI_TAG);
    NTSTATUS Status;

    if (Header == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    Status = MiTransferPages(File, FALSE, 0, Header, 1);
    if (NT_SUCCESS(Status) && memcmp(Header, "PAGEDU64", 8) == 0) {
        RtlZeroMemory(Header, PAGE_SIZE);
        Status = MiTransferPages(File, TRUE, 0, Header, 1);
    }
    ExFreePoolWithTag(Header, MI_TAG);
    return Status;
}

static VOID MiDeletePagingFile(PMMPAGING_FILE File)
{
    if (File->File != NULL)
        ObDereferenceObject(File->File);
    if (File->Slots.Map != NULL)
        ExFreePoolWithTag(File->Slots.Map, MI_TAG);
    if (File->Extents != NULL)
        ExFreePoolWithTag(File->Extents, MI_TAG);
    ExFreePoolWithTag(File, MI_TAG);
}

/* A file that is larger than the paging file shall be is cut first: once it is a paging file it only grows. */
static NTSTATUS MiCutPagingFile(PMMPAGING_FILE File)
{
    IO_CREATE_PARAMETERS Parameters = {
        .DesiredAccess = FILE_READ_DATA | FILE_WRITE_DATA | SYNCHRONIZE, .ShareAccess = 0, .Disposition = FILE_OPEN,
        .Options = FILE_NON_DIRECTORY_FILE
    };
    IO_FILE_ATTRIBUTES Attributes;
    PFILE_OBJECT Existing;
    NTSTATUS Status = IoCreateFileEx2(&File->Name, &Parameters, &Existing);

    if (Status == STATUS_OBJECT_NAME_NOT_FOUND)
        return STATUS_SUCCESS;
    if (!NT_SUCCESS(Status))
        return Status;
    Status = IoQueryFileAttributes(Existing, &Attributes);
    if (NT_SUCCESS(Status) && Attributes.EndOfFile > File->MinimumSize)
        Status = IoSetEndOfFile(Existing, File->MinimumSize);
    ObDereferenceObject(Existing);
    return Status;
}

/* What was made for nothing goes again. */
static VOID MiDiscardPagingFile(PUNICODE_STRING Name)
{
    IO_CREATE_PARAMETERS Parameters = { .DesiredAccess = DELETE, .ShareAccess = 0, .Disposition = FILE_OPEN,
                                        .Options = FILE_NON_DIRECTORY_FILE | FILE_DELETE_ON_CLOSE };
    PFILE_OBJECT File;

    if (NT_SUCCESS(IoCreateFileEx2(Name, &Parameters, &File)))
        ObDereferenceObject(File);
}

/* Opens or makes the file, for nobody but us, with its first size. */
static NTSTATUS MiOpenPagingFile(PMMPAGING_FILE File)
{
    IO_CREATE_PARAMETERS Parameters = {
        .DesiredAccess = FILE_READ_DATA | FILE_WRITE_DATA | SYNCHRONIZE, .ShareAccess = 0,
        .Disposition = FILE_OPEN_IF, .Options = FILE_NON_DIRECTORY_FILE | FILE_NO_INTERMEDIATE_BUFFERING,
        .FileAttributes = FILE_ATTRIBUTE_HIDDEN | FILE_ATTRIBUTE_SYSTEM, .Flags = IO_OPEN_PAGING_FILE
    };
    NTSTATUS Status = MiCutPagingFile(File);

    if (NT_SUCCESS(Status))
        Status = IoCreateFileEx2(&File->Name, &Parameters, &File->File);
    if (!NT_SUCCESS(Status))
        return Status;
    File->VolumeStart = IoVolumeOffset(File->File->DeviceObject);
    Status = IoVolumeSize(File->File->DeviceObject) != 0 ? MiResizePagingFile(File, File->MinimumSize)
                                                         : STATUS_UNRECOGNIZED_VOLUME;
    if (NT_SUCCESS(Status))
        Status = MiForgetCrashDump(File);
    if (!NT_SUCCESS(Status)) {
        ObDereferenceObject(File->File);
        File->File = NULL;
        if (Parameters.Information == FILE_CREATED)
            MiDiscardPagingFile(&File->Name);
    }
    return Status;
}

static NTSTATUS MiAddPagingFile(PCUNICODE_STRING Name, ULONG64 Minimum, ULONG64 Maximum)
{
    PMMPAGING_FILE File;
    UNICODE_STRING Path;
    NTSTATUS Status;

    if (MmNumberOfPagingFiles == MI_MAXIMUM_PAGING_FILES)
        return STATUS_TOO_MANY_PAGING_FILES;
    if (!MiPrepareTrimming())
        return STATUS_INSUFFICIENT_RESOURCES;
    File = ExAllocatePoolWithTag(NonPagedPool, sizeof *File + Name->Length, MI_TAG);
    if (File == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    File->Name.Length = File->Name.MaximumLength = Name->Length;
    File->Name.Buffer = (PWSTR)(File + 1);
    RtlCopyMemory(File->Name.Buffer, Name->Buffer, Name->Length);
    File->MinimumSize = Minimum;
    File->MaximumSize = Maximum;
    Status = MiOpenPagingFile(File);
    if (!NT_SUCCESS(Status)) {
        MiDeletePagingFile(File);
        return Status;
    }
    MmPagingFile[MmNumberOfPagingFiles++] = File;
    Path = MiPagingFileWin32Name(File);
    ExRecordFact("paging-file.create", "path=%wZ size=%I64u maximum=%I64u", &Path, File->Size, File->MaximumSize);
    return STATUS_SUCCESS;
}

/* The same file again: it may become larger, never smaller. */
static NTSTATUS MiEnlargePagingFile(PMMPAGING_FILE File, ULONG64 Minimum, ULONG64 Maximum)
{
    NTSTATUS Status;

    if (Minimum < File->MinimumSize)
        return STATUS_INVALID_PARAMETER_2;
    if (Maximum < File->MaximumSize)
        return STATUS_INVALID_PARAMETER_3;
    if (Minimum > File->Size) {
        Status = MiResizePagingFile(File, Minimum);
        if (!NT_SUCCESS(Status))
            return Status;
    }
    File->MinimumSize = Minimum;
    File->MaximumSize = Maximum;
    return STATUS_SUCCESS;
}

static NTSTATUS MiCreatePagingFile(PCUNICODE_STRING Name, ULONG64 Minimum, ULONG64 Maximum)
{
    ULONG64 Limit = (ULONG64)MI_MAXIMUM_SLOTS << PAGE_SHIFT;

    /* The header's page and one to use are the least. */
    if (Minimum < 2 * PAGE_SIZE || Minimum > Limit)
        return STATUS_INVALID_PARAMETER_2;
    if (Maximum < Minimum || Maximum > Limit)
        return STATUS_INVALID_PARAMETER_3;
    Minimum = ROUND_TO_PAGES(Minimum);
    Maximum = ROUND_TO_PAGES(Maximum);
    for (ULONG i = 0; i < MmNumberOfPagingFiles; i++) {
        if (RtlEqualUnicodeString(&MmPagingFile[i]->Name, Name, TRUE))
            return MiEnlargePagingFile(MmPagingFile[i], Minimum, Maximum);
    }
    return MiAddPagingFile(Name, Minimum, Maximum);
}

NTSTATUS NTAPI NtCreatePagingFile(PUNICODE_STRING PageFileName, PLARGE_INTEGER MinimumSize, PLARGE_INTEGER MaximumSize,
                                  ULONG Priority)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    LARGE_INTEGER Minimum, Maximum;
    UNICODE_STRING Name;
    NTSTATUS Status;

    UNREFERENCED_PARAMETER(Priority);
    if (Mode == UserMode && !SePrivilegeCheckToken(NULL, SE_CREATE_PAGEFILE_PRIVILEGE)) {
        ExRecordFact("access.denied", "type=PagingFile privilege=%s", SePrivilegeName(SE_CREATE_PAGEFILE_PRIVILEGE));
        return STATUS_PRIVILEGE_NOT_HELD;
    }
    Status = ExCopyFromMode(Mode, &Minimum, MinimumSize, sizeof Minimum);
    if (NT_SUCCESS(Status))
        Status = ExCopyFromMode(Mode, &Maximum, MaximumSize, sizeof Maximum);
    if (NT_SUCCESS(Status))
        Status = ExCaptureUnicodeString(Mode, &Name, PageFileName);
    if (!NT_SUCCESS(Status))
        return Status;
    Status = Name.Length != 0 ? MiCreatePagingFile(&Name, (ULONG64)Minimum.QuadPart, (ULONG64)Maximum.QuadPart)
                              : STATUS_OBJECT_NAME_INVALID;
    ExFreeCapturedString(&Name);
    return Status;
}
