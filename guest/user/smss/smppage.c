/* S17: the paging files of the registry, as large as their volumes allow (docs/volume.md, section 10). */
#include "smss.h"

static SMP_PAGING_FILE Files[SMP_MAX_PAGING_FILES];
static ULONG FileCount;
static ULONG Created;
static BOOLEAN Parsed;

static BOOLEAN IsDuplicate(PCWSTR Path)
{
    for (ULONG i = 0; i < FileCount; i++) {
        if (!_wcsicmp(Files[i].Path, Path))
            return TRUE;
    }
    return FALSE;
}

/* Descriptors from the entries; what is none is left out and logged. */
static VOID ParseEntries(VOID)
{
    if (Parsed)
        return;
    Parsed = TRUE;
    for (PLIST_ENTRY Link = SmpPagingFileList.Flink; Link != &SmpPagingFileList; Link = Link->Flink) {
        PUNICODE_STRING Entry = &CONTAINING_RECORD(Link, SMP_REGISTRY_VALUE, Link)->Name;
        SMP_PAGING_FILE File;
        NTSTATUS Status = SmpParsePagingFile(Entry->Buffer, &File);

        if (NT_SUCCESS(Status) && IsDuplicate(File.Path))
            Status = STATUS_OBJECT_NAME_COLLISION;
        if (NT_SUCCESS(Status) && FileCount == SMP_MAX_PAGING_FILES)
            Status = STATUS_TOO_MANY_PAGING_FILES;
        if (NT_SUCCESS(Status))
            Files[FileCount++] = File;
        else
            SmpLogEvent(SMP_EVENT_PAGING_FILE, Status, L"An entry of PagingFiles was left out: ", Entry);
    }
}

VOID SmpBootPagingFile(PWSTR Path)
{
    WCHAR Boot = RtlUpcaseUnicodeChar(*(PCWSTR)USER_SHARED_DATA->NtSystemRoot);

    ParseEntries();
    wcscpy(Path, L"?:\\pagefile.sys");
    for (ULONG i = 0; i < FileCount; i++) {
        if (*Files[i].Path == L'?' || RtlUpcaseUnicodeChar(*Files[i].Path) == Boot) {
            wcscpy(Path, Files[i].Path);
            break;
        }
    }
    *Path = Boot;
}

static ULONG64 PresentSize(PCWSTR DosPath)
{
    FILE_STANDARD_INFORMATION Standard;
    UNICODE_STRING Path;
    IO_STATUS_BLOCK Io;
    HANDLE File;
    NTSTATUS Status;

    if (!RtlDosPathNameToNtPathName_U(DosPath, &Path, NULL, NULL))
        return 0;
    Status = SmpOpenFile(&Path, FILE_READ_ATTRIBUTES, FILE_NON_DIRECTORY_FILE, &File);
    RtlFreeUnicodeString(&Path);
    if (!NT_SUCCESS(Status))
        return 0;
    Status = NtQueryInformationFile(File, &Io, &Standard, sizeof(Standard), FileStandardInformation);
    NtClose(File);
    return NT_SUCCESS(Status) ? (ULONG64)Standard.AllocationSize.QuadPart : 0;
}

/* The room of the file's volume, for which it gets its letter. FALSE: there is no such volume. */
static BOOLEAN ChooseVolume(PSMP_PAGING_FILE File, PULONG64 Room)
{
    ULONG Letters = SmpQueryDriveLetters();
    BOOLEAN Any = *File->Path == L'?', Fits = FALSE;
    WCHAR Best = 0, Path[SMP_PATH_LENGTH];

    wcscpy(Path, File->Path);
    for (WCHAR Letter = L'A'; Letter <= L'Z' && !Fits; Letter++) {
        ULONG64 Free, Here;

        if (!(Letters & 1u << (Letter - L'A')) || (!Any && RtlUpcaseUnicodeChar(*File->Path) != Letter) ||
            !SmpQueryVolume(Letter, &Free))
            continue;
        *Path = Letter;
        Here = SmpVolumeRoom(Free, PresentSize(Path));
        Fits = Here >= File->Maximum;
        if (!Best || Fits || Here > *Room) {
            Best = Letter;
            *Room = Here;
        }
    }
    if (Best && Any)
        *File->Path = Best;
    return Best != 0;
}

static NTSTATUS CallCreate(PSMP_PAGING_FILE File, ULONG Index)
{
    LARGE_INTEGER Minimum = { .QuadPart = (LONGLONG)File->Minimum }, Maximum = { .QuadPart = (LONGLONG)File->Maximum };
    UNICODE_STRING Path;
    NTSTATUS Status;

    if (!RtlDosPathNameToNtPathName_U(File->Path, &Path, NULL, NULL))
        return STATUS_OBJECT_NAME_INVALID;
    do {
        Minimum.QuadPart = (LONGLONG)File->Minimum;
        Status = NtCreatePagingFile(&Path, &Minimum, &Maximum, Index);
    } while (Status == STATUS_DISK_FULL && SmpShrinkPagingFile(File));
    RtlFreeUnicodeString(&Path);
    return Status;
}

/* The outcome as a claim, and in the log when it is a failure. */
static VOID Report(CONST SMP_PAGING_FILE *File, NTSTATUS Status, PCWSTR Kind)
{
    UNICODE_STRING Path;

    RtlInitUnicodeString(&Path, File->Path);
    RtlpClaim("smss.paging-file", "path=%wZ minimum=%u maximum=%u status=%x kind=%ws", &Path, (ULONG)File->Minimum,
              (ULONG)File->Maximum, Status, Kind);
    Created += NT_SUCCESS(Status);
    if (!NT_SUCCESS(Status))
        SmpLogEvent(SMP_EVENT_PAGING_FILE, Status, L"A paging file was not made: ", &Path);
}

static VOID CreateListedFile(PSMP_PAGING_FILE File, ULONG Index)
{
    NTSTATUS Status = STATUS_NO_SUCH_DEVICE;
    ULONG64 Room = 0;

    if (ChooseVolume(File, &Room))
        Status = SmpFitPagingFile(File, Room) ? CallCreate(File, Index) : STATUS_DISK_FULL;
    Report(File, Status, File->Managed ? L"managed" : L"listed");
}

/* When none of them could be made: a small one, if need be with the last free bytes. */
static VOID CreateEmergencyFile(VOID)
{
    SMP_PAGING_FILE File = { L"?:\\pagefile.sys", SMP_EMERGENCY_SIZE, SMP_EMERGENCY_SIZE, FALSE };
    ULONG Letters = SmpQueryDriveLetters();
    ULONG64 Free, Most = 0;
    NTSTATUS Status = STATUS_DISK_FULL;

    for (WCHAR Letter = L'A'; Letter <= L'Z'; Letter++) {
        if (!(Letters & 1u << (Letter - L'A')) || !SmpQueryVolume(Letter, &Free) ||
            (*File.Path != L'?' && Free <= Most))
            continue;
        *File.Path = Letter;
        Most = Free;
    }
    if (*File.Path == L'?')
        return;
    if (SmpFitPagingFile(&File, Most + PresentSize(File.Path)))
        Status = CallCreate(&File, FileCount);
    Report(&File, Status, L"emergency");
}

/* S17; S-023, S-035, S-038, S-113 */
VOID SmpCreatePagingFiles(VOID)
{
    SYSTEM_BASIC_INFORMATION Basic;
    BOOLEAN WasEnabled = TRUE;

    ParseEntries();
    RtlpClaim("smss.paging-files.begin", "count=%u", FileCount);
    SMP_CHECK(NtQuerySystemInformation(SystemBasicInformation, &Basic, sizeof(Basic), NULL), "SystemBasicInformation");
    RtlAdjustPrivilege(SE_CREATE_PAGEFILE_PRIVILEGE, TRUE, FALSE, &WasEnabled);
    for (ULONG i = 0; i < FileCount; i++) {
        SmpResolvePagingFile(&Files[i], (ULONG64)Basic.NumberOfPhysicalPages * Basic.PageSize);
        CreateListedFile(&Files[i], i);
    }
    if (FileCount && !Created)
        CreateEmergencyFile();
    if (!WasEnabled)
        RtlAdjustPrivilege(SE_CREATE_PAGEFILE_PRIVILEGE, FALSE, FALSE, &WasEnabled);
    RtlpClaim("smss.paging-files.end", NULL);
}
