/* Control areas: the pages behind sections. */
#include "mip.h"

static LIST_ENTRY MiImageList = { &MiImageList, &MiImageList };

static PCONTROL_AREA MiAllocateControlArea(ULONG PageCount, ULONG Subsections)
{
    PCONTROL_AREA Area = ExAllocatePoolWithTag(NonPagedPool, sizeof *Area, MI_TAG);

    if (Area == NULL)
        return NULL;
    InitializeListHead(&Area->ImageLink);
    Area->References = 1;
    Area->PageCount = PageCount;
    Area->SubsectionCount = Subsections;
    Area->Pages = ExAllocatePoolWithTag(NonPagedPool, PageCount * sizeof(PFN_NUMBER), MI_TAG);
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

VOID MiDereferenceControlArea(PCONTROL_AREA ControlArea)
{
    if (--ControlArea->References != 0)
        return;
    RemoveEntryList(&ControlArea->ImageLink);
    for (ULONG i = 0; ControlArea->Pages != NULL && i < ControlArea->PageCount; i++) {
        if (ControlArea->Pages[i] != 0)
            MmFreePage(ControlArea->Pages[i]);
    }
    if (ControlArea->Pages != NULL)
        ExFreePoolWithTag(ControlArea->Pages, MI_TAG);
    if (ControlArea->Subsections != NULL)
        ExFreePoolWithTag(ControlArea->Subsections, MI_TAG);
    if (ControlArea->File != NULL)
        ObDereferenceObject(ControlArea->File);
    ExFreePoolWithTag(ControlArea, MI_TAG);
}

PFN_NUMBER MiGetSectionPage(PCONTROL_AREA ControlArea, ULONG Index)
{
    if (Index >= ControlArea->PageCount)
        return 0;
    if (ControlArea->Pages[Index] == 0)
        ControlArea->Pages[Index] = MmAllocatePage(TRUE);
    return ControlArea->Pages[Index];
}

NTSTATUS MiCreateMemoryControlArea(ULONG64 Size, PCONTROL_AREA *ControlArea)
{
    MM_STATISTICS Statistics;

    MmQueryStatistics(&Statistics);
    if (Size == 0 || BYTES_TO_PAGES(Size) > Statistics.AvailablePages)
        return Size == 0 ? STATUS_INVALID_PARAMETER : STATUS_COMMITMENT_LIMIT;
    *ControlArea = MiAllocateControlArea((ULONG)BYTES_TO_PAGES(Size), 1);
    if (*ControlArea == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    (*ControlArea)->Subsections[0].PageCount = (*ControlArea)->PageCount;
    return STATUS_SUCCESS;
}

/* The image of a file that somebody has mapped already, counted; NULL: nobody has. */
static PCONTROL_AREA MiFindSharedImage(PFILE_OBJECT File)
{
    for (PLIST_ENTRY Entry = MiImageList.Flink; Entry != &MiImageList; Entry = Entry->Flink) {
        PCONTROL_AREA Area = CONTAINING_RECORD(Entry, CONTROL_AREA, ImageLink);

        if (Area->File->DeviceObject == File->DeviceObject && Area->File->FsContext == File->FsContext) {
            Area->References++;
            return Area;
        }
    }
    return NULL;
}

static VOID MiFillImageInformation(PCONTROL_AREA Area, PMI_IMAGE Image)
{
    PIMAGE_OPTIONAL_HEADER64 Optional = &Image->Headers->OptionalHeader;
    PSECTION_IMAGE_INFORMATION Information = &Area->ImageInformation;

    Area->ImageBase = Optional->ImageBase;
    Information->TransferAddress =
        Optional->AddressOfEntryPoint != 0 ? (PVOID)(Optional->ImageBase + Optional->AddressOfEntryPoint) : NULL;
    Information->MaximumStackSize = Optional->SizeOfStackReserve;
    Information->CommittedStackSize = Optional->SizeOfStackCommit;
    Information->SubSystemType = Optional->Subsystem;
    Information->SubSystemMinorVersion = Optional->MinorSubsystemVersion;
    Information->SubSystemMajorVersion = Optional->MajorSubsystemVersion;
    Information->MajorOperatingSystemVersion = Optional->MajorOperatingSystemVersion;
    Information->MinorOperatingSystemVersion = Optional->MinorOperatingSystemVersion;
    Information->ImageCharacteristics = Image->Headers->FileHeader.Characteristics;
    Information->DllCharacteristics = Optional->DllCharacteristics;
    Information->Machine = Image->Headers->FileHeader.Machine;
    Information->ImageContainsCode = Optional->SizeOfCode != 0;
    Information->ImageFileSize = Image->FileSize;
    Information->CheckSum = Optional->CheckSum;
}

/* The headers are read-only; each PE section is a subsection of its own. Gaps between sections belong to none. */
static VOID MiFillSubsections(PCONTROL_AREA Area, PMI_IMAGE Image)
{
    Area->Subsections[0].FirstPage = 0;
    Area->Subsections[0].PageCount = (ULONG)BYTES_TO_PAGES(Image->Headers->OptionalHeader.SizeOfHeaders);
    Area->Subsections[0].Protect = PAGE_READONLY;
    for (ULONG i = 0; i < Image->SectionCount; i++) {
        PIMAGE_SECTION_HEADER Section = &Image->Sections[i];
        ULONG Size = Section->Misc.VirtualSize != 0 ? Section->Misc.VirtualSize : Section->SizeOfRawData;

        Area->Subsections[i + 1].FirstPage = Section->VirtualAddress >> PAGE_SHIFT;
        Area->Subsections[i + 1].PageCount = (ULONG)BYTES_TO_PAGES(Size);
        Area->Subsections[i + 1].Protect = MiSectionProtection(Section->Characteristics);
    }
}

static NTSTATUS MiFillImagePages(PCONTROL_AREA Area, PMI_IMAGE Image)
{
    for (ULONG i = 0; i < Area->SubsectionCount; i++) {
        PSUBSECTION Subsection = &Area->Subsections[i];

        for (ULONG Index = Subsection->FirstPage; Index < Subsection->FirstPage + Subsection->PageCount; Index++) {
            PFN_NUMBER Page = MiGetSectionPage(Area, Index);

            if (Page == 0)
                return STATUS_NO_MEMORY;
            MiFillImagePage(Image, Index, MiPageAddress(Page));
        }
    }
    return STATUS_SUCCESS;
}

NTSTATUS MiCreateImageControlArea(PFILE_OBJECT File, PCONTROL_AREA *ControlArea)
{
    PCONTROL_AREA Area = MiFindSharedImage(File);
    MI_IMAGE Image;
    NTSTATUS Status;

    *ControlArea = Area;
    if (Area != NULL)
        return STATUS_SUCCESS;
    Status = MiReadImage(File, &Image);
    if (!NT_SUCCESS(Status))
        return Status;
    Area = MiAllocateControlArea(Image.PageCount, Image.SectionCount + 1);
    if (Area != NULL) {
        Area->Image = TRUE;
        MiFillImageInformation(Area, &Image);
        MiFillSubsections(Area, &Image);
        Status = MiFillImagePages(Area, &Image);
    } else {
        Status = STATUS_INSUFFICIENT_RESOURCES;
    }
    MiReleaseImage(&Image);
    if (!NT_SUCCESS(Status)) {
        if (Area != NULL)
            MiDereferenceControlArea(Area);
        return Status;
    }
    ObReferenceObject(File);
    Area->File = File;
    InsertTailList(&MiImageList, &Area->ImageLink);
    *ControlArea = Area;
    return STATUS_SUCCESS;
}
