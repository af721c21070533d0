/* The attribute list of NtCreateUserProcess and NtCreateThreadEx. */
#include "psp.h"

#define PSP_MAXIMUM_ATTRIBUTES 16u

static NTSTATUS PspCaptureAttribute(KPROCESSOR_MODE Mode, const PS_ATTRIBUTE *Attribute, PPSP_ATTRIBUTES Result)
{
    UNICODE_STRING Name;

    switch (Attribute->Attribute & PS_ATTRIBUTE_NUMBER_MASK) {
    case PsAttributeImageName:
        if (Attribute->Size > UNICODE_STRING_MAX_BYTES || Result->ImageName.Buffer != NULL)
            return STATUS_INVALID_PARAMETER;
        Name.Length = Name.MaximumLength = (USHORT)Attribute->Size;
        Name.Buffer = Attribute->ValuePtr;
        Result->ImageName.Buffer = ExAllocatePoolWithTag(PagedPool, Name.Length + sizeof(WCHAR), PSP_TAG);
        if (Result->ImageName.Buffer == NULL)
            return STATUS_INSUFFICIENT_RESOURCES;
        Result->ImageName.Length = Name.Length;
        Result->ImageName.MaximumLength = Name.Length + sizeof(WCHAR);
        Result->ImageName.Buffer[Name.Length / sizeof(WCHAR)] = 0;
        return ExCopyFromMode(Mode, Result->ImageName.Buffer, Name.Buffer, Name.Length);
    case PsAttributeParentProcess:
        Result->ParentProcess = Attribute->ValuePtr;
        return STATUS_SUCCESS;
    case PsAttributeProtectionLevel:
        Result->Protection = (UCHAR)Attribute->Value;
        return STATUS_SUCCESS;
    case PsAttributeClientId:
        if (Attribute->Size != sizeof(CLIENT_ID))
            return STATUS_INFO_LENGTH_MISMATCH;
        Result->ClientId = Attribute->ValuePtr;
        return STATUS_SUCCESS;
    case PsAttributeTebAddress:
        Result->TebAddress = Attribute->ValuePtr;
        return STATUS_SUCCESS;
    case PsAttributeImageInfo:
        if (Attribute->Size != sizeof(SECTION_IMAGE_INFORMATION))
            return STATUS_INFO_LENGTH_MISMATCH;
        Result->ImageInfo = Attribute->ValuePtr;
        return STATUS_SUCCESS;
    default:
        return STATUS_INVALID_PARAMETER;
    }
}

NTSTATUS PspCaptureAttributes(KPROCESSOR_MODE Mode, PPS_ATTRIBUTE_LIST List, PPSP_ATTRIBUTES Attributes)
{
    PS_ATTRIBUTE Entries[PSP_MAXIMUM_ATTRIBUTES];
    SIZE_T Total, Count;
    NTSTATUS Status;

    RtlZeroMemory(Attributes, sizeof *Attributes);
    if (List == NULL)
        return STATUS_SUCCESS;
    Status = ExCopyFromMode(Mode, &Total, &List->TotalLength, sizeof Total);
    if (!NT_SUCCESS(Status))
        return Status;
    if (Total < sizeof(SIZE_T) || (Total - sizeof(SIZE_T)) % sizeof(PS_ATTRIBUTE) != 0)
        return STATUS_INFO_LENGTH_MISMATCH;
    Count = (Total - sizeof(SIZE_T)) / sizeof(PS_ATTRIBUTE);
    if (Count > PSP_MAXIMUM_ATTRIBUTES)
        return STATUS_INVALID_PARAMETER;
    Status = ExCopyFromMode(Mode, Entries, List->Attributes, Count * sizeof(PS_ATTRIBUTE));
    for (SIZE_T i = 0; NT_SUCCESS(Status) && i < Count; i++)
        Status = PspCaptureAttribute(Mode, &Entries[i], Attributes);
    if (!NT_SUCCESS(Status))
        PspReleaseAttributes(Attributes);
    return Status;
}

VOID PspReleaseAttributes(PPSP_ATTRIBUTES Attributes)
{
    ExFreeCapturedString(&Attributes->ImageName);
}
