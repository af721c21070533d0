/* null.sys: \Device\Null. Reads find the end, writes vanish. */
#include <nt.h>
#include "io.h"
#include "ob.h"

NTSTATUS DriverEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath);

static PDEVICE_OBJECT NullDevice;

static NTSTATUS NullCreate(PDEVICE_OBJECT Device, PFILE_OBJECT File, PIO_CREATE_PARAMETERS Parameters)
{
    UNREFERENCED_PARAMETER(Device);
    Parameters->Information = FILE_OPENED;
    return File->FileName.Length == 0 ? STATUS_SUCCESS : STATUS_OBJECT_NAME_NOT_FOUND;
}

static NTSTATUS NullRead(PFILE_OBJECT File, ULONG64 Offset, PVOID Buffer, ULONG Length, PULONG Done)
{
    UNREFERENCED_PARAMETER(File);
    UNREFERENCED_PARAMETER(Offset);
    UNREFERENCED_PARAMETER(Buffer);
    UNREFERENCED_PARAMETER(Length);
    *Done = 0;
    return STATUS_END_OF_FILE;
}

static NTSTATUS NullWrite(PFILE_OBJECT File, ULONG64 Offset, const VOID *Buffer, ULONG Length, PULONG Done)
{
    UNREFERENCED_PARAMETER(File);
    UNREFERENCED_PARAMETER(Offset);
    UNREFERENCED_PARAMETER(Buffer);
    *Done = Length;
    return STATUS_SUCCESS;
}

static NTSTATUS NullFlush(PFILE_OBJECT File)
{
    UNREFERENCED_PARAMETER(File);
    return STATUS_SUCCESS;
}

static NTSTATUS NullQueryAttributes(PFILE_OBJECT File, PIO_FILE_ATTRIBUTES Attributes)
{
    UNREFERENCED_PARAMETER(File);
    Attributes->FileAttributes = FILE_ATTRIBUTE_NORMAL;
    Attributes->NumberOfLinks = 1;
    return STATUS_SUCCESS;
}

static VOID NullUnload(PDRIVER_OBJECT Driver)
{
    UNREFERENCED_PARAMETER(Driver);
    IoDeleteDevice(NullDevice);
}

NTSTATUS DriverEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath)
{
    static const IO_DEVICE_OPERATIONS Operations = {
        .Create = NullCreate, .Read = NullRead, .Write = NullWrite, .Flush = NullFlush,
        .QueryAttributes = NullQueryAttributes
    };
    static const UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Device\\Null");
    NTSTATUS Status = IoCreateDevice(&Name, &Operations, NULL, FILE_DEVICE_NULL, 0, &NullDevice);

    UNREFERENCED_PARAMETER(RegistryPath);
    if (!NT_SUCCESS(Status))
        return Status;
    Driver->DriverUnload = NullUnload;
    ObDereferenceObject(NullDevice);        /* its name keeps it */
    return STATUS_SUCCESS;
}
