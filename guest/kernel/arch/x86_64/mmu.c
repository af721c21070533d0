/* Page-table entries as x86-64 reads them, and its TLB. */
#include <arch.h>

#define PTE_PRESENT   0x001ull
#define PTE_WRITE     0x002ull
#define PTE_USER      0x004ull
#define PTE_PWT       0x008ull
#define PTE_PCD       0x010ull
#define PTE_ACCESSED  0x020ull
#define PTE_DIRTY     0x040ull
#define PTE_GLOBAL    0x100ull
#define PTE_NX        (1ull << 63)

#define CR4_PGE       (1ull << 7)

/* A table grants everything; the page decides. */
ULONG64 KiTableEntry(ULONG64 Table) { return Table | PTE_PRESENT | PTE_WRITE | PTE_USER; }

ULONG64 KiPageEntry(ULONG64 PhysicalAddress, ULONG Flags)
{
    ULONG64 Entry = PhysicalAddress | PTE_PRESENT | PTE_ACCESSED | PTE_DIRTY;

    if (Flags & KI_PAGE_WRITE)
        Entry |= PTE_WRITE;
    if (Flags & KI_PAGE_USER)
        Entry |= PTE_USER;
    if (Flags & KI_PAGE_DEVICE)
        Entry |= PTE_PWT | PTE_PCD;
    if (Flags & KI_PAGE_GLOBAL)
        Entry |= PTE_GLOBAL;
    if (!(Flags & KI_PAGE_EXECUTE))
        Entry |= PTE_NX;
    return Entry;
}

BOOLEAN KiIsEntryAccessed(ULONG64 Entry) { return (Entry & PTE_ACCESSED) != 0; }

ULONG64 KiSetEntryAccessed(ULONG64 Entry, BOOLEAN Accessed)
{
    return Accessed ? Entry | PTE_ACCESSED : Entry & ~PTE_ACCESSED;
}

ULONG KiPageEntryFlags(ULONG64 Entry)
{
    return (Entry & PTE_WRITE ? KI_PAGE_WRITE : 0) | (Entry & PTE_USER ? KI_PAGE_USER : 0) |
           (Entry & PTE_PCD ? KI_PAGE_DEVICE : 0) | (Entry & PTE_GLOBAL ? KI_PAGE_GLOBAL : 0) |
           (Entry & PTE_NX ? 0 : KI_PAGE_EXECUTE);
}

VOID KiLoadPageTableRoot(ULONG64 Root) { __asm__ volatile("movq %0, %%cr3" :: "r"(Root) : "memory"); }

VOID KiFlushTlbPage(PVOID VirtualAddress)
{
    __asm__ volatile("invlpg (%0)" :: "r"(VirtualAddress) : "memory");
}

/* Global pages as well. */
VOID KiFlushTlb(VOID)
{
    ULONG64 Cr4;

    __asm__ volatile("movq %%cr4, %0" : "=r"(Cr4));
    __asm__ volatile("movq %0, %%cr4" :: "r"(Cr4 & ~CR4_PGE) : "memory");
    __asm__ volatile("movq %0, %%cr4" :: "r"(Cr4) : "memory");
}

VOID KiPublishEntry(VOID) { __asm__ volatile("" ::: "memory"); }

/* x86 keeps its instruction cache coherent by itself. */
VOID KiSynchronizeInstructionCache(PVOID Address, SIZE_T Length)
{
    UNREFERENCED_PARAMETER(Address);
    UNREFERENCED_PARAMETER(Length);
}
