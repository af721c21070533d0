/* Control areas: the pages behind sections, counted by the sections and views that use them. */
#include "mip.h"

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
    for (ULONG i = 0; ControlArea->Pages != NULL && i < ControlArea->PageCount; i++) {
        if (ControlArea->Pages[i] != 0)
            MmFreePage(MI_PAGE_NUMBER(ControlArea->Pages[i]));
    }
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
    MM_STATISTICS Statistics;

    MmQueryStatistics(&Statistics);
    if (Size == 0 || BYTES_TO_PAGES(Size) > Statistics.AvailablePages)
        return Size == 0 ? STATUS_INVALID_PARAMETER : STATUS_COMMITMENT_LIMIT;
    *ControlArea = MiAllocateControlArea((ULONG)BYTES_TO_PAGES(Size), 0);
    return *ControlArea != NULL ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}
