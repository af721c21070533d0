/* The Key object type, and how a name below `\Registry` becomes a key. */
#include "cmp.h"

POBJECT_TYPE CmpKeyObjectType;

/* A Key object for Node: one reference, no name, no handle. */
static NTSTATUS CmpCreateKeyObject(PCM_KEY_NODE Node, POBJECT_ATTRIBUTES ObjectAttributes, PCM_KEY_BODY *Key)
{
    NTSTATUS Status = ObCreateObject(KernelMode, CmpKeyObjectType, ObjectAttributes, KernelMode, NULL, sizeof **Key,
                                     0, 0, (PVOID *)Key);

    if (NT_SUCCESS(Status)) {
        (*Key)->Node = Node;
        Node->References++;
    }
    return Status;
}

static VOID NTAPI CmpDeleteKeyObject(PVOID Object)
{
    PCM_KEY_BODY Key = Object;

    if (Key->Node != NULL)
        CmpDereferenceNode(Key->Node);
}

/* May the caller make keys below others? All keys have the system's default descriptor. */
static NTSTATUS CmpCheckCreate(KPROCESSOR_MODE AccessMode)
{
    SECURITY_SUBJECT_CONTEXT Subject;
    ACCESS_MASK Granted;
    NTSTATUS Status = STATUS_SUCCESS;

    if (AccessMode == KernelMode)
        return STATUS_SUCCESS;
    SeCaptureSubjectContext(&Subject);
    SeAccessCheck(SeSystemDefaultSd, &Subject, FALSE, KEY_CREATE_SUB_KEY, 0, NULL,
                  &CmpKeyObjectType->TypeInfo.GenericMapping, AccessMode, &Granted, &Status);
    SeReleaseSubjectContext(&Subject);
    return Status;
}

/* The key that Path names below From, made when it is the last component alone that is missing. */
static NTSTATUS CmpOpenOrCreate(PCM_KEY_NODE From, PCUNICODE_STRING Path, KPROCESSOR_MODE AccessMode,
                                PCM_PARSE_CONTEXT Context, PCM_KEY_NODE *Node)
{
    USHORT Start = Path->Length / sizeof(WCHAR);
    UNICODE_STRING Parent = *Path, Name;
    NTSTATUS Status;

    *Node = CmpWalk(From, Path);
    if (*Node != NULL)
        return STATUS_SUCCESS;
    while (Start != 0 && Path->Buffer[Start - 1] != L'\\')
        Start--;
    Parent.Length = Start * sizeof(WCHAR);
    Name.Buffer = Path->Buffer + Start;
    Name.Length = Name.MaximumLength = Path->Length - Parent.Length;
    From = CmpWalk(From, &Parent);
    if (From == NULL || Name.Length == 0)
        return STATUS_OBJECT_NAME_NOT_FOUND;
    Status = CmpCheckCreate(AccessMode);
    if (NT_SUCCESS(Status))
        Status = CmpCreateSubKey(From, &Name, &Context->Class, Context->Volatile, Node);
    Context->Created = NT_SUCCESS(Status);
    return Status;
}

/* Ob's walk has reached a Key object; the rest of the path is the registry's. */
static NTSTATUS NTAPI CmpParseKey(PVOID ParseObject, PVOID ObjectType, PACCESS_STATE AccessState,
                                  KPROCESSOR_MODE AccessMode, ULONG Attributes, PUNICODE_STRING CompleteName,
                                  PUNICODE_STRING RemainingName, PVOID Context,
                                  PSECURITY_QUALITY_OF_SERVICE SecurityQos, PVOID *Object)
{
    PCM_KEY_BODY From = ParseObject, Key;
    PCM_KEY_NODE Node;
    NTSTATUS Status;

    UNREFERENCED_PARAMETER(AccessState);
    UNREFERENCED_PARAMETER(Attributes);
    UNREFERENCED_PARAMETER(CompleteName);
    UNREFERENCED_PARAMETER(SecurityQos);
    if (ObjectType != NULL && ObjectType != CmpKeyObjectType)
        return STATUS_OBJECT_TYPE_MISMATCH;
    if (From->Node->Deleted)
        return STATUS_KEY_DELETED;
    if (Context != NULL) {
        Status = CmpOpenOrCreate(From->Node, RemainingName, AccessMode, Context, &Node);
        if (!NT_SUCCESS(Status))
            return Status;
    } else {
        Node = CmpWalk(From->Node, RemainingName);
        if (Node == NULL)
            return STATUS_OBJECT_NAME_NOT_FOUND;
    }
    Status = CmpCreateKeyObject(Node, NULL, &Key);
    if (!NT_SUCCESS(Status))
        return Status;
    /* The insertion consumes the first reference; the bias gives the caller one. */
    return ObInsertObject(Key, NULL, 0, 1, Object, NULL);
}

NTSTATUS CmpCreateKeyType(VOID)
{
    static UNICODE_STRING TypeName = RTL_CONSTANT_STRING(L"Key");
    OBJECT_TYPE_INITIALIZER Type = { 0 };

    Type.Length = sizeof Type;
    Type.GenericMapping.GenericRead = KEY_READ;
    Type.GenericMapping.GenericWrite = KEY_WRITE;
    Type.GenericMapping.GenericExecute = KEY_READ;
    Type.GenericMapping.GenericAll = KEY_ALL_ACCESS;
    Type.ValidAccessMask = KEY_ALL_ACCESS;
    Type.PoolType = PagedPool;
    Type.SecurityRequired = TRUE;
    Type.DeleteProcedure = CmpDeleteKeyObject;
    Type.ParseProcedure = CmpParseKey;
    return ObCreateObjectType(&TypeName, &Type, NULL, &CmpKeyObjectType);
}

NTSTATUS CmpInsertRegistryRoot(VOID)
{
    static UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Registry");
    OBJECT_ATTRIBUTES Attributes;
    PCM_KEY_BODY Key;
    NTSTATUS Status;

    InitializeObjectAttributes(&Attributes, &Name, OBJ_PERMANENT | OBJ_CASE_INSENSITIVE, NULL, NULL);
    Status = CmpCreateKeyObject(CmpRegistryRoot, &Attributes, &Key);
    if (!NT_SUCCESS(Status))
        return Status;
    return ObInsertObject(Key, NULL, 0, 0, NULL, NULL);
}

NTSTATUS CmpReferenceKey(HANDLE Handle, ACCESS_MASK DesiredAccess, PCM_KEY_BODY *Key)
{
    NTSTATUS Status = ObReferenceObjectByHandle(Handle, DesiredAccess, CmpKeyObjectType, ExGetPreviousMode(),
                                                (PVOID *)Key, NULL);

    if (NT_SUCCESS(Status) && (*Key)->Node->Deleted) {
        ObDereferenceObject(*Key);
        return STATUS_KEY_DELETED;
    }
    return Status;
}
