/* NtFlushVirtualMemory, and the end of the system: what views of files changed goes back to the files. */
#include "mip.h"
#include "pagefile.h"

/* The part of a view at *Base: its pages of the area from *First on; the bytes that count in *Size (0: to the view's end). */
static NTSTATUS MiFindFlushRange(PMMSUPPORT Vm, ULONG64 *Base, PSIZE_T Size, PCONTROL_AREA *Area, PULONG First)
{
    ULONG64 Start = *Base & ~(PAGE_SIZE - 1ull);
    PMMVAD Vad = MiFindVad(Vm, Start);
    ULONG64 End;

    if (Vad == NULL || Vad->ControlArea == NULL)
        return STATUS_NOT_MAPPED_VIEW;
    if (!MiIsDataArea(Vad->ControlArea))
        return STATUS_NOT_MAPPED_DATA;
    End = Vad->End;
    for (PMMVAD Next = Vad->Next; Next != NULL && Next->Start == End && Next->AllocationBase == Vad->AllocationBase;
         Next = Next->Next)
        End = Next->End;
    if (*Size != 0) {
        if (*Size > End - *Base)
            return STATUS_INVALID_PARAMETER_2;
        End = ROUND_TO_PAGES(*Base + *Size);
    }
    *Area = Vad->ControlArea;
    *First = Vad->FirstPage + (ULONG)((Start - Vad->Start) >> PAGE_SHIFT);
    *Base = Start;
    *Size = End - Start;
    return STATUS_SUCCESS;
}

static NTSTATUS MiFlushView(PEPROCESS Process, ULONG64 *Base, PSIZE_T Size)
{
    PCONTROL_AREA Area;
    ULONG First;
    NTSTATUS Status;

    if (*Base > (ULONG64)MM_HIGHEST_USER_ADDRESS || *Size > (ULONG64)MM_HIGHEST_USER_ADDRESS)
        return STATUS_INVALID_PARAMETER_2;
    Status = MiFindFlushRange(&Process->Vm, Base, Size, &Area, &First);
    if (NT_SUCCESS(Status))
        Status = MiFlushDataArea(Area, First, (ULONG)(*Size >> PAGE_SHIFT));
    return NT_SUCCESS(Status) ? IoFlushFile(Area->File) : Status;
}

NTSTATUS NTAPI NtFlushVirtualMemory(HANDLE ProcessHandle, PVOID *BaseAddress, PSIZE_T RegionSize,
                                    PIO_STATUS_BLOCK IoStatus)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    IO_STATUS_BLOCK Result = { 0 };
    ULONG64 Base;
    SIZE_T Size;
    PEPROCESS Process;
    NTSTATUS Status = ExCopyFromMode(Mode, &Base, BaseAddress, sizeof Base);

    if (NT_SUCCESS(Status))
        Status = ExCopyFromMode(Mode, &Size, RegionSize, sizeof Size);
    if (NT_SUCCESS(Status))
        Status = ObReferenceObjectByHandle(ProcessHandle, PROCESS_VM_OPERATION, PsProcessType, Mode, (PVOID *)&Process, NULL);
    if (!NT_SUCCESS(Status))
        return Status;
    Status = MiFlushView(Process, &Base, &Size);
    ObDereferenceObject(Process);
    Result.Status = Status;
    if (NT_SUCCESS(Status)) {
        Result.Information = Size;
        Status = ExCopyToMode(Mode, BaseAddress, &Base, sizeof Base);
        if (NT_SUCCESS(Status))
            Status = ExCopyToMode(Mode, RegionSize, &Size, sizeof Size);
    }
    if (NT_SUCCESS(Status))
        Status = ExCopyToMode(Mode, IoStatus, &Result, sizeof Result);
    return Status;
}

VOID MmShutdownSystem(VOID)
{
    MiFlushAllData();
    MiRecordPagingFileUse(TRUE);
}
