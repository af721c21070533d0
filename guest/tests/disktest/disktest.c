/* The disks' test: a native program that stands in for smss.exe and uses disks, volumes and drivers from user mode. It prints
 * `ok <name>`, `FAILED <name> ...`, and what it finds for the host to compare: `volume <n> <bytes> <crc>`, `link <path> <target>`;
 * `done <failures>` comes last. */
#include <nt.h>
#include <nt_services.h>
#include <ntdddisk.h>

#define CHUNK 0x30000u              /* more than one of the kernel's own pieces */
#define SECTOR 512u
#define SCRATCH_SECTOR 5u           /* what the test writes on the last volume of the first disk */
#define SCRATCH_SECTORS 300u
#define SERVICES L"\\Registry\\Machine\\SYSTEM\\CurrentControlSet\\Services\\"

static ULONG Failures;
static UCHAR Buffer[CHUNK + 64];

static VOID CheckStatus(PCSTR Name, NTSTATUS Value, NTSTATUS Expected)
{
    if (Value == Expected) {
        DbgPrint("ok %s\n", Name);
        return;
    }
    Failures++;
    DbgPrint("FAILED %s: 0x%X, expected 0x%X\n", Name, (ULONG)Value, (ULONG)Expected);
}

static VOID Check(PCSTR Name, BOOLEAN Condition) { CheckStatus(Name, Condition ? 0 : STATUS_UNSUCCESSFUL, 0); }

static NTSTATUS Open(PCWSTR Path, ACCESS_MASK Access, PHANDLE Handle)
{
    UNICODE_STRING Name;
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Io;

    RtlInitUnicodeString(&Name, Path);
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    return NtOpenFile(Handle, Access | SYNCHRONIZE, &Attributes, &Io, FILE_SHARE_READ | FILE_SHARE_WRITE,
                      FILE_SYNCHRONOUS_IO_NONALERT);
}

static NTSTATUS Transfer(HANDLE Handle, BOOLEAN Write, ULONG64 Offset, PVOID Data, ULONG Length, PULONG Done)
{
    LARGE_INTEGER At = { .QuadPart = (LONGLONG)Offset };
    IO_STATUS_BLOCK Io = { 0 };
    NTSTATUS Status = Write ? NtWriteFile(Handle, NULL, NULL, NULL, &Io, Data, Length, &At, NULL)
                            : NtReadFile(Handle, NULL, NULL, NULL, &Io, Data, Length, &At, NULL);

    *Done = NT_SUCCESS(Status) ? (ULONG)Io.Information : 0;
    return Status;
}

static VOID ShowLink(PCWSTR Path)
{
    WCHAR Text[128];
    UNICODE_STRING Name, Target = { 0, sizeof Text, Text };
    OBJECT_ATTRIBUTES Attributes;
    HANDLE Link;

    RtlInitUnicodeString(&Name, Path);
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    if (!NT_SUCCESS(NtOpenSymbolicLinkObject(&Link, SYMBOLIC_LINK_QUERY, &Attributes)))
        return;
    if (NT_SUCCESS(NtQuerySymbolicLinkObject(Link, &Target, NULL)))
        DbgPrint("link %wZ %wZ\n", &Name, &Target);
    NtClose(Link);
}

static VOID ShowLinks(VOID)
{
    WCHAR Path[80];

    ShowLink(L"\\SystemRoot");
    for (WCHAR Letter = L'A'; Letter <= L'Z'; Letter++) {
        _snwprintf(Path, RTL_NUMBER_OF(Path), L"\\GLOBAL??\\%c:", Letter);
        ShowLink(Path);
    }
    for (ULONG Disk = 0; Disk < 4; Disk++) {
        _snwprintf(Path, RTL_NUMBER_OF(Path), L"\\GLOBAL??\\PhysicalDrive%u", Disk);
        ShowLink(Path);
        for (ULONG Partition = 0; Partition < 10; Partition++) {
            _snwprintf(Path, RTL_NUMBER_OF(Path), L"\\Device\\Harddisk%u\\Partition%u", Disk, Partition);
            ShowLink(Path);
            _snwprintf(Path, RTL_NUMBER_OF(Path), L"\\ArcName\\multi(0)disk(0)rdisk(%u)partition(%u)", Disk, Partition);
            ShowLink(Path);
        }
    }
}

/* Every byte of every volume, through a buffer that begins anywhere. */
static ULONG ReadVolumes(VOID)
{
    WCHAR Path[64];
    ULONG Number = 0;
    HANDLE Volume;

    for (;; Number++) {
        ULONG64 Offset = 0;
        ULONG Crc = 0, Done;
        NTSTATUS Status;

        _snwprintf(Path, RTL_NUMBER_OF(Path), L"\\Device\\HarddiskVolume%u", Number + 1);
        if (!NT_SUCCESS(Open(Path, FILE_READ_DATA, &Volume)))
            return Number;
        do {
            Status = Transfer(Volume, FALSE, Offset, Buffer + Number % 7, CHUNK, &Done);
            Crc = RtlComputeCrc32(Crc, Buffer + Number % 7, Done);
            Offset += Done;
        } while (NT_SUCCESS(Status));
        CheckStatus("a volume ends", Status, STATUS_END_OF_FILE);
        DbgPrint("volume %u %I64u %08x\n", Number + 1, Offset, Crc);
        NtClose(Volume);
    }
}

static VOID TestWrites(ULONG Number)
{
    WCHAR Path[64];
    HANDLE Volume;
    ULONG Done;

    _snwprintf(Path, RTL_NUMBER_OF(Path), L"\\Device\\HarddiskVolume%u\\file", Number);
    CheckStatus("a volume without file system has no paths", Open(Path, FILE_READ_DATA, &Volume), STATUS_UNRECOGNIZED_VOLUME);
    _snwprintf(Path, RTL_NUMBER_OF(Path), L"\\GLOBAL??\\HarddiskVolume%u", Number);
    CheckStatus("the volume opens for writing", Open(Path, FILE_READ_DATA | FILE_WRITE_DATA, &Volume), STATUS_SUCCESS);
    CheckStatus("half a sector is refused", Transfer(Volume, FALSE, 0, Buffer, 100, &Done), STATUS_INVALID_PARAMETER);
    CheckStatus("a crooked offset is refused", Transfer(Volume, TRUE, 100, Buffer, SECTOR, &Done), STATUS_INVALID_PARAMETER);
    for (ULONG i = 0; i < SCRATCH_SECTORS * SECTOR; i++)
        Buffer[i] = (UCHAR)(i * 7 + i / SECTOR);
    CheckStatus("the volume is written", Transfer(Volume, TRUE, SCRATCH_SECTOR * SECTOR, Buffer, SCRATCH_SECTORS * SECTOR, &Done),
                STATUS_SUCCESS);
    RtlZeroMemory(Buffer, sizeof Buffer);
    Transfer(Volume, FALSE, SCRATCH_SECTOR * SECTOR, Buffer + 3, SCRATCH_SECTORS * SECTOR, &Done);
    Check("what was written is read", Done == SCRATCH_SECTORS * SECTOR && Buffer[3 + 1000] == (UCHAR)(1000 * 7 + 1) &&
                                          Buffer[3 + 299 * SECTOR] == (UCHAR)(299 * SECTOR * 7 + 299));
    NtClose(Volume);
}

static NTSTATUS Control(HANDLE Handle, ULONG Code, PVOID Output, ULONG Length)
{
    IO_STATUS_BLOCK Io = { 0 };

    return DEVICE_TYPE_FROM_CTL_CODE(Code) == FILE_DEVICE_FILE_SYSTEM
               ? NtFsControlFile(Handle, NULL, NULL, NULL, &Io, Code, NULL, 0, Output, Length)
               : NtDeviceIoControlFile(Handle, NULL, NULL, NULL, &Io, Code, NULL, 0, Output, Length);
}

/* Under the lock, and only under it, the volume below a file system is written; the lock goes with the handle. */
static VOID TestLock(PCWSTR Path, HANDLE Volume)
{
    HANDLE Second;
    ULONG Done;

    CheckStatus("what is mounted is not overwritten", Transfer(Volume, TRUE, 0, Buffer, SECTOR, &Done), STATUS_ACCESS_DENIED);
    CheckStatus("unlocked is not unlocked", Control(Volume, FSCTL_UNLOCK_VOLUME, NULL, 0), STATUS_NOT_LOCKED);
    CheckStatus("the volume is locked", Control(Volume, FSCTL_LOCK_VOLUME, NULL, 0), STATUS_SUCCESS);
    CheckStatus("and written", Transfer(Volume, TRUE, 0, Buffer, SECTOR, &Done), STATUS_SUCCESS);
    CheckStatus("a second open", Open(Path, FILE_READ_DATA | FILE_WRITE_DATA, &Second), STATUS_SUCCESS);
    CheckStatus("does not lock", Control(Second, FSCTL_LOCK_VOLUME, NULL, 0), STATUS_ACCESS_DENIED);
    CheckStatus("does not unlock", Control(Second, FSCTL_UNLOCK_VOLUME, NULL, 0), STATUS_NOT_LOCKED);
    CheckStatus("does not write", Transfer(Second, TRUE, 0, Buffer, SECTOR, &Done), STATUS_ACCESS_DENIED);
    NtClose(Volume);
    CheckStatus("locks when the first is closed", Control(Second, FSCTL_LOCK_VOLUME, NULL, 0), STATUS_SUCCESS);
    NtClose(Second);
}

/* What a volume, or a disk, says of itself. */
static VOID ShowDevice(PCWSTR Path)
{
    PARTITION_INFORMATION_EX Part;
    GET_LENGTH_INFORMATION Length;
    DISK_GEOMETRY Geometry;
    HANDLE Device;

    if (!NT_SUCCESS(Open(Path, FILE_READ_DATA, &Device)))
        return;
    CheckStatus("length", Control(Device, IOCTL_DISK_GET_LENGTH_INFO, &Length, sizeof Length), STATUS_SUCCESS);
    CheckStatus("half a length", Control(Device, IOCTL_DISK_GET_LENGTH_INFO, &Length, 4), STATUS_BUFFER_TOO_SMALL);
    CheckStatus("geometry", Control(Device, IOCTL_DISK_GET_DRIVE_GEOMETRY, &Geometry, sizeof Geometry), STATUS_SUCCESS);
    CheckStatus("partition", Control(Device, IOCTL_DISK_GET_PARTITION_INFO_EX, &Part, sizeof Part), STATUS_SUCCESS);
    CheckStatus("no such code", Control(Device, 0x00070FFC, &Part, sizeof Part), STATUS_INVALID_DEVICE_REQUEST);
    DbgPrint("device %I64u %u %u %u %I64u %08x\n", Length.Length.QuadPart, Geometry.BytesPerSector,
             (ULONG)Part.PartitionStyle, Part.PartitionNumber, Part.StartingOffset.QuadPart, Part.Gpt.PartitionId.Data1);
    NtClose(Device);
}

/* A volume with tests/testfs on it: its file, twice, and what protects it. */
static VOID TestMounted(HANDLE File, ULONG Number)
{
    WCHAR Path[64];
    HANDLE Again, Volume;
    ULONG Done;

    _snwprintf(Path, RTL_NUMBER_OF(Path), L"\\Device\\HarddiskVolume%u\\FILE", Number);
    CheckStatus("the file is read", Transfer(File, FALSE, 0, Buffer, SECTOR, &Done), STATUS_SUCCESS);
    DbgPrint("file %u %08x\n", Done, RtlComputeCrc32(0, Buffer, Done));
    CheckStatus("the file opens twice", Open(Path, FILE_READ_DATA, &Again), STATUS_SUCCESS);
    NtClose(Again);
    NtClose(File);
    CheckStatus("no other file", (Path[wcslen(Path) - 1] = L'x', Open(Path, FILE_READ_DATA, &Again)), STATUS_OBJECT_NAME_NOT_FOUND);
    _snwprintf(Path, RTL_NUMBER_OF(Path), L"\\Device\\HarddiskVolume%u", Number);
    CheckStatus("the raw volume opens", Open(Path, FILE_READ_DATA | FILE_WRITE_DATA, &Volume), STATUS_SUCCESS);
    CheckStatus("the raw volume is read", Transfer(Volume, FALSE, 0, Buffer, SECTOR, &Done), STATUS_SUCCESS);
    TestLock(Path, Volume);
}

static VOID TestFileSystems(ULONG Volumes)
{
    for (ULONG Number = 1; Number <= Volumes; Number++) {
        WCHAR Path[64];
        HANDLE File;
        NTSTATUS Status;

        _snwprintf(Path, RTL_NUMBER_OF(Path), L"\\Device\\HarddiskVolume%u\\file", Number);
        Status = Open(Path, FILE_READ_DATA, &File);
        DbgPrint("path %u 0x%X\n", Number, (ULONG)Status);
        if (NT_SUCCESS(Status))
            TestMounted(File, Number);
    }
}

static NTSTATUS Driver(PCWSTR Key, BOOLEAN Load)
{
    UNICODE_STRING Name;

    RtlInitUnicodeString(&Name, Key);
    return Load ? NtLoadDriver(&Name) : NtUnloadDriver(&Name);
}

static VOID TestDrivers(VOID)
{
    BOOLEAN Was;
    HANDLE Disk;
    ULONG Done;

    CheckStatus("drivers need a privilege", Driver(SERVICES L"ramdisk", TRUE), STATUS_PRIVILEGE_NOT_HELD);
    RtlAdjustPrivilege(SE_LOAD_DRIVER_PRIVILEGE, TRUE, FALSE, &Was);
    CheckStatus("no such service", Driver(SERVICES L"nothing", TRUE), STATUS_OBJECT_NAME_NOT_FOUND);
    CheckStatus("a key elsewhere", Driver(L"\\Registry\\User\\ramdisk", TRUE), STATUS_INVALID_PARAMETER);
    CheckStatus("no such image", Driver(SERVICES L"missing", TRUE), STATUS_OBJECT_NAME_NOT_FOUND);
    CheckStatus("a program's service", Driver(SERVICES L"program", TRUE), STATUS_OBJECT_TYPE_MISMATCH);
    CheckStatus("ramdisk loads", Driver(SERVICES L"ramdisk", TRUE), STATUS_SUCCESS);
    CheckStatus("and not twice", Driver(SERVICES L"ramdisk", TRUE), STATUS_IMAGE_ALREADY_LOADED);
    CheckStatus("ramdisk opens", Open(L"\\Device\\Ramdisk", FILE_READ_DATA | FILE_WRITE_DATA, &Disk), STATUS_SUCCESS);
    RtlFillMemory(Buffer, 4 * SECTOR, 0x5A);
    Transfer(Disk, TRUE, 94 * SECTOR, Buffer, 4 * SECTOR, &Done);
    Check("ramdisk has the size of the registry", Done == 2 * SECTOR);
    CheckStatus("and is in use", Driver(SERVICES L"ramdisk", FALSE), STATUS_DEVICE_BUSY);
    NtClose(Disk);
    CheckStatus("it unloads", Driver(SERVICES L"ramdisk", FALSE), STATUS_SUCCESS);
    CheckStatus("its device is gone", Open(L"\\Device\\Ramdisk", FILE_READ_DATA, &Disk), STATUS_OBJECT_NAME_NOT_FOUND);
    CheckStatus("it loads again", Driver(SERVICES L"ramdisk", TRUE), STATUS_SUCCESS);
    CheckStatus("ramdisk opens again", Open(L"\\Device\\Ramdisk", FILE_READ_DATA, &Disk), STATUS_SUCCESS);
    Transfer(Disk, FALSE, 94 * SECTOR, Buffer, SECTOR, &Done);
    Check("and is empty", Done == SECTOR && Buffer[0] == 0 && Buffer[SECTOR - 1] == 0);
    NtClose(Disk);
}

/* Whichever there is: a disk is never taken away. */
static VOID TestDiskDriver(VOID)
{
    NTSTATUS Status = Driver(SERVICES L"viostor", FALSE);

    if (Status == STATUS_OBJECT_NAME_NOT_FOUND)
        Status = Driver(SERVICES L"ivshmdsk", FALSE);
    CheckStatus("a disk's driver stays", Status, STATUS_INVALID_DEVICE_REQUEST);
}

static BOOLEAN Exists(PCWSTR Path)
{
    HANDLE Disk;

    if (!NT_SUCCESS(Open(Path, FILE_READ_DATA, &Disk)))
        return FALSE;
    NtClose(Disk);
    return TRUE;
}

VOID NTAPI NtProcessStartup(PPEB Peb);
VOID NTAPI NtProcessStartup(PPEB Peb)
{
    BOOLEAN Was;
    ULONG Volumes;

    UNREFERENCED_PARAMETER(Peb);
    ShowLinks();
    ShowDevice(L"\\GLOBAL??\\PhysicalDrive0");
    ShowDevice(L"\\ArcName\\multi(0)disk(0)rdisk(0)partition(2)");
    Volumes = ReadVolumes();
    TestFileSystems(Volumes);
    if (Volumes != 0)
        TestWrites(Volumes);
    if (Exists(L"\\SystemRoot\\System32\\drivers\\ramdisk.sys"))
        TestDrivers();
    if (Volumes != 0)
        TestDiskDriver();
    DbgPrint("done %u\n", Failures);
    RtlAdjustPrivilege(SE_SHUTDOWN_PRIVILEGE, TRUE, FALSE, &Was);
    NtShutdownSystem(ShutdownPowerOff);
    RtlExitUserProcess(STATUS_UNSUCCESSFUL);
}
