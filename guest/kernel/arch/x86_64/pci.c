/* PCI configuration space through the ports 0xCF8 and 0xCFC. A machine without PCI answers with all ones. */
#include "archp.h"

#include <hal.h>

#define PCI_ADDRESS 0xCF8
#define PCI_DATA    0xCFC
#define Q35_HOST_BRIDGE 0x29C08086u

BOOLEAN HalpInitializePci(struct _LOADER_PARAMETER_BLOCK *LoaderBlock)
{
    UNREFERENCED_PARAMETER(LoaderBlock);
    return (HalpReadPciConfig(0, 0, 0, 0, 4) & 0xFFFF) != 0xFFFF;
}

static USHORT HalpSelect(ULONG Bus, ULONG Device, ULONG Function, ULONG Offset)
{
    KiOut32(PCI_ADDRESS, 0x80000000 | Bus << 16 | Device << 11 | Function << 8 | (Offset & 0xFC));
    return (USHORT)(PCI_DATA + (Offset & 3));
}

ULONG HalpReadPciConfig(ULONG Bus, ULONG Device, ULONG Function, ULONG Offset, ULONG Width)
{
    USHORT Port = HalpSelect(Bus, Device, Function, Offset);

    return Width == 1 ? KiIn8(Port) : Width == 2 ? KiIn16(Port) : KiIn32(Port);
}

VOID HalpWritePciConfig(ULONG Bus, ULONG Device, ULONG Function, ULONG Offset, ULONG Width, ULONG Value)
{
    USHORT Port = HalpSelect(Bus, Device, Function, Offset);

    if (Width == 1)
        KiOut8(Port, (UCHAR)Value);
    else if (Width == 2)
        KiOut16(Port, (USHORT)Value);
    else
        KiOut32(Port, Value);
}

VOID HalpPciWindow(HAL_PCI_SPACE Space, ULONG64 *Base, ULONG64 *End)
{
    static const ULONG64 Window[HalPciSpaces][2] = {
        [HalPciIo] = { 0xD000, 0xFFFF },
        [HalPciMemory] = { 0xC0000000, 0xFE000000 },
        [HalPciMemory64] = { 0x8000000000, 0x10000000000 },
    };

    *Base = Window[Space][0];
    *End = Window[Space][1];
}

/* q35: INTA of devices 0 to 24 goes to PIRQE to PIRQH in turn, of the chipset's own ones to PIRQA. */
BOOLEAN HalpPciLine(ULONG Device, ULONG Pin, ULONG *Vector)
{
    if (HalpReadPciConfig(0, 0, 0, 0, 4) != Q35_HOST_BRIDGE)
        return FALSE;
    *Vector = Device < 25 ? 20 + (Device + Pin) % 4 : 16 + Pin % 4;
    return TRUE;
}
