/* PCI configuration space through virt's memory-mapped window (ECAM); bus 0 only. */
#include "archp.h"

#include <hal.h>
#include <mm.h>

static volatile UCHAR *HalpEcam;

BOOLEAN HalpInitializePci(struct _LOADER_PARAMETER_BLOCK *LoaderBlock)
{
    UNREFERENCED_PARAMETER(LoaderBlock);
    HalpEcam = MmMapIoSpace(VIRT_PCI_ECAM, VIRT_PCI_ECAM_BUS_SIZE);
    return HalpEcam != NULL && (HalpReadPciConfig(0, 0, 0, 0, 4) & 0xFFFF) != 0xFFFF;
}

static volatile UCHAR *HalpSelect(ULONG Bus, ULONG Device, ULONG Function, ULONG Offset)
{
    return HalpEcam && Bus == 0 ? HalpEcam + (Device << 15) + (Function << 12) + (Offset & 0xFFF) : NULL;
}

ULONG HalpReadPciConfig(ULONG Bus, ULONG Device, ULONG Function, ULONG Offset, ULONG Width)
{
    volatile UCHAR *Register = HalpSelect(Bus, Device, Function, Offset);

    if (Register == NULL)
        return ~0u;
    return Width == 1 ? *Register : Width == 2 ? *(volatile USHORT *)Register : *(volatile ULONG *)Register;
}

VOID HalpWritePciConfig(ULONG Bus, ULONG Device, ULONG Function, ULONG Offset, ULONG Width, ULONG Value)
{
    volatile UCHAR *Register = HalpSelect(Bus, Device, Function, Offset);

    if (Register == NULL)
        return;
    if (Width == 1)
        *Register = (UCHAR)Value;
    else if (Width == 2)
        *(volatile USHORT *)Register = (USHORT)Value;
    else
        *(volatile ULONG *)Register = Value;
}

VOID HalpPciWindow(HAL_PCI_SPACE Space, ULONG64 *Base, ULONG64 *End)
{
    static const ULONG64 Window[HalPciSpaces][2] = {
        [HalPciIo] = { 0x1000, 0xFFFF },
        [HalPciMemory] = { 0x10000000, 0x3EFF0000 },
        [HalPciMemory64] = { 0x8000000000, 0x10000000000 },
    };

    *Base = Window[Space][0];
    *End = Window[Space][1];
}

BOOLEAN HalpPciLine(ULONG Device, ULONG Pin, ULONG *Vector)
{
    *Vector = VIRT_INTID_PCI(Device + Pin);
    return TRUE;
}
