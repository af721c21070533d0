/* From reset to the first request: features, the queue, the interrupt. */
#include "viostor.h"

#define VIO_RESET_MS 1000u

static BOOLEAN VioReset(PVIO_DEVICE Device)
{
    Device->Common->Status = 0;
    for (ULONG i = 0; i < VIO_RESET_MS * 10; i++) {
        if (Device->Common->Status == 0)
            return TRUE;
        KeStallExecutionProcessor(100);
    }
    return FALSE;
}

VOID VioStopDevice(PVIO_DEVICE Device)
{
    Device->Failed = TRUE;
    if (Device->Common != NULL)
        VioReset(Device);
}

static ULONG64 VioReadFeatures(PVIO_DEVICE Device)
{
    ULONG64 Features;

    Device->Common->DeviceFeatureSelect = 0;
    Features = Device->Common->DeviceFeature;
    Device->Common->DeviceFeatureSelect = 1;
    return Features | (ULONG64)Device->Common->DeviceFeature << 32;
}

static VOID VioWriteFeatures(PVIO_DEVICE Device, ULONG64 Features)
{
    Device->Common->DriverFeatureSelect = 0;
    Device->Common->DriverFeature = (ULONG)Features;
    Device->Common->DriverFeatureSelect = 1;
    Device->Common->DriverFeature = (ULONG)(Features >> 32);
}

static NTSTATUS VioNegotiate(PVIO_DEVICE Device)
{
    ULONG64 Offered, Wanted = 1ull << VIRTIO_BLK_F_SIZE_MAX | 1ull << VIRTIO_BLK_F_SEG_MAX | 1ull << VIRTIO_BLK_F_RO |
                              1ull << VIRTIO_BLK_F_FLUSH | 1ull << VIRTIO_F_VERSION_1;

    if (!VioReset(Device))
        return STATUS_IO_TIMEOUT;
    Device->Common->Status = VIRTIO_ACKNOWLEDGE;
    Device->Common->Status = VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER;
    Offered = VioReadFeatures(Device) & Wanted;
    if (!(Offered & 1ull << VIRTIO_F_VERSION_1))
        return STATUS_DEVICE_CONFIGURATION_ERROR;
    VioWriteFeatures(Device, Offered);
    Device->Common->Status = VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FEATURES_OK;
    if (!(Device->Common->Status & VIRTIO_FEATURES_OK))
        return STATUS_DEVICE_CONFIGURATION_ERROR;
    Device->ReadOnly = (Offered & 1ull << VIRTIO_BLK_F_RO) != 0;
    Device->CanFlush = (Offered & 1ull << VIRTIO_BLK_F_FLUSH) != 0;
    Device->SegMax = Offered & 1ull << VIRTIO_BLK_F_SEG_MAX ? Device->Config->SegMax : 1;
    Device->SizeMax = Offered & 1ull << VIRTIO_BLK_F_SIZE_MAX ? Device->Config->SizeMax : 0;
    if (Device->SegMax == 0)
        Device->SegMax = 1;
    if (Device->SizeMax < IO_SECTOR_SIZE)
        Device->SizeMax = 1u << 20;
    return STATUS_SUCCESS;
}

/* A page of memory that the device reaches; *Physical is where. */
static PVOID VioAllocatePage(PULONG64 Physical)
{
    PFN_NUMBER Page = MmAllocatePage(TRUE);

    *Physical = (ULONG64)Page << PAGE_SHIFT;
    return Page != 0 ? MmPhysicalToVirtual(*Physical) : NULL;
}

static NTSTATUS VioCreateQueue(PVIO_DEVICE Device)
{
    volatile VIRTIO_COMMON *Common = Device->Common;
    ULONG64 Desc, Avail, Used, Doorbell;
    ULONG Size;

    Common->QueueSelect = 0;
    for (Size = VIO_QUEUE_LIMIT; Size > Common->QueueSize; Size /= 2)
        ;
    Device->Desc = VioAllocatePage(&Desc);
    Device->Avail = VioAllocatePage(&Avail);
    Device->Used = VioAllocatePage(&Used);
    Device->Request = VioAllocatePage(&Device->RequestPhysical);
    if (Device->Desc == NULL || Device->Avail == NULL || Device->Used == NULL || Device->Request == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    Doorbell = (ULONG64)Common->QueueNotifyOffset * Device->NotifyMultiplier;
    if (Size < 4 || Doorbell % sizeof(USHORT) != 0 || Doorbell + sizeof(USHORT) > Device->NotifyLength)
        return STATUS_DEVICE_CONFIGURATION_ERROR;
    Device->QueueSize = (USHORT)Size;
    if (Device->SegMax > Size - 2)
        Device->SegMax = Size - 2;
    Common->QueueSize = (USHORT)Size;
    Common->QueueDescLow = (ULONG)Desc;
    Common->QueueDescHigh = (ULONG)(Desc >> 32);
    Common->QueueDriverLow = (ULONG)Avail;
    Common->QueueDriverHigh = (ULONG)(Avail >> 32);
    Common->QueueDeviceLow = (ULONG)Used;
    Common->QueueDeviceHigh = (ULONG)(Used >> 32);
    Device->Notify = (volatile USHORT *)((volatile UCHAR *)Device->Notify + Doorbell);
    Common->QueueEnable = 1;
    return STATUS_SUCCESS;
}

/* At DEVICE_LEVEL, also for others on the line; reading the register takes the request for an interrupt away. */
static VOID VioInterrupt(PVOID Context)
{
    PVIO_DEVICE Device = Context;

    if (*Device->Isr & 1)
        KeInsertQueueDpc(&Device->Dpc, NULL, NULL);
}

/* The capacity has two halves: the generation tells whether it changed between them. */
static ULONG64 VioReadCapacity(PVIO_DEVICE Device)
{
    ULONG64 Capacity = 0;

    for (ULONG i = 0; i < 16; i++) {
        UCHAR Before = Device->Common->Generation;

        Capacity = Device->Config->CapacityLow | (ULONG64)Device->Config->CapacityHigh << 32;
        if (Device->Common->Generation == Before)
            break;
    }
    return Capacity;
}

NTSTATUS VioStartDevice(PVIO_DEVICE Device, PULONG64 SectorCount)
{
    NTSTATUS Status = VioMapRegisters(Device);

    KeInitializeEvent(&Device->Done, SynchronizationEvent, FALSE);
    KeInitializeDpc(&Device->Dpc, VioRequestDone, Device);
    if (NT_SUCCESS(Status))
        Status = VioNegotiate(Device);
    if (NT_SUCCESS(Status))
        Status = VioCreateQueue(Device);
    if (NT_SUCCESS(Status) && !HalConnectPciInterrupt(&Device->Function, VioInterrupt, Device))
        Status = STATUS_DEVICE_CONFIGURATION_ERROR;
    if (!NT_SUCCESS(Status))
        return Status;
    Device->Common->Status = VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FEATURES_OK | VIRTIO_DRIVER_OK;
    *SectorCount = VioReadCapacity(Device);
    return STATUS_SUCCESS;
}
