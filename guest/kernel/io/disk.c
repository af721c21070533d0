/* Disks: what a driver registers becomes \Device\Harddisk<n>\DR<n>, and its partitions become volumes. */
#include "diskp.h"

LIST_ENTRY IopDisks = { &IopDisks, &IopDisks };
static ULONG IopDiskCount;

NTSTATUS IopTransferDisk(PIOP_DISK Disk, BOOLEAN Write, ULONG64 Sector, ULONG Count, PVOID Buffer)
{
    if (Sector > Disk->SectorCount || Count > Disk->SectorCount - Sector)
        return STATUS_INVALID_PARAMETER;
    if (Write && Disk->ReadOnly)
        return STATUS_MEDIA_WRITE_PROTECTED;
    if (Count == 0)
        return STATUS_SUCCESS;
    return Write ? Disk->Operations->Write(Disk->Context, Sector, Count, Buffer)
                 : Disk->Operations->Read(Disk->Context, Sector, Count, Buffer);
}

NTSTATUS IopFlushDisk(PIOP_DISK Disk)
{
    return Disk->Operations->Flush != NULL && !Disk->ReadOnly ? Disk->Operations->Flush(Disk->Context) : STATUS_SUCCESS;
}

/* ---- \Device\Harddisk<n>\DR<n> ----------------------------------------------------------------------------------- */

static PIOP_DISK IopFileDisk(PFILE_OBJECT File) { return File->DeviceObject->DeviceExtension; }

static NTSTATUS DiskCreate(PDEVICE_OBJECT Device, PFILE_OBJECT File, PIO_CREATE_PARAMETERS Parameters)
{
    UNREFERENCED_PARAMETER(Device);
    return IopOpenRaw(File, Parameters);
}

static NTSTATUS IopTransferRawDisk(PFILE_OBJECT File, BOOLEAN Write, ULONG64 Offset, PVOID Buffer, ULONG Length,
                                   PULONG Done)
{
    PIOP_DISK Disk = IopFileDisk(File);
    NTSTATUS Status = IopClipTransfer(Disk->SectorCount * IO_SECTOR_SIZE, Offset, &Length);

    *Done = 0;
    if (NT_SUCCESS(Status))
        Status = IopTransferDisk(Disk, Write, Offset / IO_SECTOR_SIZE, Length / IO_SECTOR_SIZE, Buffer);
    if (NT_SUCCESS(Status))
        *Done = Length;
    return Status;
}

static NTSTATUS DiskRead(PFILE_OBJECT File, ULONG64 Offset, PVOID Buffer, ULONG Length, PULONG Done)
{
    return IopTransferRawDisk(File, FALSE, Offset, Buffer, Length, Done);
}

static NTSTATUS DiskWrite(PFILE_OBJECT File, ULONG64 Offset, const VOID *Buffer, ULONG Length, PULONG Done)
{
    return IopTransferRawDisk(File, TRUE, Offset, (PVOID)Buffer, Length, Done);
}

static NTSTATUS DiskFlush(PFILE_OBJECT File) { return IopFlushDisk(IopFileDisk(File)); }

static NTSTATUS DiskQueryAttributes(PFILE_OBJECT File, PIO_FILE_ATTRIBUTES Attributes)
{
    Attributes->EndOfFile = Attributes->AllocationSize = IopFileDisk(File)->SectorCount * IO_SECTOR_SIZE;
    Attributes->FileAttributes = FILE_ATTRIBUTE_NORMAL;
    Attributes->NumberOfLinks = 1;
    return STATUS_SUCCESS;
}

static NTSTATUS DiskControl(PFILE_OBJECT File, ULONG Code, const VOID *Input, ULONG InputLength, PVOID Output,
                            ULONG OutputLength, PULONG Done)
{
    UNREFERENCED_PARAMETER(Input);
    UNREFERENCED_PARAMETER(InputLength);
    return IopControlDisk(IopFileDisk(File), NULL, Code, Output, OutputLength, Done);
}

/* ---- registration -------------------------------------------------------------------------------------------------- */

static NTSTATUS IopCreateDiskDevice(PIOP_DISK Disk)
{
    static const IO_DEVICE_OPERATIONS Operations = {
        .Create = DiskCreate, .Read = DiskRead, .Write = DiskWrite, .Flush = DiskFlush,
        .QueryAttributes = DiskQueryAttributes, .Control = DiskControl
    };
    WCHAR Path[64], Link[64];
    UNICODE_STRING Name, Driver;
    NTSTATUS Status;

    _snwprintf(Path, RTL_NUMBER_OF(Path), L"\\Device\\Harddisk%u", Disk->Number);
    Status = IopCreatePermanentDirectory(Path);
    _snwprintf(Path, RTL_NUMBER_OF(Path), L"\\Device\\Harddisk%u\\DR%u", Disk->Number, Disk->Number);
    RtlInitUnicodeString(&Name, Path);
    if (NT_SUCCESS(Status))
        Status = IoCreateDevice(&Name, &Operations, Disk, FILE_DEVICE_DISK, Disk->ReadOnly ? FILE_READ_ONLY_DEVICE : 0,
                                &Disk->Device);
    if (!NT_SUCCESS(Status))
        return Status;
    IopFindDriverName((PVOID)Disk->Operations, &Driver);
    ExRecordFact("disk.attach", "device=%wZ driver=%wZ bytes=%I64u readonly=%u", &Name, &Driver,
                 Disk->SectorCount * IO_SECTOR_SIZE, (ULONG)Disk->ReadOnly);
    _snwprintf(Link, RTL_NUMBER_OF(Link), L"\\GLOBAL??\\PhysicalDrive%u", Disk->Number);
    Status = IopCreatePermanentLink(Link, Path);
    _snwprintf(Link, RTL_NUMBER_OF(Link), L"\\Device\\Harddisk%u\\Partition0", Disk->Number);
    return NT_SUCCESS(Status) ? IopCreatePermanentLink(Link, Path) : Status;
}

static NTSTATUS IopFindPartitions(PIOP_DISK Disk)
{
    PIOP_PARTITION Partitions;
    ULONG Count;
    NTSTATUS Status;

    Partitions = ExAllocatePoolWithTag(PagedPool, IOP_MAXIMUM_PARTITIONS * sizeof *Partitions, IOP_TAG);
    if (Partitions == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    Status = IopReadPartitionTable(Disk, Partitions, &Count);
    if (!NT_SUCCESS(Status))
        DbgPrint("Io: Harddisk%u has no partition table that can be read (0x%08X)\n", Disk->Number, (ULONG)Status);
    Status = STATUS_SUCCESS;            /* the disk itself is there all the same */
    for (ULONG i = 0; i < Count && NT_SUCCESS(Status); i++)
        Status = IopCreateVolume(Disk, &Partitions[i]);
    ExFreePoolWithTag(Partitions, IOP_TAG);
    return Status;
}

NTSTATUS IoRegisterDisk(const IO_DISK_OPERATIONS *Operations, PVOID Context, ULONG64 SectorCount, BOOLEAN ReadOnly)
{
    PIOP_DISK Disk;
    NTSTATUS Status;

    if (SectorCount == 0 || SectorCount > ~0ull / IO_SECTOR_SIZE || Operations->Read == NULL || Operations->Write == NULL)
        return STATUS_INVALID_PARAMETER;
    Disk = ExAllocatePoolWithTag(NonPagedPool, sizeof *Disk, IOP_TAG);
    if (Disk == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    Disk->Number = IopDiskCount++;
    Disk->Operations = Operations;
    Disk->Context = Context;
    Disk->SectorCount = SectorCount;
    Disk->ReadOnly = ReadOnly;
    InsertTailList(&IopDisks, &Disk->Entry);
    Status = IopCreateDiskDevice(Disk);
    if (NT_SUCCESS(Status))
        Status = IopFindPartitions(Disk);
    if (NT_SUCCESS(Status))
        IopAssignLetters();
    return Status;
}
