/* Control areas: the pages behind sections, counted by the sections and views that use them. */
#include "mip.h"
#include "pagefile.h"

LIST_ENTRY MiControlAreas = { &MiControlAreas, &MiControlAreas };

PCONTROL_AREA MiAllocateControlArea(ULONG PageCount, ULONG Subsections)
{
    PCONTROL_AREA Area = ExAllocatePoolWithTag(NonPagedPool, sizeof *Area, MI_TAG);

    if (Area == NULL)
        return NULL;
    InsertTailList(&MiControlAreas, &Area->Link);
    Area->References = 1;
    Area->PageCount = PageCount;
    Area->SubsectionCount = Subsections;
    Area->Pages = ExAllocatePoolWithTag(NonPagedPool, PageCount * sizeof *Area->Pages, MI_TAG);
    Area->Subsections = ExAllocatePoolWithTag(NonPagedPool, Subsections * sizeof(SUBSECTION), MI_TAG);
    if (Area->Pages == NULL || Area->Subsections == NULL) {
        MiDereferenceControlArea(Area);
        return NULL;
    }
    return Area;
}

/* Gives up what an area's entry stands for. */
static VOID MiDeleteSectionPage(MI_SECTION_PAGE Entry)
{
    if ((Entry & MI_PAGE_PAGED_OUT) != 0)
        MiFreeSlot((ULONG)Entry);
    else if (Entry != 0)
        MmFreePage(MI_PAGE_NUMBER(Entry));
}

VOID MiReferenceControlArea(PCONTROL_AREA ControlArea)
{
    ControlArea->References++;
}

/* Whoever opens the file from here on makes an area of its own, after the modified pages have reached the file. */
static VOID MiDisconnectFile(PCONTROL_AREA Area)
{
    PSECTION_OBJECT_POINTERS Pointers = Area->File->SectionObjectPointer;

    if (!Area->Image)
        MiFlushDataArea(Area, 0, Area->PageCount);
    if (Area->Image && Pointers->ImageSectionObject == Area)
        Pointers->ImageSectionObject = NULL;
    else if (Pointers->DataSectionObject == Area)
        Pointers->DataSectionObject = NULL;
}

VOID MiDereferenceControlArea(PCONTROL_AREA ControlArea)
{
    if (--ControlArea->References != 0)
        return;
    if (ControlArea->File != NULL)
        MiDisconnectFile(ControlArea);
    RemoveEntryList(&ControlArea->Link);
    for (ULONG i = 0; ControlArea->Pages != NULL && i < ControlArea->PageCount; i++)
        MiDeleteSectionPage(ControlArea->Pages[i]);
    MiReturnCommitment(ControlArea->Charge);
    if (ControlArea->Pages != NULL)
        ExFreePoolWithTag(ControlArea->Pages, MI_TAG);
    if (ControlArea->Subsections != NULL)
        ExFreePoolWithTag(ControlArea->Subsections, MI_TAG);
    if (ControlArea->File != NULL)
        ObDereferenceObject(ControlArea->File);
    ExFreePoolWithTag(ControlArea, MI_TAG);
}

NTSTATUS MiCreateMemoryControlArea(ULONG64 Size, PCONTROL_AREA *ControlArea)
{
    ULONG64 Pages = BYTES_TO_PAGES(Size);
    NTSTATUS Status = Size != 0 ? MiChargeCommitment(Pages) : STATUS_INVALID_PARAMETER;

    if (!NT_SUCCESS(Status))
        return Status;
    *ControlArea = Pages <= 0xFFFFFFFFull ? MiAllocateControlArea((ULONG)Pages, 0) : NULL;
    if (*ControlArea == NULL) {
        MiReturnCommitment(Pages);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    (*ControlArea)->Charge = Pages;
    return STATUS_SUCCESS;
}
