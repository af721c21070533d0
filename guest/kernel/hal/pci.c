/* Finds PCI functions on bus 0 and gives their BARs addresses where firmware gave none. */
#include <hal.h>

#define PCI_VENDOR       0x00
#define PCI_COMMAND      0x04
#define PCI_BAR0         0x10
#define PCI_COMMAND_ALL  0x7        /* I/O, memory, bus master */
#define PCI_BAR_IO       0x1
#define PCI_BAR_64       0x4
#define PCI_DEVICES      32

static ULONG64 HalpNextIo, HalpNextMemory;

BOOLEAN HalFindPciDevice(USHORT VendorId, USHORT DeviceId, HAL_PCI_FUNCTION *Found)
{
    for (ULONG Device = 0; Device < PCI_DEVICES; Device++)
        if (HalpReadPciConfig(0, Device, 0, PCI_VENDOR, 4) == ((ULONG)DeviceId << 16 | VendorId)) {
            *Found = (HAL_PCI_FUNCTION){ 0, Device, 0 };
            return TRUE;
        }
    return FALSE;
}

static ULONG64 HalpAllocateWindow(BOOLEAN Io, ULONG64 Size)
{
    ULONG64 *Next = Io ? &HalpNextIo : &HalpNextMemory;
    ULONG64 Base, End;

    HalpPciWindow(Io, &Base, &End);
    Base = (max(Base, *Next) + Size - 1) & ~(Size - 1);
    if (Base + Size > End)
        return 0;
    *Next = Base + Size;
    return Base;
}

ULONG64 HalAssignPciBar(const HAL_PCI_FUNCTION *F, ULONG Index)
{
    ULONG Offset = PCI_BAR0 + 4 * Index;
    ULONG Bar = HalpReadPciConfig(F->Bus, F->Device, F->Function, Offset, 4);
    BOOLEAN Io = (Bar & PCI_BAR_IO) != 0;
    ULONG Mask = Io ? ~3u : ~15u;
    ULONG64 Address = Bar & Mask;

    if (!Io && (Bar & PCI_BAR_64))
        Address |= (ULONG64)HalpReadPciConfig(F->Bus, F->Device, F->Function, Offset + 4, 4) << 32;
    if (Address == 0) {
        ULONG Size;
        HalpWritePciConfig(F->Bus, F->Device, F->Function, PCI_COMMAND, 2, 0);
        HalpWritePciConfig(F->Bus, F->Device, F->Function, Offset, 4, ~0u);
        Size = ~(HalpReadPciConfig(F->Bus, F->Device, F->Function, Offset, 4) & Mask) + 1;
        if (Io)
            Size &= 0xFFFF;
        Address = Size ? HalpAllocateWindow(Io, Size) : 0;
        HalpWritePciConfig(F->Bus, F->Device, F->Function, Offset, 4, (ULONG)Address);
        if (!Io && (Bar & PCI_BAR_64))
            HalpWritePciConfig(F->Bus, F->Device, F->Function, Offset + 4, 4, (ULONG)(Address >> 32));
    }
    if (Address != 0)
        HalpWritePciConfig(F->Bus, F->Device, F->Function, PCI_COMMAND, 2, PCI_COMMAND_ALL);
    return Address;
}
