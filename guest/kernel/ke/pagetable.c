/* Walks, fills and frees page tables; the entries' bits are the architecture's (arch/mmu.c). */
#include <arch.h>
#include <loader.h>
#include <mm.h>

#define LEVELS         4
#define ENTRIES        512
#define KERNEL_HALF    256
#define SLOT(Va)       ((ULONG)((ULONG64)(Va) >> 39 & 511))
#define SESSION_SLOT   SLOT(KI_SESSION_SPACE)

ULONG64 MiKernelPageTableRoot;

/* Top-level slots of the kernel half that every root shares: docs/design.md 4. Session space is not among them. */
static const ULONG64 KiSharedRegions[] = {
    0xFFFFF78000000000, 0xFFFFF80000000000, 0xFFFFF88000000000, 0xFFFFFA8000000000, 0xFFFFFC0000000000,
};

static PULONG64 KiTable(ULONG64 PhysicalAddress) { return (PULONG64)(KSEG_BASE + (PhysicalAddress & KI_ENTRY_ADDRESS)); }

/* The last-level entry for a page, or NULL when a table on the way is missing and may not be made (or cannot). */
static PULONG64 KiFindEntry(ULONG64 Root, ULONG64 VirtualAddress, BOOLEAN Create)
{
    PULONG64 Table = KiTable(Root);

    for (ULONG Shift = 39; Shift > PAGE_SHIFT; Shift -= 9) {
        PULONG64 Entry = &Table[VirtualAddress >> Shift & 511];
        if (!KiIsEntryValid(*Entry)) {
            PFN_NUMBER Page = Create ? MmAllocatePage(TRUE) : 0;
            if (Page == 0)
                return NULL;
            *Entry = KiTableEntry(Page << PAGE_SHIFT);
            KiPublishEntry();
        } else if (Shift < 39 && KiIsEntryLarge(*Entry)) {
            return NULL;
        }
        Table = KiTable(*Entry);
    }
    return &Table[VirtualAddress >> PAGE_SHIFT & 511];
}

static ULONG KiCompleteFlags(ULONG64 VirtualAddress, ULONG Flags)
{
    if (SLOT(VirtualAddress) >= KERNEL_HALF && SLOT(VirtualAddress) != SESSION_SLOT)
        Flags |= KI_PAGE_GLOBAL;
    return Flags;
}

BOOLEAN KiMapPage(ULONG64 Root, PVOID VirtualAddress, ULONG64 PhysicalAddress, ULONG Flags)
{
    PULONG64 Entry = KiFindEntry(Root, (ULONG64)VirtualAddress, TRUE);
    ULONG64 Old;

    if (Entry == NULL)
        return FALSE;
    Old = *Entry;
    *Entry = KiPageEntry(PhysicalAddress, KiCompleteFlags((ULONG64)VirtualAddress, Flags));
    if (KiIsEntryValid(Old))
        KiFlushTlbPage(VirtualAddress);
    else
        KiPublishEntry();
    return TRUE;
}

BOOLEAN KiUnmapPage(ULONG64 Root, PVOID VirtualAddress, ULONG64 *PhysicalAddress)
{
    PULONG64 Entry = KiFindEntry(Root, (ULONG64)VirtualAddress, FALSE);

    if (Entry == NULL || !KiIsEntryValid(*Entry))
        return FALSE;
    if (PhysicalAddress != NULL)
        *PhysicalAddress = *Entry & KI_ENTRY_ADDRESS;
    *Entry = 0;
    KiFlushTlbPage(VirtualAddress);
    return TRUE;
}

BOOLEAN KiProtectPage(ULONG64 Root, PVOID VirtualAddress, ULONG Flags)
{
    PULONG64 Entry = KiFindEntry(Root, (ULONG64)VirtualAddress, FALSE);

    if (Entry == NULL || !KiIsEntryValid(*Entry))
        return FALSE;
    *Entry = KiPageEntry(*Entry & KI_ENTRY_ADDRESS, KiCompleteFlags((ULONG64)VirtualAddress, Flags));
    KiFlushTlbPage(VirtualAddress);
    return TRUE;
}

BOOLEAN KiQueryPage(ULONG64 Root, PVOID VirtualAddress, ULONG64 *PhysicalAddress, ULONG *Flags)
{
    ULONG64 Address = (ULONG64)VirtualAddress;
    PULONG64 Table = KiTable(Root);

    for (ULONG Shift = 39;; Shift -= 9) {
        ULONG64 Entry = Table[Address >> Shift & 511];
        if (!KiIsEntryValid(Entry))
            return FALSE;
        if (Shift == PAGE_SHIFT || (Shift < 39 && KiIsEntryLarge(Entry))) {
            ULONG64 Mask = (1ull << Shift) - 1;
            if (PhysicalAddress != NULL)
                *PhysicalAddress = (Entry & KI_ENTRY_ADDRESS & ~Mask) | (Address & Mask);
            if (Flags != NULL)
                *Flags = KiPageEntryFlags(Entry);
            return TRUE;
        }
        Table = KiTable(Entry);
    }
}

#define SOFT_ENTRY(Kind, Value) ((Value) << PAGE_SHIFT | (ULONG64)(Kind) << 1)
#define SOFT_KIND(Entry)        ((ULONG)(Entry) >> 1 & 3)

BOOLEAN KiSetSoftEntry(ULONG64 Root, PVOID VirtualAddress, ULONG Kind, ULONG64 Value)
{
    PULONG64 Entry = KiFindEntry(Root, (ULONG64)VirtualAddress, FALSE);
    ULONG64 Old;

    if (Entry == NULL)
        return FALSE;
    Old = *Entry;
    *Entry = Kind != 0 ? SOFT_ENTRY(Kind, Value) : 0;
    if (KiIsEntryValid(Old))
        KiFlushTlbPage(VirtualAddress);
    return TRUE;
}

BOOLEAN KiQuerySoftEntry(ULONG64 Root, PVOID VirtualAddress, ULONG *Kind, ULONG64 *Value)
{
    PULONG64 Entry = KiFindEntry(Root, (ULONG64)VirtualAddress, FALSE);

    if (Entry == NULL || KiIsEntryValid(*Entry) || *Entry == 0)
        return FALSE;
    *Kind = SOFT_KIND(*Entry);
    *Value = *Entry >> PAGE_SHIFT;
    return TRUE;
}

BOOLEAN KiTestAndClearAccessed(ULONG64 Root, PVOID VirtualAddress)
{
    PULONG64 Entry = KiFindEntry(Root, (ULONG64)VirtualAddress, FALSE);

    if (Entry == NULL || !KiIsEntryValid(*Entry) || !KiIsEntryAccessed(*Entry))
        return FALSE;
    *Entry = KiSetEntryAccessed(*Entry, FALSE);
    KiFlushTlbPage(VirtualAddress);
    return TRUE;
}

VOID KiMarkAccessed(ULONG64 Root, PVOID VirtualAddress)
{
    PULONG64 Entry = KiFindEntry(Root, (ULONG64)VirtualAddress, FALSE);

    if (Entry != NULL && KiIsEntryValid(*Entry))
        *Entry = KiSetEntryAccessed(*Entry, TRUE);
    KiFlushTlbPage(VirtualAddress);     /* nothing else makes the processor look at the entry again */
}

BOOLEAN KiPrepareKernelRoot(VOID)
{
    PULONG64 Root = KiTable(MiKernelPageTableRoot);

    for (ULONG i = 0; i < RTL_NUMBER_OF(KiSharedRegions); i++) {
        PULONG64 Entry = &Root[SLOT(KiSharedRegions[i])];
        if (!KiIsEntryValid(*Entry)) {
            PFN_NUMBER Page = MmAllocatePage(TRUE);
            if (Page == 0)
                return FALSE;
            *Entry = KiTableEntry(Page << PAGE_SHIFT);
        }
    }
    for (ULONG i = 0; i < KERNEL_HALF; i++)
        Root[i] = 0;
    KiFlushTlb();
    return TRUE;
}

ULONG64 KiCreatePageTableRoot(VOID)
{
    PFN_NUMBER Page = MmAllocatePage(TRUE);
    PULONG64 Root, Kernel = KiTable(MiKernelPageTableRoot);

    if (Page == 0)
        return 0;
    Root = KiTable(Page << PAGE_SHIFT);
    for (ULONG i = KERNEL_HALF; i < ENTRIES; i++)
        if (i != SESSION_SLOT)
            Root[i] = Kernel[i];
    return Page << PAGE_SHIFT;
}

/* Frees the table at PhysicalAddress and all tables below it. Level 1 is the last: its entries are pages. */
static VOID KiFreeTables(ULONG64 PhysicalAddress, ULONG Level)
{
    PULONG64 Table = KiTable(PhysicalAddress);

    for (ULONG i = 0; Level > 1 && i < ENTRIES; i++)
        if (KiIsEntryValid(Table[i]) && !KiIsEntryLarge(Table[i]))
            KiFreeTables(Table[i] & KI_ENTRY_ADDRESS, Level - 1);
    MmFreePage(PhysicalAddress >> PAGE_SHIFT);
}

VOID KiDeletePageTableRoot(ULONG64 Root)
{
    PULONG64 Table = KiTable(Root);

    for (ULONG i = 0; i < KERNEL_HALF; i++)
        if (KiIsEntryValid(Table[i]))
            KiFreeTables(Table[i] & KI_ENTRY_ADDRESS, LEVELS - 1);
    MmFreePage(Root >> PAGE_SHIFT);
}

VOID KiSetSessionTable(ULONG64 Root, ULONG64 Table)
{
    KiTable(Root)[SESSION_SLOT] = Table ? KiTableEntry(Table) : 0;
    KiFlushTlb();
}

ULONG64 KiGetSessionTable(ULONG64 Root)
{
    ULONG64 Entry = KiTable(Root)[SESSION_SLOT];

    return KiIsEntryValid(Entry) ? Entry & KI_ENTRY_ADDRESS : 0;
}

VOID KiDeleteSessionTable(ULONG64 Table) { KiFreeTables(Table, LEVELS - 1); }
