/* ARM64: what the device tree says, then the kernel. */
#include "boot.h"
#include "fdt.h"

#include <ntimage.h>

const USHORT BootImageMachine = IMAGE_FILE_MACHINE_ARM64;

extern CHAR BootImageStart[], BootImageEnd[];
DECLSPEC_NORETURN VOID BootEnterKernel(ULONG64 Root, ULONG64 Entry, ULONG64 Block);
DECLSPEC_NORETURN VOID BootMain(PCVOID Fdt);

#define PL011_DATA 0x09000000
VOID BootPutString(PCSTR Text)
{
    for (; *Text; Text++)
        *(volatile ULONG *)PL011_DATA = (UCHAR)*Text;
}

#define PSCI_SYSTEM_OFF 0x84000008
VOID BootPowerOff(VOID)
{
    register ULONG64 Function __asm__("x0") = PSCI_SYSTEM_OFF;

    __asm__ volatile("hvc #0" : "+r"(Function) :: "x1", "x2", "x3", "memory");
    for (;;)
        __asm__ volatile("wfi");
}

#define PTE_VALID         0x1ull
#define PTE_TABLE_OR_PAGE 0x2ull
#define PTE_NORMAL        (3ull << 2)       /* MAIR index, see start.S */
#define PTE_READ_ONLY     (1ull << 7)
#define PTE_INNER         (3ull << 8)
#define PTE_ACCESSED      (1ull << 10)
#define PTE_PXN           (1ull << 53)
#define PTE_UXN           (1ull << 54)

ULONG64 BootTableEntry(ULONG64 Table) { return Table | PTE_TABLE_OR_PAGE | PTE_VALID; }

ULONG64 BootLeafEntry(ULONG64 Physical, ULONG Flags)
{
    ULONG64 Entry = Physical | PTE_VALID | PTE_NORMAL | PTE_INNER | PTE_ACCESSED | PTE_UXN;

    if (!(Flags & BOOT_MAP_LARGE))
        Entry |= PTE_TABLE_OR_PAGE;
    if (!(Flags & BOOT_MAP_WRITE))
        Entry |= PTE_READ_ONLY;
    if (!(Flags & BOOT_MAP_EXECUTE))
        Entry |= PTE_PXN;
    return Entry;
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
