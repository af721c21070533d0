/* Memory of the kernel itself: kernel stacks, device registers, ranges for drivers, translation. */
#include "mip.h"

static PUCHAR MiSystemNext = (PUCHAR)MM_SYSTEM_RANGE_BASE;
static PUCHAR MiIoNext = (PUCHAR)MM_IO_SPACE_BASE;
static PVOID MiFreeStacks;              /* linked through their lowest word */

PVOID MiReserveSystemRange(SIZE_T Pages)
{
    PVOID Base = MiSystemNext;

    MiSystemNext += (Pages + 1) << PAGE_SHIFT;  /* one page that is never mapped lies between */
    return Base;
}

BOOLEAN MiMapNewPages(ULONG64 Root, PUCHAR Base, SIZE_T Pages, ULONG Flags)
{
    for (SIZE_T i = 0; i < Pages; i++) {
        PFN_NUMBER Page = MmAllocatePage(TRUE);

        if (Page == 0 || !KiMapPage(Root, Base + (i << PAGE_SHIFT), Page << PAGE_SHIFT, Flags)) {
            if (Page != 0)
                MmFreePage(Page);
            MiUnmapAndFreePages(Root, Base, i);
            return FALSE;
        }
    }
    return TRUE;
}

VOID MiUnmapAndFreePages(ULONG64 Root, PUCHAR Base, SIZE_T Pages)
{
    for (SIZE_T i = 0; i < Pages; i++) {
        ULONG64 PhysicalAddress;

        if (KiUnmapPage(Root, Base + (i << PAGE_SHIFT), &PhysicalAddress))
            MmFreePage(PhysicalAddress >> PAGE_SHIFT);
    }
}

PVOID MmCreateKernelStack(VOID)
{
    PUCHAR Base;

    if (MiFreeStacks != NULL) {
        Base = MiFreeStacks;
        MiFreeStacks = *(PVOID *)Base;
        return Base + MM_KERNEL_STACK_SIZE;
    }
    Base = MiReserveSystemRange(MM_KERNEL_STACK_SIZE >> PAGE_SHIFT);
    if (!MiMapNewPages(MiKernelPageTableRoot, Base, MM_KERNEL_STACK_SIZE >> PAGE_SHIFT, KI_PAGE_WRITE))
        return NULL;
    return Base + MM_KERNEL_STACK_SIZE;
}

VOID MmDeleteKernelStack(PVOID StackTop)
{
    PUCHAR Base = (PUCHAR)StackTop - MM_KERNEL_STACK_SIZE;

    *(PVOID *)Base = MiFreeStacks;
    MiFreeStacks = Base;
}

PVOID MmMapIoSpaceEx(ULONG64 PhysicalAddress, SIZE_T NumberOfBytes, ULONG Protect)
{
    ULONG Flags = (Protect & PAGE_READWRITE ? KI_PAGE_WRITE : 0) | (Protect & PAGE_NOCACHE ? KI_PAGE_DEVICE : 0);
    ULONG64 First = PhysicalAddress & ~(PAGE_SIZE - 1ull);
    SIZE_T Pages = BYTES_TO_PAGES(PhysicalAddress - First + NumberOfBytes);
    PUCHAR Base = MiIoNext;

    for (SIZE_T i = 0; i < Pages; i++) {
        if (!KiMapPage(MiKernelPageTableRoot, Base + (i << PAGE_SHIFT), First + (i << PAGE_SHIFT), Flags)) {
            MmUnmapIoSpace(Base, i << PAGE_SHIFT);
            return NULL;
        }
    }
    MiIoNext += (Pages + 1) << PAGE_SHIFT;
    return Base + (PhysicalAddress - First);
}

PVOID MmMapIoSpace(ULONG64 PhysicalAddress, SIZE_T NumberOfBytes)
{
    return MmMapIoSpaceEx(PhysicalAddress, NumberOfBytes, PAGE_READWRITE | PAGE_NOCACHE);
}

VOID MmUnmapIoSpace(PVOID BaseAddress, SIZE_T NumberOfBytes)
{
    PUCHAR Base = PAGE_ALIGN(BaseAddress);
    SIZE_T Pages = BYTES_TO_PAGES((PUCHAR)BaseAddress - Base + NumberOfBytes);

    for (SIZE_T i = 0; i < Pages; i++)
        KiUnmapPage(MiKernelPageTableRoot, Base + (i << PAGE_SHIFT), NULL);
}

PVOID MmPhysicalToVirtual(ULONG64 PhysicalAddress)
{
    return (PVOID)(MM_DIRECT_MAP_BASE + PhysicalAddress);
}

ULONG64 MmVirtualToPhysical(PVOID KernelAddress)
{
    BOOLEAN Session = (ULONG64)KernelAddress >= MM_SESSION_SPACE_BASE && (ULONG64)KernelAddress < MM_POOL_BASE;
    ULONG64 Root = Session ? KeGetCurrentProcess()->DirectoryTableBase : MiKernelPageTableRoot, PhysicalAddress;

    return KiQueryPage(Root, KernelAddress, &PhysicalAddress, NULL) ? PhysicalAddress : 0;
}

/* User addresses are judged by the current process's tables, kernel ones by those that all share. */
BOOLEAN MmIsAddressValid(PVOID VirtualAddress)
{
    ULONG64 Root = (ULONG64)VirtualAddress >= MM_DIRECT_MAP_BASE && PsInitialSystemProcess == NULL
                       ? MiKernelPageTableRoot
                       : KeGetCurrentProcess()->DirectoryTableBase;

    return KiQueryPage(Root != 0 ? Root : MiKernelPageTableRoot, VirtualAddress, NULL, NULL);
}
