/* Where a virtio device's registers are: capabilities in its configuration space name a BAR, an offset and a length. */
#include "viostor.h"

#define PCI_CAPABILITY_VENDOR 0x09
#define VIRTIO_CAP_TYPE       3
#define VIRTIO_CAP_BAR        4
#define VIRTIO_CAP_OFFSET     8
#define VIRTIO_CAP_LENGTH     12
#define VIRTIO_CAP_MULTIPLIER 16
#define PCI_BARS              6
#define VIRTIO_MAP_LIMIT      0x4000u     /* bytes of one kind that are looked at */
#define VIRTIO_CAPABILITY_LIMIT 16          /* a longer list is a loop */

typedef enum _VIRTIO_REGISTERS { VirtioCommon = 1, VirtioNotify, VirtioIsr, VirtioDevice, VirtioRegisterKinds } VIRTIO_REGISTERS;

static const ULONG VioNeeded[VirtioRegisterKinds] = {
    [VirtioCommon] = sizeof(VIRTIO_COMMON), [VirtioNotify] = sizeof(USHORT), [VirtioIsr] = 1,
    [VirtioDevice] = sizeof(VIRTIO_BLK_CONFIG)
};

/* The address and size of each BAR, once it was needed. */
typedef struct _VIO_BARS {
    ULONG64 Base[PCI_BARS], Size[PCI_BARS];
} VIO_BARS;

static PVOID VioMapCapability(PVIO_DEVICE Device, VIO_BARS *Bars, ULONG Capability, ULONG AtLeast)
{
    ULONG Bar = HalReadPciFunction(&Device->Function, Capability + VIRTIO_CAP_BAR, 1);
    ULONG64 Offset = HalReadPciFunction(&Device->Function, Capability + VIRTIO_CAP_OFFSET, 4);
    ULONG64 Length = HalReadPciFunction(&Device->Function, Capability + VIRTIO_CAP_LENGTH, 4);

    if (Bar >= PCI_BARS)
        return NULL;
    if (Bars->Size[Bar] == 0) {
        Bars->Size[Bar] = HalQueryPciBarSize(&Device->Function, Bar);
        Bars->Base[Bar] = HalAssignPciBar(&Device->Function, Bar);
    }
    if (Bars->Base[Bar] == 0 || Length < AtLeast || Offset > Bars->Size[Bar] || Length > Bars->Size[Bar] - Offset)
        return NULL;
    return MmMapIoSpace(Bars->Base[Bar] + Offset, min(Length, VIRTIO_MAP_LIMIT));
}

/* Of each kind the first that can be used counts. */
NTSTATUS VioMapRegisters(PVIO_DEVICE Device)
{
    PVOID Registers[VirtioRegisterKinds] = { 0 };
    VIO_BARS Bars = { 0 };
    ULONG Capability = 0;

    for (ULONG i = 0; i < VIRTIO_CAPABILITY_LIMIT; i++) {
        ULONG Kind;

        Capability = HalFindPciCapability(&Device->Function, PCI_CAPABILITY_VENDOR, Capability);
        if (Capability == 0)
            break;
        Kind = HalReadPciFunction(&Device->Function, Capability + VIRTIO_CAP_TYPE, 1);
        if (Kind < VirtioCommon || Kind >= VirtioRegisterKinds || Registers[Kind] != NULL)
            continue;
        Registers[Kind] = VioMapCapability(Device, &Bars, Capability, VioNeeded[Kind]);
        if (Kind == VirtioNotify) {
            ULONG Length = HalReadPciFunction(&Device->Function, Capability + VIRTIO_CAP_LENGTH, 4);

            Device->NotifyLength = min(Length, VIRTIO_MAP_LIMIT);
            Device->NotifyMultiplier = HalReadPciFunction(&Device->Function, Capability + VIRTIO_CAP_MULTIPLIER, 4);
        }
    }
    Device->Common = Registers[VirtioCommon];
    Device->Notify = Registers[VirtioNotify];
    Device->Isr = Registers[VirtioIsr];
    Device->Config = Registers[VirtioDevice];
    return Device->Common != NULL && Device->Notify != NULL && Device->Isr != NULL && Device->Config != NULL
               ? STATUS_SUCCESS
               : STATUS_DEVICE_CONFIGURATION_ERROR;
}
