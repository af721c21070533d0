/* Making objects: attributes captured, bodies allocated, names and handles given. */
#include "obp.h"

NTSTATUS ObpCaptureObjectAttributes(KPROCESSOR_MODE Mode, POBJECT_ATTRIBUTES Attributes,
                                    POBJECT_CREATE_INFORMATION Info)
{
    OBJECT_ATTRIBUTES Copy;
    NTSTATUS Status;

    RtlZeroMemory(Info, sizeof *Info);
    Info->ProbeMode = Mode;
    if (Attributes == NULL)
        return STATUS_SUCCESS;
    Status = ExCopyFromMode(Mode, &Copy, Attributes, sizeof Copy);
    if (!NT_SUCCESS(Status))
        return Status;
    if (Copy.Length != sizeof Copy || (Copy.Attributes & ~(ULONG)OBJ_VALID_ATTRIBUTES) != 0)
        return STATUS_INVALID_PARAMETER;
    Info->Attributes = Copy.Attributes;
    if (Mode == UserMode)
        Info->Attributes &= ~(ULONG)OBJ_KERNEL_HANDLE;
    Info->RootDirectory = Copy.RootDirectory;
    if (Copy.ObjectName != NULL) {
        Status = ExCaptureUnicodeString(Mode, &Info->Name, Copy.ObjectName);
        if (!NT_SUCCESS(Status))
            return Status;
    }
    if (Copy.SecurityDescriptor != NULL) {
        Status = SeCaptureSecurityDescriptor(Copy.SecurityDescriptor, Mode, PagedPool, TRUE,
                                             &Info->SecurityDescriptor);
        if (!NT_SUCCESS(Status))
            ObpReleaseCreateInformation(Info);
    }
    return Status;
}

VOID ObpReleaseCreateInformation(POBJECT_CREATE_INFORMATION Info)
{
    ExFreeCapturedString(&Info->Name);
    if (Info->SecurityDescriptor != NULL)
        ExFreePool(Info->SecurityDescriptor);
    Info->SecurityDescriptor = NULL;
}

NTSTATUS NTAPI ObCreateObject(KPROCESSOR_MODE ProbeMode, POBJECT_TYPE ObjectType,
                              POBJECT_ATTRIBUTES ObjectAttributes, KPROCESSOR_MODE OwnershipMode,
                              PVOID ParseContext, ULONG ObjectBodySize, ULONG PagedPoolCharge,
                              ULONG NonPagedPoolCharge, PVOID *Object)
{
    POBJECT_CREATE_INFORMATION Info;
    POBJECT_HEADER Header;
    NTSTATUS Status;

    UNREFERENCED_PARAMETER(PagedPoolCharge);
    UNREFERENCED_PARAMETER(NonPagedPoolCharge);
    Info = ExAllocatePoolWithTag(PagedPool, sizeof *Info, OBP_TAG);
    if (Info == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    Status = ObpCaptureObjectAttributes(ProbeMode, ObjectAttributes, Info);
    if (NT_SUCCESS(Status) && (Info->Attributes & OBJ_PERMANENT) != 0 && ProbeMode == UserMode &&
        !SePrivilegeCheckToken(NULL, SE_CREATE_PERMANENT_PRIVILEGE)) {
        ObpReleaseCreateInformation(Info);
        Status = STATUS_PRIVILEGE_NOT_HELD;
    }
    if (!NT_SUCCESS(Status)) {
        ExFreePool(Info);
        return Status;
    }
    Header = ExAllocatePoolWithTag(ObjectType->TypeInfo.PoolType, sizeof *Header + ObjectBodySize, OBP_TAG);
    if (Header == NULL) {
        ObpReleaseCreateInformation(Info);
        ExFreePool(Info);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlZeroMemory(Header, sizeof *Header + ObjectBodySize);
    Info->ParseContext = ParseContext;
    Header->PointerCount = 1;
    Header->Type = ObjectType;
    Header->BodySize = ObjectBodySize;
    Header->CreateInfo = Info;
    Header->Flags = (OwnershipMode == KernelMode ? OB_FLAG_KERNEL_MODE : 0) |
                    ((Info->Attributes & OBJ_PERMANENT) != 0 ? OB_FLAG_PERMANENT : 0) |
                    ((Info->Attributes & OBJ_EXCLUSIVE) != 0 ? OB_FLAG_EXCLUSIVE : 0);
    ObjectType->TotalNumberOfObjects++;
    *Object = Header->Body;
    return STATUS_SUCCESS;
}

/* The fact of an insertion: explicit descriptors are shown, default ones are not. */
static VOID ObpRecordCreation(POBJECT_HEADER Header, PSECURITY_DESCRIPTOR Explicit)
{
    ULONG Permanent = (Header->Flags & OB_FLAG_PERMANENT) != 0;
    PCHAR Sddl = Explicit != NULL ? SeDescriptorToSddl(Explicit) : NULL;
    UNICODE_STRING Path;

    if (NT_SUCCESS(ObGetObjectPath(Header->Body, &Path))) {
        if (Header->Type == ObpSymbolicLinkObjectType) {
            POBJECT_SYMBOLIC_LINK Link = (POBJECT_SYMBOLIC_LINK)Header->Body;

            if (Sddl != NULL)
                ExRecordFact("object.create", "type=%wZ path=%wZ permanent=%u target=%wZ sd=%s",
                             &Header->Type->Name, &Path, Permanent, &Link->LinkTarget, Sddl);
            else
                ExRecordFact("object.create", "type=%wZ path=%wZ permanent=%u target=%wZ", &Header->Type->Name,
                             &Path, Permanent, &Link->LinkTarget);
        } else if (Sddl != NULL) {
            ExRecordFact("object.create", "type=%wZ path=%wZ permanent=%u sd=%s", &Header->Type->Name, &Path,
                         Permanent, Sddl);
        } else {
            ExRecordFact("object.create", "type=%wZ path=%wZ permanent=%u", &Header->Type->Name, &Path, Permanent);
        }
        ObFreeObjectPath(&Path);
    }
    if (Sddl != NULL)
        ExFreePool(Sddl);
}

/* Gives Header its name in the directory that the lookup found; takes the name's reference. */
static NTSTATUS ObpNameObject(POBJECT_HEADER Header, POBJECT_CREATE_INFORMATION Info, POBP_LOOKUP Lookup)
{
    NTSTATUS Status;

    Header->Name = Lookup->LastName;
    Lookup->LastName.Buffer = NULL;
    Status = ObpInsertDirectoryEntry(Lookup->ParentDirectory, Header);
    if (!NT_SUCCESS(Status))
        return Status;
    Header->SecurityDescriptor = Info->SecurityDescriptor;
    Info->SecurityDescriptor = NULL;
    if (Header->SecurityDescriptor != NULL) {
        if (ObpRecordNames)
            ObpRecordCreation(Header, Header->SecurityDescriptor);
        return STATUS_SUCCESS;
    }
    if (SeSystemDefaultSd != NULL)
        SeCaptureSecurityDescriptor(SeSystemDefaultSd, KernelMode, PagedPool, TRUE, &Header->SecurityDescriptor);
    if (ObpRecordNames)
        ObpRecordCreation(Header, NULL);
    return STATUS_SUCCESS;
}

/* The name is taken: OBJ_OPENIF opens what is there, everything else is a collision. */
static NTSTATUS ObpOpenExisting(PVOID Existing, POBJECT_TYPE Type, POBJECT_CREATE_INFORMATION Info,
                                ACCESS_MASK DesiredAccess, PHANDLE Handle)
{
    NTSTATUS Status;

    if ((Info->Attributes & OBJ_OPENIF) == 0)
        return STATUS_OBJECT_NAME_COLLISION;
    if (OBJECT_TO_OBJECT_HEADER(Existing)->Type != Type)
        return STATUS_OBJECT_TYPE_MISMATCH;
    if (Handle == NULL)
        return STATUS_OBJECT_NAME_EXISTS;
    Status = ObOpenObjectByPointer(Existing, Info->Attributes & (OBJ_INHERIT | OBJ_KERNEL_HANDLE), NULL,
                                   DesiredAccess, Type, Info->ProbeMode, Handle);
    return NT_SUCCESS(Status) ? STATUS_OBJECT_NAME_EXISTS : Status;
}

static ACCESS_MASK ObpMapGrantedAccess(POBJECT_TYPE Type, ACCESS_MASK Desired)
{
    PGENERIC_MAPPING Map = &Type->TypeInfo.GenericMapping;

    if ((Desired & MAXIMUM_ALLOWED) != 0)
        Desired |= GENERIC_ALL;
    if ((Desired & GENERIC_READ) != 0)
        Desired |= Map->GenericRead;
    if ((Desired & GENERIC_WRITE) != 0)
        Desired |= Map->GenericWrite;
    if ((Desired & GENERIC_EXECUTE) != 0)
        Desired |= Map->GenericExecute;
    if ((Desired & GENERIC_ALL) != 0)
        Desired |= Map->GenericAll;
    return Desired & Type->TypeInfo.ValidAccessMask;
}

NTSTATUS NTAPI ObInsertObject(PVOID Object, PACCESS_STATE PassedAccessState, ACCESS_MASK DesiredAccess,
                              ULONG ObjectPointerBias, PVOID *NewObject, PHANDLE Handle)
{
    POBJECT_HEADER Header = OBJECT_TO_OBJECT_HEADER(Object);
    POBJECT_CREATE_INFORMATION Info = Header->CreateInfo;
    OBP_LOOKUP Lookup = { 0 };
    NTSTATUS Status = STATUS_SUCCESS;

    if (Info->Name.Buffer != NULL && Info->Name.Length != 0) {
        Lookup.RootDirectory = Info->RootDirectory;
        Lookup.Attributes = Info->Attributes;
        Lookup.ObjectType = Header->Type;
        Lookup.AccessMode = Info->ProbeMode;
        Lookup.AccessState = PassedAccessState;
        Lookup.ParseContext = Info->ParseContext;
        Lookup.ForInsert = TRUE;
        Status = ObpLookupObjectName(&Info->Name, &Lookup);
        if (NT_SUCCESS(Status) && Lookup.Object != NULL) {
            Status = ObpOpenExisting(Lookup.Object, Header->Type, Info, DesiredAccess, Handle);
            if (NT_SUCCESS(Status) && NewObject != NULL) {
                ObReferenceObject(Lookup.Object);
                *NewObject = Lookup.Object;
            }
            ObDereferenceObject(Lookup.Object);
            ObDereferenceObject(Object);
            return Status;
        }
        if (NT_SUCCESS(Status))
            Status = ObpNameObject(Header, Info, &Lookup);
        if (Lookup.LastName.Buffer != NULL)
            ExFreePool(Lookup.LastName.Buffer);
        if (Lookup.ParentDirectory != NULL)
            ObDereferenceObject(Lookup.ParentDirectory);
        if (!NT_SUCCESS(Status)) {
            ObDereferenceObject(Object);
            return Status;
        }
    } else if (Header->SecurityDescriptor == NULL) {
        Header->SecurityDescriptor = Info->SecurityDescriptor;
        Info->SecurityDescriptor = NULL;
        if (Header->SecurityDescriptor == NULL && Header->Type->TypeInfo.SecurityRequired &&
            SeSystemDefaultSd != NULL)
            SeCaptureSecurityDescriptor(SeSystemDefaultSd, KernelMode, PagedPool, TRUE,
                                        &Header->SecurityDescriptor);
    }
    Header->Flags |= OB_FLAG_INSERTED;
    if (Handle != NULL) {
        /* The creator gets what it asked for; the descriptor speaks to those who open the object later. */
        ACCESS_MASK Granted = ObpMapGrantedAccess(Header->Type, DesiredAccess);

        Status = ObpCreateHandle(ObCreateHandle, Object, Granted, Info->Attributes, Info->ProbeMode, NULL, Handle);
        if (!NT_SUCCESS(Status))
            ObpDeleteNameCheck(Header);
    }
    ObpReleaseCreateInformation(Info);
    ExFreePool(Info);
    Header->CreateInfo = NULL;
    if (NT_SUCCESS(Status) && ObjectPointerBias != 0) {
        for (ULONG i = 0; i < ObjectPointerBias; i++)
            ObReferenceObject(Object);
        if (NewObject != NULL)
            *NewObject = Object;
    }
    ObDereferenceObject(Object);
    return Status;
}
