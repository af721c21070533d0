/* Finds PCI functions on bus 0, their capabilities, and their interrupts. */
#include <hal.h>

#include "halp.h"

#define PCI_VENDOR         0x00
#define PCI_HEADER_TYPE    0x0E
#define PCI_CAPABILITIES   0x34
#define PCI_INTERRUPT_PIN  0x3D
#define PCI_MULTIFUNCTION  0x80
#define PCI_STATUS_CAPS    0x10u
#define PCI_CAPABILITY_MSI  0x05
#define PCI_CAPABILITY_MSIX 0x11
#define MSI_ENABLE         0x0001u
#define MSIX_ENABLE        0x8000u
#define PCI_CAPABILITY_LIMIT 48     /* as many as fit behind the header: a longer list is a loop */

ULONG HalReadPciFunction(const HAL_PCI_FUNCTION *F, ULONG Offset, ULONG Width)
{
    return HalpReadPciConfig(F->Bus, F->Device, F->Function, Offset, Width);
}

VOID HalpWritePciFunction(const HAL_PCI_FUNCTION *F, ULONG Offset, ULONG Width, ULONG Value)
{
    HalpWritePciConfig(F->Bus, F->Device, F->Function, Offset, Width, Value);
}

/* From the function at F itself on; a device without a function 0 has none. */
BOOLEAN HalpNextPciFunction(HAL_PCI_FUNCTION *F)
{
    for (; F->Device < PCI_DEVICES; F->Device++, F->Function = 0) {
        for (; F->Function < PCI_FUNCTIONS; F->Function++) {
            BOOLEAN Present = (HalReadPciFunction(F, PCI_VENDOR, 4) & 0xFFFF) != 0xFFFF;

            if (Present)
                return TRUE;
            if (F->Function == 0)
                break;
        }
    }
    return FALSE;
}

VOID HalpSkipPciFunction(HAL_PCI_FUNCTION *F)
{
    HAL_PCI_FUNCTION First = { F->Bus, F->Device, 0 };

    if (HalReadPciFunction(&First, PCI_HEADER_TYPE, 1) & PCI_MULTIFUNCTION)
        F->Function++;
    else
        F->Function = PCI_FUNCTIONS;
}

BOOLEAN HalFindPciFunction(USHORT VendorId, USHORT DeviceId, ULONG Index, HAL_PCI_FUNCTION *Found)
{
    HAL_PCI_FUNCTION F = { 0, 0, 0 };

    for (; HalpNextPciFunction(&F); HalpSkipPciFunction(&F))
        if (HalReadPciFunction(&F, PCI_VENDOR, 4) == ((ULONG)DeviceId << 16 | VendorId) && Index-- == 0) {
            *Found = F;
            return TRUE;
        }
    return FALSE;
}

BOOLEAN HalFindPciDevice(USHORT VendorId, USHORT DeviceId, HAL_PCI_FUNCTION *Found)
{
    return HalFindPciFunction(VendorId, DeviceId, 0, Found);
}

ULONG HalFindPciCapability(const HAL_PCI_FUNCTION *F, UCHAR CapabilityId, ULONG After)
{
    ULONG Offset = After != 0 ? After + 1 : PCI_CAPABILITIES;

    if (!(HalReadPciFunction(F, PCI_COMMAND + 2, 2) & PCI_STATUS_CAPS))
        return 0;
    for (ULONG i = 0; i < PCI_CAPABILITY_LIMIT; i++) {
        ULONG Capability = HalReadPciFunction(F, Offset, 1) & 0xFC;

        if (Capability < 0x40)
            return 0;
        if (HalReadPciFunction(F, Capability, 1) == CapabilityId)
            return Capability;
        Offset = Capability + 1;
    }
    return 0;
}

/* Clears Bits in the control word of a capability, when the function has it. */
static VOID HalpClearControl(const HAL_PCI_FUNCTION *F, UCHAR CapabilityId, ULONG Bits)
{
    ULONG Offset = HalFindPciCapability(F, CapabilityId, 0);

    if (Offset != 0)
        HalpWritePciFunction(F, Offset + 2, 2, HalReadPciFunction(F, Offset + 2, 2) & ~Bits);
}

VOID HalpSilencePci(VOID)
{
    HAL_PCI_FUNCTION F = { 0, 0, 0 };

    for (; HalpNextPciFunction(&F); HalpSkipPciFunction(&F))
        HalpWritePciFunction(&F, PCI_COMMAND, 2, HalReadPciFunction(&F, PCI_COMMAND, 2) | PCI_COMMAND_NO_INTX);
}

BOOLEAN HalConnectPciInterrupt(const HAL_PCI_FUNCTION *F, KINTERRUPT_ROUTINE *Routine, PVOID Context)
{
    ULONG Pin = HalReadPciFunction(F, PCI_INTERRUPT_PIN, 1), Vector;

    if (Pin < 1 || Pin > 4 || F->Bus != 0 || !HalpPciLine(F->Device, Pin - 1, &Vector) ||
        !KiConnectInterrupt(Vector, TRUE, Routine, Context))
        return FALSE;
    HalpClearControl(F, PCI_CAPABILITY_MSI, MSI_ENABLE);
    HalpClearControl(F, PCI_CAPABILITY_MSIX, MSIX_ENABLE);
    HalpWritePciFunction(F, PCI_COMMAND, 2, HalReadPciFunction(F, PCI_COMMAND, 2) & ~PCI_COMMAND_NO_INTX);
    return TRUE;
}
