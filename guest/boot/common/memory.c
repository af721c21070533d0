/* The stub's memory: which RAM there is, who has it, pages for the kernel, its tables and the loader block. */
#include "boot.h"

static LOADER_MEMORY_DESCRIPTOR Descriptors[LOADER_MEMORY_DESCRIPTORS];
static ULONG DescriptorCount;
static ULONG64 AllocationBase, AllocationCursor, AllocationLimit;

static VOID Remove(ULONG Index)
{
    DescriptorCount--;
    for (ULONG i = Index; i < DescriptorCount; i++)
        Descriptors[i] = Descriptors[i + 1];
}

static ULONG64 EndOf(ULONG Index) { return Descriptors[Index].BasePage + Descriptors[Index].PageCount; }

/* A range that begins where one of its type ends, or the other way round, makes that one longer. */
static VOID Insert(ULONG Index, LOADER_MEMORY_TYPE Type, ULONG64 BasePage, ULONG64 EndPage)
{
    if (BasePage >= EndPage)
        return;
    if (Index > 0 && Descriptors[Index - 1].Type == Type && EndOf(Index - 1) == BasePage) {
        Descriptors[Index - 1].PageCount += EndPage - BasePage;
        if (Index < DescriptorCount && Descriptors[Index].Type == Type && Descriptors[Index].BasePage == EndPage) {
            Descriptors[Index - 1].PageCount += Descriptors[Index].PageCount;
            Remove(Index);
        }
        return;
    }
    if (Index < DescriptorCount && Descriptors[Index].Type == Type && Descriptors[Index].BasePage == EndPage) {
        Descriptors[Index].BasePage = BasePage;
        Descriptors[Index].PageCount += EndPage - BasePage;
        return;
    }
    if (DescriptorCount == LOADER_MEMORY_DESCRIPTORS)
        BootFail("too many memory ranges");
    for (ULONG i = DescriptorCount++; i > Index; i--)
        Descriptors[i] = Descriptors[i - 1];
    Descriptors[Index] = (LOADER_MEMORY_DESCRIPTOR){ Type, BasePage, EndPage - BasePage };
}

VOID BootAddMemory(ULONG64 Base, ULONG64 End)
{
    ULONG64 BasePage = BOOT_PAGE_UP(Base) / BOOT_PAGE;
    ULONG Index = 0;

    while (Index < DescriptorCount && Descriptors[Index].BasePage < BasePage)
        Index++;
    Insert(Index, LoaderFree, BasePage, End / BOOT_PAGE);
}

/* Takes whole pages around [Base, End) out of free RAM; what is not free RAM stays what it is. */
VOID BootReserve(LOADER_MEMORY_TYPE Type, ULONG64 Base, ULONG64 End)
{
    ULONG64 First = Base / BOOT_PAGE, Last = BOOT_PAGE_UP(End) / BOOT_PAGE;

    for (ULONG i = 0; i < DescriptorCount; i++) {
        LOADER_MEMORY_DESCRIPTOR Old = Descriptors[i];
        ULONG64 OldEnd = Old.BasePage + Old.PageCount;
        ULONG64 From = max(First, Old.BasePage), To = min(Last, OldEnd);

        if (Old.Type != LoaderFree || From >= To)
            continue;
        Remove(i);
        Insert(i, LoaderFree, To, OldEnd);
        Insert(i, Type, From, To);
        Insert(i, LoaderFree, Old.BasePage, From);
    }
}

VOID BootSetAllocationArea(ULONG64 Base, ULONG64 Limit)
{
    AllocationBase = AllocationCursor = BOOT_PAGE_UP(Base);
    AllocationLimit = Limit & ~(BOOT_PAGE - 1);
}

PVOID BootAllocate(ULONG64 Size)
{
    ULONG64 Address = AllocationCursor;

    Size = BOOT_PAGE_UP(Size);
    if (Address + Size > AllocationLimit)
        BootFail("out of memory");
    AllocationCursor += Size;
    __builtin_memset((PVOID)Address, 0, Size);
    return (PVOID)Address;
}

/* 4 KiB or, where Flags, alignment and size allow, 2 MiB pages. */
VOID BootMap(ULONG64 Root, ULONG64 Virtual, ULONG64 Physical, ULONG64 Size, ULONG Flags)
{
    BOOLEAN Large = (Flags & BOOT_MAP_LARGE) != 0;
    ULONG LeafShift = Large ? 21 : 12;

    for (ULONG64 Done = 0; Done < Size; Done += 1ull << LeafShift) {
        PULONG64 Table = (PULONG64)Root;
        for (ULONG Shift = 39; Shift > LeafShift; Shift -= 9) {
            PULONG64 Entry = &Table[((Virtual + Done) >> Shift) & 511];
            if (*Entry == 0)
                *Entry = BootTableEntry((ULONG64)BootAllocate(BOOT_PAGE));
            Table = (PULONG64)(*Entry & 0x0000FFFFFFFFF000ull);
        }
        Table[((Virtual + Done) >> LeafShift) & 511] = BootLeafEntry(Physical + Done, Flags);
    }
}

static VOID MapAllMemory(ULONG64 Root, PLOADER_PARAMETER_BLOCK Block)
{
    ULONG64 Mapped = 0;     /* physical; everything below is done */

    for (ULONG i = 0; i < DescriptorCount; i++) {
        ULONG64 Base = Descriptors[i].BasePage * BOOT_PAGE & ~(BOOT_LARGE_PAGE - 1);
        ULONG64 End = (Descriptors[i].BasePage + Descriptors[i].PageCount) * BOOT_PAGE;

        End = (End + BOOT_LARGE_PAGE - 1) & ~(BOOT_LARGE_PAGE - 1);
        Base = max(Base, Mapped);
        if (Base < End) {
            BootMap(Root, KSEG_BASE + Base, Base, End - Base, BOOT_MAP_WRITE | BOOT_MAP_LARGE);
            Mapped = End;
        }
    }
    Block->DirectMapEnd = Mapped;
}

VOID BootLoadKernel(const BOOT_INFORMATION *Information, BOOT_TARGET *Target)
{
    PLOADER_PARAMETER_BLOCK Block = BootAllocate(sizeof(*Block));
    ULONG64 Root = (ULONG64)BootAllocate(BOOT_PAGE);
    PLOADER_MODULE Kernel;
    BOOT_IMAGE Image;

    if (Information->ModulesSize == 0)
        BootFail("no boot modules (-initrd)");
    if (Information->Modules == NULL)
        BootListModules(Information->ModulesBase, Information->ModulesSize, Block);
    else
        while (Block->ModuleCount < Information->ModuleCount) {
            Block->Modules[Block->ModuleCount] = Information->Modules[Block->ModuleCount];
            Block->ModuleCount++;
        }
    Kernel = BootFindModule(Block, "Windows/System32/ntoskrnl.exe");
    if (Kernel == NULL)
        BootFail("the boot modules have no Windows/System32/ntoskrnl.exe");
    BootLoadImage(Kernel, &Image);
    MapAllMemory(Root, Block);
    BootMapImage(Root, &Image);
    /* The stub's own code, until the kernel clears the user half of this root. */
    BootMap(Root, Information->StubBase & ~(BOOT_LARGE_PAGE - 1), Information->StubBase & ~(BOOT_LARGE_PAGE - 1),
            BOOT_LARGE_PAGE, BOOT_MAP_WRITE | BOOT_MAP_EXECUTE | BOOT_MAP_LARGE);

    /* From here on the archive and the command line are used through the direct map. */
    for (ULONG i = 0; i < Block->ModuleCount; i++) {
        Block->Modules[i].Name += KSEG_BASE;
        Block->Modules[i].Base = (PCHAR)Block->Modules[i].Base + KSEG_BASE;
    }
    Block->Version = LOADER_BLOCK_VERSION;
    Block->Size = sizeof(*Block);
    Block->PageTableRootPhysical = Root;
    Block->KernelBase = Image.Base;
    Block->KernelSize = Image.Size;
    Block->KernelPhysical = Image.Physical;
    Block->CommandLine = (Information->CommandLine ? Information->CommandLine : "") + KSEG_BASE;
    Block->AcpiRsdpPhysical = Information->AcpiRsdp;
    Block->DeviceTreePhysical = Information->DeviceTree;

    Target->PageTableRoot = Root;
    Target->Entry = Image.Entry;
    Target->LoaderBlock = KSEG_BASE + (ULONG64)Block;

    /* Last, since page tables come from here as well. */
    BootReserve(LoaderBootData, Information->StubBase, Information->StubEnd);
    BootReserve(LoaderKernelImage, Image.Physical, Image.Physical + Image.Size);
    BootReserve(LoaderBootData, AllocationBase, AllocationCursor);
    BootReserve(LoaderBootModules, Information->ModulesBase, Information->ModulesBase + Information->ModulesSize);
    Block->MemoryDescriptorCount = DescriptorCount;
    for (ULONG i = 0; i < DescriptorCount; i++)
        Block->MemoryDescriptors[i] = Descriptors[i];
}
