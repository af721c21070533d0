/* Interrupts that the firmware's timer drivers left on. The kernel masks the old controllers itself, the local APIC late. */
#include <efiload.h>

#define MSR_APIC_BASE       0x1B
#define APIC_ENABLED        0x800u
#define APIC_X2             0x400u
#define APIC_BASE           0xFFFFF000u
#define APIC_LVT_TIMER      0x320
#define APIC_MASKED         0x10000u

VOID EfiQuietMachine(VOID)
{
    ULONG Low, High;

    __asm__ volatile("cli; rdmsr" : "=a"(Low), "=d"(High) : "c"(MSR_APIC_BASE));
    if ((Low & (APIC_ENABLED | APIC_X2)) == APIC_ENABLED) {
        volatile ULONG *Timer = (volatile ULONG *)((ULONG64)High << 32 | (Low & APIC_BASE)) + APIC_LVT_TIMER / 4;
        *Timer |= APIC_MASKED;
    }
}
