/* viostor.sys: every virtio block device on the bus becomes a disk. */
#include "viostor.h"

#define VIRTIO_VENDOR           0x1AF4
#define VIRTIO_BLK_MODERN       0x1042
#define VIRTIO_BLK_TRANSITIONAL 0x1001      /* has the version-1 registers, too */

NTSTATUS DriverEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath);

/* TRUE: its interrupt is connected, so device and driver have to stay. */
static BOOLEAN VioAddDevice(const HAL_PCI_FUNCTION *Function)
{
    PVIO_DEVICE Device = ExAllocatePoolWithTag(NonPagedPool, sizeof *Device, VIO_TAG);
    ULONG64 SectorCount = 0;
    BOOLEAN Started;
    NTSTATUS Status;

    if (Device == NULL)
        return FALSE;
    Device->Function = *Function;
    Status = VioStartDevice(Device, &SectorCount);
    Started = NT_SUCCESS(Status);
    if (NT_SUCCESS(Status))
        Status = IoRegisterDisk(&VioDiskOperations, Device, SectorCount, Device->ReadOnly);
    if (!NT_SUCCESS(Status)) {
        DbgPrint("viostor: PCI device %u: 0x%08X\n", Function->Device, (ULONG)Status);
        VioStopDevice(Device);
    }
    return Started;
}

static ULONG VioAddAll(USHORT DeviceId)
{
    HAL_PCI_FUNCTION Function;
    ULONG Added = 0;

    for (ULONG i = 0; HalFindPciFunction(VIRTIO_VENDOR, DeviceId, i, &Function); i++)
        Added += VioAddDevice(&Function);
    return Added;
}

/* Without a device there is nothing to drive, and the driver leaves. */
NTSTATUS DriverEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath)
{
    ULONG Added = VioAddAll(VIRTIO_BLK_MODERN);

    UNREFERENCED_PARAMETER(Driver);
    UNREFERENCED_PARAMETER(RegistryPath);
    Added += VioAddAll(VIRTIO_BLK_TRANSITIONAL);
    return Added != 0 ? STATUS_SUCCESS : STATUS_NO_SUCH_DEVICE;
}
