/* What processor this is, from MIDR_EL1. */
#include <ke.h>
#include <nt.h>

VOID KeQueryProcessorInformation(PSYSTEM_PROCESSOR_INFORMATION Information)
{
    ULONG64 Midr;

    __asm__ volatile("mrs %0, midr_el1" : "=r"(Midr));
    Information->ProcessorArchitecture = PROCESSOR_ARCHITECTURE_ARM64;
    Information->ProcessorLevel = (USHORT)(Midr >> 4 & 0xFFF);     /* part number */
    Information->ProcessorRevision = (USHORT)((Midr >> 20 & 0xF) << 8 | (Midr & 0xF));
    Information->MaximumProcessors = 1;
    Information->ProcessorFeatureBits = 0;
}
