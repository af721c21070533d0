/* The vectors, and the state that goes with a thread. */
#include "archp.h"

#include <ntrtl.h>

extern UCHAR KiVectors[];

#define CPACR_FPEN_BOTH (3ull << 20)    /* floating point traps nowhere: user mode uses it, the kernel saves it */
#define CNTKCTL_EL0VCTEN (1ull << 1)

VOID KiInitializeCpu(VOID)
{
    KiWriteSystemRegister(vbar_el1, KiVectors);
    KiWriteSystemRegister(cpacr_el1, CPACR_FPEN_BOTH);
    KiWriteSystemRegister(cntkctl_el1, CNTKCTL_EL0VCTEN);   /* user mode may read the virtual counter */
    KiInstructionBarrier();
}

/* Zeros are what a thread begins with: rounding to nearest, no trap. */
VOID KiInitializeFloatingState(PKFLOATING_SAVE State)
{
    RtlZeroMemory(State, sizeof *State);
}

/* SP_EL1 is the interrupted thread's own stack already; X18 is in every trap frame. Only a thread that enters user mode
 * for the first time needs its TEB from here (frames.c). */
VOID KiSetThreadState(PVOID InitialStack, PVOID Teb)
{
    UNREFERENCED_PARAMETER(InitialStack);
    UNREFERENCED_PARAMETER(Teb);
}

/* What KiSwapContext loads: X29, X30 and ten more registers. */
PVOID KiInitializeSwitchFrame(PVOID KernelStackTop)
{
    extern VOID KiThreadEntry(VOID);
    PULONG64 Stack = (PULONG64)((ULONG64)KernelStackTop & ~15ull) - 12;

    for (ULONG i = 0; i < 12; i++)
        Stack[i] = 0;
    Stack[1] = (ULONG64)&KiThreadEntry;
    return Stack;
}

/* WFI wakes for a masked interrupt too; it is taken between the two instructions after it. KiHalted: where the program
 * counter stands while the processor sleeps here. */
VOID KiIdleProcessor(VOID)
{
    __asm__ volatile(".globl KiHalted\n\tdsb sy\n\twfi\nKiHalted:\tmsr daifclr, #2\n\tisb\n\tmsr daifset, #2" ::: "memory");
}
