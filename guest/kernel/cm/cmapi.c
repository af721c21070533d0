/* Services on keys: open, query, enumerate. */
#include "cmp.h"

static VOID CmpRecordOpen(PCM_KEY_NODE Node)
{
    UNICODE_STRING Path;

    if (NT_SUCCESS(CmpGetPath(Node, &Path))) {
        ExRecordFact("registry.open", "key=%wZ", &Path);
        ExFreeCapturedString(&Path);
    }
}

NTSTATUS NTAPI NtOpenKey(PHANDLE KeyHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    PCM_KEY_BODY Key;
    HANDLE Handle;
    NTSTATUS Status = ObOpenObjectByName(ObjectAttributes, CmpKeyObjectType, Mode, NULL, DesiredAccess, NULL, &Handle);

    if (!NT_SUCCESS(Status))
        return Status;
    if (NT_SUCCESS(CmpReferenceKey(Handle, 0, &Key))) {
        CmpRecordOpen(Key->Node);
        ObDereferenceObject(Key);
    }
    return ObReturnHandle(Mode, KeyHandle, Handle, Status);
}

/* The longest class among the subkeys. */
static ULONG CmpLongestClass(PCM_KEY_NODE Node)
{
    ULONG Longest = 0;

    for (PLIST_ENTRY Entry = Node->SubKeys.Flink; Entry != &Node->SubKeys; Entry = Entry->Flink) {
        UNICODE_STRING Class;

        CmpGetClass(CONTAINING_RECORD(Entry, CM_KEY_NODE, Sibling), &Class);
        if (Class.Length > Longest)
            Longest = Class.Length;
    }
    return Longest;
}

static ULONG CmpLongestSubKeyName(PCM_KEY_NODE Node)
{
    ULONG Longest = 0;

    for (PLIST_ENTRY Entry = Node->SubKeys.Flink; Entry != &Node->SubKeys; Entry = Entry->Flink) {
        PCM_KEY_NODE Child = CONTAINING_RECORD(Entry, CM_KEY_NODE, Sibling);

        if (Child->Name.Length > Longest)
            Longest = Child->Name.Length;
    }
    return Longest;
}

static VOID CmpMeasureValues(PCM_KEY_NODE Node, PKEY_FULL_INFORMATION Information)
{
    for (PLIST_ENTRY Entry = Node->Values.Flink; Entry != &Node->Values; Entry = Entry->Flink) {
        PCM_VALUE Value = CONTAINING_RECORD(Entry, CM_VALUE, Entry);

        if (Value->Name.Length > Information->MaxValueNameLen)
            Information->MaxValueNameLen = Value->Name.Length;
        if (Value->Length > Information->MaxValueDataLen)
            Information->MaxValueDataLen = Value->Length;
    }
}

/* A structure of Fixed bytes with a name behind it. */
static NTSTATUS CmpReturnWithName(PVOID Structure, ULONG Fixed, PCUNICODE_STRING Name, PVOID Buffer, ULONG Length,
                                  PULONG ResultLength)
{
    PUCHAR Reply = ExAllocatePoolWithTag(PagedPool, Fixed + Name->Length, CMP_TAG);
    NTSTATUS Status;

    if (Reply == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlCopyMemory(Reply, Structure, Fixed);
    RtlCopyMemory(Reply + Fixed, Name->Buffer, Name->Length);
    Status = CmpReturn(Buffer, Length, ResultLength, Reply, Fixed + Name->Length, Fixed);
    ExFreePoolWithTag(Reply, CMP_TAG);
    return Status;
}

static NTSTATUS CmpQueryNode(PCM_KEY_NODE Node, KEY_INFORMATION_CLASS Class, PVOID Buffer, ULONG Length,
                             PULONG ResultLength)
{
    KEY_BASIC_INFORMATION Basic = { 0 };
    KEY_FULL_INFORMATION Full = { 0 };
    KEY_NAME_INFORMATION NameOnly = { 0 };
    UNICODE_STRING Path, KeyClass;
    NTSTATUS Status;

    switch (Class) {
    case KeyBasicInformation:
        Basic.LastWriteTime = Node->LastWriteTime;
        Basic.NameLength = Node->Name.Length;
        return CmpReturnWithName(&Basic, FIELD_OFFSET(KEY_BASIC_INFORMATION, Name), &Node->Name, Buffer, Length,
                                 ResultLength);
    case KeyFullInformation:
        Full.LastWriteTime = Node->LastWriteTime;
        CmpGetClass(Node, &KeyClass);
        Full.ClassLength = KeyClass.Length;
        Full.ClassOffset = KeyClass.Length != 0 ? FIELD_OFFSET(KEY_FULL_INFORMATION, Class) : 0xFFFFFFFFu;
        Full.SubKeys = Node->SubKeyCount;
        Full.Values = Node->ValueCount;
        Full.MaxNameLen = CmpLongestSubKeyName(Node);
        Full.MaxClassLen = CmpLongestClass(Node);
        CmpMeasureValues(Node, &Full);
        return CmpReturnWithName(&Full, FIELD_OFFSET(KEY_FULL_INFORMATION, Class), &KeyClass, Buffer, Length,
                                 ResultLength);
    case KeyNameInformation:
        Status = CmpGetPath(Node, &Path);
        if (!NT_SUCCESS(Status))
            return Status;
        NameOnly.NameLength = Path.Length;
        Status = CmpReturnWithName(&NameOnly, FIELD_OFFSET(KEY_NAME_INFORMATION, Name), &Path, Buffer, Length,
                                   ResultLength);
        ExFreeCapturedString(&Path);
        return Status;
    default:
        return STATUS_INVALID_PARAMETER;
    }
}

NTSTATUS NTAPI NtQueryKey(HANDLE KeyHandle, KEY_INFORMATION_CLASS KeyInformationClass, PVOID KeyInformation,
                          ULONG Length, PULONG ResultLength)
{
    PCM_KEY_BODY Key;
    /* The name may be asked for by anybody who holds the key. */
    NTSTATUS Status = CmpReferenceKey(KeyHandle, KeyInformationClass == KeyNameInformation ? 0 : KEY_QUERY_VALUE, &Key);

    if (!NT_SUCCESS(Status))
        return Status;
    Status = CmpQueryNode(Key->Node, KeyInformationClass, KeyInformation, Length, ResultLength);
    ObDereferenceObject(Key);
    return Status;
}

NTSTATUS NTAPI NtEnumerateKey(HANDLE KeyHandle, ULONG Index, KEY_INFORMATION_CLASS KeyInformationClass,
                              PVOID KeyInformation, ULONG Length, PULONG ResultLength)
{
    PCM_KEY_BODY Key;
    PLIST_ENTRY Entry;
    NTSTATUS Status = CmpReferenceKey(KeyHandle, KEY_ENUMERATE_SUB_KEYS, &Key);

    if (!NT_SUCCESS(Status))
        return Status;
    for (Entry = Key->Node->SubKeys.Flink; Entry != &Key->Node->SubKeys && Index != 0; Entry = Entry->Flink)
        Index--;
    Status = Entry == &Key->Node->SubKeys
                 ? STATUS_NO_MORE_ENTRIES
                 : CmpQueryNode(CONTAINING_RECORD(Entry, CM_KEY_NODE, Sibling), KeyInformationClass, KeyInformation,
                                Length, ResultLength);
    ObDereferenceObject(Key);
    return Status;
}
