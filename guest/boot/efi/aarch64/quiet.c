/* The firmware stops its own interrupts when it is left; the processor may not take one before the kernel has vectors. */
#include <efiload.h>

VOID EfiQuietMachine(VOID)
{
    ULONG64 Level;

    __asm__ volatile("msr daifset, #0xF\n\tmrs %0, CurrentEL" : "=r"(Level));
    if (Level >> 2 != 1)
        BootFail("the firmware runs above EL1 (virtualization=on)");
}
