/* Transfers between memory and paging files: around the cache, to where the file lies on its volume. */
#include "mip.h"
#include "pagefile.h"

#define MI_MAXIMUM_EXTENTS 0x10000u

/* Adds a stretch, or makes the last one longer. *Room: how many there is space for. */
static NTSTATUS MiAddExtent(PMMPAGING_FILE File, PULONG Room, const MI_EXTENT *Extent)
{
    PMI_EXTENT Last = File->ExtentCount != 0 ? &File->Extents[File->ExtentCount - 1] : NULL, Larger;

    if (Last != NULL && Last->VolumeOffset + Last->Length == Extent->VolumeOffset) {
        Last->Length += Extent->Length;
        return STATUS_SUCCESS;
    }
    if (File->Extents == NULL || File->ExtentCount == *Room) {
        ULONG NewRoom = *Room != 0 ? *Room * 2 : 8;

        if (NewRoom > MI_MAXIMUM_EXTENTS)
            return STATUS_INSUFFICIENT_RESOURCES;
        Larger = ExAllocatePoolWithTag(NonPagedPool, NewRoom * sizeof *Larger, MI_TAG);
        if (Larger == NULL)
            return STATUS_INSUFFICIENT_RESOURCES;
        if (File->Extents != NULL) {
            RtlCopyMemory(Larger, File->Extents, File->ExtentCount * sizeof *Larger);
            ExFreePoolWithTag(File->Extents, MI_TAG);
        }
        File->Extents = Larger;
        *Room = NewRoom;
    }
    File->Extents[File->ExtentCount++] = *Extent;
    return STATUS_SUCCESS;
}

NTSTATUS MiLocatePagingFile(PMMPAGING_FILE File)
{
    MMPAGING_FILE Located = *File;
    ULONG Room = 0;
    NTSTATUS Status = STATUS_SUCCESS;

    Located.Extents = NULL;
    Located.ExtentCount = 0;
    for (ULONG64 Offset = 0; NT_SUCCESS(Status) && Offset < File->Size;) {
        MI_EXTENT Extent = { .FileOffset = Offset };

        Status = IoQueryFileExtent(File->File, Offset, &Extent.VolumeOffset, &Extent.Length);
        if (NT_SUCCESS(Status) && (Extent.Length == 0 || Extent.VolumeOffset % IO_SECTOR_SIZE != 0))
            Status = STATUS_INVALID_PARAMETER;
        if (!NT_SUCCESS(Status))
            break;
        if (Extent.Length > File->Size - Offset)
            Extent.Length = File->Size - Offset;
        IoPurgeVolume(File->File->DeviceObject, Extent.VolumeOffset, Extent.Length);
        Status = MiAddExtent(&Located, &Room, &Extent);
        Offset += Extent.Length;
    }
    if (!NT_SUCCESS(Status)) {
        if (Located.Extents != NULL)
            ExFreePoolWithTag(Located.Extents, MI_TAG);
        return Status;
    }
    if (File->Extents != NULL)
        ExFreePoolWithTag(File->Extents, MI_TAG);
    File->Extents = Located.Extents;
    File->ExtentCount = Located.ExtentCount;
    return STATUS_SUCCESS;
}

NTSTATUS MiTransferPages(PMMPAGING_FILE File, BOOLEAN Write, ULONG Page, PVOID Buffer, ULONG Count)
{
    ULONG64 Offset = (ULONG64)Page << PAGE_SHIFT;
    ULONG Length = Count << PAGE_SHIFT;
    PUCHAR At = Buffer;

    for (ULONG i = 0; i < File->ExtentCount && Length != 0; i++) {
        PMI_EXTENT Extent = &File->Extents[i];
        ULONG64 Within = Offset - Extent->FileOffset;
        ULONG Part;
        NTSTATUS Status;

        if (Within >= Extent->Length)
            continue;                   /* extents are in order: Offset lies in this one or in a later one */
        Part = Extent->Length - Within < Length ? (ULONG)(Extent->Length - Within) : Length;
        Status = IoTransferVolume(File->File->DeviceObject, Write, Extent->VolumeOffset + Within, At, Part);
        if (!NT_SUCCESS(Status))
            return Status;
        At += Part;
        Offset += Part;
        Length -= Part;
    }
    return Length == 0 ? STATUS_SUCCESS : STATUS_END_OF_FILE;
}

ULONG MiAllocateSlots(ULONG Wanted, PULONG Taken)
{
    for (ULONG i = 0; i < MmNumberOfPagingFiles; i++) {
        ULONG First = MiTakeSlots(&MmPagingFile[i]->Slots, Wanted, Taken);

        if (First != 0)
            return MI_SLOT(i, First);
    }
    return 0;
}

VOID MiFreeSlot(ULONG Slot)
{
    if (MI_SLOT_FILE(Slot) >= MmNumberOfPagingFiles ||
        !MiReturnSlot(&MmPagingFile[MI_SLOT_FILE(Slot)]->Slots, MI_SLOT_PAGE(Slot)))
        KeBugCheckEx(MEMORY_MANAGEMENT, 3, Slot, 0, 0);
}

NTSTATUS MiReadSlot(ULONG Slot, PVOID Page)
{
    PMMPAGING_FILE File = MmPagingFile[MI_SLOT_FILE(Slot)];

    File->PagesIn++;
    return NT_SUCCESS(MiTransferPages(File, FALSE, MI_SLOT_PAGE(Slot), Page, 1)) ? STATUS_SUCCESS : STATUS_IN_PAGE_ERROR;
}

NTSTATUS MiWriteSlots(ULONG First, PVOID Buffer, ULONG Count)
{
    PMMPAGING_FILE File = MmPagingFile[MI_SLOT_FILE(First)];

    File->PagesOut += Count;
    return MiTransferPages(File, TRUE, MI_SLOT_PAGE(First), Buffer, Count);
}

VOID MiRecordPagingFileUse(BOOLEAN AtShutdown)
{
    static ULONG64 Recorded;            /* boot time in ns */
    ULONG64 Now = KeQueryBootTimeNs();

    if (!AtShutdown && Now - Recorded < 1000000000ull)
        return;
    Recorded = Now;
    for (ULONG i = 0; i < MmNumberOfPagingFiles; i++) {
        UNICODE_STRING Name = MiPagingFileWin32Name(MmPagingFile[i]);

        ExRecordFactFor(NULL, "paging-file.use", "path=%wZ pages-out=%u pages-in=%u", &Name, MmPagingFile[i]->PagesOut,
                        MmPagingFile[i]->PagesIn);
    }
}
