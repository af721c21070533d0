/* Page faults: the page that a VAD promised is made, or copied, when it is first touched. */
#include "mip.h"
#include "pagefile.h"

NTSTATUS MiRefusedFault;

static NTSTATUS MiMapUserPage(PMMSUPPORT Vm, ULONG64 Address, PFN_NUMBER Page, ULONG Flags)
{
    if (!KiMapPage(Vm->DirectoryTableBase, (PVOID)Address, Page << PAGE_SHIFT, Flags)) {
        MmFreePage(Page);
        return STATUS_NO_MEMORY;
    }
    Vm->WorkingSetSize++;
    if ((Flags & KI_PAGE_EXECUTE) != 0)
        KiSynchronizeInstructionCache(MiPageAddress(Page), PAGE_SIZE);
    return STATUS_SUCCESS;
}

/* A page of this process alone with the contents of Source. */
static PFN_NUMBER MiCopyPage(PMMSUPPORT Vm, PFN_NUMBER Source)
{
    PFN_NUMBER Copy = MiAllocateUserPage(FALSE);

    if (Copy != 0) {
        RtlCopyMemory(MiPageAddress(Copy), MiPageAddress(Source), PAGE_SIZE);
        Vm->PrivatePageCount++;
    }
    return Copy;
}

static ULONG MiSectionIndex(PMMVAD Vad, ULONG64 Address)
{
    return Vad->FirstPage + (ULONG)((Address - Vad->Start) >> PAGE_SHIFT);
}

/* The page is mapped, read only, and is written to. One that the view shares is marked and becomes writable; one that is
 * to be the process's own is copied, unless this process is its only owner already. */
static NTSTATUS MiWriteFault(PMMSUPPORT Vm, PMMVAD Vad, ULONG64 Address, PFN_NUMBER Mapped)
{
    PFN_NUMBER Copy = Mapped;

    if (MiPageReferences(Mapped) > 1 && Vad->ControlArea != NULL && !MiIsCopyOnWrite(Vad->Protect)) {
        MiMarkSectionPageModified(Vad->ControlArea, MiSectionIndex(Vad, Address));
    } else if (MiPageReferences(Mapped) > 1) {
        Copy = MiCopyPage(Vm, Mapped);
        if (Copy == 0)
            return STATUS_NO_MEMORY;
    } else {
        MiForgetPageSlot(Mapped);
    }
    KiMapPage(Vm->DirectoryTableBase, (PVOID)Address, Copy << PAGE_SHIFT, MiPageFlags(Vad->Protect, TRUE));
    if (Copy != Mapped)
        MmFreePage(Mapped);
    return STATUS_SUCCESS;
}

static NTSTATUS MiSectionFault(PMMSUPPORT Vm, PMMVAD Vad, ULONG64 Address, ULONG FaultFlags)
{
    ULONG Index = MiSectionIndex(Vad, Address);
    BOOLEAN Writes = (FaultFlags & MM_FAULT_WRITE) != 0;
    PFN_NUMBER Page;
    NTSTATUS Status = MiGetSectionPage(Vad->ControlArea, Index, &Page);

    if (!NT_SUCCESS(Status))
        return Status;
    if (MiIsCopyOnWrite(Vad->Protect) && Writes) {
        Page = MiCopyPage(Vm, Page);
        if (Page == 0)
            return STATUS_NO_MEMORY;
        return MiMapUserPage(Vm, Address, Page, MiPageFlags(Vad->Protect, TRUE));
    }
    if (Writes)
        MiMarkSectionPageModified(Vad->ControlArea, Index);
    MiReferencePage(Page);
    return MiMapUserPage(Vm, Address, Page,
                         MiPageFlags(Vad->Protect, !MiIsCopyOnWrite(Vad->Protect) &&
                                                       MiIsSectionPageModified(Vad->ControlArea, Index)));
}

/* A page of the process's own comes back. Until it is written it keeps its slot, and leaves again without being written. */
static NTSTATUS MiPageIn(PMMSUPPORT Vm, PMMVAD Vad, ULONG64 Address, ULONG Slot, ULONG FaultFlags)
{
    PFN_NUMBER Page = MiAllocateUserPage(FALSE);
    NTSTATUS Status;

    if (Page == 0)
        return STATUS_NO_MEMORY;
    Status = MiReadSlot(Slot, MiPageAddress(Page));
    if (!NT_SUCCESS(Status)) {
        MmFreePage(Page);
        return Status;
    }
    MiSetPageSlot(Page, Slot);
    if ((FaultFlags & MM_FAULT_WRITE) != 0)
        MiForgetPageSlot(Page);
    Vm->PrivatePageCount++;
    return MiMapUserPage(Vm, Address, Page, MiOwnPageFlags(Vad->Protect, Page));
}

static NTSTATUS MiResolveFault(PMMSUPPORT Vm, PMMVAD Vad, ULONG64 Address, ULONG FaultFlags)
{
    ULONG64 PhysicalAddress, Value;
    ULONG Flags, Kind;
    PFN_NUMBER Page;

    if (KiQueryPage(Vm->DirectoryTableBase, (PVOID)Address, &PhysicalAddress, &Flags)) {
        if ((FaultFlags & MM_FAULT_WRITE) != 0 && (Flags & KI_PAGE_WRITE) == 0)
            return MiWriteFault(Vm, Vad, Address, PhysicalAddress >> PAGE_SHIFT);
        KiMarkAccessed(Vm->DirectoryTableBase, (PVOID)Address);
        return STATUS_SUCCESS;
    }
    if (KiQuerySoftEntry(Vm->DirectoryTableBase, (PVOID)Address, &Kind, &Value)) {
        if (Kind == KI_SOFT_PAGED_OUT)
            return MiPageIn(Vm, Vad, Address, (ULONG)Value, FaultFlags);
        /* A guard was taken off it. */
        KiMapPage(Vm->DirectoryTableBase, (PVOID)Address, Value << PAGE_SHIFT, MiOwnPageFlags(Vad->Protect, Value));
        return STATUS_SUCCESS;
    }
    if (Vad->ControlArea != NULL)
        return MiSectionFault(Vm, Vad, Address, FaultFlags);
    Page = MiAllocateUserPage(TRUE);
    if (Page == 0)
        return STATUS_NO_MEMORY;
    Vm->PrivatePageCount++;
    return MiMapUserPage(Vm, Address, Page, MiPageFlags(Vad->Protect, TRUE));
}

static NTSTATUS MiUserFault(ULONG FaultFlags, PVOID VirtualAddress)
{
    ULONG64 Address = (ULONG64)VirtualAddress & ~(PAGE_SIZE - 1ull);
    PMMSUPPORT Vm;
    PMMVAD Vad;

    /* Kernel memory is always there: a fault on it is a mistake, whoever made it. */
    if (VirtualAddress < MM_LOWEST_USER_ADDRESS || VirtualAddress > MM_HIGHEST_USER_ADDRESS ||
        KeGetCurrentThread() == NULL || PsGetCurrentProcess()->Vm.DirectoryTableBase == 0)
        return STATUS_ACCESS_VIOLATION;
    Vm = &PsGetCurrentProcess()->Vm;
    Vm->PageFaultCount++;
    MiBalanceMemory();
    Vad = MiFindVad(Vm, Address);
    if (Vad == NULL || !MiProtectionAllows(Vad->Protect, FaultFlags))
        return STATUS_ACCESS_VIOLATION;
    if ((Vad->Protect & PAGE_GUARD) != 0) {
        /* One touch takes the guard off this page alone. */
        if (NT_SUCCESS(MiSplitVads(Vm, Address, Address + PAGE_SIZE)))
            MiFindVad(Vm, Address)->Protect &= ~(ULONG)PAGE_GUARD;
        return STATUS_GUARD_PAGE_VIOLATION;
    }
    return MiResolveFault(Vm, Vad, Address, FaultFlags);
}

NTSTATUS MmAccessFault(ULONG FaultFlags, PVOID VirtualAddress, KPROCESSOR_MODE PreviousMode, PVOID TrapFrame)
{
    NTSTATUS Status = MiUserFault(FaultFlags, VirtualAddress);

    UNREFERENCED_PARAMETER(TrapFrame);
    if (PreviousMode == KernelMode && !NT_SUCCESS(Status))
        MiRefusedFault = Status;
    return Status;
}
