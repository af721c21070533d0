/* The smallest guest: copies its initrd to the PL011 as it is, then powers off by PSCI. */
#include "fdt.h"

#define PL011_DATA      0x09000000
#define PSCI_SYSTEM_OFF 0x84000008

VOID TinyMain(PCVOID Fdt);

static ULONG64 Chosen(PCVOID Fdt, PCSTR Name)
{
    FDT_PROPERTY Property;

    return FdtFindProperty(Fdt, "chosen", Name, &Property) ? FdtCells(Property.Data, Property.Length) : 0;
}

VOID TinyMain(PCVOID Fdt)
{
    register ULONG64 Function __asm__("x0");

    if (FdtIsValid(Fdt)) {
        const UCHAR *Byte = (const UCHAR *)Chosen(Fdt, "linux,initrd-start");
        const UCHAR *End = (const UCHAR *)Chosen(Fdt, "linux,initrd-end");

        while (Byte != NULL && Byte < End)
            *(volatile ULONG *)PL011_DATA = *Byte++;
    }
    Function = PSCI_SYSTEM_OFF;
    __asm__ volatile("hvc #0" : "+r"(Function) :: "x1", "x2", "x3", "memory");
    for (;;)
        __asm__ volatile("wfi");
}
