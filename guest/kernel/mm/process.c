/* Address spaces of processes: made, emptied, deleted. */
#include "mip.h"

NTSTATUS MmCreateProcessAddressSpace(PEPROCESS Process)
{
    PMMSUPPORT Vm = &Process->Vm;
    PMMVAD Shared;

    MiBalanceMemory();
    RtlZeroMemory(Vm, sizeof *Vm);
    Vm->DirectoryTableBase = KiCreatePageTableRoot();
    if (Vm->DirectoryTableBase == 0)
        return STATUS_INSUFFICIENT_RESOURCES;
    Shared = MiInsertVad(Vm, MM_SHARED_USER_DATA_VA, MM_SHARED_USER_DATA_VA + PAGE_SIZE, MEM_PRIVATE, PAGE_READONLY);
    if (Shared == NULL || !KiMapPage(Vm->DirectoryTableBase, (PVOID)MM_SHARED_USER_DATA_VA,
                                     MiSharedDataPage << PAGE_SHIFT, KI_PAGE_USER)) {
        MmCleanProcessAddressSpace(Process);
        MmDeleteProcessAddressSpace(Process);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Shared->Fixed = TRUE;
    MiReferencePage(MiSharedDataPage);
    Vm->WorkingSetSize++;
    return STATUS_SUCCESS;
}

VOID MmCleanProcessAddressSpace(PEPROCESS Process)
{
    PMMSUPPORT Vm = &Process->Vm;

    Vm->AddressSpaceDeleted = TRUE;
    if (Vm->DirectoryTableBase != 0)
        MiRemoveVads(Vm, 0, (ULONG64)MM_HIGHEST_USER_ADDRESS + 1);
}

VOID MmDeleteProcessAddressSpace(PEPROCESS Process)
{
    if (Process->Vm.DirectoryTableBase != 0)
        KiDeletePageTableRoot(Process->Vm.DirectoryTableBase);
    Process->Vm.DirectoryTableBase = 0;
}
