/* The object manager's start: its own types and the directories that exist before anything else. */
#include "obp.h"

POBJECT_TYPE ObpTypeObjectType, ObpDirectoryObjectType, ObpSymbolicLinkObjectType;
POBJECT_DIRECTORY ObpRootDirectoryObject, ObpGlobalDosDevicesDirectory;
BOOLEAN ObpRecordNames;

static LIST_ENTRY ObpTypeListHead;
static ULONG ObpTypeCount;

VOID ObStartRecording(VOID)
{
    ObpRecordNames = TRUE;
}

static NTSTATUS ObpNameType(POBJECT_TYPE Type)
{
    WCHAR Buffer[64] = L"\\ObjectTypes\\";
    ULONG Prefix = 13;
    UNICODE_STRING Path;
    OBP_LOOKUP Lookup = { 0 };
    NTSTATUS Status;

    RtlCopyMemory(Buffer + Prefix, Type->Name.Buffer, Type->Name.Length);
    Path.Buffer = Buffer;
    Path.Length = (USHORT)(Prefix * sizeof(WCHAR) + Type->Name.Length);
    Path.MaximumLength = sizeof Buffer;
    Lookup.ObjectType = ObpTypeObjectType;
    Lookup.AccessMode = KernelMode;
    Lookup.ForInsert = TRUE;
    Status = ObpLookupObjectName(&Path, &Lookup);
    if (!NT_SUCCESS(Status))
        return Status;
    OBJECT_TO_OBJECT_HEADER(Type)->Name = Lookup.LastName;
    Status = ObpInsertDirectoryEntry(Lookup.ParentDirectory, OBJECT_TO_OBJECT_HEADER(Type));
    ObDereferenceObject(Lookup.ParentDirectory);
    return Status;
}

/* Types live for ever; they are listed in \ObjectTypes as soon as that exists. */
NTSTATUS NTAPI ObCreateObjectType(PUNICODE_STRING TypeName, POBJECT_TYPE_INITIALIZER Initializer,
                                  PSECURITY_DESCRIPTOR SecurityDescriptor, POBJECT_TYPE *ObjectType)
{
    POBJECT_HEADER Header;
    POBJECT_TYPE Type;

    UNREFERENCED_PARAMETER(SecurityDescriptor);
    if (TypeName->Length > 48 * sizeof(WCHAR))
        return STATUS_OBJECT_NAME_INVALID;
    Header = ExAllocatePoolWithTag(NonPagedPool, sizeof *Header + sizeof *Type, OBP_TAG);
    if (Header == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(Header, sizeof *Header + sizeof *Type);
    Type = (POBJECT_TYPE)Header->Body;
    Header->PointerCount = 1;
    Header->Type = ObpTypeObjectType != NULL ? ObpTypeObjectType : Type;
    Header->Flags = OB_FLAG_PERMANENT | OB_FLAG_KERNEL_MODE | OB_FLAG_INSERTED;
    Header->BodySize = sizeof *Type;
    Type->Name = *TypeName;             /* callers pass constants */
    Type->TypeInfo = *Initializer;
    Type->TypeInfo.ValidAccessMask |= SYNCHRONIZE;
    Type->DefaultDispatcherOffset = OB_NO_DISPATCHER;
    Type->Index = ++ObpTypeCount;
    InsertTailList(&ObpTypeListHead, &Type->TypeList);
    Header->Type->TotalNumberOfObjects++;
    *ObjectType = Type;
    return ObpRootDirectoryObject != NULL ? ObpNameType(Type) : STATUS_SUCCESS;
}

static BOOLEAN ObpCreateOwnTypes(VOID)
{
    static UNICODE_STRING TypeName = RTL_CONSTANT_STRING(L"Type");
    static UNICODE_STRING DirectoryName = RTL_CONSTANT_STRING(L"Directory");
    static UNICODE_STRING LinkName = RTL_CONSTANT_STRING(L"SymbolicLink");
    OBJECT_TYPE_INITIALIZER Type = { .Length = sizeof Type, .PoolType = NonPagedPool,
        .ValidAccessMask = STANDARD_RIGHTS_REQUIRED | OBJECT_TYPE_CREATE,
        .GenericMapping = { STANDARD_RIGHTS_READ, STANDARD_RIGHTS_WRITE, STANDARD_RIGHTS_EXECUTE,
                            STANDARD_RIGHTS_REQUIRED | OBJECT_TYPE_CREATE } };
    OBJECT_TYPE_INITIALIZER Directory = { .Length = sizeof Directory, .PoolType = PagedPool,
        .ValidAccessMask = DIRECTORY_ALL_ACCESS,
        .GenericMapping = { STANDARD_RIGHTS_READ | DIRECTORY_QUERY | DIRECTORY_TRAVERSE,
                            STANDARD_RIGHTS_WRITE | DIRECTORY_CREATE_OBJECT | DIRECTORY_CREATE_SUBDIRECTORY,
                            STANDARD_RIGHTS_EXECUTE | DIRECTORY_QUERY | DIRECTORY_TRAVERSE,
                            DIRECTORY_ALL_ACCESS } };
    OBJECT_TYPE_INITIALIZER Link = { .Length = sizeof Link, .PoolType = PagedPool,
        .ValidAccessMask = SYMBOLIC_LINK_ALL_ACCESS, .DeleteProcedure = ObpDeleteSymbolicLink,
        .GenericMapping = { STANDARD_RIGHTS_READ | SYMBOLIC_LINK_QUERY, STANDARD_RIGHTS_WRITE,
                            STANDARD_RIGHTS_EXECUTE | SYMBOLIC_LINK_QUERY, SYMBOLIC_LINK_ALL_ACCESS } };

    return NT_SUCCESS(ObCreateObjectType(&TypeName, &Type, NULL, &ObpTypeObjectType)) &&
           NT_SUCCESS(ObCreateObjectType(&DirectoryName, &Directory, NULL, &ObpDirectoryObjectType)) &&
           NT_SUCCESS(ObCreateObjectType(&LinkName, &Link, NULL, &ObpSymbolicLinkObjectType));
}

/* The root has no name and no directory; it is the one directory that is not made by ObInsertObject. */
static BOOLEAN ObpCreateRoot(VOID)
{
    POBJECT_DIRECTORY Root;
    NTSTATUS Status;

    Status = ObCreateObject(KernelMode, ObpDirectoryObjectType, NULL, KernelMode, NULL, sizeof *Root, 0, 0,
                            (PVOID *)&Root);
    if (!NT_SUCCESS(Status))
        return FALSE;
    RtlZeroMemory(Root, sizeof *Root);
    ObReferenceObject(Root);            /* ObInsertObject drops the first reference */
    ObpRootDirectoryObject = Root;
    OBJECT_TO_OBJECT_HEADER(Root)->Flags |= OB_FLAG_PERMANENT;
    if (SeSystemDefaultSd != NULL)
        SeCaptureSecurityDescriptor(SeSystemDefaultSd, KernelMode, PagedPool, TRUE,
                                    &OBJECT_TO_OBJECT_HEADER(Root)->SecurityDescriptor);
    return NT_SUCCESS(ObInsertObject(Root, NULL, 0, 0, NULL, NULL));
}

static BOOLEAN ObpCreateDosDevicesLink(VOID)
{
    static UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\DosDevices");
    static const WCHAR Target[] = L"\\??";
    OBJECT_ATTRIBUTES Attributes;
    POBJECT_SYMBOLIC_LINK Link;

    InitializeObjectAttributes(&Attributes, &Name, OBJ_PERMANENT | OBJ_CASE_INSENSITIVE, NULL, NULL);
    if (!NT_SUCCESS(ObCreateObject(KernelMode, ObpSymbolicLinkObjectType, &Attributes, KernelMode, NULL,
                                   sizeof *Link, 0, 0, (PVOID *)&Link)))
        return FALSE;
    Link->LinkTarget.Buffer = ExAllocatePoolWithTag(PagedPool, sizeof Target, OBP_TAG);
    if (Link->LinkTarget.Buffer == NULL)
        return FALSE;
    RtlCopyMemory(Link->LinkTarget.Buffer, Target, sizeof Target);
    Link->LinkTarget.Length = sizeof Target - sizeof(WCHAR);
    Link->LinkTarget.MaximumLength = sizeof Target;
    return NT_SUCCESS(ObInsertObject(Link, NULL, 0, 0, NULL, NULL));
}

BOOLEAN ObInitSystem(VOID)
{
    static const PCWSTR Directories[] = { L"\\ObjectTypes", L"\\GLOBAL??", L"\\Device", L"\\KernelObjects",
                                          L"\\Security" };

    InitializeListHead(&ObpTypeListHead);
    if (!ObpCreateOwnTypes() || !ObpCreateRoot())
        return FALSE;
    for (ULONG i = 0; i < RTL_NUMBER_OF(Directories); i++) {
        POBJECT_DIRECTORY Directory;

        if (!NT_SUCCESS(ObpCreatePermanentDirectory(Directories[i], SeSystemDefaultSd, &Directory)))
            return FALSE;
        if (i == 1)
            ObpGlobalDosDevicesDirectory = Directory;
    }
    for (PLIST_ENTRY Entry = ObpTypeListHead.Flink; Entry != &ObpTypeListHead; Entry = Entry->Flink) {
        POBJECT_TYPE Type = CONTAINING_RECORD(Entry, OBJECT_TYPE, TypeList);

        if (OBJECT_TO_OBJECT_HEADER(Type)->Directory == NULL && !NT_SUCCESS(ObpNameType(Type)))
            return FALSE;
    }
    return ObpCreateDosDevicesLink();
}
