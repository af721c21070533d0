/* Control areas of image files: one per file, found through the file's section pointers; pages come when touched. */
#include "mip.h"

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
    Area->Subsections[0].FileBytes = Image->Headers->OptionalHeader.SizeOfHeaders;
    for (ULONG i = 0; i < Image->SectionCount; i++) {
        PIMAGE_SECTION_HEADER Section = &Image->Sections[i];
        PSUBSECTION Subsection = &Area->Subsections[i + 1];
        ULONG Size = Section->Misc.VirtualSize != 0 ? Section->Misc.VirtualSize : Section->SizeOfRawData;

        Subsection->FirstPage = Section->VirtualAddress >> PAGE_SHIFT;
        Subsection->PageCount = (ULONG)BYTES_TO_PAGES(Size);
        Subsection->Protect = MiSectionProtection(Section->Characteristics);
        Subsection->FileOffset = Section->PointerToRawData;
        Subsection->FileBytes = Section->SizeOfRawData < Size ? Section->SizeOfRawData : Size;
    }
}

/* Pages that all who map the image write together cannot be read from the file again. */
static NTSTATUS MiChargeSharedPages(PCONTROL_AREA Area)
{
    ULONG64 Pages = 0;
    NTSTATUS Status;

    for (ULONG i = 0; i < Area->SubsectionCount; i++) {
        if (MiProtectionAllows(Area->Subsections[i].Protect, MM_FAULT_WRITE) && !MiIsCopyOnWrite(Area->Subsections[i].Protect))
            Pages += Area->Subsections[i].PageCount;
    }
    Status = MiChargeCommitment(Pages);
    Area->Charge = NT_SUCCESS(Status) ? Pages : 0;
    return Status;
}

NTSTATUS MiCreateImageControlArea(PFILE_OBJECT File, PCONTROL_AREA *ControlArea)
{
    PCONTROL_AREA Area;
    MI_IMAGE Image;
    NTSTATUS Status;

    if (File->SectionObjectPointer == NULL)
        return STATUS_INVALID_FILE_FOR_SECTION;
    Area = File->SectionObjectPointer->ImageSectionObject;
    if (Area != NULL) {
        MiReferenceControlArea(Area);
        *ControlArea = Area;
        return STATUS_SUCCESS;
    }
    Status = MiReadImage(File, TRUE, &Image);
    if (!NT_SUCCESS(Status))
        return Status;
    Status = MiCheckImageFile(File, &Image);
    if (!NT_SUCCESS(Status)) {
        MiReleaseImage(&Image);
        return Status;
    }
    Area = MiAllocateControlArea(Image.PageCount, Image.SectionCount + 1);
    Status = STATUS_INSUFFICIENT_RESOURCES;
    if (Area != NULL) {
        Area->Image = TRUE;
        MiFillImageInformation(Area, &Image);
        MiFillSubsections(Area, &Image);
        Status = MiChargeSharedPages(Area);
    }
    MiReleaseImage(&Image);
    if (!NT_SUCCESS(Status)) {
        if (Area != NULL)
            MiDereferenceControlArea(Area);
        return Status;
    }
    ObReferenceObject(File);
    Area->File = File;
    File->SectionObjectPointer->ImageSectionObject = Area;
    *ControlArea = Area;
    return STATUS_SUCCESS;
}
