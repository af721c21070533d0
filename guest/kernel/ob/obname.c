/* The walk through the name space: directories, links, parse procedures. */
#include "obp.h"

#define OBJECT_NAME_LIMIT 0x1000    /* bytes of a whole path */

static const UNICODE_STRING ObpDosDevicesName = RTL_CONSTANT_STRING(L"\\??");

/* Splits the first component off *Rest; FALSE for an empty component. *Trailing: a separator ends the path (the root of a
 * device, `\??\C:\`). */
static BOOLEAN ObpNextComponent(PUNICODE_STRING Rest, PUNICODE_STRING Component, PBOOLEAN Trailing)
{
    USHORT Length = 0;

    *Trailing = FALSE;

    while (Length < Rest->Length && Rest->Buffer[Length / sizeof(WCHAR)] != OBJ_NAME_PATH_SEPARATOR)
        Length += sizeof(WCHAR);
    Component->Buffer = Rest->Buffer;
    Component->Length = Component->MaximumLength = Length;
    Rest->Buffer += Length / sizeof(WCHAR);
    Rest->Length -= Length;
    if (Rest->Length != 0) {
        Rest->Buffer++;
        Rest->Length -= sizeof(WCHAR);
        *Trailing = Rest->Length == 0;
    }
    Rest->MaximumLength = Rest->Length;
    return Length != 0;
}

/* `\??` and `\??\...`: the process's own DOS devices, then the global ones. */
static BOOLEAN ObpIsDosDevicesPath(PCUNICODE_STRING Path)
{
    return RtlPrefixUnicodeString(&ObpDosDevicesName, Path, TRUE) &&
           (Path->Length == ObpDosDevicesName.Length ||
            Path->Buffer[ObpDosDevicesName.Length / sizeof(WCHAR)] == OBJ_NAME_PATH_SEPARATOR);
}

/* May the caller look through a directory? Takes and drops nothing. */
static NTSTATUS ObpCheckTraverse(POBJECT_DIRECTORY Directory, POBP_LOOKUP Lookup, ACCESS_MASK Desired)
{
    ACCESS_MASK Granted;

    if (Lookup->AccessMode == KernelMode || ObpRootDirectoryObject == NULL)
        return STATUS_SUCCESS;
    if (Desired == DIRECTORY_TRAVERSE && SePrivilegeCheckToken(NULL, SE_CHANGE_NOTIFY_PRIVILEGE))
        return STATUS_SUCCESS;
    return ObpCheckObjectAccess(Directory, NULL, Desired, Lookup->AccessMode, &Granted);
}

/* One object on the way was reached with Rest left of the path. Its parse procedure goes on. */
static NTSTATUS ObpParse(PVOID Object, PUNICODE_STRING Path, PUNICODE_STRING Rest, POBP_LOOKUP Lookup,
                         PVOID *Found)
{
    POBJECT_TYPE Type = OBJECT_TO_OBJECT_HEADER(Object)->Type;

    return Type->TypeInfo.ParseProcedure(Object, Lookup->ObjectType, Lookup->AccessState, Lookup->AccessMode,
                                         Lookup->Attributes, Path, Rest, Lookup->ParseContext,
                                         Lookup->SecurityQos, Found);
}

static BOOLEAN ObpStopsAtLink(POBP_LOOKUP Lookup, PCUNICODE_STRING Rest)
{
    return Rest->Length == 0 &&
           (Lookup->ObjectType == ObpSymbolicLinkObjectType || (Lookup->Attributes & OBJ_OPENLINK) != 0);
}

static NTSTATUS ObpFreeToInsert(POBJECT_DIRECTORY Directory, PCUNICODE_STRING Name, POBP_LOOKUP Lookup)
{
    ACCESS_MASK Right = Lookup->ObjectType == ObpDirectoryObjectType ? DIRECTORY_CREATE_SUBDIRECTORY
                                                                    : DIRECTORY_CREATE_OBJECT;
    NTSTATUS Status = ObpCheckTraverse(Directory, Lookup, Right);

    if (!NT_SUCCESS(Status))
        return Status;
    Lookup->LastName.Buffer = ExAllocatePoolWithTag(PagedPool, Name->Length + sizeof(WCHAR), OBP_TAG);
    if (Lookup->LastName.Buffer == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlCopyMemory(Lookup->LastName.Buffer, Name->Buffer, Name->Length);
    Lookup->LastName.Buffer[Name->Length / sizeof(WCHAR)] = 0;
    Lookup->LastName.Length = Name->Length;
    Lookup->LastName.MaximumLength = Name->Length + sizeof(WCHAR);
    ObReferenceObject(Directory);
    Lookup->ParentDirectory = Directory;
    return STATUS_SUCCESS;
}

/* Walks *Rest from Directory. STATUS_REPARSE: *NewPath (pool) is the path to start again with. */
static NTSTATUS ObpWalk(POBJECT_DIRECTORY Directory, PUNICODE_STRING Path, PUNICODE_STRING Rest,
                        POBJECT_DIRECTORY Fallback, POBP_LOOKUP Lookup, PUNICODE_STRING NewPath)
{
    UNICODE_STRING Component;
    PVOID Object;
    NTSTATUS Status;

    for (;;) {
        POBJECT_TYPE Type;
        BOOLEAN Trailing;

        if (!ObpNextComponent(Rest, &Component, &Trailing))
            return STATUS_OBJECT_NAME_INVALID;
        Status = ObpCheckTraverse(Directory, Lookup, DIRECTORY_TRAVERSE);
        if (!NT_SUCCESS(Status))
            return Status;
        Object = ObpLookupDirectoryEntry(Directory, &Component);
        if (Object == NULL && Fallback != NULL)
            Object = ObpLookupDirectoryEntry(Fallback, &Component);
        Fallback = NULL;
        if (Object == NULL) {
            if (Rest->Length != 0)
                return STATUS_OBJECT_PATH_NOT_FOUND;
            if (Trailing)
                return STATUS_OBJECT_NAME_INVALID;
            return Lookup->ForInsert ? ObpFreeToInsert(Directory, &Component, Lookup)
                                     : STATUS_OBJECT_NAME_NOT_FOUND;
        }
        Type = OBJECT_TO_OBJECT_HEADER(Object)->Type;
        if (Type == ObpSymbolicLinkObjectType && !ObpStopsAtLink(Lookup, Rest)) {
            Status = ObpParseSymbolicLink(Object, Rest, NewPath);
            if (NT_SUCCESS(Status) && Trailing) {       /* it takes the terminator's place */
                NewPath->Buffer[NewPath->Length / sizeof(WCHAR)] = OBJ_NAME_PATH_SEPARATOR;
                NewPath->Length += sizeof(WCHAR);
            }
            return NT_SUCCESS(Status) ? STATUS_REPARSE : Status;
        }
        if (Trailing && Type->TypeInfo.ParseProcedure == NULL)
            return STATUS_OBJECT_NAME_INVALID;
        if (Type == ObpDirectoryObjectType && Rest->Length != 0) {
            Directory = Object;
            continue;
        }
        if (Type->TypeInfo.ParseProcedure != NULL) {
            UNICODE_STRING Remaining = *Rest;

            if (Remaining.Length != 0 || Trailing) {    /* parse procedures get the separator too, as NT's do */
                Remaining.Buffer--;
                Remaining.Length += sizeof(WCHAR);
                Remaining.MaximumLength = Remaining.Length;
            }
            ObReferenceObject(Object);
            Status = ObpParse(Object, Path, &Remaining, Lookup, &Lookup->Object);
            ObDereferenceObject(Object);
            if (Status == STATUS_REPARSE)
                *NewPath = *Path;
            return Status;
        }
        if (Rest->Length != 0)
            return STATUS_OBJECT_TYPE_MISMATCH;
        ObReferenceObject(Object);
        Lookup->Object = Object;
        return STATUS_SUCCESS;
    }
}

/* A relative name: below a directory handle, or handed to the parse procedure of what the handle names. */
static NTSTATUS ObpWalkFromHandle(PUNICODE_STRING Path, POBP_LOOKUP Lookup, PUNICODE_STRING NewPath)
{
    UNICODE_STRING Rest = *Path;
    POBJECT_TYPE Type;
    PVOID Root;
    NTSTATUS Status;

    Status = ObReferenceObjectByHandle(Lookup->RootDirectory, 0, NULL, Lookup->AccessMode, &Root, NULL);
    if (!NT_SUCCESS(Status))
        return Status;
    Type = OBJECT_TO_OBJECT_HEADER(Root)->Type;
    if (Path->Length != 0 && Path->Buffer[0] == OBJ_NAME_PATH_SEPARATOR && Type == ObpDirectoryObjectType) {
        Status = STATUS_OBJECT_PATH_SYNTAX_BAD;
    } else if (Type == ObpDirectoryObjectType && Path->Length == 0) {
        ObReferenceObject(Root);
        Lookup->Object = Root;
    } else if (Type == ObpDirectoryObjectType) {
        Status = ObpWalk(Root, Path, &Rest, NULL, Lookup, NewPath);
    } else if (Type->TypeInfo.ParseProcedure != NULL) {
        Status = ObpParse(Root, Path, &Rest, Lookup, &Lookup->Object);
        if (Status == STATUS_REPARSE)
            *NewPath = *Path;
    } else {
        Status = STATUS_OBJECT_TYPE_MISMATCH;
    }
    ObDereferenceObject(Root);
    return Status;
}

static NTSTATUS ObpWalkFromRoot(PUNICODE_STRING Path, POBP_LOOKUP Lookup, PUNICODE_STRING NewPath)
{
    POBJECT_DIRECTORY Directory = ObpRootDirectoryObject, Fallback = NULL;
    UNICODE_STRING Rest = *Path;
    USHORT Skip = sizeof(WCHAR);

    if (Path->Length == 0 || Path->Buffer[0] != OBJ_NAME_PATH_SEPARATOR)
        return STATUS_OBJECT_PATH_SYNTAX_BAD;
    if (ObpIsDosDevicesPath(Path)) {
        POBJECT_DIRECTORY Own = Lookup->AccessMode == UserMode ? PsGetCurrentProcess()->DeviceMap : NULL;

        Directory = Own != NULL ? Own : ObpGlobalDosDevicesDirectory;
        Fallback = Own != NULL ? ObpGlobalDosDevicesDirectory : NULL;
        Skip = Path->Length == ObpDosDevicesName.Length ? Path->Length
                                                        : ObpDosDevicesName.Length + sizeof(WCHAR);
    }
    Rest.Buffer += Skip / sizeof(WCHAR);
    Rest.Length -= Skip;
    if (Rest.Length == 0) {
        if (Path->Length == Skip || Directory != ObpRootDirectoryObject) {
            ObReferenceObject(Directory);
            Lookup->Object = Directory;
            return STATUS_SUCCESS;
        }
        return STATUS_OBJECT_NAME_INVALID;
    }
    return ObpWalk(Directory, Path, &Rest, Fallback, Lookup, NewPath);
}

NTSTATUS ObpLookupObjectName(PCUNICODE_STRING Name, POBP_LOOKUP Lookup)
{
    UNICODE_STRING Path = *Name, NewPath = { 0 };
    HANDLE Root = Lookup->RootDirectory;
    NTSTATUS Status = STATUS_OBJECT_NAME_INVALID;

    Lookup->Object = NULL;
    Lookup->ParentDirectory = NULL;
    Lookup->LastName.Buffer = NULL;
    if (Name->Length > OBJECT_NAME_LIMIT || Name->Length % sizeof(WCHAR) != 0)
        return STATUS_OBJECT_NAME_INVALID;
    for (ULONG Reparses = 0; Reparses < OBP_MAX_REPARSE; Reparses++) {
        /* A parse procedure that answers STATUS_REPARSE frees the complete name that it replaces: give it pool. */
        PWSTR Owned = ExAllocatePoolWithTag(PagedPool, Path.Length + sizeof(WCHAR), OBP_TAG);

        if (Owned == NULL)
            Status = STATUS_INSUFFICIENT_RESOURCES;
        else
            RtlCopyMemory(Owned, Path.Buffer, Path.Length);
        if (NewPath.Buffer != NULL)
            ExFreePool(NewPath.Buffer);
        NewPath.Buffer = NULL;
        if (Owned == NULL)
            break;
        Path.Buffer = Owned;
        Path.MaximumLength = Path.Length + sizeof(WCHAR);
        Status = Root != NULL ? ObpWalkFromHandle(&Path, Lookup, &NewPath)
                              : ObpWalkFromRoot(&Path, Lookup, &NewPath);
        if (Path.Buffer == Owned)
            ExFreePool(Owned);
        if (Status != STATUS_REPARSE)
            break;
        Path = NewPath;
        Root = NULL;
        Status = STATUS_OBJECT_PATH_NOT_FOUND;
    }
    if (NewPath.Buffer != NULL)
        ExFreePool(NewPath.Buffer);
    return Status;
}

/* --- Full paths -------------------------------------------------------------------------------------------- */

NTSTATUS ObGetObjectPath(PVOID Object, PUNICODE_STRING Path)
{
    POBJECT_HEADER Header = OBJECT_TO_OBJECT_HEADER(Object);
    USHORT Length = 0;
    PWSTR Cursor;

    RtlZeroMemory(Path, sizeof *Path);
    if (Object != ObpRootDirectoryObject && Header->Directory == NULL)
        return STATUS_SUCCESS;
    for (POBJECT_HEADER h = Header; h->Directory != NULL; h = OBJECT_TO_OBJECT_HEADER(h->Directory))
        Length += h->Name.Length + sizeof(WCHAR);
    if (Length == 0)
        Length = sizeof(WCHAR);
    Path->Buffer = ExAllocatePoolWithTag(PagedPool, Length + sizeof(WCHAR), OBP_TAG);
    if (Path->Buffer == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    Path->Length = Length;
    Path->MaximumLength = Length + sizeof(WCHAR);
    Cursor = Path->Buffer + Length / sizeof(WCHAR);
    *Cursor = 0;
    Path->Buffer[0] = OBJ_NAME_PATH_SEPARATOR;
    for (POBJECT_HEADER h = Header; h->Directory != NULL; h = OBJECT_TO_OBJECT_HEADER(h->Directory)) {
        Cursor -= h->Name.Length / sizeof(WCHAR);
        RtlCopyMemory(Cursor, h->Name.Buffer, h->Name.Length);
        *--Cursor = OBJ_NAME_PATH_SEPARATOR;
    }
    return STATUS_SUCCESS;
}

VOID ObFreeObjectPath(PUNICODE_STRING Path)
{
    if (Path->Buffer != NULL)
        ExFreePool(Path->Buffer);
    Path->Buffer = NULL;
}
