/* x86-64: page tables as the processor reads them. */
#include "boot.h"

#include <ntimage.h>

const USHORT BootImageMachine = IMAGE_FILE_MACHINE_AMD64;

ULONG64 BootTableEntry(ULONG64 Table) { return Table | 0x3; }

ULONG64 BootLeafEntry(ULONG64 Physical, ULONG Flags)
{
    ULONG64 Entry = Physical | 0x161;               /* present, accessed, dirty, global */

    if (Flags & BOOT_MAP_WRITE)
        Entry |= 0x2;
    if (!(Flags & BOOT_MAP_EXECUTE))
        Entry |= 1ull << 63;
    if (Flags & BOOT_MAP_LARGE)
        Entry |= 0x80;
    return Entry;
}
