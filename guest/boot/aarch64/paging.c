/* ARM64: page tables as the processor reads them. */
#include "boot.h"

#include <ntimage.h>

const USHORT BootImageMachine = IMAGE_FILE_MACHINE_ARM64;

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
