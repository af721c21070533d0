/* Files: made, written, read back, listed, shared, renamed, deleted; on C: when it can be written. */
#include "svctest.h"

#define DIRECTORY_PATH L"\\??\\C:\\Windows\\Temp\\svctest"

static NTSTATUS OpenAt(HANDLE Root, PCWSTR Path, ACCESS_MASK Access, ULONG Share, ULONG Disposition, ULONG Options,
                       PHANDLE File)
{
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Name;
    IO_STATUS_BLOCK Io;

    RtlInitUnicodeString(&Name, Path);
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, Root, NULL);
    return NtCreateFile(File, Access | SYNCHRONIZE, &Attributes, &Io, NULL, FILE_ATTRIBUTE_NORMAL, Share, Disposition,
                        Options | FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0);
}

static NTSTATUS Rename(HANDLE File, HANDLE Root, PCWSTR Name, BOOLEAN Replace)
{
    static UCHAR Buffer[600] DECLSPEC_ALIGN(8);
    PFILE_RENAME_INFORMATION Information = (PVOID)Buffer;
    IO_STATUS_BLOCK Io;

    Information->ReplaceIfExists = Replace;
    Information->RootDirectory = Root;
    Information->FileNameLength = (ULONG)(wcslen(Name) * sizeof(WCHAR));
    memcpy(Information->FileName, Name, Information->FileNameLength);
    return NtSetInformationFile(File, &Io, Information, sizeof Buffer, FileRenameInformation);
}

static NTSTATUS Dispose(HANDLE File)
{
    FILE_DISPOSITION_INFORMATION Information = { TRUE };
    IO_STATUS_BLOCK Io;

    return NtSetInformationFile(File, &Io, &Information, sizeof Information, FileDispositionInformation);
}

/* How many entries a directory has that match; those of one query must all fit. */
static ULONG CountEntries(HANDLE Directory, PCWSTR Pattern)
{
    static UCHAR Buffer[4096] DECLSPEC_ALIGN(8);
    PFILE_BOTH_DIR_INFORMATION Entry = (PVOID)Buffer;
    UNICODE_STRING Name;
    IO_STATUS_BLOCK Io;
    ULONG Count = 1;

    RtlInitUnicodeString(&Name, Pattern);
    if (!NT_SUCCESS(NtQueryDirectoryFile(Directory, NULL, NULL, NULL, &Io, Buffer, sizeof Buffer,
                                         FileBothDirectoryInformation, FALSE, &Name, TRUE)))
        return 0;
    for (; Entry->NextEntryOffset != 0; Count++)
        Entry = (PVOID)((PUCHAR)Entry + Entry->NextEntryOffset);
    return Count;
}

static VOID TestContents(HANDLE Directory)
{
    static UCHAR Out[10000], In[10000];
    LARGE_INTEGER Offset = { .QuadPart = 5000 }, End = { .LowPart = FILE_WRITE_TO_END_OF_FILE, .HighPart = -1 };
    FILE_STANDARD_INFORMATION Standard;
    IO_STATUS_BLOCK Io;
    HANDLE File;

    for (ULONG i = 0; i < sizeof Out; i++)
        Out[i] = (UCHAR)(i * 7 + i / 251);
    CHECK_STATUS("a file is made", OpenAt(Directory, L"first file.text", GENERIC_READ | GENERIC_WRITE | DELETE, 0, FILE_CREATE,
                                          FILE_NON_DIRECTORY_FILE, &File), STATUS_SUCCESS);
    CHECK_STATUS("it is written", NtWriteFile(File, NULL, NULL, NULL, &Io, Out, sizeof Out, &Offset, NULL), STATUS_SUCCESS);
    CHECK_STATUS("and at its end", NtWriteFile(File, NULL, NULL, NULL, &Io, Out, 100, &End, NULL), STATUS_SUCCESS);
    NtQueryInformationFile(File, &Io, &Standard, sizeof Standard, FileStandardInformation);
    CHECK("its size", Standard.EndOfFile.QuadPart == 15100 && !Standard.Directory);
    CHECK_STATUS("it is read", NtReadFile(File, NULL, NULL, NULL, &Io, In, sizeof In, &Offset, NULL), STATUS_SUCCESS);
    CHECK("what was written comes back", Io.Information == sizeof In && memcmp(In, Out, sizeof In) == 0);
    Offset.QuadPart = 0;
    NtReadFile(File, NULL, NULL, NULL, &Io, In, 5000, &Offset, NULL);
    memset(Out, 0, 5000);
    CHECK("the gap before it is zero", Io.Information == 5000 && memcmp(In, Out, 5000) == 0);
    Offset.QuadPart = 20000;
    CHECK_STATUS("behind the end", NtReadFile(File, NULL, NULL, NULL, &Io, In, 1, &Offset, NULL), STATUS_END_OF_FILE);
    CHECK_STATUS("it is flushed", NtFlushBuffersFile(File, &Io), STATUS_SUCCESS);
    NtClose(File);
}

static VOID TestNames(HANDLE Directory)
{
    HANDLE File, Other, Below;

    OpenAt(Directory, L"FIRST FILE.TEXT", DELETE | FILE_READ_DATA, 0, FILE_OPEN, 0, &File);
    CHECK_STATUS("what is not shared", OpenAt(Directory, L"first file.text", FILE_READ_DATA, 7, FILE_OPEN, 0, &Other),
                 STATUS_SHARING_VIOLATION);
    CHECK_STATUS("a name alone", Rename(File, NULL, L"second.txt", FALSE), STATUS_SUCCESS);
    CHECK_STATUS("only the case", Rename(File, NULL, L"SECOND.txt", FALSE), STATUS_SUCCESS);
    CHECK_STATUS("a name below a handle", Rename(File, Directory, L"third.txt", FALSE), STATUS_SUCCESS);
    CHECK_STATUS("a directory", OpenAt(Directory, L"below", GENERIC_READ | DELETE, 7, FILE_CREATE, FILE_DIRECTORY_FILE, &Below),
                 STATUS_SUCCESS);
    CHECK_STATUS("a full path", Rename(File, NULL, DIRECTORY_PATH L"\\below\\fourth.txt", FALSE), STATUS_SUCCESS);
    CHECK_STATUS("another device", Rename(File, NULL, L"\\Device\\BootModules\\x", FALSE), STATUS_NOT_SAME_DEVICE);
    CHECK("the directory lists it", CountEntries(Below, L"*") == 3 && CountEntries(Below, L"*.TXT") == 1);
    CHECK_STATUS("a directory with something in it", Dispose(Below), STATUS_DIRECTORY_NOT_EMPTY);
    CHECK_STATUS("the file goes", Dispose(File), STATUS_SUCCESS);
    CHECK_STATUS("while it goes", OpenAt(Directory, L"below\\fourth.txt", FILE_READ_ATTRIBUTES, 7, FILE_OPEN, 0, &Other),
                 STATUS_DELETE_PENDING);
    NtClose(File);
    CHECK_STATUS("it is gone", OpenAt(Directory, L"below\\fourth.txt", FILE_READ_ATTRIBUTES, 7, FILE_OPEN, 0, &Other),
                 STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK_STATUS("now the directory", Dispose(Below), STATUS_SUCCESS);
    NtClose(Below);
    CHECK_STATUS("gone too", OpenAt(Directory, L"below\\x", FILE_READ_ATTRIBUTES, 7, FILE_OPEN, 0, &Other),
                 STATUS_OBJECT_PATH_NOT_FOUND);
}

static VOID TestVolume(HANDLE Directory)
{
    UCHAR Buffer[128] DECLSPEC_ALIGN(8);
    PFILE_FS_SIZE_INFORMATION Size = (PVOID)Buffer;
    PFILE_FS_ATTRIBUTE_INFORMATION System = (PVOID)Buffer;
    IO_STATUS_BLOCK Io;
    HANDLE File;

    CHECK_STATUS("sizes", NtQueryVolumeInformationFile(Directory, &Io, Buffer, sizeof Buffer, FileFsSizeInformation),
                 STATUS_SUCCESS);
    CHECK("some of it is free", Size->AvailableAllocationUnits.QuadPart > 0 && Size->BytesPerSector == 512 &&
          Size->AvailableAllocationUnits.QuadPart < Size->TotalAllocationUnits.QuadPart);
    CHECK_STATUS("the file system", NtQueryVolumeInformationFile(Directory, &Io, Buffer, sizeof Buffer,
                                                                 FileFsAttributeInformation), STATUS_SUCCESS);
    CHECK("is FAT32", System->FileSystemNameLength == 10 && memcmp(System->FileSystemName, L"FAT32", 10) == 0);
    CHECK_STATUS("the root by its separator", OpenAt(NULL, L"\\??\\C:\\", FILE_LIST_DIRECTORY, 7, FILE_OPEN,
                                                     FILE_DIRECTORY_FILE, &File), STATUS_SUCCESS);
    CHECK("holds Windows", CountEntries(File, L"WINDOWS") == 1);
    NtClose(File);
    CHECK_STATUS("a program that runs", OpenAt(NULL, L"\\SystemRoot\\System32\\ntdll.dll", FILE_WRITE_DATA, 7, FILE_OPEN, 0,
                                               &File), STATUS_SHARING_VIOLATION);
}

VOID TestFiles(VOID)
{
    HANDLE Directory;
    NTSTATUS Status;

    OpenAt(NULL, L"\\??\\C:\\Windows\\Temp", FILE_LIST_DIRECTORY, 7, FILE_OPEN_IF, FILE_DIRECTORY_FILE, &Directory);
    Status = OpenAt(NULL, DIRECTORY_PATH, GENERIC_READ | DELETE, 7, FILE_CREATE, FILE_DIRECTORY_FILE | FILE_DELETE_ON_CLOSE,
                    &Directory);
    if (Status == STATUS_MEDIA_WRITE_PROTECTED || Status == STATUS_OBJECT_PATH_NOT_FOUND) {
        DbgPrint("no volume that may be written: files are not tested\n");
        return;
    }
    CHECK_STATUS("a directory is made", Status, STATUS_SUCCESS);
    TestContents(Directory);
    TestNames(Directory);
    TestVolume(Directory);
    NtClose(Directory);
    CHECK_STATUS("it goes with its last handle", OpenAt(NULL, DIRECTORY_PATH, FILE_READ_ATTRIBUTES, 7, FILE_OPEN, 0, &Directory),
                 STATUS_OBJECT_NAME_NOT_FOUND);
}
