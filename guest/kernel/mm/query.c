/* NtQueryVirtualMemory: what a stretch of a process's memory is. */
#include "mip.h"

/* The free range around Address. */
static VOID MiDescribeFree(PMMSUPPORT Vm, ULONG64 Address, PMEMORY_BASIC_INFORMATION Information)
{
    ULONG64 End = (ULONG64)MM_HIGHEST_USER_ADDRESS + 1;

    for (PMMVAD Vad = Vm->VadRoot; Vad != NULL; Vad = Vad->Next) {
        if (Vad->Start > Address) {
            End = Vad->Start;
            break;
        }
    }
    Information->RegionSize = End - Address;
    Information->State = MEM_FREE;
    Information->Protect = PAGE_NOACCESS;
}

/* From Address on, neighbours of the same allocation that look the same count as one region. */
static VOID MiDescribeVad(PMMVAD Vad, ULONG64 Address, PMEMORY_BASIC_INFORMATION Information)
{
    ULONG64 End = Vad->End;

    for (PMMVAD Next = Vad->Next; Next != NULL && Next->Start == End && Next->AllocationBase == Vad->AllocationBase &&
                                  Next->Protect == Vad->Protect && Next->Type == Vad->Type; Next = Next->Next)
        End = Next->End;
    Information->AllocationBase = (PVOID)Vad->AllocationBase;
    Information->AllocationProtect = Vad->AllocationProtect;
    Information->RegionSize = End - Address;
    Information->State = Vad->Protect != 0 ? MEM_COMMIT : MEM_RESERVE;
    Information->Protect = Vad->Protect;
    Information->Type = Vad->Type;
}

NTSTATUS NTAPI NtQueryVirtualMemory(HANDLE ProcessHandle, PVOID BaseAddress,
                                    MEMORY_INFORMATION_CLASS MemoryInformationClass, PVOID MemoryInformation,
                                    SIZE_T MemoryInformationLength, PSIZE_T ReturnLength)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    MEMORY_BASIC_INFORMATION Information = { .BaseAddress = PAGE_ALIGN(BaseAddress) };
    SIZE_T Size = sizeof Information;
    PEPROCESS Process;
    PMMVAD Vad;
    NTSTATUS Status;

    if (MemoryInformationClass != MemoryBasicInformation)
        return STATUS_INVALID_INFO_CLASS;
    if (MemoryInformationLength < Size)
        return STATUS_INFO_LENGTH_MISMATCH;
    if (BaseAddress > MM_HIGHEST_USER_ADDRESS)
        return STATUS_INVALID_PARAMETER;
    Status = ObReferenceObjectByHandle(ProcessHandle, PROCESS_QUERY_INFORMATION, PsProcessType, Mode,
                                       (PVOID *)&Process, NULL);
    if (!NT_SUCCESS(Status))
        return Status;
    Vad = MiFindVad(&Process->Vm, (ULONG64)Information.BaseAddress);
    if (Vad != NULL)
        MiDescribeVad(Vad, (ULONG64)Information.BaseAddress, &Information);
    else
        MiDescribeFree(&Process->Vm, (ULONG64)Information.BaseAddress, &Information);
    ObDereferenceObject(Process);
    Status = ExCopyToMode(Mode, MemoryInformation, &Information, Size);
    if (NT_SUCCESS(Status) && ReturnLength != NULL)
        Status = ExCopyToMode(Mode, ReturnLength, &Size, sizeof Size);
    return Status;
}
