/* From the first C line to the idle loop. */
#include "kip.h"

#include <ex.h>
#include <hal.h>
#include <loader.h>
#include <ps.h>

extern UCHAR KiBootStackTop[];

struct _ETHREAD KiInitialThread;
struct _EPROCESS KiInitialProcess;
PLOADER_PARAMETER_BLOCK KeLoaderBlock;

static VOID KiInitializeProcessorBlock(VOID)
{
    PKPRCB Prcb = &KiProcessorBlock;

    InitializeListHead(&Prcb->DpcListHead);
    for (ULONG i = 0; i < MAXIMUM_PRIORITY; i++)
        InitializeListHead(&Prcb->DispatcherReadyListHead[i]);
    KeInitializeProcess(&KiInitialProcess.Pcb, LOW_PRIORITY, MiKernelPageTableRoot);
    KeInitializeThread(&KiInitialThread.Tcb, NULL, NULL, NULL, NULL, &KiInitialProcess.Pcb);
    KiInitialThread.Tcb.InitialStack = KiBootStackTop;
    KiInitialThread.Tcb.State = Running;
    Prcb->CurrentThread = Prcb->IdleThread = &KiInitialThread.Tcb;
}

/* From arch's KiSystemStartup: interrupts off, on the boot stack. */
DECLSPEC_NORETURN VOID KiInitializeKernel(PLOADER_PARAMETER_BLOCK LoaderBlock);
VOID KiInitializeKernel(PLOADER_PARAMETER_BLOCK LoaderBlock)
{
    KiStartCounter();
    KeLoaderBlock = LoaderBlock;
    MiKernelPageTableRoot = LoaderBlock->PageTableRootPhysical;
    HalInitSystem(0, LoaderBlock);
    KiInitializeProcessorBlock();
    KiInitializeCpu();
    KiInitializeClock();
    KiInitializeTimers();
    KeLowerIrql(PASSIVE_LEVEL);
    ExpInitializeExecutive(LoaderBlock);
    KiIdleLoop();
}

VOID KeInitSystem(VOID)
{
    KIRQL OldIrql = KfRaiseIrql(HIGH_LEVEL);        /* raises IRQL */

    KiInitializeInterrupts();
    KiInitializeSystemTime();
    KeLowerIrql(OldIrql);
}
