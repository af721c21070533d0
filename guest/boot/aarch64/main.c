/* ARM64: what the device tree says, then the kernel. */
#include "boot.h"
#include "fdt.h"

extern CHAR BootImageStart[], BootImageEnd[];
DECLSPEC_NORETURN VOID BootEnterKernel(ULONG64 Root, ULONG64 Entry, ULONG64 Block);
DECLSPEC_NORETURN VOID BootMain(PCVOID Fdt);

#define PSCI_SYSTEM_OFF 0x84000008
VOID BootPowerOff(VOID)
{
    register ULONG64 Function __asm__("x0") = PSCI_SYSTEM_OFF;

    __asm__ volatile("hvc #0" : "+r"(Function) :: "x1", "x2", "x3", "memory");
    for (;;)
        __asm__ volatile("wfi");
}

static ULONG64 ChosenAddress(PCVOID Fdt, PCSTR Name)
{
    FDT_PROPERTY Property;

    return FdtFindProperty(Fdt, "chosen", Name, &Property) ? FdtCells(Property.Data, Property.Length) : 0;
}

VOID BootMain(PCVOID Fdt)
{
    BOOT_INFORMATION Information = { 0 };
    BOOT_TARGET Target;
    FDT_PROPERTY Property;
    ULONG64 Limit = 0, End;

    if (!FdtIsValid(Fdt))
        BootFail("no device tree in x0");
    if (!FdtFindProperty(Fdt, "memory", "reg", &Property))
        BootFail("the device tree has no memory");
    for (ULONG i = 0; i + 16 <= Property.Length; i += 16) {
        ULONG64 Base = FdtCells(Property.Data + i, 8), Size = FdtCells(Property.Data + i + 8, 8);
        BootAddMemory(Base, Base + Size);
        if (Base <= (ULONG64)BootImageStart && Base + Size > (ULONG64)BootImageEnd)
            Limit = Base + Size;
    }
    BootReserve(LoaderFirmware, (ULONG64)Fdt, (ULONG64)Fdt + FdtSize(Fdt));
    if ((ULONG64)Fdt > (ULONG64)BootImageEnd)
        Limit = min(Limit, (ULONG64)Fdt);

    Information.ModulesBase = ChosenAddress(Fdt, "linux,initrd-start");
    End = ChosenAddress(Fdt, "linux,initrd-end");
    Information.ModulesSize = End > Information.ModulesBase ? End - Information.ModulesBase : 0;
    if (Information.ModulesBase > (ULONG64)BootImageEnd)
        Limit = min(Limit, Information.ModulesBase);
    if (FdtFindProperty(Fdt, "chosen", "bootargs", &Property))
        Information.CommandLine = (PCSTR)Property.Data;
    Information.DeviceTree = (ULONG64)Fdt;
    BootSetAllocationArea((ULONG64)BootImageEnd, Limit);

    Information.StubBase = (ULONG64)BootImageStart;
    Information.StubEnd = (ULONG64)BootImageEnd;
    BootLoadKernel(&Information, &Target);
    BootEnterKernel(Target.PageTableRoot, Target.Entry, Target.LoaderBlock);
}
