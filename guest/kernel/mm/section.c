/* Section objects and their services. */
#include "mip.h"

POBJECT_TYPE MmSectionObjectType;

static VOID NTAPI MiDeleteSection(PVOID Object)
{
    PSECTION Section = Object;

    if (Section->ControlArea != NULL)
        MiDereferenceControlArea(Section->ControlArea);
}

BOOLEAN MiInitializeSections(VOID)
{
    static UNICODE_STRING TypeName = RTL_CONSTANT_STRING(L"Section");
    OBJECT_TYPE_INITIALIZER Type = { 0 };

    Type.Length = sizeof Type;
    Type.GenericMapping.GenericRead = STANDARD_RIGHTS_READ | SECTION_QUERY | SECTION_MAP_READ;
    Type.GenericMapping.GenericWrite = STANDARD_RIGHTS_WRITE | SECTION_MAP_WRITE;
    Type.GenericMapping.GenericExecute = STANDARD_RIGHTS_EXECUTE | SECTION_MAP_EXECUTE;
    Type.GenericMapping.GenericAll = SECTION_ALL_ACCESS;
    Type.ValidAccessMask = SECTION_ALL_ACCESS;
    Type.PoolType = PagedPool;
    Type.DeleteProcedure = MiDeleteSection;
    return NT_SUCCESS(ObCreateObjectType(&TypeName, &Type, NULL, &MmSectionObjectType));
}

/* What a section of that protection does with its file's bytes, as rights of the file's handle. */
static ACCESS_MASK MiFileRights(ULONG Protect, ULONG AllocationAttributes)
{
    ACCESS_MASK Rights = FILE_READ_DATA;

    if ((AllocationAttributes & SEC_IMAGE) != 0)
        return FILE_EXECUTE;
    if (MiProtectionAllows(Protect, MM_FAULT_WRITE) && !MiIsCopyOnWrite(Protect))
        Rights |= FILE_WRITE_DATA;
    if (MiProtectionAllows(Protect, MM_FAULT_EXECUTE))
        Rights |= FILE_EXECUTE;
    return Protect == PAGE_EXECUTE ? FILE_EXECUTE : Rights;
}

/* The pages behind a new section; *Size becomes the section's. */
static NTSTATUS MiCreateAreaForSection(PFILE_OBJECT File, ULONG Protect, ULONG AllocationAttributes, PULONG64 Size,
                                       PCONTROL_AREA *Area)
{
    NTSTATUS Status;

    if (!MiIsValidProtection(Protect))
        return STATUS_INVALID_PAGE_PROTECTION;
    if ((AllocationAttributes & SEC_IMAGE) != 0) {
        if (File == NULL || (AllocationAttributes & ~(ULONG)SEC_IMAGE) != 0)
            return STATUS_INVALID_PARAMETER;
        Status = MiCreateImageControlArea(File, Area);
        if (NT_SUCCESS(Status))
            *Size = (ULONG64)(*Area)->PageCount << PAGE_SHIFT;
        return Status;
    }
    return File != NULL ? MiCreateDataControlArea(File, Protect, Size, Area) : MiCreateMemoryControlArea(*Size, Area);
}

/* The body of a section, unnamed, one reference. File: referenced by who needs it; NULL: memory of Size bytes. */
static NTSTATUS MiCreateSectionObject(KPROCESSOR_MODE Mode, POBJECT_ATTRIBUTES ObjectAttributes, ULONG64 Size,
                                      ULONG Protect, ULONG AllocationAttributes, PFILE_OBJECT File, PSECTION *Section)
{
    PCONTROL_AREA Area;
    PSECTION New;
    NTSTATUS Status;

    Status = MiCreateAreaForSection(File, Protect, AllocationAttributes, &Size, &Area);
    if (!NT_SUCCESS(Status))
        return Status;
    Status = ObCreateObject(Mode, MmSectionObjectType, ObjectAttributes, Mode, NULL, sizeof *New, 0, 0, (PVOID *)&New);
    if (!NT_SUCCESS(Status)) {
        MiDereferenceControlArea(Area);
        return Status;
    }
    New->ControlArea = Area;
    New->SizeOfSection = Size;
    New->Protect = Protect;
    New->AllocationAttributes = AllocationAttributes | (File != NULL ? SEC_FILE : 0);
    *Section = New;
    return STATUS_SUCCESS;
}

NTSTATUS MmCreateSection(PVOID *SectionObject, PLARGE_INTEGER MaximumSize, ULONG SectionPageProtection,
                         ULONG AllocationAttributes, PFILE_OBJECT FileObject)
{
    PSECTION Section;
    NTSTATUS Status = MiCreateSectionObject(KernelMode, NULL, MaximumSize != NULL ? (ULONG64)MaximumSize->QuadPart : 0,
                                            SectionPageProtection, AllocationAttributes, FileObject, &Section);

    if (!NT_SUCCESS(Status))
        return Status;
    return ObInsertObject(Section, NULL, 0, 1, SectionObject, NULL);
}

NTSTATUS NTAPI NtCreateSection(PHANDLE SectionHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                               PLARGE_INTEGER MaximumSize, ULONG SectionPageProtection, ULONG AllocationAttributes,
                               HANDLE FileHandle)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    LARGE_INTEGER Size = { .QuadPart = 0 };
    PFILE_OBJECT File = NULL;
    PSECTION Section;
    HANDLE Handle;
    NTSTATUS Status = STATUS_SUCCESS;

    if (MaximumSize != NULL)
        Status = ExCopyFromMode(Mode, &Size, MaximumSize, sizeof Size);
    if (NT_SUCCESS(Status) && Size.QuadPart < 0)
        Status = STATUS_INVALID_PARAMETER;
    if (NT_SUCCESS(Status) && FileHandle != NULL)
        Status = ObReferenceObjectByHandle(FileHandle, MiFileRights(SectionPageProtection, AllocationAttributes),
                                           IoFileObjectType, Mode, (PVOID *)&File, NULL);
    if (!NT_SUCCESS(Status))
        return Status;
    Status = MiCreateSectionObject(Mode, ObjectAttributes, (ULONG64)Size.QuadPart, SectionPageProtection,
                                   AllocationAttributes, File, &Section);
    if (File != NULL)
        ObDereferenceObject(File);
    if (!NT_SUCCESS(Status))
        return Status;
    Status = ObInsertObject(Section, NULL, DesiredAccess, 0, NULL, &Handle);
    return NT_SUCCESS(Status) ? ObReturnHandle(Mode, SectionHandle, Handle, Status) : Status;
}

NTSTATUS NTAPI NtOpenSection(PHANDLE SectionHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes)
{
    return ObOpenByAttributes(SectionHandle, DesiredAccess, ObjectAttributes, MmSectionObjectType);
}

NTSTATUS MmGetSectionImageInformation(PVOID SectionObject, PSECTION_IMAGE_INFORMATION Information)
{
    PCONTROL_AREA Area = ((PSECTION)SectionObject)->ControlArea;

    if (!Area->Image)
        return STATUS_SECTION_NOT_IMAGE;
    *Information = Area->ImageInformation;
    return STATUS_SUCCESS;
}

PFILE_OBJECT MmGetFileObjectForSection(PVOID SectionObject)
{
    PFILE_OBJECT File = ((PSECTION)SectionObject)->ControlArea->File;

    if (File != NULL)
        ObReferenceObject(File);
    return File;
}

static NTSTATUS MiQuerySection(PSECTION Section, SECTION_INFORMATION_CLASS Class, PVOID Buffer, SIZE_T Length,
                               PSIZE_T Returned)
{
    SECTION_BASIC_INFORMATION Basic = { 0 };
    SECTION_IMAGE_INFORMATION Image;
    NTSTATUS Status;

    switch (Class) {
    case SectionBasicInformation:
        if (Length < sizeof Basic)
            return STATUS_INFO_LENGTH_MISMATCH;
        Basic.AllocationAttributes = Section->AllocationAttributes;
        Basic.MaximumSize.QuadPart = (LONGLONG)Section->SizeOfSection;
        *Returned = sizeof Basic;
        return ExCopyToMode(ExGetPreviousMode(), Buffer, &Basic, sizeof Basic);
    case SectionImageInformation:
        if (Length < sizeof Image)
            return STATUS_INFO_LENGTH_MISMATCH;
        Status = MmGetSectionImageInformation(Section, &Image);
        *Returned = sizeof Image;
        return NT_SUCCESS(Status) ? ExCopyToMode(ExGetPreviousMode(), Buffer, &Image, sizeof Image) : Status;
    default:
        return STATUS_INVALID_INFO_CLASS;
    }
}

NTSTATUS NTAPI NtQuerySection(HANDLE SectionHandle, SECTION_INFORMATION_CLASS SectionInformationClass,
                              PVOID SectionInformation, SIZE_T SectionInformationLength, PSIZE_T ReturnLength)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    SIZE_T Returned = 0;
    PSECTION Section;
    NTSTATUS Status = ObReferenceObjectByHandle(SectionHandle, SECTION_QUERY, MmSectionObjectType, Mode,
                                                (PVOID *)&Section, NULL);

    if (!NT_SUCCESS(Status))
        return Status;
    Status = MiQuerySection(Section, SectionInformationClass, SectionInformation, SectionInformationLength, &Returned);
    if (NT_SUCCESS(Status) && ReturnLength != NULL)
        Status = ExCopyToMode(Mode, ReturnLength, &Returned, sizeof Returned);
    ObDereferenceObject(Section);
    return Status;
}
