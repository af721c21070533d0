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

/* Copies the pages of [Rva, Rva + Size) of the area to their places in Copy, which is as large as the image. */
static NTSTATUS MiCopyImagePages(PCONTROL_AREA Area, PUCHAR Copy, ULONG64 Rva, ULONG64 Size)
{
    for (ULONG64 Index = Rva >> PAGE_SHIFT; Index < BYTES_TO_PAGES(Rva + Size); Index++) {
        PFN_NUMBER Page;
        NTSTATUS Status = Index < Area->PageCount ? MiGetSectionPage(Area, (ULONG)Index, &Page)
                                                  : STATUS_INVALID_IMAGE_FORMAT;

        if (!NT_SUCCESS(Status))
            return Status;
        RtlCopyMemory(Copy + (Index << PAGE_SHIFT), MiPageAddress(Page), PAGE_SIZE);
    }
    return STATUS_SUCCESS;
}

/* The headers and the export directory, with the names and tables inside it, at their places in Copy. */
static NTSTATUS MiCopyExports(PCONTROL_AREA Area, PUCHAR Copy)
{
    PIMAGE_NT_HEADERS Headers;
    PIMAGE_DATA_DIRECTORY Directory;
    NTSTATUS Status = MiCopyImagePages(Area, Copy, 0, PAGE_SIZE);

    if (!NT_SUCCESS(Status))
        return Status;
    Status = RtlImageNtHeaderEx(0, Copy, PAGE_SIZE, &Headers);
    if (!NT_SUCCESS(Status) || Headers->OptionalHeader.NumberOfRvaAndSizes <= IMAGE_DIRECTORY_ENTRY_EXPORT)
        return STATUS_INVALID_IMAGE_FORMAT;
    Directory = &Headers->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_EXPORT];
    return MiCopyImagePages(Area, Copy, Directory->VirtualAddress, Directory->Size);
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
    Status = MiCopyExports(Area, Copy);
    if (NT_SUCCESS(Status))
        Status = RtlpFindExport(Copy, Name, 0, &Found, &Forwarder);
    if (NT_SUCCESS(Status) && Forwarder)
        Status = STATUS_PROCEDURE_NOT_FOUND;
    if (NT_SUCCESS(Status))
        *Address = (PUCHAR)Base + ((PUCHAR)Found - Copy);
    ExFreePoolWithTag(Copy, MI_TAG);
    return Status;
}
