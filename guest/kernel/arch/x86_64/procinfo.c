/* What processor this is, from CPUID. */
#include <ke.h>
#include <nt.h>

VOID KeQueryProcessorInformation(PSYSTEM_PROCESSOR_INFORMATION Information)
{
    ULONG Eax = 1, Ebx, Ecx = 0, Edx, Family, Model;

    __asm__ volatile("cpuid" : "+a"(Eax), "=b"(Ebx), "+c"(Ecx), "=d"(Edx));
    Family = Eax >> 8 & 0xF;
    Model = Eax >> 4 & 0xF;
    if (Family == 0x6 || Family == 0xF)
        Model |= Eax >> 12 & 0xF0;
    if (Family == 0xF)
        Family += Eax >> 20 & 0xFF;
    Information->ProcessorArchitecture = PROCESSOR_ARCHITECTURE_AMD64;
    Information->ProcessorLevel = (USHORT)Family;
    Information->ProcessorRevision = (USHORT)(Model << 8 | (Eax & 0xF));
    Information->MaximumProcessors = 1;
    Information->ProcessorFeatureBits = Edx;
}
