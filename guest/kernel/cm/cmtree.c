/* The tree of keys and values. */
#include "cmp.h"

PCM_KEY_NODE CmpRegistryRoot;

PCM_KEY_NODE CmpCreateNode(PCM_KEY_NODE Parent, PCUNICODE_STRING Name)
{
    PCM_KEY_NODE Node = ExAllocatePoolWithTag(PagedPool, sizeof *Node + Name->Length, CMP_TAG);

    if (Node == NULL)
        return NULL;
    RtlZeroMemory(Node, sizeof *Node);
    InitializeListHead(&Node->SubKeys);
    InitializeListHead(&Node->Values);
    Node->Name.Buffer = Node->NameBuffer;
    Node->Name.Length = Name->Length;
    Node->Name.MaximumLength = Name->Length;
    RtlCopyMemory(Node->NameBuffer, Name->Buffer, Name->Length);
    if (Parent != NULL) {
        Node->Parent = Parent;
        Node->Depth = Parent->Depth + 1;
        InsertTailList(&Parent->SubKeys, &Node->Sibling);
        Parent->SubKeyCount++;
    }
    return Node;
}

PCM_KEY_NODE CmpFindSubKey(PCM_KEY_NODE Node, PCUNICODE_STRING Name)
{
    for (PLIST_ENTRY Entry = Node->SubKeys.Flink; Entry != &Node->SubKeys; Entry = Entry->Flink) {
        PCM_KEY_NODE Child = CONTAINING_RECORD(Entry, CM_KEY_NODE, Sibling);

        if (RtlEqualUnicodeString(&Child->Name, Name, TRUE))
            return Child;
    }
    return NULL;
}

PCM_KEY_NODE CmpWalk(PCM_KEY_NODE Node, PCUNICODE_STRING Path)
{
    USHORT Characters = Path->Length / sizeof(WCHAR), Start = 0;

    while (Node != NULL && Start < Characters) {
        UNICODE_STRING Component;
        USHORT End = Start;

        while (End < Characters && Path->Buffer[End] != L'\\')
            End++;
        if (Node->LinkTarget != NULL)
            Node = Node->LinkTarget;
        if (End != Start) {
            Component.Buffer = Path->Buffer + Start;
            Component.Length = (USHORT)((End - Start) * sizeof(WCHAR));
            Component.MaximumLength = Component.Length;
            Node = CmpFindSubKey(Node, &Component);
        }
        Start = End + 1;
    }
    return Node != NULL && Node->LinkTarget != NULL ? Node->LinkTarget : Node;
}

PCM_VALUE CmpFindValue(PCM_KEY_NODE Node, PCUNICODE_STRING Name)
{
    for (PLIST_ENTRY Entry = Node->Values.Flink; Entry != &Node->Values; Entry = Entry->Flink) {
        PCM_VALUE Value = CONTAINING_RECORD(Entry, CM_VALUE, Entry);

        if (RtlEqualUnicodeString(&Value->Name, Name, TRUE))
            return Value;
    }
    return NULL;
}

PCM_VALUE CmpCreateValue(PCM_KEY_NODE Node, PCUNICODE_STRING Name)
{
    PCM_VALUE Value = ExAllocatePoolWithTag(PagedPool, sizeof *Value + Name->Length, CMP_TAG);

    if (Value == NULL)
        return NULL;
    RtlZeroMemory(Value, sizeof *Value);
    Value->Name.Buffer = Value->NameBuffer;
    Value->Name.Length = Name->Length;
    Value->Name.MaximumLength = Name->Length;
    RtlCopyMemory(Value->NameBuffer, Name->Buffer, Name->Length);
    InsertTailList(&Node->Values, &Value->Entry);
    Node->ValueCount++;
    return Value;
}

VOID CmpRemoveValue(PCM_KEY_NODE Node, PCM_VALUE Value)
{
    RemoveEntryList(&Value->Entry);
    Node->ValueCount--;
    if (Value->OwnsData && Value->Data != NULL)
        ExFreePoolWithTag(Value->Data, CMP_TAG);
    ExFreePoolWithTag(Value, CMP_TAG);
}

/* Frees a node that is out of the tree. */
static VOID CmpFreeNode(PCM_KEY_NODE Node)
{
    if (Node->Class.Buffer != NULL)
        ExFreePoolWithTag(Node->Class.Buffer, CMP_TAG);
    ExFreePoolWithTag(Node, CMP_TAG);
}

VOID CmpRemoveNode(PCM_KEY_NODE Node)
{
    while (!IsListEmpty(&Node->Values))
        CmpRemoveValue(Node, CONTAINING_RECORD(Node->Values.Flink, CM_VALUE, Entry));
    RemoveEntryList(&Node->Sibling);
    Node->Parent->SubKeyCount--;
    Node->Parent = NULL;
    Node->Hive = NULL;
    Node->Deleted = TRUE;
    if (Node->References == 0)
        CmpFreeNode(Node);
}

VOID CmpDereferenceNode(PCM_KEY_NODE Node)
{
    if (--Node->References == 0 && Node->Deleted)
        CmpFreeNode(Node);
}

PCM_KEY_NODE CmpNextNode(PCM_KEY_NODE Top, PCM_KEY_NODE Node)
{
    if (!IsListEmpty(&Node->SubKeys))
        return CONTAINING_RECORD(Node->SubKeys.Flink, CM_KEY_NODE, Sibling);
    while (Node != Top) {
        if (Node->Sibling.Flink != &Node->Parent->SubKeys)
            return CONTAINING_RECORD(Node->Sibling.Flink, CM_KEY_NODE, Sibling);
        Node = Node->Parent;
    }
    return NULL;
}

VOID CmpFreeSubTree(PCM_KEY_NODE Node, BOOLEAN Itself)
{
    PCM_KEY_NODE At = Node;

    /* Always the first leaf, so that no depth costs stack. */
    for (;;) {
        while (!IsListEmpty(&At->SubKeys))
            At = CONTAINING_RECORD(At->SubKeys.Flink, CM_KEY_NODE, Sibling);
        if (At == Node)
            break;
        {
            PCM_KEY_NODE Parent = At->Parent;

            CmpRemoveNode(At);
            At = Parent;
        }
    }
    if (Itself)
        CmpRemoveNode(Node);
}

VOID CmpGetClass(PCM_KEY_NODE Node, PUNICODE_STRING Class)
{
    const UCHAR *nk;

    *Class = Node->Class;
    if (Node->Hive == NULL)
        return;
    nk = HvGetCell(Node->Hive, Node->Cell, NK_SIZE, NULL);
    Class->Length = Class->MaximumLength = (USHORT)(CmpRead16(nk + NK_CLASS_LENGTH) & ~1u);
    Class->Buffer = Class->Length != 0
                        ? (PWSTR)HvGetCell(Node->Hive, CmpRead32(nk + NK_CLASS), Class->Length, NULL)
                        : NULL;
    if (Class->Buffer == NULL)
        Class->Length = Class->MaximumLength = 0;
}

NTSTATUS CmpGetPath(PCM_KEY_NODE Node, PUNICODE_STRING Path)
{
    ULONG Length = 0;
    PWSTR Cursor;

    for (PCM_KEY_NODE n = Node; n != NULL; n = n->Parent)
        Length += n->Name.Length + sizeof(WCHAR);
    if (Length > UNICODE_STRING_MAX_BYTES)
        return STATUS_NAME_TOO_LONG;
    Path->Buffer = ExAllocatePoolWithTag(PagedPool, Length, CMP_TAG);
    if (Path->Buffer == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    Path->Length = (USHORT)Length;
    Path->MaximumLength = (USHORT)Length;
    Cursor = Path->Buffer + Length / sizeof(WCHAR);
    for (PCM_KEY_NODE n = Node; n != NULL; n = n->Parent) {
        Cursor -= n->Name.Length / sizeof(WCHAR);
        RtlCopyMemory(Cursor, n->Name.Buffer, n->Name.Length);
        *--Cursor = L'\\';
    }
    return STATUS_SUCCESS;
}
