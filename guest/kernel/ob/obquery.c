/* What a handle says about its object. */
#include "obp.h"

/* UNICODE_STRING whose buffer lies behind it in the caller's memory. */
static NTSTATUS ObpReturnName(KPROCESSOR_MODE Mode, PCUNICODE_STRING Name, PVOID Buffer, ULONG Length,
                              PULONG ReturnLength)
{
    ULONG Needed = sizeof(OBJECT_NAME_INFORMATION) + (Name->Length != 0 ? Name->Length + sizeof(WCHAR) : 0);
    POBJECT_NAME_INFORMATION Reply = ExAllocatePoolWithTag(PagedPool, Needed, OBP_TAG);
    NTSTATUS Status;

    if (Reply == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(Reply, Needed);
    if (Name->Length != 0) {
        Reply->Name.Length = Name->Length;
        Reply->Name.MaximumLength = Name->Length + sizeof(WCHAR);
        Reply->Name.Buffer = (PWSTR)((POBJECT_NAME_INFORMATION)Buffer + 1);
        RtlCopyMemory(Reply + 1, Name->Buffer, Name->Length);
    }
    Status = ExReturnInformation(Mode, Buffer, Length, ReturnLength, Reply, Needed);
    ExFreePool(Reply);
    return Status;
}

static VOID ObpFillBasicInformation(POBJECT_HEADER Header, POBJECT_HANDLE_INFORMATION Handle,
                                    POBJECT_BASIC_INFORMATION Basic)
{
    RtlZeroMemory(Basic, sizeof *Basic);
    Basic->Attributes = Handle->HandleAttributes |
                        ((Header->Flags & OB_FLAG_PERMANENT) != 0 ? OBJ_PERMANENT : 0) |
                        ((Header->Flags & OB_FLAG_EXCLUSIVE) != 0 ? OBJ_EXCLUSIVE : 0);
    Basic->GrantedAccess = Handle->GrantedAccess;
    Basic->HandleCount = (ULONG)Header->HandleCount;
    Basic->PointerCount = (ULONG)Header->PointerCount - 1;  /* without the query's own reference */
    Basic->NameInfoSize = Header->Name.Length != 0 ? Header->Name.Length + sizeof(OBJECT_NAME_INFORMATION) : 0;
    if (Header->SecurityDescriptor != NULL)
        Basic->SecurityDescriptorSize = RtlLengthSecurityDescriptor(Header->SecurityDescriptor);
    if (Header->Type == ObpSymbolicLinkObjectType)
        Basic->CreationTime = ((POBJECT_SYMBOLIC_LINK)Header->Body)->CreationTime;
}

NTSTATUS NTAPI NtQueryObject(HANDLE Handle, OBJECT_INFORMATION_CLASS ObjectInformationClass,
                             PVOID ObjectInformation, ULONG ObjectInformationLength, PULONG ReturnLength)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    OBJECT_HANDLE_INFORMATION HandleInformation;
    OBJECT_BASIC_INFORMATION Basic;
    OBJECT_HANDLE_FLAG_INFORMATION Flags;
    UNICODE_STRING Path;
    PVOID Object;
    NTSTATUS Status;

    Status = ObReferenceObjectByHandle(Handle, 0, NULL, Mode, &Object, &HandleInformation);
    if (!NT_SUCCESS(Status))
        return Status;
    switch (ObjectInformationClass) {
    case ObjectBasicInformation:
        ObpFillBasicInformation(OBJECT_TO_OBJECT_HEADER(Object), &HandleInformation, &Basic);
        Status = ExReturnInformation(Mode, ObjectInformation, ObjectInformationLength, ReturnLength, &Basic,
                                     sizeof Basic);
        break;
    case ObjectNameInformation:
        Status = ObGetObjectPath(Object, &Path);
        if (NT_SUCCESS(Status)) {
            Status = ObpReturnName(Mode, &Path, ObjectInformation, ObjectInformationLength, ReturnLength);
            ObFreeObjectPath(&Path);
        }
        break;
    case ObjectTypeInformation:
        Status = ObpReturnName(Mode, &ObGetObjectType(Object)->Name, ObjectInformation, ObjectInformationLength,
                               ReturnLength);
        break;
    case ObjectHandleFlagInformation:
        Flags.Inherit = (HandleInformation.HandleAttributes & OBJ_INHERIT) != 0;
        Flags.ProtectFromClose = (HandleInformation.HandleAttributes & 1) != 0;
        Status = ExReturnInformation(Mode, ObjectInformation, ObjectInformationLength, ReturnLength, &Flags,
                                     sizeof Flags);
        break;
    default:
        Status = STATUS_INVALID_INFO_CLASS;
        break;
    }
    ObDereferenceObject(Object);
    return Status;
}

NTSTATUS NTAPI NtSetInformationObject(HANDLE Handle, OBJECT_INFORMATION_CLASS ObjectInformationClass,
                                      PVOID ObjectInformation, ULONG ObjectInformationLength)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    OBJECT_HANDLE_FLAG_INFORMATION Flags;
    PHANDLE_TABLE_ENTRY Entry;
    NTSTATUS Status;

    if (ObjectInformationClass != ObjectHandleFlagInformation)
        return STATUS_INVALID_INFO_CLASS;
    if (ObjectInformationLength != sizeof Flags)
        return STATUS_INFO_LENGTH_MISMATCH;
    Status = ExCopyFromMode(Mode, &Flags, ObjectInformation, sizeof Flags);
    if (!NT_SUCCESS(Status))
        return Status;
    Entry = ObpMapHandle(Handle, Mode, NULL, NULL);
    if (Entry == NULL)
        return STATUS_INVALID_HANDLE;
    Entry->Attributes = (Flags.Inherit ? OBJ_INHERIT : 0) | (Flags.ProtectFromClose ? 1u : 0);
    return STATUS_SUCCESS;
}
