/* Copies between address spaces, through a buffer; and looking up exports of a mapped image. */
#include "mip.h"

#define MI_COPY_BUFFER 0x1000u

/* One side of a copy: with a process its user memory, checked; without one the kernel's own. */
static NTSTATUS MiCopyPiece(PEPROCESS Process, PVOID To, const VOID *From, SIZE_T Size, BOOLEAN ToUser)
{
    KAPC_STATE State;
    NTSTATUS Status;

    if (Process == NULL) {
        RtlCopyMemory(To, From, Size);
        return STATUS_SUCCESS;
    }
    KeStackAttachProcess(&Process->Pcb, &State);
    Status = ToUser ? MmCopyToUser(To, From, Size) : MmCopyFromUser(To, From, Size);
    KeUnstackDetachProcess(&State);
    return Status;
}

NTSTATUS MmCopyVirtualMemory(PEPROCESS FromProcess, const VOID *FromAddress, PEPROCESS ToProcess, PVOID ToAddress,
                             SIZE_T Size, PSIZE_T Returned)
{
    PUCHAR Buffer = ExAllocatePoolWithTag(NonPagedPool, MI_COPY_BUFFER, MI_TAG);
    NTSTATUS Status = STATUS_SUCCESS;

    *Returned = 0;
    if (Buffer == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    while (*Returned < Size) {
        SIZE_T Part = Size - *Returned < MI_COPY_BUFFER ? Size - *Returned : MI_COPY_BUFFER;

        Status = MiCopyPiece(FromProcess, Buffer, (const UCHAR *)FromAddress + *Returned, Part, FALSE);
        if (NT_SUCCESS(Status))
            Status = MiCopyPiece(ToProcess, (PUCHAR)ToAddress + *Returned, Buffer, Part, TRUE);
        if (!NT_SUCCESS(Status))
            break;
        *Returned += Part;
    }
    ExFreePoolWithTag(Buffer, MI_TAG);
    return !NT_SUCCESS(Status) && *Returned != 0 ? STATUS_PARTIAL_COPY : Status;
}

/* The image's pages are put side by side in kernel memory first: user memory is never walked in place. */
NTSTATUS MmFindImageExport(PEPROCESS Process, PVOID Base, PCSTR Name, PVOID *Address)
{
    PMMVAD Vad = MiFindVad(&Process->Vm, (ULONG64)Base);
    PCONTROL_AREA Area = Vad != NULL ? Vad->ControlArea : NULL;
    PUCHAR Copy;
    PVOID Found = NULL;
    BOOLEAN Forwarder = FALSE;
    NTSTATUS Status;

    if (Area == NULL || !Area->Image)
        return STATUS_INVALID_IMAGE_FORMAT;
    Copy = ExAllocatePoolWithTag(PagedPool, (SIZE_T)Area->PageCount << PAGE_SHIFT, MI_TAG);
    if (Copy == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    for (ULONG i = 0; i < Area->PageCount; i++) {
        if (Area->Pages[i] != 0)
            RtlCopyMemory(Copy + ((SIZE_T)i << PAGE_SHIFT), MiPageAddress(Area->Pages[i]), PAGE_SIZE);
    }
    Status = RtlpFindExport(Copy, Name, 0, &Found, &Forwarder);
    if (NT_SUCCESS(Status) && Forwarder)
        Status = STATUS_PROCEDURE_NOT_FOUND;
    if (NT_SUCCESS(Status))
        *Address = (PUCHAR)Base + ((PUCHAR)Found - Copy);
    ExFreePoolWithTag(Copy, MI_TAG);
    return Status;
}
