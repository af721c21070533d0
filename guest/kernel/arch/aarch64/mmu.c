/* Page-table entries as ARM64 reads them, and its TLB. One root serves both halves: TTBR0 and TTBR1 hold the same table. */
#include <arch.h>

#define PTE_VALID      0x1ull
#define PTE_TABLE      0x2ull           /* a table, or at the last level a page */
#define PTE_DEVICE     (0ull << 2)      /* indices into MAIR_EL1, as the stub set it */
#define PTE_NORMAL     (3ull << 2)
#define PTE_ATTRIBUTES (7ull << 2)
#define PTE_USER       (1ull << 6)
#define PTE_READ_ONLY  (1ull << 7)
#define PTE_INNER      (3ull << 8)
#define PTE_ACCESSED   (1ull << 10)
#define PTE_NOT_GLOBAL (1ull << 11)
#define PTE_PXN        (1ull << 53)
#define PTE_UXN        (1ull << 54)

ULONG64 KiTableEntry(ULONG64 Table) { return Table | PTE_TABLE | PTE_VALID; }

/* Code is executable for user mode or for the kernel, never for both. */
ULONG64 KiPageEntry(ULONG64 PhysicalAddress, ULONG Flags)
{
    ULONG64 Entry = PhysicalAddress | PTE_VALID | PTE_TABLE | PTE_ACCESSED | PTE_PXN | PTE_UXN;

    Entry |= Flags & KI_PAGE_DEVICE ? PTE_DEVICE : PTE_NORMAL | PTE_INNER;
    if (!(Flags & KI_PAGE_WRITE))
        Entry |= PTE_READ_ONLY;
    if (Flags & KI_PAGE_USER)
        Entry |= PTE_USER;
    if (!(Flags & KI_PAGE_GLOBAL))
        Entry |= PTE_NOT_GLOBAL;
    if (Flags & KI_PAGE_EXECUTE)
        Entry &= Flags & KI_PAGE_USER ? ~PTE_UXN : ~PTE_PXN;
    return Entry;
}

/* The access flag: clear, the next touch is a fault, and Mm sets it (KiMarkAccessed). */
BOOLEAN KiIsEntryAccessed(ULONG64 Entry) { return (Entry & PTE_ACCESSED) != 0; }

ULONG64 KiSetEntryAccessed(ULONG64 Entry, BOOLEAN Accessed)
{
    return Accessed ? Entry | PTE_ACCESSED : Entry & ~PTE_ACCESSED;
}

ULONG KiPageEntryFlags(ULONG64 Entry)
{
    BOOLEAN User = (Entry & PTE_USER) != 0;

    return (Entry & PTE_READ_ONLY ? 0 : KI_PAGE_WRITE) | (User ? KI_PAGE_USER : 0) |
           ((Entry & PTE_ATTRIBUTES) == PTE_DEVICE ? KI_PAGE_DEVICE : 0) |
           (Entry & PTE_NOT_GLOBAL ? 0 : KI_PAGE_GLOBAL) |
           (Entry & (User ? PTE_UXN : PTE_PXN) ? 0 : KI_PAGE_EXECUTE);
}

/* No address-space identifiers yet: what is not global goes with every switch. */
VOID KiLoadPageTableRoot(ULONG64 Root)
{
    __asm__ volatile("msr ttbr0_el1, %0\n\t"
                     "msr ttbr1_el1, %0\n\t"
                     "isb\n\t"
                     "tlbi aside1, xzr\n\t"
                     "dsb nsh\n\t"
                     "isb" :: "r"(Root) : "memory");
}

VOID KiFlushTlbPage(PVOID VirtualAddress)
{
    __asm__ volatile("dsb ishst\n\t"
                     "tlbi vaae1, %0\n\t"
                     "dsb nsh\n\t"
                     "isb" :: "r"((ULONG64)VirtualAddress >> PAGE_SHIFT & 0xFFFFFFFFFFFull) : "memory");
}

VOID KiFlushTlb(VOID)
{
    __asm__ volatile("dsb ishst; tlbi vmalle1; dsb nsh; isb" ::: "memory");
}

VOID KiPublishEntry(VOID) { __asm__ volatile("dsb ishst; isb" ::: "memory"); }

VOID KiSynchronizeInstructionCache(PVOID Address, SIZE_T Length)
{
    ULONG64 Line = 4ull << (KiReadSystemRegister(ctr_el0) >> 16 & 0xF);

    for (ULONG64 At = (ULONG64)Address & ~(Line - 1); At < (ULONG64)Address + Length; At += Line)
        __asm__ volatile("dc cvau, %0" :: "r"(At) : "memory");
    __asm__ volatile("dsb ish; ic iallu; dsb ish; isb" ::: "memory");
}
