/* Views: a section's pages in a process's address space. Images go to the base that they were linked for when it is
 * free; elsewhere they are relocated, and the pages that differ become the process's own. */
#include "mip.h"

/* What relocation of a view works on. */
typedef struct _MI_VIEW {
    PEPROCESS Process;
    PCONTROL_AREA Area;
    ULONG64 Base;
    PFN_NUMBER *Private;                /* by page index; 0: still shared */
} MI_VIEW, *PMI_VIEW;

static PUCHAR MiPrivateViewPage(PVOID Context, ULONG Index)
{
    PMI_VIEW View = Context;
    PFN_NUMBER Source;

    if (Index >= View->Area->PageCount)
        return NULL;
    if (View->Private[Index] == 0) {
        if (!NT_SUCCESS(MiGetSectionPage(View->Area, Index, &Source)))
            return NULL;
        View->Private[Index] = MiAllocateUserPage(FALSE);
        if (View->Private[Index] == 0)
            return NULL;
        RtlCopyMemory(MiPageAddress(View->Private[Index]), MiPageAddress(Source), PAGE_SIZE);
    }
    return MiPageAddress(View->Private[Index]);
}

/* A contiguous copy of the relocation directory from the section's pages; NULL: none (*Size is 0), no memory, or pages
 * that cannot be read. */
static PUCHAR MiCopyRelocations(PCONTROL_AREA Area, PULONG Size)
{
    PIMAGE_NT_HEADERS Headers;
    PIMAGE_DATA_DIRECTORY Directory;
    PFN_NUMBER Page;
    ULONG64 Rva;
    PUCHAR Copy;

    *Size = 1;
    if (!NT_SUCCESS(MiGetSectionPage(Area, 0, &Page)))
        return NULL;
    Headers = RtlImageNtHeader(MiPageAddress(Page));
    Directory = &Headers->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_BASERELOC];
    Rva = Directory->VirtualAddress;
    *Size = Directory->Size;
    if (Headers->OptionalHeader.NumberOfRvaAndSizes <= IMAGE_DIRECTORY_ENTRY_BASERELOC ||
        Rva + *Size > (ULONG64)Area->PageCount << PAGE_SHIFT)
        *Size = 0;
    if (*Size == 0)
        return NULL;
    Copy = ExAllocatePoolWithTag(PagedPool, *Size, MI_TAG);
    for (ULONG Done = 0; Copy != NULL && Done < *Size;) {
        ULONG InPage = (ULONG)((Rva + Done) % PAGE_SIZE);
        ULONG Part = PAGE_SIZE - InPage < *Size - Done ? PAGE_SIZE - InPage : *Size - Done;

        if (!NT_SUCCESS(MiGetSectionPage(Area, (ULONG)((Rva + Done) >> PAGE_SHIFT), &Page))) {
            ExFreePoolWithTag(Copy, MI_TAG);
            return NULL;
        }
        RtlCopyMemory(Copy + Done, (PUCHAR)MiPageAddress(Page) + InPage, Part);
        Done += Part;
    }
    return Copy;
}

/* Gives the private pages to the process; those outside any VAD (gaps) are freed. */
static NTSTATUS MiInstallPrivatePages(PMI_VIEW View)
{
    PMMSUPPORT Vm = &View->Process->Vm;
    NTSTATUS Status = STATUS_SUCCESS;

    for (ULONG Index = 0; Index < View->Area->PageCount; Index++) {
        ULONG64 Address = View->Base + ((ULONG64)Index << PAGE_SHIFT);
        PMMVAD Vad = View->Private[Index] != 0 ? MiFindVad(Vm, Address) : NULL;

        if (View->Private[Index] == 0)
            continue;
        if (Vad == NULL || !NT_SUCCESS(Status) ||
            !KiMapPage(Vm->DirectoryTableBase, (PVOID)Address, View->Private[Index] << PAGE_SHIFT,
                       MiPageFlags(Vad->Protect, TRUE))) {
            MmFreePage(View->Private[Index]);
            Status = Vad == NULL ? Status : STATUS_NO_MEMORY;
            continue;
        }
        KiSynchronizeInstructionCache(MiPageAddress(View->Private[Index]), PAGE_SIZE);
        Vm->WorkingSetSize++;
        Vm->PrivatePageCount++;
    }
    return Status;
}

/* The view lies at another base than the pages are made for: its copies of the pages with addresses are corrected. */
static NTSTATUS MiRelocateView(PEPROCESS Process, PCONTROL_AREA Area, ULONG64 Base)
{
    MI_VIEW View = { Process, Area, Base, NULL };
    PIMAGE_NT_HEADERS Headers;
    ULONG Size;
    PUCHAR Relocations;
    NTSTATUS Status;

    if ((Area->ImageInformation.ImageCharacteristics & IMAGE_FILE_RELOCS_STRIPPED) != 0)
        return STATUS_CONFLICTING_ADDRESSES;
    View.Private = ExAllocatePoolWithTag(PagedPool, Area->PageCount * sizeof(PFN_NUMBER), MI_TAG);
    if (View.Private == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    Relocations = MiCopyRelocations(Area, &Size);
    Status = Relocations != NULL || Size == 0 ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
    if (Relocations != NULL) {
        Status = MiRelocatePages(Relocations, Size, Area->PageCount, Base - Area->ImageBase, MiPrivateViewPage, &View);
        ExFreePoolWithTag(Relocations, MI_TAG);
    }
    /* The header in memory says where the image is. */
    if (NT_SUCCESS(Status) && MiPrivateViewPage(&View, 0) != NULL) {
        Headers = RtlImageNtHeader(MiPrivateViewPage(&View, 0));
        Headers->OptionalHeader.ImageBase = Base;
    }
    if (NT_SUCCESS(Status))
        Status = MiInstallPrivatePages(&View);
    else
        for (ULONG i = 0; i < Area->PageCount; i++)
            if (View.Private[i] != 0)
                MmFreePage(View.Private[i]);
    ExFreePoolWithTag(View.Private, MI_TAG);
    return Status;
}

/* One VAD per subsection; all have the allocation's base. */
static NTSTATUS MiInsertImageVads(PMMSUPPORT Vm, PCONTROL_AREA Area, ULONG64 Base)
{
    NTSTATUS Status = STATUS_SUCCESS;

    for (ULONG i = 0; i < Area->SubsectionCount; i++) {
        PSUBSECTION Subsection = &Area->Subsections[i];
        ULONG64 Start = Base + ((ULONG64)Subsection->FirstPage << PAGE_SHIFT);
        PMMVAD Vad;

        if (Subsection->PageCount == 0)
            continue;
        Vad = MiInsertVad(Vm, Start, Start + ((ULONG64)Subsection->PageCount << PAGE_SHIFT), MEM_IMAGE,
                          Subsection->Protect);
        if (Vad == NULL)
            return STATUS_NO_MEMORY;
        MiReferenceControlArea(Area);
        Vad->ControlArea = Area;
        Vad->FirstPage = Subsection->FirstPage;
        Vad->AllocationBase = Base;
        Vad->AllocationProtect = PAGE_EXECUTE_WRITECOPY;
        /* Pages that are written, or relocated, become the process's own. */
        if (MiIsCopyOnWrite(Vad->Protect) || Base != Area->ImageBase)
            Status = MiChargeVad(Vad);
        if (!NT_SUCCESS(Status))
            return Status;
    }
    return STATUS_SUCCESS;
}

static VOID MiRecordImageView(PEPROCESS Process, PCONTROL_AREA Area)
{
    UNICODE_STRING Name;

    IoGetFileBaseName(Area->File, &Name);
    ExRecordFact("image.map", "pid=%u name=%s path=%wZ", (ULONG)(ULONG_PTR)Process->UniqueProcessId,
                 Process->ImageFileName, &Name);
}

static NTSTATUS MiMapImageView(PSECTION Section, PEPROCESS Process, PVOID *BaseAddress, PSIZE_T ViewSize)
{
    PMMSUPPORT Vm = &Process->Vm;
    PCONTROL_AREA Area = Section->ControlArea;
    ULONG64 Size = (ULONG64)Area->PageCount << PAGE_SHIFT;
    ULONG64 Base = *BaseAddress != NULL ? (ULONG64)*BaseAddress : Area->ImageBase;
    NTSTATUS Status;

    if (Base % 0x10000 != 0)
        return STATUS_MAPPED_ALIGNMENT;
    if (!MiIsUserRangeValid(Base, Base + Size) || !MiIsRangeFree(Vm, Base, Base + Size)) {
        if (*BaseAddress != NULL)
            return STATUS_CONFLICTING_ADDRESSES;
        Base = MiFindFreeRange(Vm, Size, TRUE);
        if (Base == 0)
            return STATUS_NO_MEMORY;
    }
    Status = MiInsertImageVads(Vm, Area, Base);
    if (NT_SUCCESS(Status) && Base != Area->ImageBase)
        Status = MiRelocateView(Process, Area, Base);
    if (!NT_SUCCESS(Status)) {
        MiRemoveVads(Vm, Base, Base + Size);
        return Status;
    }
    *BaseAddress = (PVOID)Base;
    *ViewSize = Size;
    MiRecordImageView(Process, Area);
    return STATUS_SUCCESS;
}

static NTSTATUS MiMapMemoryView(PSECTION Section, PEPROCESS Process, PVOID *BaseAddress, ULONG64 Offset,
                                PSIZE_T ViewSize, ULONG AllocationType, ULONG Protect)
{
    PMMSUPPORT Vm = &Process->Vm;
    ULONG64 Base = (ULONG64)*BaseAddress, Size;
    PMMVAD Vad;

    if (!MiIsValidProtection(Protect) || Offset % 0x10000 != 0 || Offset >= Section->SizeOfSection)
        return STATUS_INVALID_PARAMETER;
    if (!MiIsViewAllowed(Section->Protect, Protect))
        return STATUS_SECTION_PROTECTION;
    if (MiIsDynamicCode(Process, 0, Protect))
        return STATUS_DYNAMIC_CODE_BLOCKED;
    Size = *ViewSize != 0 ? *ViewSize : Section->SizeOfSection - Offset;
    if (Size > Section->SizeOfSection - Offset)
        return STATUS_INVALID_VIEW_SIZE;
    Size = ROUND_TO_PAGES(Size);
    if (Base == 0)
        Base = MiFindFreeRange(Vm, Size, (AllocationType & MEM_TOP_DOWN) != 0);
    if (Base == 0)
        return STATUS_NO_MEMORY;
    if (Base % 0x10000 != 0)
        return STATUS_MAPPED_ALIGNMENT;
    if (!MiIsUserRangeValid(Base, Base + Size) || !MiIsRangeFree(Vm, Base, Base + Size))
        return STATUS_CONFLICTING_ADDRESSES;
    Vad = MiInsertVad(Vm, Base, Base + Size, MEM_MAPPED, Protect);
    if (Vad == NULL)
        return STATUS_NO_MEMORY;
    MiReferenceControlArea(Section->ControlArea);
    Vad->ControlArea = Section->ControlArea;
    Vad->FirstPage = (ULONG)(Offset >> PAGE_SHIFT);
    if (MiIsCopyOnWrite(Protect) && !NT_SUCCESS(MiChargeVad(Vad))) {
        MiRemoveVads(Vm, Base, Base + Size);
        return STATUS_COMMITMENT_LIMIT;
    }
    *BaseAddress = (PVOID)Base;
    *ViewSize = Size;
    return STATUS_SUCCESS;
}

NTSTATUS MmMapViewOfSection(PVOID SectionObject, PEPROCESS Process, PVOID *BaseAddress, ULONG_PTR ZeroBits,
                            SIZE_T CommitSize, PLARGE_INTEGER SectionOffset, PSIZE_T ViewSize,
                            SECTION_INHERIT InheritDisposition, ULONG AllocationType, ULONG Protect)
{
    PSECTION Section = SectionObject;
    LONGLONG Offset = SectionOffset != NULL ? SectionOffset->QuadPart : 0;

    UNREFERENCED_PARAMETER(ZeroBits);
    UNREFERENCED_PARAMETER(CommitSize);
    UNREFERENCED_PARAMETER(InheritDisposition);     /* nothing is inherited: there is no fork */
    if (Process->Vm.AddressSpaceDeleted)
        return STATUS_PROCESS_IS_TERMINATING;
    MiBalanceMemory();
    if (Section->ControlArea->Image)
        return MiMapImageView(Section, Process, BaseAddress, ViewSize);
    return Offset < 0 ? STATUS_INVALID_PARAMETER
                      : MiMapMemoryView(Section, Process, BaseAddress, (ULONG64)Offset, ViewSize, AllocationType, Protect);
}

NTSTATUS MmUnmapViewOfSection(PEPROCESS Process, PVOID BaseAddress)
{
    PMMSUPPORT Vm = &Process->Vm;
    PMMVAD Vad = MiFindVad(Vm, (ULONG64)BaseAddress);
    ULONG64 AllocationBase, End;

    if (Vad == NULL || Vad->Type == MEM_PRIVATE || Vad->Fixed)
        return STATUS_NOT_MAPPED_VIEW;
    AllocationBase = Vad->AllocationBase;
    End = AllocationBase;
    for (Vad = Vm->VadRoot; Vad != NULL; Vad = Vad->Next) {
        if (Vad->AllocationBase == AllocationBase)
            End = Vad->End;
    }
    MiRemoveVads(Vm, AllocationBase, End);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI NtMapViewOfSection(HANDLE SectionHandle, HANDLE ProcessHandle, PVOID *BaseAddress, ULONG_PTR ZeroBits,
                                  SIZE_T CommitSize, PLARGE_INTEGER SectionOffset, PSIZE_T ViewSize,
                                  SECTION_INHERIT InheritDisposition, ULONG AllocationType, ULONG Win32Protect)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    LARGE_INTEGER Offset = { .QuadPart = 0 };
    PVOID Base, Section;
    SIZE_T Size;
    PEPROCESS Process;
    ACCESS_MASK Right = MiProtectionAllows(Win32Protect, MM_FAULT_EXECUTE) ? SECTION_MAP_EXECUTE : SECTION_MAP_READ;
    NTSTATUS Status = ExCopyFromMode(Mode, &Base, BaseAddress, sizeof Base);

    if (NT_SUCCESS(Status))
        Status = ExCopyFromMode(Mode, &Size, ViewSize, sizeof Size);
    if (NT_SUCCESS(Status) && SectionOffset != NULL)
        Status = ExCopyFromMode(Mode, &Offset, SectionOffset, sizeof Offset);
    if (MiProtectionAllows(Win32Protect, MM_FAULT_WRITE) && !MiIsCopyOnWrite(Win32Protect))
        Right |= SECTION_MAP_WRITE;
    if (NT_SUCCESS(Status))
        Status = ObReferenceObjectByHandle(SectionHandle, Right, MmSectionObjectType, Mode, &Section, NULL);
    if (!NT_SUCCESS(Status))
        return Status;
    Status = ObReferenceObjectByHandle(ProcessHandle, PROCESS_VM_OPERATION, PsProcessType, Mode, (PVOID *)&Process, NULL);
    if (NT_SUCCESS(Status)) {
        Status = MmMapViewOfSection(Section, Process, &Base, ZeroBits, CommitSize, &Offset, &Size, InheritDisposition,
                                    AllocationType, Win32Protect);
        if (NT_SUCCESS(Status)) {
            NTSTATUS Stored = ExCopyToMode(Mode, BaseAddress, &Base, sizeof Base);

            if (NT_SUCCESS(Stored))
                Stored = ExCopyToMode(Mode, ViewSize, &Size, sizeof Size);
            if (!NT_SUCCESS(Stored)) {
                MmUnmapViewOfSection(Process, Base);
                Status = Stored;
            }
        }
        ObDereferenceObject(Process);
    }
    ObDereferenceObject(Section);
    return Status;
}

NTSTATUS NTAPI NtUnmapViewOfSection(HANDLE ProcessHandle, PVOID BaseAddress)
{
    PEPROCESS Process;
    NTSTATUS Status = ObReferenceObjectByHandle(ProcessHandle, PROCESS_VM_OPERATION, PsProcessType, ExGetPreviousMode(),
                                                (PVOID *)&Process, NULL);

    if (!NT_SUCCESS(Status))
        return Status;
    Status = MmUnmapViewOfSection(Process, BaseAddress);
    ObDereferenceObject(Process);
    return Status;
}
