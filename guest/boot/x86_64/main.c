/* x86-64: what PVH's start information says, then the kernel. */
#include "boot.h"

/* Xen's hvm_start_info, version 1. */
#define HVM_START_MAGIC 0x336EC578
typedef struct _HVM_START_INFO {
    ULONG Magic, Version, Flags, ModuleCount;
    ULONG64 ModuleList, CommandLine, Rsdp, MemoryMap;
    ULONG MemoryMapEntries, Reserved;
} HVM_START_INFO;
typedef struct _HVM_MODULE { ULONG64 Address, Size, CommandLine, Reserved; } HVM_MODULE;
typedef struct _HVM_MEMORY { ULONG64 Address, Size; ULONG Type, Reserved; } HVM_MEMORY;
#define HVM_MEMORY_RAM 1

extern CHAR BootImageStart[], BootImageEnd[];
DECLSPEC_NORETURN VOID BootEnterKernel(ULONG64 Root, ULONG64 Entry, ULONG64 Block);
DECLSPEC_NORETURN VOID BootMain(const HVM_START_INFO *Start);

static VOID Out16(USHORT Port, USHORT Value) { __asm__ volatile("outw %0,%1" :: "a"(Value), "Nd"(Port)); }

/* microvm's sleep register, then the ports of the PC machines. */
VOID BootPowerOff(VOID)
{
    *(volatile UCHAR *)0xFEA00200 = 0x34;
    Out16(0x604, 0x2000);
    Out16(0xB004, 0x2000);
    for (;;)
        __asm__ volatile("hlt");
}

/* Firmware that fills in no RSDP leaves it where the BIOS has it. */
static ULONG64 FindRsdp(VOID)
{
    for (ULONG64 Address = 0xE0000; Address < 0x100000; Address += 16)
        if (__builtin_memcmp((PVOID)Address, "RSD PTR ", 8) == 0)
            return Address;
    return 0;
}

VOID BootMain(const HVM_START_INFO *Start)
{
    const HVM_MEMORY *Memory = (const HVM_MEMORY *)Start->MemoryMap;
    const HVM_MODULE *Module = (const HVM_MODULE *)Start->ModuleList;
    BOOT_INFORMATION Information = { 0 };
    BOOT_TARGET Target;
    ULONG64 Limit = 0;

    if (Start->Magic != HVM_START_MAGIC || Start->Version < 1 || Start->MemoryMapEntries == 0)
        BootFail("the firmware brought no PVH start information with a memory map");
    for (ULONG i = 0; i < Start->MemoryMapEntries; i++) {
        if (Memory[i].Type != HVM_MEMORY_RAM)
            continue;
        BootAddMemory(Memory[i].Address, Memory[i].Address + Memory[i].Size);
        if (Memory[i].Address <= (ULONG64)BootImageStart && Memory[i].Address + Memory[i].Size > (ULONG64)BootImageEnd)
            Limit = min(Memory[i].Address + Memory[i].Size, 0x100000000ull);
    }
    /* Below 1 MiB are the start information, its lists, and the BIOS's data. */
    BootReserve(LoaderFirmware, 0, 0x100000);
    if (Start->ModuleCount > 0) {
        Information.ModulesBase = Module->Address;
        Information.ModulesSize = Module->Size;
        if (Module->Address > (ULONG64)BootImageEnd)
            Limit = min(Limit, Module->Address);
    }
    BootSetAllocationArea((ULONG64)BootImageEnd, Limit);
    Information.CommandLine = (PCSTR)Start->CommandLine;
    Information.AcpiRsdp = Start->Rsdp ? Start->Rsdp : FindRsdp();

    Information.StubBase = (ULONG64)BootImageStart;
    Information.StubEnd = (ULONG64)BootImageEnd;
    BootLoadKernel(&Information, &Target);
    BootEnterKernel(Target.PageTableRoot, Target.Entry, Target.LoaderBlock);
}
