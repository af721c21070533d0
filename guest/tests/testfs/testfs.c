/* testfs.sys: the smallest file system, for the test of mounting. A volume that begins with `TESTFS` holds one file, `\file`,
 * in its sector 1; shutdown writes `CLEAN` into sector 2. A volume that begins with `BROKEN` cannot be mounted. */
#include <nt.h>
#include <ntdddisk.h>
#include "io.h"
#include "ke.h"
#include "mm.h"

#define FS_TAG 'SFtT'

typedef struct _VCB {
    PDEVICE_OBJECT Volume;
    SECTION_OBJECT_POINTERS Sections;
} VCB, *PVCB;

NTSTATUS DriverEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath);

static NTSTATUS FsCreate(PDEVICE_OBJECT Device, PFILE_OBJECT File, PIO_CREATE_PARAMETERS Parameters)
{
    static const UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\file");
    PVCB Vcb = IoVolumeVcb(Device);

    if (!RtlEqualUnicodeString(&File->FileName, &Name, TRUE))
        return STATUS_OBJECT_NAME_NOT_FOUND;
    File->FsContext = Vcb;
    File->SectionObjectPointer = &Vcb->Sections;
    Parameters->Information = FILE_OPENED;
    return STATUS_SUCCESS;
}

static NTSTATUS FsRead(PFILE_OBJECT File, ULONG64 Offset, PVOID Buffer, ULONG Length, PULONG Done)
{
    PVCB Vcb = File->FsContext;

    *Done = 0;
    if (Offset >= IO_SECTOR_SIZE)
        return STATUS_END_OF_FILE;
    *Done = (ULONG)min((ULONG64)Length, IO_SECTOR_SIZE - Offset);
    return IoReadVolume(Vcb->Volume, IO_SECTOR_SIZE + Offset, Buffer, *Done);
}

static NTSTATUS FsQueryVolume(PFILE_OBJECT File, PIO_VOLUME_ATTRIBUTES Attributes)
{
    static const WCHAR Label[] = L"A LABEL", System[] = L"TESTFS";

    Attributes->TotalClusters = IoVolumeSize(File->DeviceObject) / 1024;
    Attributes->FreeClusters = 7;
    Attributes->SectorsPerCluster = 2;
    Attributes->BytesPerSector = IO_SECTOR_SIZE;
    Attributes->SerialNumber = 0x0012ABCD;
    RtlCopyMemory(Attributes->Label, Label, sizeof Label);
    RtlCopyMemory(Attributes->FileSystemName, System, sizeof System);
    return STATUS_SUCCESS;
}

static NTSTATUS FsControl(PFILE_OBJECT File, ULONG Code, const VOID *Input, ULONG InputLength, PVOID Output,
                          ULONG OutputLength, PULONG Done)
{
    UNREFERENCED_PARAMETER(File);
    UNREFERENCED_PARAMETER(Input);
    UNREFERENCED_PARAMETER(InputLength);
    *Done = 0;
    if (Code == FSCTL_LOCK_VOLUME || Code == FSCTL_UNLOCK_VOLUME)
        return STATUS_SUCCESS;
    if (Code != FSCTL_IS_VOLUME_DIRTY)
        return STATUS_INVALID_DEVICE_REQUEST;
    if (OutputLength < sizeof(ULONG))
        return STATUS_BUFFER_TOO_SMALL;
    *(PULONG)Output = VOLUME_IS_DIRTY;
    *Done = sizeof(ULONG);
    return STATUS_SUCCESS;
}

static NTSTATUS FsMount(PDEVICE_OBJECT Volume, PVOID *Vcb)
{
    CHAR Begin[6];
    PVCB New;
    NTSTATUS Status = IoReadVolume(Volume, 0, Begin, sizeof Begin);

    if (!NT_SUCCESS(Status))
        return Status;
    if (RtlEqualMemory(Begin, "BROKEN", sizeof Begin))
        return STATUS_DISK_CORRUPT_ERROR;
    if (!RtlEqualMemory(Begin, "TESTFS", sizeof Begin))
        return STATUS_UNRECOGNIZED_VOLUME;
    New = ExAllocatePoolWithTag(NonPagedPool, sizeof *New, FS_TAG);
    if (New == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    New->Volume = Volume;
    *Vcb = New;
    return STATUS_SUCCESS;
}

static NTSTATUS FsShutdown(PVOID Vcb)
{
    return IoWriteVolume(((PVCB)Vcb)->Volume, 2 * IO_SECTOR_SIZE, "CLEAN", 5);
}

NTSTATUS DriverEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath)
{
    static const IO_DEVICE_OPERATIONS Operations = {
        .Create = FsCreate, .Read = FsRead, .QueryVolume = FsQueryVolume, .Control = FsControl
    };
    static const IO_FILE_SYSTEM FileSystem = {
        .Name = L"TESTFS", .Mount = FsMount, .Shutdown = FsShutdown, .Operations = &Operations
    };

    UNREFERENCED_PARAMETER(Driver);
    UNREFERENCED_PARAMETER(RegistryPath);
    IoRegisterFileSystem(&FileSystem);
    return STATUS_SUCCESS;
}
