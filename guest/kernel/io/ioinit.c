/* The I/O manager's start: types, the boot modules' volume, and the names that lead to them. */
#include "iop.h"

static NTSTATUS IopStart(PLOADER_PARAMETER_BLOCK LoaderBlock)
{
    NTSTATUS Status = IopCreateObjectTypes();

    if (NT_SUCCESS(Status))
        Status = IopCreateDriverType();
    if (NT_SUCCESS(Status))
        Status = IopMountBootModules(LoaderBlock);
    if (NT_SUCCESS(Status))
        Status = IopCreatePermanentLink(L"\\GLOBAL??\\C:", L"\\Device\\BootModules");
    return Status;
}

BOOLEAN IoInitSystem(PLOADER_PARAMETER_BLOCK LoaderBlock)
{
    if (!NT_SUCCESS(IopStart(LoaderBlock)))
        return FALSE;
    /* K2: without this link nothing of the system is found. */
    if (!NT_SUCCESS(IopCreatePermanentLink(L"\\SystemRoot", L"\\Device\\BootModules\\Windows")))
        KeBugCheckEx(SYMBOLIC_INITIALIZATION_FAILED, 0, 0, 0, 0);
    return TRUE;
}
