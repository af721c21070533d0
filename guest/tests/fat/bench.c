/* The guest's side of the bench: what the kernel gives the driver, and file objects that commands work with. */
#include "../../drivers/fastfat/fat.h"
#include "ps.h"
#include "bench.h"

#define HANDLES 32

static DEVICE_OBJECT Device;
static PVOID MountedVcb;
static FILE_OBJECT *Files[HANDLES];
static FILE_OBJECT Raw = { .DeviceObject = &Device };
static LONGLONG Clock = 133500000000000000ll;   /* in 2024 */
static EPROCESS Process;

/* ---- the kernel -------------------------------------------------------------------------------------------------- */

PVOID ExAllocatePoolWithTag(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag)
{
    (void)PoolType;
    (void)Tag;
    return HostAllocate(NumberOfBytes);
}

VOID ExFreePoolWithTag(PVOID P, ULONG Tag)
{
    (void)Tag;
    HostFree(P);
}

VOID ExFreePool(PVOID P) { HostFree(P); }
VOID KeQuerySystemTime(PLARGE_INTEGER Time) { Time->QuadPart = Clock += 10000000; }
VOID MmQueryStatistics(MM_STATISTICS *Statistics) { Statistics->TotalPages = 65536; }
PEPROCESS IoGetCurrentProcess(VOID) { return &Process; }
PVOID IoVolumeVcb(PDEVICE_OBJECT Volume) { return Volume == &Device ? MountedVcb : NULL; }
VOID IoRegisterFileSystem(const IO_FILE_SYSTEM *FileSystem) { (void)FileSystem; }
ULONG64 IoVolumeSize(PDEVICE_OBJECT Volume) { (void)Volume; return DiskSectors() * 512; }

NTSTATUS IoTransferVolume(PDEVICE_OBJECT Volume, BOOLEAN Write, ULONG64 Offset, PVOID Buffer, ULONG Length)
{
    (void)Volume;
    if ((Offset | Length) % 512 != 0)
        return STATUS_INVALID_PARAMETER;
    if (Write ? DiskWrite(Offset / 512, Length / 512, Buffer) : DiskRead(Offset / 512, Length / 512, Buffer))
        return STATUS_IO_DEVICE_ERROR;
    return STATUS_SUCCESS;
}

NTSTATUS IoFlushDisk(PDEVICE_OBJECT Volume)
{
    (void)Volume;
    return DiskFlush() ? STATUS_IO_DEVICE_ERROR : STATUS_SUCCESS;
}

NTSTATUS ObGetObjectPath(PVOID Object, PUNICODE_STRING Path)
{
    (void)Object;
    RtlInitUnicodeString(Path, L"\\Device\\HarddiskVolume1");
    return STATUS_SUCCESS;
}

BOOLEAN MmFlushImageSection(PSECTION_OBJECT_POINTERS SectionPointer, MMFLUSH_TYPE FlushType)
{
    (void)FlushType;
    return SectionPointer->ImageSectionObject == NULL;
}

BOOLEAN MmCanFileBeTruncated(PSECTION_OBJECT_POINTERS SectionPointer, PLARGE_INTEGER NewFileSize)
{
    (void)NewFileSize;
    return SectionPointer->DataSectionObject == NULL;
}

VOID ExRecordFact(PCSTR Event, PCSTR Format, ...) { HostRecord(Event, Format); }

/* ---- commands ---------------------------------------------------------------------------------------------------- */

/* A word of hex digits: UTF-16 code units, four digits each; `-`: empty. */
static UNICODE_STRING HexName(WCHAR *Buffer)
{
    const char *Word = HostWord();
    UNICODE_STRING Name = { 0, 0, Buffer };

    for (; Word != NULL && Word[0] != '-' && Word[0] != 0; Word += 4) {
        WCHAR Unit = 0;

        for (ULONG i = 0; i < 4; i++)
            Unit = (WCHAR)(Unit << 4 | (Word[i] <= '9' ? Word[i] - '0' : Word[i] - 'a' + 10));
        Buffer[Name.Length / 2] = Unit;
        Name.Length += 2;
    }
    Name.MaximumLength = Name.Length;
    return Name;
}

static void SayName(const WCHAR *Name, ULONG Bytes)
{
    for (ULONG i = 0; i < Bytes / 2; i++)
        HostSay("%04x", Name[i]);
    if (Bytes == 0)
        HostSay("-");
}

static void SayStatus(NTSTATUS Status) { HostSay("0x%08X\n", (ULONG)Status); }

static void Drop(ULONG Handle)
{
    if (Files[Handle] == NULL)
        return;
    FatFileSystem.Operations->Cleanup(Files[Handle]);
    FatFileSystem.Operations->Close(Files[Handle]);
    HostFree(Files[Handle]->FileName.Buffer);
    HostFree(Files[Handle]);
    Files[Handle] = NULL;
}

static void CommandOpen(void)
{
    static WCHAR Buffer[32768];
    ULONG Handle = (ULONG)HostNumber();
    UNICODE_STRING Name = HexName(Buffer);
    IO_CREATE_PARAMETERS Parameters = { 0 };
    PFILE_OBJECT File = HostAllocate(sizeof *File);
    NTSTATUS Status;

    Parameters.DesiredAccess = File->GrantedAccess = (ULONG)HostNumber();
    Parameters.ShareAccess = File->ShareAccess = (ULONG)HostNumber();
    Parameters.Disposition = (ULONG)HostNumber();
    Parameters.Options = File->CreateOptions = (ULONG)HostNumber();
    Parameters.FileAttributes = (ULONG)HostNumber();
    Parameters.AllocationSize = HostNumber();
    Parameters.Flags = (ULONG)HostNumber();
    File->DeviceObject = &Device;
    File->FileName = Name;
    File->FileName.Buffer = HostAllocate(Name.Length + 2u);
    RtlCopyMemory(File->FileName.Buffer, Name.Buffer, Name.Length);
    Status = MountedVcb == NULL ? STATUS_DEVICE_NOT_READY
                                : FatFileSystem.Operations->Create(&Device, File, &Parameters);
    if (NT_SUCCESS(Status)) {
        Files[Handle] = File;
    } else {
        HostFree(File->FileName.Buffer);
        HostFree(File);
    }
    HostSay("0x%08X %u\n", (ULONG)Status, Parameters.Information);
}

/* Data is made from a seed, so that long writes are short commands. */
static void Fill(PUCHAR Data, ULONG Length, ULONG Seed)
{
    for (ULONG i = 0; i < Length; i++) {
        Seed = Seed * 1664525u + 1013904223u;
        Data[i] = (UCHAR)(Seed >> 24);
    }
}

static void CommandWrite(PFILE_OBJECT File)
{
    ULONG64 Offset = HostNumber();
    ULONG Length = (ULONG)HostNumber(), Seed = (ULONG)HostNumber(), Done;
    PUCHAR Data = HostAllocate(Length + 1ull);
    NTSTATUS Status;

    Fill(Data, Length, Seed);
    Status = FatFileSystem.Operations->Write(File, Offset, Data, Length, &Done);
    HostSay("0x%08X %u\n", (ULONG)Status, Done);
    HostFree(Data);
}

static void CommandRead(PFILE_OBJECT File)
{
    ULONG64 Offset = HostNumber();
    ULONG Length = (ULONG)HostNumber(), Done;
    PUCHAR Data = HostAllocate(Length + 1ull);
    NTSTATUS Status = FatFileSystem.Operations->Read(File, Offset, Data, Length, &Done);

    HostSay("0x%08X %u %08x\n", (ULONG)Status, Done, RtlComputeCrc32(0, Data, Done));
    HostFree(Data);
}

static void CommandList(PFILE_OBJECT File)
{
    static WCHAR Buffer[32768];
    UNICODE_STRING Pattern = HexName(Buffer);
    IO_DIRECTORY_ENTRY Entry;
    ULONG Index = 0;
    NTSTATUS Status;

    while (NT_SUCCESS(Status = FatFileSystem.Operations->QueryDirectory(File, &Pattern, &Index, &Entry))) {
        HostSay("0x%X %llu ", Entry.Attributes.FileAttributes, Entry.Attributes.EndOfFile);
        SayName(Entry.Name, Entry.NameLength);
        HostSay(" ");
        SayName(Entry.ShortName, Entry.ShortNameLength);
        HostSay("\n");
    }
    SayStatus(Status);
}

static void CommandRename(PFILE_OBJECT File)
{
    static WCHAR Buffer[32768];
    UNICODE_STRING Name = HexName(Buffer);
    NTSTATUS Status = FatFileSystem.Operations->Rename(File, &Name, (BOOLEAN)HostNumber());

    SayStatus(Status);
}

static void CommandQuery(PFILE_OBJECT File)
{
    IO_FILE_ATTRIBUTES Attributes = { 0 };
    NTSTATUS Status = FatFileSystem.Operations->QueryAttributes(File, &Attributes);

    HostSay("0x%08X %llu %llu 0x%X %llu %u\n", (ULONG)Status, Attributes.EndOfFile, Attributes.AllocationSize,
            Attributes.FileAttributes, Attributes.LastWriteTime.QuadPart, File->DeletePending);
}

static void CommandBasic(PFILE_OBJECT File)
{
    FILE_BASIC_INFORMATION Basic = { 0 };

    Basic.FileAttributes = (ULONG)HostNumber();
    Basic.CreationTime.QuadPart = (LONGLONG)HostNumber();
    Basic.LastWriteTime.QuadPart = (LONGLONG)HostNumber();
    SayStatus(FatFileSystem.Operations->SetAttributes(File, &Basic));
}

static void CommandExtent(PFILE_OBJECT File)
{
    ULONG64 Where = 0, Length = 0;
    NTSTATUS Status = FatFileSystem.Operations->QueryExtent(File, HostNumber(), &Where, &Length);

    HostSay("0x%08X %llu %llu\n", (ULONG)Status, Where, Length);
}

static const struct {
    PCSTR Name;
    void (*Run)(PFILE_OBJECT File);
} FileCommands[] = {
    { "write", CommandWrite }, { "read", CommandRead }, { "list", CommandList }, { "rename", CommandRename },
    { "query", CommandQuery }, { "basic", CommandBasic }, { "extent", CommandExtent }
};

static void CommandMount(void)
{
    NTSTATUS Status = FatFileSystem.Mount(&Device, &MountedVcb);

    HostSay("0x%08X %s\n", (ULONG)Status, NT_SUCCESS(Status) ? FatFileSystem.QueryJournal(MountedVcb) : "-");
}

/* The memory of the machine is gone. */
static void CommandCrash(void)
{
    for (ULONG i = 0; i < HANDLES; i++)
        Files[i] = NULL;
    MountedVcb = NULL;
    IoPurgeVolume(&Device, 0, IoVolumeSize(&Device));
    DiskCrash((ULONG)HostNumber());
}

static void CommandVolume(void)
{
    IO_VOLUME_ATTRIBUTES Attributes = { 0 };
    ULONG Dirty = 0, Done;
    NTSTATUS Status = FatFileSystem.Operations->QueryVolume(&Raw, &Attributes);

    FatFileSystem.Operations->Control(&Raw, FSCTL_IS_VOLUME_DIRTY, NULL, 0, &Dirty, sizeof Dirty, &Done);
    HostSay("0x%08X %llu %llu %u 0x%08X %u ", (ULONG)Status, Attributes.TotalClusters, Attributes.FreeClusters,
            Attributes.SectorsPerCluster, Attributes.SerialNumber, Dirty);
    SayName(Attributes.Label, (ULONG)wcslen(Attributes.Label) * 2);
    HostSay("\n");
}

/* A sector as who has locked the volume writes it: past the file system. */
static void CommandRaw(void)
{
    static UCHAR Sector[512];
    ULONG64 Offset = HostNumber();

    memset(Sector, (int)HostNumber(), sizeof Sector);
    SayStatus(IoWriteVolume(&Device, Offset, Sector, sizeof Sector));
}

static void CommandLabel(void)
{
    static WCHAR Buffer[64];
    UNICODE_STRING Label = HexName(Buffer);

    SayStatus(FatFileSystem.Operations->SetLabel(&Raw, &Label));
}

static void CommandPattern(void)
{
    static WCHAR First[300], Second[300];
    UNICODE_STRING Pattern = HexName(First), Name = HexName(Second);

    HostSay("%u\n", FsRtlIsNameInExpression(&Pattern, &Name, TRUE, NULL));
}

static int VolumeCommand(const char *Command)
{
    ULONG Done;

    if (!strcmp(Command, "mount"))
        CommandMount();
    else if (!strcmp(Command, "crash"))
        CommandCrash();
    else if (!strcmp(Command, "shutdown"))
        SayStatus(FatFileSystem.Shutdown(MountedVcb));
    else if (!strcmp(Command, "volume"))
        CommandVolume();
    else if (!strcmp(Command, "raw"))
        CommandRaw();
    else if (!strcmp(Command, "label"))
        CommandLabel();
    else if (!strcmp(Command, "pattern"))
        CommandPattern();
    else if (!strcmp(Command, "flush"))
        SayStatus(FatFileSystem.Operations->Flush(&Raw));
    else if (!strcmp(Command, "control"))
        SayStatus(FatFileSystem.Operations->Control(&Raw, (ULONG)HostNumber(), NULL, 0, NULL, 0, &Done));
    else
        return 0;
    return 1;
}

int BenchCommand(const char *Command)
{
    PFILE_OBJECT File;
    ULONG Handle;

    if (VolumeCommand(Command))
        return 1;
    if (!strcmp(Command, "open")) {
        CommandOpen();
        return 1;
    }
    Handle = (ULONG)HostNumber() % HANDLES;
    File = Files[Handle];
    if (File == NULL) {
        SayStatus(STATUS_INVALID_HANDLE);
        return 1;
    }
    for (ULONG i = 0; i < RTL_NUMBER_OF(FileCommands); i++)
        if (!strcmp(Command, FileCommands[i].Name)) {
            FileCommands[i].Run(File);
            return 1;
        }
    if (!strcmp(Command, "close"))
        Drop(Handle);
    else if (!strcmp(Command, "size"))
        SayStatus(FatFileSystem.Operations->SetEndOfFile(File, HostNumber()));
    else if (!strcmp(Command, "allocation"))
        SayStatus(FatFileSystem.Operations->SetAllocation(File, HostNumber()));
    else if (!strcmp(Command, "dispose"))
        SayStatus(FatFileSystem.Operations->SetDisposition(File, (BOOLEAN)HostNumber()));
    else
        return 0;
    return 1;
}
