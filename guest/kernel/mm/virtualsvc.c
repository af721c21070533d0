/* The services that change, read and write the memory of a process. */
#include "ex.h"
#include "mm.h"
#include "ps.h"

/* A base and a size that the caller passes by address, both ways. */
typedef struct _MM_REGION {
    PVOID Base;
    SIZE_T Size;
} MM_REGION, *PMM_REGION;

/* Takes a reference to the process. */
static NTSTATUS MiCaptureRegion(HANDLE ProcessHandle, PVOID *BaseAddress, PSIZE_T RegionSize, PMM_REGION Region,
                                PEPROCESS *Process)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    NTSTATUS Status = ExCopyFromMode(Mode, &Region->Base, BaseAddress, sizeof Region->Base);

    if (NT_SUCCESS(Status))
        Status = ExCopyFromMode(Mode, &Region->Size, RegionSize, sizeof Region->Size);
    if (NT_SUCCESS(Status))
        Status = ObReferenceObjectByHandle(ProcessHandle, PROCESS_VM_OPERATION, PsProcessType, Mode,
                                           (PVOID *)Process, NULL);
    return Status;
}

/* Drops the reference to the process; the region goes back to the caller when the service succeeded. */
static NTSTATUS MiReturnRegion(NTSTATUS Status, PEPROCESS Process, const MM_REGION *Region, PVOID *BaseAddress,
                               PSIZE_T RegionSize)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();

    ObDereferenceObject(Process);
    if (NT_SUCCESS(Status)) {
        NTSTATUS Stored = ExCopyToMode(Mode, BaseAddress, &Region->Base, sizeof Region->Base);

        if (NT_SUCCESS(Stored))
            Stored = ExCopyToMode(Mode, RegionSize, &Region->Size, sizeof Region->Size);
        if (!NT_SUCCESS(Stored))
            Status = Stored;
    }
    return Status;
}

NTSTATUS NTAPI NtAllocateVirtualMemory(HANDLE ProcessHandle, PVOID *BaseAddress, ULONG_PTR ZeroBits,
                                       PSIZE_T RegionSize, ULONG AllocationType, ULONG Protect)
{
    PEPROCESS Process;
    MM_REGION Region;
    NTSTATUS Status = MiCaptureRegion(ProcessHandle, BaseAddress, RegionSize, &Region, &Process);

    if (!NT_SUCCESS(Status))
        return Status;
    Status = MmAllocateVirtualMemory(Process, &Region.Base, ZeroBits, &Region.Size, AllocationType, Protect);
    return MiReturnRegion(Status, Process, &Region, BaseAddress, RegionSize);
}

NTSTATUS NTAPI NtFreeVirtualMemory(HANDLE ProcessHandle, PVOID *BaseAddress, PSIZE_T RegionSize, ULONG FreeType)
{
    PEPROCESS Process;
    MM_REGION Region;
    NTSTATUS Status = MiCaptureRegion(ProcessHandle, BaseAddress, RegionSize, &Region, &Process);

    if (!NT_SUCCESS(Status))
        return Status;
    Status = MmFreeVirtualMemory(Process, &Region.Base, &Region.Size, FreeType);
    return MiReturnRegion(Status, Process, &Region, BaseAddress, RegionSize);
}

NTSTATUS NTAPI NtProtectVirtualMemory(HANDLE ProcessHandle, PVOID *BaseAddress, PSIZE_T RegionSize, ULONG NewProtect,
                                      PULONG OldProtect)
{
    PEPROCESS Process;
    MM_REGION Region;
    ULONG Old = 0;
    NTSTATUS Status = MiCaptureRegion(ProcessHandle, BaseAddress, RegionSize, &Region, &Process);

    if (!NT_SUCCESS(Status))
        return Status;
    Status = MmProtectVirtualMemory(Process, &Region.Base, &Region.Size, NewProtect, &Old);
    Status = MiReturnRegion(Status, Process, &Region, BaseAddress, RegionSize);
    return NT_SUCCESS(Status) ? ExCopyToMode(ExGetPreviousMode(), OldProtect, &Old, sizeof Old) : Status;
}

/* Reports how far a copy came, whatever its status. */
static NTSTATUS MiReturnCount(NTSTATUS Status, PSIZE_T User, SIZE_T Done)
{
    if (User != NULL) {
        NTSTATUS Stored = ExCopyToMode(ExGetPreviousMode(), User, &Done, sizeof Done);

        if (!NT_SUCCESS(Stored))
            return Stored;
    }
    return Status;
}

NTSTATUS NTAPI NtReadVirtualMemory(HANDLE ProcessHandle, PVOID BaseAddress, PVOID Buffer, SIZE_T NumberOfBytesToRead,
                                   PSIZE_T NumberOfBytesRead)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    SIZE_T Done = 0;
    PEPROCESS Process;
    NTSTATUS Status = ObReferenceObjectByHandle(ProcessHandle, PROCESS_VM_READ, PsProcessType, Mode,
                                                (PVOID *)&Process, NULL);

    if (!NT_SUCCESS(Status))
        return Status;
    if (NumberOfBytesToRead != 0)
        Status = MmCopyVirtualMemory(Process, BaseAddress, Mode == UserMode ? PsGetCurrentProcess() : NULL, Buffer,
                                     NumberOfBytesToRead, &Done);
    ObDereferenceObject(Process);
    return MiReturnCount(Status, NumberOfBytesRead, Done);
}

NTSTATUS NTAPI NtWriteVirtualMemory(HANDLE ProcessHandle, PVOID BaseAddress, PVOID Buffer,
                                    SIZE_T NumberOfBytesToWrite, PSIZE_T NumberOfBytesWritten)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    SIZE_T Done = 0;
    PEPROCESS Process;
    NTSTATUS Status = ObReferenceObjectByHandle(ProcessHandle, PROCESS_VM_WRITE | PROCESS_VM_OPERATION, PsProcessType,
                                                Mode, (PVOID *)&Process, NULL);

    if (!NT_SUCCESS(Status))
        return Status;
    if (NumberOfBytesToWrite != 0)
        Status = MmCopyVirtualMemory(Mode == UserMode ? PsGetCurrentProcess() : NULL, Buffer, Process, BaseAddress,
                                     NumberOfBytesToWrite, &Done);
    ObDereferenceObject(Process);
    return MiReturnCount(Status, NumberOfBytesWritten, Done);
}
