/* Commitment: no more memory is promised than RAM and paging files can hold, so a page that was promised is there. */
#include "mip.h"
#include "pagefile.h"

#define MI_COMMIT_RESERVE 64u           /* pages that the kernel keeps for itself */

static ULONG64 MiCommittedPages;

/* Pages that may still be promised. What the kernel has taken of RAM is gone; user pages count as promised already. */
static LONG64 MiCommitRoom(VOID)
{
    return (LONG64)(MiAvailablePages + MiUserPages + MiPagingFileSlots()) - (LONG64)(MiCommittedPages + MI_COMMIT_RESERVE);
}

NTSTATUS MiChargeCommitment(ULONG64 Pages)
{
    LONG64 Room = MiCommitRoom();

    if (Pages > MI_MAXIMUM_COMMIT)
        return STATUS_COMMITMENT_LIMIT;
    /* To grow takes some of the room. */
    if (Room < (LONG64)Pages)
        MiExtendPagingFiles(Pages - (ULONG64)Room + MI_COMMIT_RESERVE);
    if (Room < (LONG64)Pages && MiCommitRoom() < (LONG64)Pages)
        return STATUS_COMMITMENT_LIMIT;
    MiCommittedPages += Pages;
    return STATUS_SUCCESS;
}

VOID MiReturnCommitment(ULONG64 Pages)
{
    MiCommittedPages -= Pages;
}

NTSTATUS MiChargeVad(PMMVAD Vad)
{
    NTSTATUS Status;

    if (Vad->Charged)
        return STATUS_SUCCESS;
    Status = MiChargeCommitment((Vad->End - Vad->Start) >> PAGE_SHIFT);
    Vad->Charged = NT_SUCCESS(Status);
    return Status;
}

VOID MiUnchargeVad(PMMVAD Vad)
{
    if (Vad->Charged)
        MiReturnCommitment((Vad->End - Vad->Start) >> PAGE_SHIFT);
    Vad->Charged = FALSE;
}
