/* Page faults: the page that a VAD promised is made, or copied, when it is first touched. */
#include "mip.h"

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
    PFN_NUMBER Copy = MmAllocatePage(FALSE);

    if (Copy != 0) {
        RtlCopyMemory(MiPageAddress(Copy), MiPageAddress(Source), PAGE_SIZE);
        Vm->PrivatePageCount++;
    }
    return Copy;
}

/* The page is mapped, read only, and is written to: it is copied unless this process is its only owner. */
static NTSTATUS MiCopyOnWriteFault(PMMSUPPORT Vm, PMMVAD Vad, ULONG64 Address, PFN_NUMBER Mapped)
{
    PFN_NUMBER Copy = Mapped;

    if (MiPageReferences(Mapped) > 1) {
        Copy = MiCopyPage(Vm, Mapped);
        if (Copy == 0)
            return STATUS_NO_MEMORY;
    }
    KiMapPage(Vm->DirectoryTableBase, (PVOID)Address, Copy << PAGE_SHIFT, MiPageFlags(Vad->Protect, TRUE));
    if (Copy != Mapped)
        MmFreePage(Mapped);
    return STATUS_SUCCESS;
}

static NTSTATUS MiSectionFault(PMMSUPPORT Vm, PMMVAD Vad, ULONG64 Address, ULONG FaultFlags)
{
    ULONG Index = Vad->FirstPage + (ULONG)((Address - Vad->Start) >> PAGE_SHIFT);
    PFN_NUMBER Page = MiGetSectionPage(Vad->ControlArea, Index);

    if (Page == 0)
        return STATUS_NO_MEMORY;
    if (MiIsCopyOnWrite(Vad->Protect) && (FaultFlags & MM_FAULT_WRITE) != 0) {
        Page = MiCopyPage(Vm, Page);
        if (Page == 0)
            return STATUS_NO_MEMORY;
        return MiMapUserPage(Vm, Address, Page, MiPageFlags(Vad->Protect, TRUE));
    }
    MiReferencePage(Page);
    return MiMapUserPage(Vm, Address, Page, MiPageFlags(Vad->Protect, !MiIsCopyOnWrite(Vad->Protect)));
}

static NTSTATUS MiResolveFault(PMMSUPPORT Vm, PMMVAD Vad, ULONG64 Address, ULONG FaultFlags)
{
    ULONG64 PhysicalAddress;
    ULONG Flags;
    PFN_NUMBER Page;

    if (KiQueryPage(Vm->DirectoryTableBase, (PVOID)Address, &PhysicalAddress, &Flags)) {
        if ((FaultFlags & MM_FAULT_WRITE) != 0 && (Flags & KI_PAGE_WRITE) == 0)
            return MiCopyOnWriteFault(Vm, Vad, Address, PhysicalAddress >> PAGE_SHIFT);
        KiFlushTlbPage((PVOID)Address);     /* the entry already allows it: the TLB did not know */
        return STATUS_SUCCESS;
    }
    if (Vad->ControlArea != NULL)
        return MiSectionFault(Vm, Vad, Address, FaultFlags);
    Page = MmAllocatePage(TRUE);
    if (Page == 0)
        return STATUS_NO_MEMORY;
    Vm->PrivatePageCount++;
    return MiMapUserPage(Vm, Address, Page, MiPageFlags(Vad->Protect, TRUE));
}

NTSTATUS MmAccessFault(ULONG FaultFlags, PVOID VirtualAddress, KPROCESSOR_MODE PreviousMode, PVOID TrapFrame)
{
    ULONG64 Address = (ULONG64)VirtualAddress & ~(PAGE_SIZE - 1ull);
    PMMSUPPORT Vm;
    PMMVAD Vad;

    UNREFERENCED_PARAMETER(PreviousMode);
    UNREFERENCED_PARAMETER(TrapFrame);
    /* Kernel memory is always there: a fault on it is a mistake, whoever made it. */
    if (VirtualAddress < MM_LOWEST_USER_ADDRESS || VirtualAddress > MM_HIGHEST_USER_ADDRESS ||
        KeGetCurrentThread() == NULL || PsGetCurrentProcess()->Vm.DirectoryTableBase == 0)
        return STATUS_ACCESS_VIOLATION;
    Vm = &PsGetCurrentProcess()->Vm;
    Vm->PageFaultCount++;
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
