/* The end of a file object: Cleanup with its last handle, Close with its last reference. */
#include "iop.h"

/* Once in a file object's life, however it ends. */
static VOID IopCleanup(PFILE_OBJECT File)
{
    if (!File->Opened || File->CleanedUp)
        return;
    File->CleanedUp = TRUE;
    if (File->Operations->Cleanup != NULL)
        File->Operations->Cleanup(File);
}

VOID NTAPI IopCloseFile(struct _EPROCESS *Process, PVOID Object, ACCESS_MASK GrantedAccess, ULONG HandleCount)
{
    UNREFERENCED_PARAMETER(Process);
    UNREFERENCED_PARAMETER(GrantedAccess);
    if (HandleCount == 0)
        IopCleanup(Object);
}

VOID NTAPI IopDeleteFile(PVOID Object)
{
    PFILE_OBJECT File = Object;

    IopCleanup(File);           /* a file object that never had a handle */
    if (File->Opened && File->Operations->Close != NULL)
        File->Operations->Close(File);
    if (File->FileName.Buffer != NULL)
        ExFreePool(File->FileName.Buffer);
    if (File->DirectoryPattern.Buffer != NULL)
        ExFreePool(File->DirectoryPattern.Buffer);
    if (File->DeviceObject != NULL)
        ObDereferenceObject(File->DeviceObject);
}
