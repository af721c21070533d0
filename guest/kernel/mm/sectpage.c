/* The pages of control areas: made, read from their file, and noticed when they are written. */
#include "mip.h"
#include "pagefile.h"

/* The subsection that the page of an image belongs to; NULL: it lies between sections and is zero. */
static PSUBSECTION MiFindSubsection(PCONTROL_AREA Area, ULONG Index)
{
    for (ULONG i = 0; i < Area->SubsectionCount; i++) {
        PSUBSECTION Subsection = &Area->Subsections[i];

        if (Index >= Subsection->FirstPage && Index - Subsection->FirstPage < Subsection->PageCount)
            return Subsection;
    }
    return NULL;
}

/* Reads what the file has for the page into a zeroed one. Of an image all bytes must be there, of data those before the
 * file's end. */
static NTSTATUS MiReadSectionPage(PCONTROL_AREA Area, ULONG Index, PVOID Page)
{
    ULONG64 Offset = (ULONG64)Index << PAGE_SHIFT;
    ULONG Length = PAGE_SIZE, Done = 0;
    NTSTATUS Status;

    if (Area->Image) {
        PSUBSECTION Subsection = MiFindSubsection(Area, Index);
        ULONG Within;

        if (Subsection == NULL)
            return STATUS_SUCCESS;
        Within = (Index - Subsection->FirstPage) << PAGE_SHIFT;
        if (Within >= Subsection->FileBytes)
            return STATUS_SUCCESS;
        Offset = (ULONG64)Subsection->FileOffset + Within;
        Length = Subsection->FileBytes - Within < PAGE_SIZE ? Subsection->FileBytes - Within : PAGE_SIZE;
    }
    Status = IoReadFile(Area->File, Offset, Page, Length, &Done);
    if (!Area->Image && Status == STATUS_END_OF_FILE)
        return STATUS_SUCCESS;
    return NT_SUCCESS(Status) && (Done == Length || !Area->Image) ? STATUS_SUCCESS : STATUS_IN_PAGE_ERROR;
}

/* The page is not in memory: it comes from its slot, from the file, or begins as zeros. */
static NTSTATUS MiMakeSectionPage(PCONTROL_AREA Area, ULONG Index)
{
    ULONG Slot = (Area->Pages[Index] & MI_PAGE_PAGED_OUT) != 0 ? (ULONG)Area->Pages[Index] : 0;
    PFN_NUMBER New = MiAllocateUserPage(Slot == 0);
    NTSTATUS Status = STATUS_SUCCESS;

    if (New == 0)
        return STATUS_NO_MEMORY;
    if (Slot != 0)
        Status = MiReadSlot(Slot, MiPageAddress(New));
    else if (Area->File != NULL)
        Status = MiReadSectionPage(Area, Index, MiPageAddress(New));
    if (!NT_SUCCESS(Status)) {
        MmFreePage(New);
        return Status;
    }
    MiSetPageSlot(New, Slot);
    /* Memory that neither a file nor a slot keeps is as good as modified. */
    Area->Pages[Index] = New | (Area->File == NULL && Slot == 0 ? MI_PAGE_MODIFIED : 0);
    return STATUS_SUCCESS;
}

NTSTATUS MiGetSectionPage(PCONTROL_AREA ControlArea, ULONG Index, PFN_NUMBER *Page)
{
    NTSTATUS Status = STATUS_SUCCESS;

    if (Index >= ControlArea->PageCount)
        return STATUS_ACCESS_VIOLATION;
    if (ControlArea->Pages[Index] == 0 || (ControlArea->Pages[Index] & MI_PAGE_PAGED_OUT) != 0)
        Status = MiMakeSectionPage(ControlArea, Index);
    if (NT_SUCCESS(Status))
        *Page = MI_PAGE_NUMBER(ControlArea->Pages[Index]);
    return Status;
}

VOID MiMarkSectionPageModified(PCONTROL_AREA ControlArea, ULONG Index)
{
    MiForgetPageSlot(MI_PAGE_NUMBER(ControlArea->Pages[Index]));
    ControlArea->Pages[Index] |= MI_PAGE_MODIFIED;
}

BOOLEAN MiIsSectionPageModified(PCONTROL_AREA ControlArea, ULONG Index)
{
    return (ControlArea->Pages[Index] & MI_PAGE_MODIFIED) != 0;
}
