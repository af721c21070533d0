/* ramdisk.sys: \Device\Ramdisk, sectors in memory that are gone at power-off. Services\ramdisk\Parameters\DiskSizeKb says
 * how many. */
#include <nt.h>
#include <ntdddisk.h>
#include "cm.h"
#include "ex.h"
#include "io.h"
#include "mm.h"
#include "ob.h"

#define RAM_TAG        'dmaR'
#define RAM_DEFAULT_KB 64u
#define RAM_LIMIT_KB   0x8000u

typedef struct _RAM_DISK {
    ULONG64 Size;
    PUCHAR Memory;
} RAM_DISK, *PRAM_DISK;

NTSTATUS DriverEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath);

static RAM_DISK RamDisk;
static PDEVICE_OBJECT RamDevice;

static PRAM_DISK RamOf(PFILE_OBJECT File) { return File->DeviceObject->DeviceExtension; }

static NTSTATUS RamCreate(PDEVICE_OBJECT Device, PFILE_OBJECT File, PIO_CREATE_PARAMETERS Parameters)
{
    UNREFERENCED_PARAMETER(Device);
    Parameters->Information = FILE_OPENED;
    return File->FileName.Length == 0 ? STATUS_SUCCESS : STATUS_OBJECT_NAME_NOT_FOUND;
}

/* Whole sectors, as of every disk; *Done is what lies before the end. */
static NTSTATUS RamClip(PRAM_DISK Disk, ULONG64 Offset, ULONG Length, PULONG Done)
{
    *Done = 0;
    if (Offset % IO_SECTOR_SIZE != 0 || Length % IO_SECTOR_SIZE != 0)
        return STATUS_INVALID_PARAMETER;
    if (Offset >= Disk->Size)
        return STATUS_END_OF_FILE;
    *Done = (ULONG)min((ULONG64)Length, Disk->Size - Offset);
    return STATUS_SUCCESS;
}

static NTSTATUS RamRead(PFILE_OBJECT File, ULONG64 Offset, PVOID Buffer, ULONG Length, PULONG Done)
{
    NTSTATUS Status = RamClip(RamOf(File), Offset, Length, Done);

    if (NT_SUCCESS(Status))
        RtlCopyMemory(Buffer, RamOf(File)->Memory + Offset, *Done);
    return Status;
}

static NTSTATUS RamWrite(PFILE_OBJECT File, ULONG64 Offset, const VOID *Buffer, ULONG Length, PULONG Done)
{
    NTSTATUS Status = RamClip(RamOf(File), Offset, Length, Done);

    if (NT_SUCCESS(Status))
        RtlCopyMemory(RamOf(File)->Memory + Offset, Buffer, *Done);
    return Status;
}

static NTSTATUS RamFlush(PFILE_OBJECT File)
{
    UNREFERENCED_PARAMETER(File);
    return STATUS_SUCCESS;
}

static NTSTATUS RamQueryAttributes(PFILE_OBJECT File, PIO_FILE_ATTRIBUTES Attributes)
{
    Attributes->EndOfFile = Attributes->AllocationSize = RamOf(File)->Size;
    Attributes->FileAttributes = FILE_ATTRIBUTE_NORMAL;
    Attributes->NumberOfLinks = 1;
    return STATUS_SUCCESS;
}

static NTSTATUS RamControl(PFILE_OBJECT File, ULONG Code, const VOID *Input, ULONG InputLength, PVOID Output,
                           ULONG OutputLength, PULONG Done)
{
    PGET_LENGTH_INFORMATION Length = Output;

    UNREFERENCED_PARAMETER(Input);
    UNREFERENCED_PARAMETER(InputLength);
    *Done = 0;
    if (Code != IOCTL_DISK_GET_LENGTH_INFO)
        return STATUS_INVALID_DEVICE_REQUEST;
    if (OutputLength < sizeof *Length)
        return STATUS_BUFFER_TOO_SMALL;
    Length->Length.QuadPart = (LONGLONG)RamOf(File)->Size;
    *Done = sizeof *Length;
    return STATUS_SUCCESS;
}

/* A size that is not there, is no number or is beyond reason counts as the default. */
static ULONG RamReadSize(PUNICODE_STRING RegistryPath)
{
    static const WCHAR Below[] = L"\\Parameters";
    ULONG Kilobytes, Type, Length = sizeof Kilobytes;
    PWSTR Key = ExAllocatePoolWithTag(PagedPool, RegistryPath->Length + sizeof Below, RAM_TAG);
    NTSTATUS Status;

    if (Key == NULL)
        return RAM_DEFAULT_KB;
    RtlCopyMemory(Key, RegistryPath->Buffer, RegistryPath->Length);
    RtlCopyMemory((PUCHAR)Key + RegistryPath->Length, Below, sizeof Below);
    Status = CmQueryValue(Key, L"DiskSizeKb", &Type, &Kilobytes, &Length);
    ExFreePoolWithTag(Key, RAM_TAG);
    if (!NT_SUCCESS(Status) || Type != REG_DWORD || Length != sizeof Kilobytes || Kilobytes == 0 || Kilobytes > RAM_LIMIT_KB)
        return RAM_DEFAULT_KB;
    return Kilobytes;
}

static VOID RamUnload(PDRIVER_OBJECT Driver)
{
    UNREFERENCED_PARAMETER(Driver);
    IoDeleteDevice(RamDevice);
    ExFreePoolWithTag(RamDisk.Memory, RAM_TAG);
}

NTSTATUS DriverEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath)
{
    static const IO_DEVICE_OPERATIONS Operations = {
        .Create = RamCreate, .Read = RamRead, .Write = RamWrite, .Flush = RamFlush,
        .QueryAttributes = RamQueryAttributes, .Control = RamControl
    };
    static const UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Device\\Ramdisk");
    NTSTATUS Status;

    RamDisk.Size = RamReadSize(RegistryPath) * 1024ull;
    RamDisk.Memory = ExAllocatePoolWithTag(NonPagedPool, RamDisk.Size, RAM_TAG);
    if (RamDisk.Memory == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    Status = IoCreateDevice(&Name, &Operations, &RamDisk, FILE_DEVICE_DISK, 0, &RamDevice);
    if (!NT_SUCCESS(Status)) {
        ExFreePoolWithTag(RamDisk.Memory, RAM_TAG);
        return Status;
    }
    Driver->DriverUnload = RamUnload;
    ObDereferenceObject(RamDevice);         /* its name keeps it */
    return STATUS_SUCCESS;
}
