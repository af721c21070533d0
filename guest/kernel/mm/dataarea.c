/* Control areas of files' data: one per file; their pages and the file's bytes are kept the same. */
#include "mip.h"

/* Makes room for more pages; those that are there stay. */
static NTSTATUS MiExtendArea(PCONTROL_AREA Area, ULONG PageCount)
{
    MI_SECTION_PAGE *Pages;

    if (PageCount <= Area->PageCount)
        return STATUS_SUCCESS;
    Pages = ExAllocatePoolWithTag(NonPagedPool, (SIZE_T)PageCount * sizeof *Pages, MI_TAG);
    if (Pages == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlCopyMemory(Pages, Area->Pages, Area->PageCount * sizeof *Pages);
    ExFreePoolWithTag(Area->Pages, MI_TAG);
    Area->Pages = Pages;
    Area->PageCount = PageCount;
    return STATUS_SUCCESS;
}

/* The section's size from the file's, or the file's from the section's. */
static NTSTATUS MiAgreeOnSize(PFILE_OBJECT File, ULONG Protect, PULONG64 Size)
{
    IO_FILE_ATTRIBUTES Attributes;
    NTSTATUS Status = IoQueryFileAttributes(File, &Attributes);

    if (!NT_SUCCESS(Status))
        return Status;
    if (*Size == 0)
        *Size = Attributes.EndOfFile;
    if (*Size == 0)
        return STATUS_MAPPED_FILE_SIZE_ZERO;
    if (BYTES_TO_PAGES(*Size) > 0xFFFFFFFFull)
        return STATUS_SECTION_TOO_BIG;
    if (*Size <= Attributes.EndOfFile)
        return STATUS_SUCCESS;
    if (!MiProtectionAllows(Protect, MM_FAULT_WRITE) || MiIsCopyOnWrite(Protect))
        return STATUS_SECTION_TOO_BIG;
    return IoSetEndOfFile(File, *Size);
}

NTSTATUS MiCreateDataControlArea(PFILE_OBJECT File, ULONG Protect, PULONG64 Size, PCONTROL_AREA *ControlArea)
{
    PSECTION_OBJECT_POINTERS Pointers = File->SectionObjectPointer;
    PCONTROL_AREA Area;
    NTSTATUS Status;

    if (File->Directory || Pointers == NULL)
        return STATUS_INVALID_FILE_FOR_SECTION;
    /* An image that somebody runs is not changed under him. */
    if (Pointers->ImageSectionObject != NULL && MiProtectionAllows(Protect, MM_FAULT_WRITE) && !MiIsCopyOnWrite(Protect))
        return STATUS_SHARING_VIOLATION;
    Status = MiAgreeOnSize(File, Protect, Size);
    if (!NT_SUCCESS(Status))
        return Status;
    Area = Pointers->DataSectionObject;
    if (Area != NULL) {
        Status = MiExtendArea(Area, (ULONG)BYTES_TO_PAGES(*Size));
        if (!NT_SUCCESS(Status))
            return Status;
        MiReferenceControlArea(Area);
    } else {
        Area = MiAllocateControlArea((ULONG)BYTES_TO_PAGES(*Size), 0);
        if (Area == NULL)
            return STATUS_INSUFFICIENT_RESOURCES;
        ObReferenceObject(File);
        Area->File = File;
        Pointers->DataSectionObject = Area;
    }
    *ControlArea = Area;
    return STATUS_SUCCESS;
}

/* Takes the right to write the page from all who share it: the next write is a fault that marks it again. */
static VOID MiProtectSectionPage(PCONTROL_AREA Area, ULONG Index)
{
    for (PLIST_ENTRY Entry = PsActiveProcessHead.Flink; Entry != &PsActiveProcessHead; Entry = Entry->Flink) {
        PMMSUPPORT Vm = &CONTAINING_RECORD(Entry, EPROCESS, ActiveProcessLinks)->Vm;

        for (PMMVAD Vad = Vm->VadRoot; Vad != NULL; Vad = Vad->Next) {
            ULONG64 Address = Vad->Start + ((ULONG64)(Index - Vad->FirstPage) << PAGE_SHIFT), Physical;
            ULONG Flags;

            if (Vad->ControlArea != Area || Index < Vad->FirstPage || Address >= Vad->End || MiIsCopyOnWrite(Vad->Protect))
                continue;
            if (KiQueryPage(Vm->DirectoryTableBase, (PVOID)Address, &Physical, &Flags) && (Flags & KI_PAGE_WRITE) != 0)
                KiProtectPage(Vm->DirectoryTableBase, (PVOID)Address, Flags & ~KI_PAGE_WRITE);
        }
    }
}

/* Bytes beyond the file's end are nobody's. */
static NTSTATUS MiWriteDataPage(PCONTROL_AREA Area, ULONG Index, ULONG64 EndOfFile)
{
    ULONG64 Offset = (ULONG64)Index << PAGE_SHIFT;
    ULONG Length, Done;
    NTSTATUS Status = STATUS_SUCCESS;

    if (Offset < EndOfFile) {
        Length = EndOfFile - Offset < PAGE_SIZE ? (ULONG)(EndOfFile - Offset) : PAGE_SIZE;
        Status = IoWriteFile(Area->File, Offset, MiPageAddress(MI_PAGE_NUMBER(Area->Pages[Index])), Length, &Done);
        if (NT_SUCCESS(Status) && Done != Length)
            Status = STATUS_DISK_FULL;
    }
    if (NT_SUCCESS(Status))
        Area->Pages[Index] &= ~MI_PAGE_MODIFIED;
    return Status;
}

NTSTATUS MiFlushDataArea(PCONTROL_AREA ControlArea, ULONG First, ULONG Count)
{
    IO_FILE_ATTRIBUTES Attributes = { 0 };
    NTSTATUS Result = STATUS_SUCCESS;
    BOOLEAN Known = FALSE;

    for (ULONG Index = First; Index < ControlArea->PageCount && Index - First < Count; Index++) {
        NTSTATUS Status = STATUS_SUCCESS;

        if (!MiIsSectionPageModified(ControlArea, Index))
            continue;
        if (!Known)
            Status = IoQueryFileAttributes(ControlArea->File, &Attributes);
        Known = NT_SUCCESS(Status);
        MiProtectSectionPage(ControlArea, Index);
        if (NT_SUCCESS(Status))
            Status = MiWriteDataPage(ControlArea, Index, Attributes.EndOfFile);
        if (!NT_SUCCESS(Status))
            Result = Status;            /* the others are written all the same */
    }
    return Result;
}

/* Calls for each stretch of [Offset, Offset + Length) whose page is in memory. */
static VOID MiVisitDataPages(PSECTION_OBJECT_POINTERS Pointers, ULONG64 Offset, PUCHAR Buffer, ULONG Length, BOOLEAN ToPages)
{
    PCONTROL_AREA Area = Pointers != NULL ? Pointers->DataSectionObject : NULL;

    for (ULONG Done = 0, Part; Area != NULL && Done < Length; Done += Part) {
        ULONG64 Index = (Offset + Done) >> PAGE_SHIFT;
        ULONG Within = (ULONG)(Offset + Done) & (PAGE_SIZE - 1);
        PUCHAR Page;

        Part = PAGE_SIZE - Within < Length - Done ? PAGE_SIZE - Within : Length - Done;
        if (Index >= Area->PageCount)
            return;
        if (Area->Pages[Index] == 0)
            continue;
        Page = (PUCHAR)MiPageAddress(MI_PAGE_NUMBER(Area->Pages[Index])) + Within;
        if (Page != Buffer + Done)      /* the page's own write-back needs no copy */
            RtlCopyMemory(ToPages ? Page : Buffer + Done, ToPages ? Buffer + Done : Page, Part);
    }
}

VOID MmUpdateDataSection(PSECTION_OBJECT_POINTERS SectionPointer, ULONG64 Offset, const VOID *Buffer, ULONG Length)
{
    MiVisitDataPages(SectionPointer, Offset, (PUCHAR)Buffer, Length, TRUE);
}

VOID MmReadDataSection(PSECTION_OBJECT_POINTERS SectionPointer, ULONG64 Offset, PVOID Buffer, ULONG Length)
{
    MiVisitDataPages(SectionPointer, Offset, Buffer, Length, FALSE);
}

/* An area is there only as long as somebody uses it, so none can be flushed away. */
BOOLEAN MmFlushImageSection(PSECTION_OBJECT_POINTERS SectionPointer, MMFLUSH_TYPE FlushType)
{
    if (SectionPointer == NULL)
        return TRUE;
    return SectionPointer->ImageSectionObject == NULL &&
           (FlushType != MmFlushForDelete || SectionPointer->DataSectionObject == NULL);
}

BOOLEAN MmCanFileBeTruncated(PSECTION_OBJECT_POINTERS SectionPointer, PLARGE_INTEGER NewFileSize)
{
    PCONTROL_AREA Area = SectionPointer != NULL ? SectionPointer->DataSectionObject : NULL;

    if (!MmFlushImageSection(SectionPointer, MmFlushForWrite))
        return FALSE;
    return Area == NULL || (NewFileSize != NULL && BYTES_TO_PAGES(NewFileSize->QuadPart) >= Area->PageCount);
}

VOID MiFlushAllData(VOID)
{
    for (PLIST_ENTRY Entry = MiControlAreas.Flink; Entry != &MiControlAreas; Entry = Entry->Flink) {
        PCONTROL_AREA Area = CONTAINING_RECORD(Entry, CONTROL_AREA, Link);

        if (MiIsDataArea(Area))
            MiFlushDataArea(Area, 0, Area->PageCount);
    }
}
