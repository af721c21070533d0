/* Volumes: \Device\HarddiskVolume<k>, one per partition. Opened without a path it is the raw volume; a path goes to the file
 * system that is mounted there. */
#include "diskp.h"

LIST_ENTRY IopVolumes = { &IopVolumes, &IopVolumes };
static ULONG IopVolumeCount;

static PIOP_VOLUME IopFileVolume(PFILE_OBJECT File) { return File->DeviceObject->DeviceExtension; }

/* ---- for file systems -------------------------------------------------------------------------------------------- */

ULONG64 IoVolumeSize(PDEVICE_OBJECT Device)
{
    return IopIsVolumeDevice(Device) ? ((PIOP_VOLUME)Device->DeviceExtension)->Partition.Count * IO_SECTOR_SIZE : 0;
}

ULONG64 IoVolumeOffset(PDEVICE_OBJECT Device)
{
    return IopIsVolumeDevice(Device) ? ((PIOP_VOLUME)Device->DeviceExtension)->Partition.Start * IO_SECTOR_SIZE : 0;
}

NTSTATUS IoTransferVolume(PDEVICE_OBJECT Device, BOOLEAN Write, ULONG64 Offset, PVOID Buffer, ULONG Length)
{
    PIOP_VOLUME Volume = Device->DeviceExtension;
    ULONG64 Size = IoVolumeSize(Device);

    if (Size == 0)
        return STATUS_INVALID_DEVICE_REQUEST;
    if (Offset % IO_SECTOR_SIZE != 0 || Length % IO_SECTOR_SIZE != 0 || Offset > Size || Length > Size - Offset)
        return STATUS_INVALID_PARAMETER;
    return IopTransferDisk(Volume->Disk, Write, Volume->Partition.Start + Offset / IO_SECTOR_SIZE, Length / IO_SECTOR_SIZE,
                           Buffer);
}

NTSTATUS IoFlushDisk(PDEVICE_OBJECT Device)
{
    return IopIsVolumeDevice(Device) ? IopFlushDisk(((PIOP_VOLUME)Device->DeviceExtension)->Disk)
                                     : STATUS_INVALID_DEVICE_REQUEST;
}

/* ---- the raw volume -------------------------------------------------------------------------------------------------- */

static NTSTATUS VolumeCreate(PDEVICE_OBJECT Device, PFILE_OBJECT File, PIO_CREATE_PARAMETERS Parameters)
{
    NTSTATUS Status;

    if (File->FileName.Length == 0)
        return IopOpenRaw(File, Parameters);
    Status = IopMountForOpen(Device, File);
    return NT_SUCCESS(Status) ? File->Operations->Create(Device, File, Parameters) : Status;
}

static NTSTATUS VolumeRead(PFILE_OBJECT File, ULONG64 Offset, PVOID Buffer, ULONG Length, PULONG Done)
{
    NTSTATUS Status = IopClipTransfer(IoVolumeSize(File->DeviceObject), Offset, &Length);

    *Done = 0;
    if (NT_SUCCESS(Status))
        Status = IoReadVolume(File->DeviceObject, Offset, Buffer, Length);
    if (NT_SUCCESS(Status))
        *Done = Length;
    return Status;
}

/* What a file system believes about its volume is changed only under the lock. */
static NTSTATUS VolumeWrite(PFILE_OBJECT File, ULONG64 Offset, const VOID *Buffer, ULONG Length, PULONG Done)
{
    PIOP_VOLUME Volume = IopFileVolume(File);
    NTSTATUS Status = IopClipTransfer(IoVolumeSize(File->DeviceObject), Offset, &Length);

    *Done = 0;
    if (Volume->Vpb.FileSystem != NULL && Volume->LockHolder != File)
        return STATUS_ACCESS_DENIED;
    if (NT_SUCCESS(Status))
        Status = IoWriteVolume(File->DeviceObject, Offset, Buffer, Length);
    if (!NT_SUCCESS(Status))
        return Status;
    Volume->Unrecognized = FALSE;       /* it may hold a file system now */
    *Done = Length;
    return STATUS_SUCCESS;
}

/* What a mounted file system has not written yet belongs to the volume. */
static NTSTATUS VolumeFlush(PFILE_OBJECT File)
{
    PIOP_VOLUME Volume = IopFileVolume(File);

    if (Volume->Vpb.FileSystem != NULL && Volume->Vpb.FileSystem->Operations->Flush != NULL)
        return Volume->Vpb.FileSystem->Operations->Flush(File);
    return IoFlushVolume(File->DeviceObject);
}

static NTSTATUS VolumeQueryAttributes(PFILE_OBJECT File, PIO_FILE_ATTRIBUTES Attributes)
{
    Attributes->EndOfFile = Attributes->AllocationSize = IoVolumeSize(File->DeviceObject);
    Attributes->FileAttributes = FILE_ATTRIBUTE_NORMAL;
    Attributes->NumberOfLinks = 1;
    return STATUS_SUCCESS;
}

static NTSTATUS VolumeQueryVolume(PFILE_OBJECT File, PIO_VOLUME_ATTRIBUTES Attributes)
{
    PIOP_VOLUME Volume = IopFileVolume(File);

    if (NT_SUCCESS(IopMountVolume(Volume)) && Volume->Vpb.FileSystem->Operations->QueryVolume != NULL)
        return Volume->Vpb.FileSystem->Operations->QueryVolume(File, Attributes);
    RtlZeroMemory(Attributes, sizeof *Attributes);
    Attributes->TotalClusters = Volume->Partition.Count;
    Attributes->SectorsPerCluster = 1;
    Attributes->BytesPerSector = IO_SECTOR_SIZE;
    wcscpy(Attributes->FileSystemName, L"RAW");
    return STATUS_SUCCESS;
}

static NTSTATUS VolumeSetLabel(PFILE_OBJECT File, PCUNICODE_STRING Label)
{
    PIOP_VOLUME Volume = IopFileVolume(File);
    NTSTATUS Status = IopMountVolume(Volume);

    if (!NT_SUCCESS(Status))
        return Status;
    return Volume->Vpb.FileSystem->Operations->SetLabel != NULL
               ? Volume->Vpb.FileSystem->Operations->SetLabel(File, Label)
               : STATUS_INVALID_DEVICE_REQUEST;
}

/* Requests for a file system go to the one that is mounted; who locks is remembered, to unlock when it goes away. */
static NTSTATUS VolumeControl(PFILE_OBJECT File, ULONG Code, const VOID *Input, ULONG InputLength, PVOID Output,
                              ULONG OutputLength, PULONG Done)
{
    PIOP_VOLUME Volume = IopFileVolume(File);
    NTSTATUS Status;

    if (DEVICE_TYPE_FROM_CTL_CODE(Code) != FILE_DEVICE_FILE_SYSTEM)
        return IopControlDisk(Volume->Disk, &Volume->Partition, Code, Output, OutputLength, Done);
    *Done = 0;
    Status = IopMountVolume(Volume);
    if (!NT_SUCCESS(Status))
        return Status;
    if (Volume->Vpb.FileSystem->Operations->Control == NULL)
        return STATUS_INVALID_DEVICE_REQUEST;
    if (Code == FSCTL_UNLOCK_VOLUME && Volume->LockHolder != File)
        return STATUS_NOT_LOCKED;
    if (Code == FSCTL_LOCK_VOLUME && Volume->LockHolder != NULL)
        return STATUS_ACCESS_DENIED;
    Status = Volume->Vpb.FileSystem->Operations->Control(File, Code, Input, InputLength, Output, OutputLength, Done);
    if (NT_SUCCESS(Status) && Code == FSCTL_LOCK_VOLUME)
        Volume->LockHolder = File;
    else if (NT_SUCCESS(Status) && Code == FSCTL_UNLOCK_VOLUME)
        Volume->LockHolder = NULL;
    return Status;
}

/* What was written raw is on the disk when the handle is closed; a lock goes with it. */
static VOID VolumeCleanup(PFILE_OBJECT File)
{
    PIOP_VOLUME Volume = IopFileVolume(File);
    ULONG Done;

    if (File->GrantedAccess & FILE_WRITE_DATA)
        IoFlushVolume(File->DeviceObject);
    if (Volume->LockHolder != File)
        return;
    VolumeControl(File, FSCTL_UNLOCK_VOLUME, NULL, 0, NULL, 0, &Done);
    Volume->LockHolder = NULL;          /* whatever the file system said: the file object goes */
}

static const IO_DEVICE_OPERATIONS VolumeOperations = {
    .Create = VolumeCreate, .Read = VolumeRead, .Write = VolumeWrite, .Flush = VolumeFlush,
    .QueryAttributes = VolumeQueryAttributes, .QueryVolume = VolumeQueryVolume, .SetLabel = VolumeSetLabel,
    .Control = VolumeControl, .Cleanup = VolumeCleanup
};

BOOLEAN IopIsVolumeDevice(PDEVICE_OBJECT Device) { return Device->Operations == &VolumeOperations; }

/* ---- making one ------------------------------------------------------------------------------------------------------- */

static NTSTATUS IopNameVolume(PIOP_VOLUME Volume, PCWSTR Device)
{
    ULONG Disk = Volume->Disk->Number, Partition = Volume->Partition.Number;
    WCHAR Link[80], Target[64];
    NTSTATUS Status;

    _snwprintf(Link, RTL_NUMBER_OF(Link), L"\\Device\\Harddisk%u\\Partition%u", Disk, Partition);
    Status = IopCreatePermanentLink(Link, Device);
    _snwprintf(Target, RTL_NUMBER_OF(Target), L"\\GLOBAL??\\HarddiskVolume%u", Volume->Number);
    if (NT_SUCCESS(Status))
        Status = IopCreatePermanentLink(Target, Device);
    _snwprintf(Target, RTL_NUMBER_OF(Target), L"\\ArcName\\multi(0)disk(0)rdisk(%u)partition(%u)", Disk, Partition);
    return NT_SUCCESS(Status) ? IopCreatePermanentLink(Target, Link) : Status;
}

NTSTATUS IopCreateVolume(PIOP_DISK Disk, const IOP_PARTITION *Partition)
{
    PIOP_VOLUME Volume = ExAllocatePoolWithTag(NonPagedPool, sizeof *Volume, IOP_TAG);
    BOOLEAN ReadOnly = Disk->ReadOnly || (Partition->Gpt && (Partition->Attributes & GPT_BASIC_DATA_ATTRIBUTE_READ_ONLY));
    WCHAR Path[64];
    UNICODE_STRING Name;
    NTSTATUS Status;

    if (Volume == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    Volume->Number = ++IopVolumeCount;
    Volume->Disk = Disk;
    Volume->Partition = *Partition;
    _snwprintf(Path, RTL_NUMBER_OF(Path), L"\\Device\\HarddiskVolume%u", Volume->Number);
    RtlInitUnicodeString(&Name, Path);
    Status = IoCreateDevice(&Name, &VolumeOperations, Volume, FILE_DEVICE_DISK, ReadOnly ? FILE_READ_ONLY_DEVICE : 0,
                            &Volume->Device);
    if (!NT_SUCCESS(Status)) {
        ExFreePoolWithTag(Volume, IOP_TAG);
        return Status;
    }
    Volume->Device->Vpb = &Volume->Vpb;
    InsertTailList(&IopVolumes, &Volume->Entry);
    return IopNameVolume(Volume, Path);
}
