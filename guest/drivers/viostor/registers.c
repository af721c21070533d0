/* Where a virtio device's registers are: capabilities in its configuration space name a BAR, an offset and a length. */
#include "viostor.h"

#define PCI_CAPABILITY_VENDOR 0x09
#define VIRTIO_CAP_TYPE       3
#define VIRTIO_CAP_BAR        4
#define VIRTIO_CAP_OFFSET     8
#define VIRTIO_CAP_LENGTH     12
#define VIRTIO_CAP_MULTIPLIER 16
#define VIRTIO_CAPABILITY_LIMIT 16          /* a longer list is a loop */

typedef enum _VIRTIO_REGISTERS { VirtioCommon = 1, VirtioNotify, VirtioIsr, VirtioDevice, VirtioRegisterKinds } VIRTIO_REGISTERS;

static const ULONG VioNeeded[VirtioRegisterKinds] = {
    [VirtioCommon] = sizeof(VIRTIO_COMMON), [VirtioNotify] = sizeof(USHORT), [VirtioIsr] = 1,
    [VirtioDevice] = sizeof(VIRTIO_BLK_CONFIG)
};

static PVOID VioMapCapability(PVIO_DEVICE Device, ULONG Capability, ULONG AtLeast)
{
    ULONG Bar = HalReadPciFunction(&Device->Function, Capability + VIRTIO_CAP_BAR, 1);
    ULONG64 Offset = HalReadPciFunction(&Device->Function, Capability + VIRTIO_CAP_OFFSET, 4);
    ULONG64 Length = HalReadPciFunction(&Device->Function, Capability + VIRTIO_CAP_LENGTH, 4);
    ULONG64 Size = HalQueryPciBarSize(&Device->Function, Bar), Base;

    if (Length < AtLeast || Offset > Size || Length > Size - Offset)
        return NULL;
    Base = HalAssignPciBar(&Device->Function, Bar);
    return Base != 0 ? MmMapIoSpace(Base + Offset, Length) : NULL;
}

/* Of each kind the first that can be used counts. */
NTSTATUS VioMapRegisters(PVIO_DEVICE Device)
{
    PVOID Registers[VirtioRegisterKinds] = { 0 };
    ULONG Capability = 0;

    for (ULONG i = 0; i < VIRTIO_CAPABILITY_LIMIT; i++) {
        ULONG Kind;

        Capability = HalFindPciCapability(&Device->Function, PCI_CAPABILITY_VENDOR, Capability);
        if (Capability == 0)
            break;
        Kind = HalReadPciFunction(&Device->Function, Capability + VIRTIO_CAP_TYPE, 1);
        if (Kind < VirtioCommon || Kind >= VirtioRegisterKinds || Registers[Kind] != NULL)
            continue;
        Registers[Kind] = VioMapCapability(Device, Capability, VioNeeded[Kind]);
        if (Kind == VirtioNotify)
            Device->NotifyMultiplier = HalReadPciFunction(&Device->Function, Capability + VIRTIO_CAP_MULTIPLIER, 4);
    }
    Device->Common = Registers[VirtioCommon];
    Device->Notify = Registers[VirtioNotify];
    Device->Isr = Registers[VirtioIsr];
    Device->Config = Registers[VirtioDevice];
    return Device->Common != NULL && Device->Notify != NULL && Device->Isr != NULL && Device->Config != NULL
               ? STATUS_SUCCESS
               : STATUS_DEVICE_CONFIGURATION_ERROR;
}
