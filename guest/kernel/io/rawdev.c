/* Disks and volumes as devices of sectors: opening, bounds, and what they tell about themselves. */
#include "diskp.h"

#define GEOMETRY_TRACKS  255u
#define GEOMETRY_SECTORS 63u

NTSTATUS IopOpenRaw(PFILE_OBJECT File, PIO_CREATE_PARAMETERS Parameters)
{
    if (File->FileName.Length != 0)
        return STATUS_OBJECT_NAME_NOT_FOUND;
    if (Parameters->Disposition != FILE_OPEN && Parameters->Disposition != FILE_OPEN_IF)
        return STATUS_INVALID_PARAMETER;
    Parameters->Information = FILE_OPENED;
    return STATUS_SUCCESS;
}

NTSTATUS IopClipTransfer(ULONG64 Size, ULONG64 Offset, PULONG Length)
{
    if (Offset % IO_SECTOR_SIZE != 0 || *Length % IO_SECTOR_SIZE != 0)
        return STATUS_INVALID_PARAMETER;
    if (Offset >= Size)
        return STATUS_END_OF_FILE;
    *Length = (ULONG)min((ULONG64)*Length, Size - Offset);
    return STATUS_SUCCESS;
}

static NTSTATUS IopGive(const VOID *Data, ULONG Size, PVOID Output, ULONG OutputLength, PULONG Done)
{
    if (OutputLength < Size)
        return STATUS_BUFFER_TOO_SMALL;
    RtlCopyMemory(Output, Data, Size);
    *Done = Size;
    return STATUS_SUCCESS;
}

static VOID IopDescribePartition(PIOP_DISK Disk, const IOP_PARTITION *Partition, PPARTITION_INFORMATION_EX Information)
{
    RtlZeroMemory(Information, sizeof *Information);
    Information->PartitionStyle = PARTITION_STYLE_RAW;
    Information->PartitionLength.QuadPart = (LONGLONG)(Disk->SectorCount * IO_SECTOR_SIZE);
    if (Partition == NULL)
        return;
    Information->StartingOffset.QuadPart = (LONGLONG)(Partition->Start * IO_SECTOR_SIZE);
    Information->PartitionLength.QuadPart = (LONGLONG)(Partition->Count * IO_SECTOR_SIZE);
    Information->PartitionNumber = Partition->Number;
    if (Partition->Gpt) {
        Information->PartitionStyle = PARTITION_STYLE_GPT;
        Information->Gpt.PartitionType = Partition->Type;
        Information->Gpt.PartitionId = Partition->Id;
        Information->Gpt.Attributes = Partition->Attributes;
        RtlCopyMemory(Information->Gpt.Name, Partition->Name, sizeof Partition->Name);
    } else {
        Information->PartitionStyle = PARTITION_STYLE_MBR;
        Information->Mbr.PartitionType = Partition->MbrType;
        Information->Mbr.BootIndicator = Partition->Active;
        Information->Mbr.RecognizedPartition = TRUE;
        Information->Mbr.HiddenSectors = (ULONG)Partition->Start;
    }
}

NTSTATUS IopControlDisk(PIOP_DISK Disk, const IOP_PARTITION *Partition, ULONG Code, PVOID Output, ULONG OutputLength,
                        PULONG Done)
{
    ULONG64 Sectors = Partition != NULL ? Partition->Count : Disk->SectorCount;
    GET_LENGTH_INFORMATION Length = { { .QuadPart = (LONGLONG)(Sectors * IO_SECTOR_SIZE) } };
    DISK_GEOMETRY Geometry = { .MediaType = FixedMedia, .TracksPerCylinder = GEOMETRY_TRACKS,
                               .SectorsPerTrack = GEOMETRY_SECTORS, .BytesPerSector = IO_SECTOR_SIZE };
    PARTITION_INFORMATION_EX Information;

    *Done = 0;
    switch (Code) {
    case IOCTL_DISK_GET_LENGTH_INFO:
        return IopGive(&Length, sizeof Length, Output, OutputLength, Done);
    case IOCTL_DISK_GET_DRIVE_GEOMETRY:
        Geometry.Cylinders.QuadPart = (LONGLONG)(Disk->SectorCount / (GEOMETRY_TRACKS * GEOMETRY_SECTORS));
        return IopGive(&Geometry, sizeof Geometry, Output, OutputLength, Done);
    case IOCTL_DISK_GET_PARTITION_INFO_EX:
        IopDescribePartition(Disk, Partition, &Information);
        return IopGive(&Information, sizeof Information, Output, OutputLength, Done);
    case IOCTL_DISK_IS_WRITABLE:
        return Disk->ReadOnly ? STATUS_MEDIA_WRITE_PROTECTED : STATUS_SUCCESS;
    case IOCTL_DISK_CHECK_VERIFY:
        return STATUS_SUCCESS;
    default:
        return STATUS_INVALID_DEVICE_REQUEST;
    }
}
