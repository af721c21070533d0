/* The memory manager's start. */
#include "mip.h"

/* W^X is kept by the stub's mapping of the kernel; from here on every mapping goes through KiMapPage. */
static BOOLEAN MiInitializePhase0(PLOADER_PARAMETER_BLOCK LoaderBlock)
{
    MiInitializePfnDatabase(LoaderBlock);
    MiKernelPageTableRoot = LoaderBlock->PageTableRootPhysical;
    return KiPrepareKernelRoot() && MiInitializePool() && MiInitializeSharedData(LoaderBlock);
}

BOOLEAN MmInitSystem(ULONG Phase, PLOADER_PARAMETER_BLOCK LoaderBlock)
{
    MM_STATISTICS Statistics;

    if (Phase == 0)
        return MiInitializePhase0(LoaderBlock);
    MmQueryStatistics(&Statistics);
    ExRecordFact("kernel.memory", "bytes=%I64u pages=%I64u", (ULONG64)Statistics.TotalPages << PAGE_SHIFT,
                 (ULONG64)Statistics.TotalPages);
    return MiInitializeSections();
}
