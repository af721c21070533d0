/* pvpanic on PCI. */
#include <hal.h>
#include <mm.h>

#define PVPANIC_VENDOR   0x1B36
#define PVPANIC_DEVICE   0x0011
#define PVPANIC_PANICKED 0x01

static volatile UCHAR *HalpPanicRegister;

VOID HalpInitializePanic(VOID)
{
    HAL_PCI_FUNCTION Function;
    ULONG64 Address;

    if (!HalFindPciDevice(PVPANIC_VENDOR, PVPANIC_DEVICE, &Function))
        return;
    Address = HalAssignPciBar(&Function, 0);
    if (Address != 0)
        HalpPanicRegister = MmMapIoSpace(Address, 1);
}

VOID HalPanicNotify(VOID)
{
    if (HalpPanicRegister != NULL && (*HalpPanicRegister & PVPANIC_PANICKED))
        *HalpPanicRegister = PVPANIC_PANICKED;
}
