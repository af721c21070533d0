/* The end of an open: sharing, deletion with the last handle, the node with the last reference. */
#include "fat.h"

/* Nobody has the file open any more and it was to go. */
static VOID FatFinishDelete(PFCB Fcb)
{
    NTSTATUS Status = FatMayDelete(Fcb);

    if (NT_SUCCESS(Status))
        Status = FatDeleteFile(Fcb);
    if (!NT_SUCCESS(Status)) {          /* a directory that was filled meanwhile, a disk that fails: it stays */
        Fcb->DeletePending = FALSE;
        return;
    }
    FatRecord("file.delete", Fcb, NULL, NULL, ~0ull);
    Fcb->Deleted = TRUE;
    FatUnlinkNode(Fcb);
}

VOID FatCleanup(PFILE_OBJECT File)
{
    PFCB Fcb = File->FsContext;
    PVCB Vcb = Fcb->Vcb;

    FatRemoveShare(Fcb, File);
    Fcb->Handles--;
    Vcb->OpenFiles--;
    if ((File->CreateOptions & FILE_DELETE_ON_CLOSE) != 0)
        Fcb->DeletePending = TRUE;
    if (Fcb->Handles != 0)
        return;
    FatReleaseReserved(Fcb);
    if (Fcb->DeletePending && !Fcb->Deleted && !Fcb->Invalid)
        FatFinishDelete(Fcb);
}

VOID FatClose(PFILE_OBJECT File)
{
    PFCB Fcb = File->FsContext;

    File->FsContext = NULL;
    FatDereferenceNode(Fcb);
}
