/* Private memory of a process: reserve, commit, decommit, release, protect. */
#include "mip.h"

#define MI_ALLOCATION_GRANULARITY 0x10000ull

static NTSTATUS MiReserve(PMMSUPPORT Vm, ULONG64 *Base, ULONG64 *Size, ULONG AllocationType, ULONG Protect)
{
    ULONG64 Start = *Base & ~(MI_ALLOCATION_GRANULARITY - 1), End;
    PMMVAD Vad;

    if (*Base == 0) {
        End = ROUND_TO_PAGES(*Size);
        Start = MiFindFreeRange(Vm, End, (AllocationType & MEM_TOP_DOWN) != 0);
        if (Start == 0)
            return STATUS_NO_MEMORY;
        End += Start;
    } else {
        End = ROUND_TO_PAGES(*Base + *Size);
    }
    if (!MiIsUserRangeValid(Start, End))
        return STATUS_INVALID_PARAMETER;
    if (!MiIsRangeFree(Vm, Start, End))
        return STATUS_CONFLICTING_ADDRESSES;
    Vad = MiInsertVad(Vm, Start, End, MEM_PRIVATE, (AllocationType & MEM_COMMIT) != 0 ? Protect : 0);
    if (Vad == NULL)
        return STATUS_NO_MEMORY;
    if ((AllocationType & MEM_COMMIT) != 0 && !NT_SUCCESS(MiChargeVad(Vad))) {
        MiRemoveVads(Vm, Start, End);
        return STATUS_COMMITMENT_LIMIT;
    }
    Vad->AllocationProtect = Protect;
    *Base = Start;
    *Size = End - Start;
    return STATUS_SUCCESS;
}

/* Every page of the range belongs to VADs of one private allocation; the allocation's base, or 0. */
static ULONG64 MiOneAllocation(PMMSUPPORT Vm, ULONG64 Start, ULONG64 End)
{
    PMMVAD First = MiFindVad(Vm, Start);
    ULONG64 At = Start;

    for (PMMVAD Vad = First; Vad != NULL && At < End; Vad = Vad->Next) {
        if (Vad->Start > At || Vad->AllocationBase != First->AllocationBase || Vad->Type != MEM_PRIVATE || Vad->Fixed)
            return 0;
        At = Vad->End;
    }
    return First != NULL && At >= End ? First->AllocationBase : 0;
}

static NTSTATUS MiCommit(PMMSUPPORT Vm, ULONG64 *Base, ULONG64 *Size, ULONG Protect)
{
    ULONG64 Start = *Base & ~(PAGE_SIZE - 1ull), End = ROUND_TO_PAGES(*Base + *Size);
    NTSTATUS Status;

    if (!MiIsUserRangeValid(Start, End))
        return STATUS_INVALID_PARAMETER;
    if (MiOneAllocation(Vm, Start, End) == 0)
        return STATUS_CONFLICTING_ADDRESSES;
    Status = MiSplitVads(Vm, Start, End);
    if (!NT_SUCCESS(Status))
        return Status;
    for (PMMVAD Vad = MiFindVad(Vm, Start); Vad != NULL && Vad->Start < End; Vad = Vad->Next) {
        Status = MiChargeVad(Vad);      /* what was charged for nothing is given back with the VAD */
        if (!NT_SUCCESS(Status))
            return Status;
    }
    for (PMMVAD Vad = MiFindVad(Vm, Start); Vad != NULL && Vad->Start < End; Vad = Vad->Next) {
        if (Vad->Protect == 0)          /* what is committed already keeps its protection */
            Vad->Protect = Protect;
    }
    *Base = Start;
    *Size = End - Start;
    return STATUS_SUCCESS;
}

NTSTATUS MmAllocateVirtualMemory(PEPROCESS Process, PVOID *BaseAddress, ULONG_PTR ZeroBits, PSIZE_T RegionSize,
                                 ULONG AllocationType, ULONG Protect)
{
    ULONG64 Base = (ULONG64)*BaseAddress, Size = *RegionSize;
    NTSTATUS Status;

    UNREFERENCED_PARAMETER(ZeroBits);
    if (!MiIsValidProtection(Protect) || (Protect & (PAGE_WRITECOPY | PAGE_EXECUTE_WRITECOPY)) != 0)
        return STATUS_INVALID_PAGE_PROTECTION;
    if (MiIsDynamicCode(Process, 0, Protect))
        return STATUS_DYNAMIC_CODE_BLOCKED;
    if (Size == 0 || Size > (ULONG64)MM_HIGHEST_USER_ADDRESS || Base > (ULONG64)MM_HIGHEST_USER_ADDRESS ||
        (AllocationType & (MEM_COMMIT | MEM_RESERVE)) == 0 ||
        (AllocationType & ~(ULONG)(MEM_COMMIT | MEM_RESERVE | MEM_TOP_DOWN)) != 0)
        return STATUS_INVALID_PARAMETER;
    if (Process->Vm.AddressSpaceDeleted)
        return STATUS_PROCESS_IS_TERMINATING;
    MiBalanceMemory();
    /* Without a base, to commit is to reserve as well. */
    if ((AllocationType & MEM_RESERVE) != 0 || Base == 0)
        Status = MiReserve(&Process->Vm, &Base, &Size, AllocationType, Protect);
    else
        Status = MiCommit(&Process->Vm, &Base, &Size, Protect);
    if (NT_SUCCESS(Status)) {
        *BaseAddress = (PVOID)Base;
        *RegionSize = Size;
    }
    return Status;
}

static NTSTATUS MiRelease(PMMSUPPORT Vm, ULONG64 *Base, ULONG64 *Size)
{
    PMMVAD Vad = MiFindVad(Vm, *Base);
    ULONG64 End;

    if (Vad == NULL)
        return STATUS_MEMORY_NOT_ALLOCATED;
    if (Vad->Type != MEM_PRIVATE || Vad->Fixed)
        return STATUS_UNABLE_TO_DELETE_SECTION;
    if (*Size != 0 || *Base != Vad->AllocationBase)
        return *Size != 0 ? STATUS_INVALID_PARAMETER : STATUS_FREE_VM_NOT_AT_BASE;
    End = Vad->End;
    for (; Vad != NULL; Vad = Vad->Next) {
        if (Vad->AllocationBase == *Base)
            End = Vad->End;
    }
    *Size = End - *Base;
    MiRemoveVads(Vm, *Base, End);
    return STATUS_SUCCESS;
}

static NTSTATUS MiDecommit(PMMSUPPORT Vm, ULONG64 *Base, ULONG64 *Size)
{
    ULONG64 Start = *Base & ~(PAGE_SIZE - 1ull), End = ROUND_TO_PAGES(*Base + *Size);
    NTSTATUS Status;

    if (!MiIsUserRangeValid(Start, End) || MiOneAllocation(Vm, Start, End) == 0)
        return STATUS_UNABLE_TO_FREE_VM;
    Status = MiSplitVads(Vm, Start, End);
    if (!NT_SUCCESS(Status))
        return Status;
    MiUnmapRange(Vm, Start, End);
    for (PMMVAD Vad = MiFindVad(Vm, Start); Vad != NULL && Vad->Start < End; Vad = Vad->Next) {
        MiUnchargeVad(Vad);
        Vad->Protect = 0;
    }
    *Base = Start;
    *Size = End - Start;
    return STATUS_SUCCESS;
}

NTSTATUS MmFreeVirtualMemory(PEPROCESS Process, PVOID *BaseAddress, PSIZE_T RegionSize, ULONG FreeType)
{
    ULONG64 Base = (ULONG64)*BaseAddress, Size = *RegionSize;
    NTSTATUS Status;

    if (Base > (ULONG64)MM_HIGHEST_USER_ADDRESS || Size > (ULONG64)MM_HIGHEST_USER_ADDRESS)
        return STATUS_INVALID_PARAMETER;
    if (FreeType == MEM_RELEASE)
        Status = MiRelease(&Process->Vm, &Base, &Size);
    else if (FreeType == MEM_DECOMMIT)
        Status = MiDecommit(&Process->Vm, &Base, &Size);
    else
        return STATUS_INVALID_PARAMETER;
    if (NT_SUCCESS(Status)) {
        *BaseAddress = (PVOID)Base;
        *RegionSize = Size;
    }
    return Status;
}

/* Gives a page of the process's own what the VAD allows now; what allows nothing, a guard too, becomes an entry that even
 * the kernel's copies fault on. */
static VOID MiReprotectOwnPage(PMMSUPPORT Vm, PMMVAD Vad, ULONG64 Address, PFN_NUMBER Page)
{
    if ((Vad->Protect & (PAGE_NOACCESS | PAGE_GUARD)) != 0)
        KiSetSoftEntry(Vm->DirectoryTableBase, (PVOID)Address, KI_SOFT_TRANSITION, Page);
    else
        KiMapPage(Vm->DirectoryTableBase, (PVOID)Address, Page << PAGE_SHIFT, MiOwnPageFlags(Vad->Protect, Page));
}

/* Pages that are there already get the new protection; what is shared is mapped anew when it is touched. */
static VOID MiReprotectPages(PMMSUPPORT Vm, PMMVAD Vad)
{
    for (ULONG64 Address = MiNextUsedPage(Vm, Vad->Start, Vad->End); Address < Vad->End;
         Address = MiNextUsedPage(Vm, Address + PAGE_SIZE, Vad->End)) {
        ULONG64 Value;
        ULONG Kind;

        if (KiQuerySoftEntry(Vm->DirectoryTableBase, (PVOID)Address, &Kind, &Value)) {
            if (Kind == KI_SOFT_TRANSITION)
                MiReprotectOwnPage(Vm, Vad, Address, Value);
            continue;
        }
        KiQueryPage(Vm->DirectoryTableBase, (PVOID)Address, &Value, NULL);
        if (MiPageReferences(Value >> PAGE_SHIFT) > 1)
            MiUnmapRange(Vm, Address, Address + PAGE_SIZE);
        else
            MiReprotectOwnPage(Vm, Vad, Address, Value >> PAGE_SHIFT);
    }
}

/* Writable pages of an image are the process's own once they are written. */
static ULONG MiViewProtection(PMMVAD Vad, ULONG Protect)
{
    if (Vad->Type == MEM_IMAGE && (Protect & PAGE_READWRITE) != 0)
        return (Protect & ~(ULONG)PAGE_READWRITE) | PAGE_WRITECOPY;
    if (Vad->Type == MEM_IMAGE && (Protect & PAGE_EXECUTE_READWRITE) != 0)
        return (Protect & ~(ULONG)PAGE_EXECUTE_READWRITE) | PAGE_EXECUTE_WRITECOPY;
    return Protect;
}

/* Pages of [Start, End) that the new protection lets become the process's own are promised. */
static NTSTATUS MiChargeCopies(PMMSUPPORT Vm, ULONG64 Start, ULONG64 End, ULONG NewProtect)
{
    NTSTATUS Status = STATUS_SUCCESS;

    for (PMMVAD Vad = MiFindVad(Vm, Start); NT_SUCCESS(Status) && Vad != NULL && Vad->Start < End; Vad = Vad->Next) {
        if (MiIsCopyOnWrite(MiViewProtection(Vad, NewProtect)))
            Status = MiChargeVad(Vad);
    }
    return Status;
}

NTSTATUS MmProtectVirtualMemory(PEPROCESS Process, PVOID *BaseAddress, PSIZE_T RegionSize, ULONG NewProtect,
                                PULONG OldProtect)
{
    PMMSUPPORT Vm = &Process->Vm;
    ULONG64 Start = (ULONG64)*BaseAddress & ~(PAGE_SIZE - 1ull);
    ULONG64 End = ROUND_TO_PAGES((ULONG64)*BaseAddress + *RegionSize), At = Start;
    PMMVAD First = MiFindVad(Vm, Start);
    NTSTATUS Status;

    if (!MiIsValidProtection(NewProtect))
        return STATUS_INVALID_PAGE_PROTECTION;
    if (!MiIsUserRangeValid(Start, End))
        return STATUS_INVALID_PARAMETER;
    for (PMMVAD Vad = First; Vad != NULL && At < End; Vad = Vad->Next) {
        if (Vad->Start > At || Vad->AllocationBase != First->AllocationBase || Vad->Fixed)
            return STATUS_CONFLICTING_ADDRESSES;
        if (Vad->Protect == 0)
            return STATUS_NOT_COMMITTED;
        if (MiIsDynamicCode(Process, Vad->Protect, NewProtect))
            return STATUS_DYNAMIC_CODE_BLOCKED;
        /* Who may only read a section must not get to write it by another protection of the view. */
        if (Vad->Type == MEM_MAPPED && !MiIsViewAllowed(Vad->AllocationProtect, NewProtect))
            return STATUS_SECTION_PROTECTION;
        At = Vad->End;
    }
    if (First == NULL || At < End)
        return First == NULL ? STATUS_MEMORY_NOT_ALLOCATED : STATUS_CONFLICTING_ADDRESSES;
    Status = MiSplitVads(Vm, Start, End);
    if (!NT_SUCCESS(Status))
        return Status;
    Status = MiChargeCopies(Vm, Start, End, NewProtect);
    if (!NT_SUCCESS(Status))
        return Status;
    First = MiFindVad(Vm, Start);
    *OldProtect = First->Protect;
    for (PMMVAD Vad = First; Vad != NULL && Vad->Start < End; Vad = Vad->Next) {
        Vad->Protect = MiViewProtection(Vad, NewProtect);
        MiReprotectPages(Vm, Vad);
    }
    *BaseAddress = (PVOID)Start;
    *RegionSize = End - Start;
    return STATUS_SUCCESS;
}
