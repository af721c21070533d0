/* References: by pointer, by handle, by name; and the end of an object. */
#include "obp.h"

VOID NTAPI ObReferenceObject(PVOID Object)
{
    OBJECT_TO_OBJECT_HEADER(Object)->PointerCount++;
}

/* Nobody refers to the object any more. */
static VOID ObpRemoveObject(POBJECT_HEADER Header)
{
    Header->Flags |= OB_FLAG_DELETING;
    if (Header->CreateInfo != NULL) {
        ObpReleaseCreateInformation(Header->CreateInfo);
        ExFreePool(Header->CreateInfo);
    }
    if (Header->Type->TypeInfo.DeleteProcedure != NULL)
        Header->Type->TypeInfo.DeleteProcedure(Header->Body);
    if (Header->SecurityDescriptor != NULL)
        ExFreePool(Header->SecurityDescriptor);
    if (Header->Name.Buffer != NULL)
        ExFreePool(Header->Name.Buffer);
    Header->Type->TotalNumberOfObjects--;
    ExFreePool(Header);
}

LONG_PTR NTAPI ObDereferenceObject(PVOID Object)
{
    POBJECT_HEADER Header = OBJECT_TO_OBJECT_HEADER(Object);
    LONG64 Count = --Header->PointerCount;

    if (Count < 0)
        KeBugCheckEx(REFERENCE_BY_POINTER, (ULONG_PTR)Header->Type, (ULONG_PTR)Object, 1, (ULONG_PTR)Count);
    if (Count == 0)
        ObpRemoveObject(Header);
    return Count;
}

/* Takes the name away from an object that is neither permanent nor open; drops the name's reference. */
VOID ObpDeleteNameCheck(POBJECT_HEADER Header)
{
    UNICODE_STRING Path;

    if (Header->HandleCount != 0 || (Header->Flags & OB_FLAG_PERMANENT) != 0 || Header->Directory == NULL)
        return;
    if (ObpRecordNames && NT_SUCCESS(ObGetObjectPath(Header->Body, &Path))) {
        ExRecordFact("object.delete", "type=%wZ path=%wZ", &Header->Type->Name, &Path);
        ObFreeObjectPath(&Path);
    }
    ObpDeleteDirectoryEntry(Header);
    ObDereferenceObject(Header->Body);
}

VOID NTAPI ObMakeTemporaryObject(PVOID Object)
{
    POBJECT_HEADER Header = OBJECT_TO_OBJECT_HEADER(Object);

    Header->Flags &= ~OB_FLAG_PERMANENT;
    ObpDeleteNameCheck(Header);
}

POBJECT_TYPE ObGetObjectType(PVOID Object)
{
    return OBJECT_TO_OBJECT_HEADER(Object)->Type;
}

NTSTATUS NTAPI ObReferenceObjectByPointer(PVOID Object, ACCESS_MASK DesiredAccess, POBJECT_TYPE ObjectType,
                                          KPROCESSOR_MODE AccessMode)
{
    UNREFERENCED_PARAMETER(DesiredAccess);
    UNREFERENCED_PARAMETER(AccessMode);
    if (ObjectType != NULL && OBJECT_TO_OBJECT_HEADER(Object)->Type != ObjectType)
        return STATUS_OBJECT_TYPE_MISMATCH;
    ObReferenceObject(Object);
    return STATUS_SUCCESS;
}

/* The pseudo handles: the caller has every right to itself. */
static NTSTATUS ObpReferenceSelf(PVOID Self, POBJECT_TYPE SelfType, POBJECT_TYPE Wanted, PVOID *Object,
                                 POBJECT_HANDLE_INFORMATION Information)
{
    if (Wanted != NULL && Wanted != SelfType)
        return STATUS_OBJECT_TYPE_MISMATCH;
    ObReferenceObject(Self);
    *Object = Self;
    if (Information != NULL) {
        Information->HandleAttributes = 0;
        Information->GrantedAccess = SelfType->TypeInfo.ValidAccessMask;
    }
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI ObReferenceObjectByHandle(HANDLE Handle, ACCESS_MASK DesiredAccess, POBJECT_TYPE ObjectType,
                                         KPROCESSOR_MODE AccessMode, PVOID *Object,
                                         POBJECT_HANDLE_INFORMATION HandleInformation)
{
    PHANDLE_TABLE_ENTRY Entry;

    *Object = NULL;
    if (Handle == NtCurrentProcess())
        return ObpReferenceSelf(PsGetCurrentProcess(), PsProcessType, ObjectType, Object, HandleInformation);
    if (Handle == NtCurrentThread())
        return ObpReferenceSelf(PsGetCurrentThread(), PsThreadType, ObjectType, Object, HandleInformation);
    Entry = ObpMapHandle(Handle, AccessMode, NULL, NULL);
    if (Entry == NULL)
        return STATUS_INVALID_HANDLE;
    if (ObjectType != NULL && OBJECT_TO_OBJECT_HEADER(Entry->Object)->Type != ObjectType)
        return STATUS_OBJECT_TYPE_MISMATCH;
    if (AccessMode == UserMode && (DesiredAccess & ~Entry->GrantedAccess) != 0) {
        ExRecordFact("access.denied", "type=%wZ desired=%x granted=%x",
                     &OBJECT_TO_OBJECT_HEADER(Entry->Object)->Type->Name, DesiredAccess, Entry->GrantedAccess);
        return STATUS_ACCESS_DENIED;
    }
    if (HandleInformation != NULL) {
        HandleInformation->HandleAttributes = Entry->Attributes;
        HandleInformation->GrantedAccess = Entry->GrantedAccess;
    }
    ObReferenceObject(Entry->Object);
    *Object = Entry->Object;
    return STATUS_SUCCESS;
}

/* Looks a name up for opening and checks the access; the object comes back with a reference. */
static NTSTATUS ObpOpenByName(PUNICODE_STRING Name, HANDLE RootDirectory, ULONG Attributes,
                              PACCESS_STATE AccessState, ACCESS_MASK DesiredAccess, POBJECT_TYPE ObjectType,
                              KPROCESSOR_MODE AccessMode, PVOID ParseContext, PACCESS_MASK Granted,
                              PVOID *Object)
{
    OBP_LOOKUP Lookup = { 0 };
    ACCESS_STATE Local;
    NTSTATUS Status;

    if (AccessState == NULL) {      /* parse procedures need to know what the caller wants */
        Status = SeCreateAccessState(&Local, DesiredAccess);
        if (!NT_SUCCESS(Status))
            return Status;
    }
    Lookup.RootDirectory = RootDirectory;
    Lookup.Attributes = Attributes;
    Lookup.ObjectType = ObjectType;
    Lookup.AccessMode = AccessMode;
    Lookup.AccessState = AccessState != NULL ? AccessState : &Local;
    Lookup.ParseContext = ParseContext;
    Status = ObpLookupObjectName(Name, &Lookup);
    if (NT_SUCCESS(Status)) {
        if (ObjectType != NULL && OBJECT_TO_OBJECT_HEADER(Lookup.Object)->Type != ObjectType)
            Status = STATUS_OBJECT_TYPE_MISMATCH;
        else
            Status = ObpCheckObjectAccess(Lookup.Object, Lookup.AccessState, DesiredAccess, AccessMode, Granted);
        if (NT_SUCCESS(Status))
            *Object = Lookup.Object;
        else
            ObDereferenceObject(Lookup.Object);
    }
    if (AccessState == NULL)
        SeDeleteAccessState(&Local);
    return Status;
}

NTSTATUS NTAPI ObReferenceObjectByName(PUNICODE_STRING ObjectName, ULONG Attributes,
                                       PACCESS_STATE PassedAccessState, ACCESS_MASK DesiredAccess,
                                       POBJECT_TYPE ObjectType, KPROCESSOR_MODE AccessMode,
                                       PVOID ParseContext, PVOID *Object)
{
    ACCESS_MASK Granted;

    return ObpOpenByName(ObjectName, NULL, Attributes, PassedAccessState, DesiredAccess, ObjectType, AccessMode,
                         ParseContext, &Granted, Object);
}

NTSTATUS NTAPI ObOpenObjectByName(POBJECT_ATTRIBUTES ObjectAttributes, POBJECT_TYPE ObjectType,
                                  KPROCESSOR_MODE AccessMode, PACCESS_STATE PassedAccessState,
                                  ACCESS_MASK DesiredAccess, PVOID ParseContext, PHANDLE Handle)
{
    OBJECT_CREATE_INFORMATION Info;
    ACCESS_MASK Granted;
    PVOID Object;
    NTSTATUS Status;

    Status = ObpCaptureObjectAttributes(AccessMode, ObjectAttributes, &Info);
    if (!NT_SUCCESS(Status))
        return Status;
    Status = ObpOpenByName(&Info.Name, Info.RootDirectory, Info.Attributes, PassedAccessState, DesiredAccess,
                           ObjectType, AccessMode, ParseContext, &Granted, &Object);
    if (NT_SUCCESS(Status)) {
        Status = ObpCreateHandle(ObOpenHandle, Object, Granted, Info.Attributes, AccessMode, NULL, Handle);
        ObDereferenceObject(Object);
    }
    ObpReleaseCreateInformation(&Info);
    return Status;
}

NTSTATUS NTAPI ObOpenObjectByPointer(PVOID Object, ULONG HandleAttributes, PACCESS_STATE PassedAccessState,
                                     ACCESS_MASK DesiredAccess, POBJECT_TYPE ObjectType,
                                     KPROCESSOR_MODE AccessMode, PHANDLE Handle)
{
    ACCESS_MASK Granted;
    NTSTATUS Status;

    if (ObjectType != NULL && OBJECT_TO_OBJECT_HEADER(Object)->Type != ObjectType)
        return STATUS_OBJECT_TYPE_MISMATCH;
    Status = ObpCheckObjectAccess(Object, PassedAccessState, DesiredAccess, AccessMode, &Granted);
    if (NT_SUCCESS(Status))
        Status = ObpCreateHandle(ObOpenHandle, Object, Granted, HandleAttributes, AccessMode, NULL, Handle);
    return Status;
}

NTSTATUS ObOpenByAttributes(PHANDLE UserHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                            POBJECT_TYPE ObjectType)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    HANDLE Handle;
    NTSTATUS Status;

    Status = ObOpenObjectByName(ObjectAttributes, ObjectType, Mode, NULL, DesiredAccess, NULL, &Handle);
    return NT_SUCCESS(Status) ? ObReturnHandle(Mode, UserHandle, Handle, Status) : Status;
}

NTSTATUS ObReturnHandle(KPROCESSOR_MODE Mode, PHANDLE UserHandle, HANDLE Handle, NTSTATUS Status)
{
    NTSTATUS Stored = ExCopyToMode(Mode, UserHandle, &Handle, sizeof Handle);

    if (NT_SUCCESS(Stored))
        return Status;
    ObCloseHandle(Handle, Mode);
    return Stored;
}
