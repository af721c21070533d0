/* PCI configuration space through the ports 0xCF8 and 0xCFC. A machine without PCI answers with all ones. */
#include "archp.h"

#include <hal.h>

#define PCI_ADDRESS 0xCF8
#define PCI_DATA    0xCFC

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

VOID HalpPciWindow(BOOLEAN Io, ULONG64 *Base, ULONG64 *End)
{
    *Base = Io ? 0xD000 : 0xC0000000;
    *End = Io ? 0xFFFF : 0xFE000000;
}
