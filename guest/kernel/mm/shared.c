/* KUSER_SHARED_DATA: one page that the kernel writes and every process reads at 0x7FFE0000. */
#include "mip.h"

#define MI_NT_MAJOR 10
#define MI_NT_MINOR 0
#define MI_NT_BUILD 22000

PFN_NUMBER MiSharedDataPage;

BOOLEAN MiInitializeSharedData(PLOADER_PARAMETER_BLOCK LoaderBlock)
{
    static const WCHAR SystemRoot[] = L"C:\\Windows";
    PKUSER_SHARED_DATA Data = (PKUSER_SHARED_DATA)MM_KERNEL_SHARED_DATA_VA;
    USHORT Machine = RtlImageNtHeader((PVOID)LoaderBlock->KernelBase)->FileHeader.Machine;
    MM_STATISTICS Statistics;

    MiSharedDataPage = MmAllocatePage(TRUE);
    if (MiSharedDataPage == 0 || !KiMapPage(MiKernelPageTableRoot, Data, MiSharedDataPage << PAGE_SHIFT, KI_PAGE_WRITE))
        return FALSE;
    MmQueryStatistics(&Statistics);
    RtlCopyMemory(Data->NtSystemRoot, SystemRoot, sizeof SystemRoot);
    Data->ImageNumberLow = Data->ImageNumberHigh = Machine;
    Data->NativeProcessorArchitecture = Machine == IMAGE_FILE_MACHINE_ARM64 ? 12 : 9;   /* PROCESSOR_ARCHITECTURE_* */
    Data->NtMajorVersion = MI_NT_MAJOR;
    Data->NtMinorVersion = MI_NT_MINOR;
    Data->NtBuildNumber = MI_NT_BUILD;
    Data->NtProductType = 1;            /* NtProductWinNt */
    Data->ProductTypeIsValid = TRUE;
    Data->NumberOfPhysicalPages = (ULONG)Statistics.TotalPages;
    Data->ActiveProcessorCount = 1;
    Data->ActiveGroupCount = 1;
    Data->UnparkedProcessorCount = 1;
    return TRUE;
}
