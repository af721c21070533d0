/* The zero-page thread (K8): freed pages are cleared while the processor has nothing better to do. */
#include "mip.h"

VOID MmZeroPageThread(VOID)
{
    KeSetPriorityThread(KeGetCurrentThread(), LOW_PRIORITY);
    for (;;) {
        KeWaitForSingleObject(&MiZeroingPageEvent, WrFreePage, KernelMode, FALSE, NULL);
        while (MiZeroOneFreePage())
            KeYieldExecution();
    }
}
