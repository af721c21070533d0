/* ivshmdsk.sys: the shared memory of an ivshmem-plain device as a disk. A transfer is a copy: no request, no interrupt, the
 * same instructions in every run. */
#include <nt.h>
#include "ex.h"
#include "hal.h"
#include "io.h"
#include "ke.h"
#include "mm.h"

#define IVSHMEM_VENDOR 0x1AF4
#define IVSHMEM_DEVICE 0x1110
#define IVSHMEM_BAR    2
#define IVS_TAG        'svI '
#define IVS_WINDOW     (1ull << 20)         /* is mapped at its first use: a large disk costs no page tables before */

typedef struct _IVS_DEVICE {
    ULONG64 Base, Size;                     /* bus address, bytes */
    PUCHAR *Windows;
} IVS_DEVICE, *PIVS_DEVICE;

NTSTATUS DriverEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath);

static PUCHAR IvsMapWindow(PIVS_DEVICE Device, ULONG64 Index)
{
    if (Device->Windows[Index] == NULL)
        Device->Windows[Index] = MmMapIoSpaceEx(Device->Base + Index * IVS_WINDOW,
                                                min(IVS_WINDOW, Device->Size - Index * IVS_WINDOW), PAGE_READWRITE);
    return Device->Windows[Index];
}

static NTSTATUS IvsTransfer(PIVS_DEVICE Device, BOOLEAN Write, ULONG64 Sector, ULONG Count, PUCHAR Buffer)
{
    ULONG64 Offset = Sector * IO_SECTOR_SIZE, Left = (ULONG64)Count * IO_SECTOR_SIZE;

    if (Sector > Device->Size / IO_SECTOR_SIZE || Left > Device->Size - Offset)
        return STATUS_INVALID_PARAMETER;
    while (Left != 0) {
        ULONG64 Piece = min(Left, IVS_WINDOW - Offset % IVS_WINDOW);
        PUCHAR Window = IvsMapWindow(Device, Offset / IVS_WINDOW);

        if (Window == NULL)
            return STATUS_INSUFFICIENT_RESOURCES;
        if (Write)
            RtlCopyMemory(Window + Offset % IVS_WINDOW, Buffer, Piece);
        else
            RtlCopyMemory(Buffer, Window + Offset % IVS_WINDOW, Piece);
        Offset += Piece;
        Buffer += Piece;
        Left -= Piece;
    }
    return STATUS_SUCCESS;
}

static NTSTATUS IvsRead(PVOID Context, ULONG64 Sector, ULONG Count, PVOID Buffer)
{
    return IvsTransfer(Context, FALSE, Sector, Count, Buffer);
}

static NTSTATUS IvsWrite(PVOID Context, ULONG64 Sector, ULONG Count, const VOID *Buffer)
{
    return IvsTransfer(Context, TRUE, Sector, Count, (PUCHAR)Buffer);
}

/* The memory is the medium; only the order of what is written counts. */
static NTSTATUS IvsFlush(PVOID Context)
{
    UNREFERENCED_PARAMETER(Context);
    KeMemoryBarrier();
    return STATUS_SUCCESS;
}

static const IO_DISK_OPERATIONS IvsDiskOperations = { .Read = IvsRead, .Write = IvsWrite, .Flush = IvsFlush };

static NTSTATUS IvsAddDevice(const HAL_PCI_FUNCTION *Function)
{
    PIVS_DEVICE Device = ExAllocatePoolWithTag(NonPagedPool, sizeof *Device, IVS_TAG);

    if (Device == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    Device->Size = HalQueryPciBarSize(Function, IVSHMEM_BAR);
    Device->Base = HalAssignPciBar(Function, IVSHMEM_BAR);
    if (Device->Base == 0 || Device->Size < IO_SECTOR_SIZE)
        return STATUS_DEVICE_CONFIGURATION_ERROR;
    Device->Windows = ExAllocatePoolWithTag(NonPagedPool, (Device->Size + IVS_WINDOW - 1) / IVS_WINDOW * sizeof(PUCHAR), IVS_TAG);
    if (Device->Windows == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    return IoRegisterDisk(&IvsDiskOperations, Device, Device->Size / IO_SECTOR_SIZE, FALSE);
}

/* Without a device there is nothing to drive, and the driver leaves; a disk that Io has heard of stays. */
NTSTATUS DriverEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath)
{
    HAL_PCI_FUNCTION Function;
    ULONG Index;

    UNREFERENCED_PARAMETER(Driver);
    UNREFERENCED_PARAMETER(RegistryPath);
    for (Index = 0; HalFindPciFunction(IVSHMEM_VENDOR, IVSHMEM_DEVICE, Index, &Function); Index++) {
        NTSTATUS Status = IvsAddDevice(&Function);

        if (!NT_SUCCESS(Status))
            DbgPrint("ivshmdsk: PCI device %u: 0x%08X\n", Function.Device, (ULONG)Status);
    }
    return Index != 0 ? STATUS_SUCCESS : STATUS_NO_SUCH_DEVICE;
}
