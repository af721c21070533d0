/* Changes of keys and values, in the cells of their hive first, then in the tree. */
#include "cmp.h"

/* Where a stable key belongs among its siblings: before the first that comes after it, and before all volatile ones. */
static VOID CmpSortNode(PCM_KEY_NODE Node)
{
    PLIST_ENTRY Entry, Head = &Node->Parent->SubKeys;

    RemoveEntryList(&Node->Sibling);
    for (Entry = Head->Blink; Entry != Head; Entry = Entry->Blink) {
        PCM_KEY_NODE Other = CONTAINING_RECORD(Entry, CM_KEY_NODE, Sibling);

        if (Other->Hive != NULL && RtlCompareUnicodeString(&Other->Name, &Node->Name, TRUE) < 0)
            break;
    }
    InsertHeadList(Entry, &Node->Sibling);
}

static NTSTATUS CmpCopyClass(PCM_KEY_NODE Node, const UNICODE_STRING *Class)
{
    if (Class == NULL || Class->Length == 0)
        return STATUS_SUCCESS;
    Node->Class.Buffer = ExAllocatePoolWithTag(PagedPool, Class->Length, CMP_TAG);
    if (Node->Class.Buffer == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlCopyMemory(Node->Class.Buffer, Class->Buffer, Class->Length);
    Node->Class.Length = Node->Class.MaximumLength = Class->Length;
    return STATUS_SUCCESS;
}

NTSTATUS CmpCreateSubKey(PCM_KEY_NODE Parent, PCUNICODE_STRING Name, const UNICODE_STRING *Class, BOOLEAN Volatile,
                         PCM_KEY_NODE *Created)
{
    PCM_KEY_NODE Node;
    LARGE_INTEGER Now;
    NTSTATUS Status;

    if (!CmpIsGoodName(Name, TRUE))
        return STATUS_OBJECT_NAME_INVALID;
    if (Parent->Depth >= CMP_MAXIMUM_DEPTH)
        return STATUS_INVALID_PARAMETER;
    if (Parent->Hive == NULL && !Volatile)
        return STATUS_CHILD_MUST_BE_VOLATILE;
    Node = CmpCreateNode(Parent, Name);
    if (Node == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    KeQuerySystemTime(&Now);
    Status = Volatile ? CmpCopyClass(Node, Class)
                      : CmpCreateKeyCell(Parent->Hive, Parent->Cell, Name, Class, Now, &Node->Cell);
    if (!NT_SUCCESS(Status)) {
        CmpRemoveNode(Node);
        return Status;
    }
    Node->LastWriteTime = Now;
    if (!Volatile) {
        Node->Hive = Parent->Hive;
        Parent->LastWriteTime = Now;
        CmpSortNode(Node);
        CmpHiveChanged(Node->Hive);
    }
    *Created = Node;
    return STATUS_SUCCESS;
}

NTSTATUS CmpDeleteSubKey(PCM_KEY_NODE Node)
{
    PCM_KEY_NODE Parent = Node->Parent;
    PCMHIVE Hive = Node->Hive;

    if (Parent == NULL || Node->SubKeyCount != 0 || Node->LinkTarget != NULL || (Hive != NULL && Hive->Root == Node))
        return STATUS_CANNOT_DELETE;
    if (Hive == NULL && Parent->Parent == NULL)     /* \Registry\Machine, \Registry\User */
        return STATUS_CANNOT_DELETE;
    if (Node->IsLinkTarget ||
        (Hive != NULL &&
         (CmpRead16(HvGetCell(Hive, Node->Cell, NK_SIZE, NULL) + NK_FLAGS) & NK_FLAG_NO_DELETE) != 0))
        return STATUS_CANNOT_DELETE;
    KeQuerySystemTime(&Parent->LastWriteTime);
    if (Hive != NULL) {
        CmpDeleteKeyCell(Hive, Parent->Cell, Node->Cell);
        CmpTouchKeyCell(Hive, Parent->Cell, Parent->LastWriteTime);
        CmpHiveChanged(Hive);
    }
    CmpRemoveNode(Node);
    return STATUS_SUCCESS;
}

static VOID CmpTouch(PCM_KEY_NODE Node)
{
    KeQuerySystemTime(&Node->LastWriteTime);
    if (Node->Hive != NULL) {
        CmpTouchKeyCell(Node->Hive, Node->Cell, Node->LastWriteTime);
        CmpHiveChanged(Node->Hive);
    }
}

/* The value's data are in its cell now: the node's pointer goes there, or keeps Data when they are in pieces. */
static VOID CmpPointToCell(PCMHIVE Hive, PCM_VALUE Value, PVOID *Data)
{
    PUCHAR vk = HvGetCell(Hive, Value->Cell, VK_SIZE, NULL);
    ULONG Length = CmpRead32(vk + VK_DATA_LENGTH), Cell = CmpRead32(vk + VK_DATA);

    Value->OwnsData = CmpIsBigData(Hive, Length, Cell);
    if (Value->OwnsData) {
        Value->Data = *Data;
        *Data = NULL;
    } else if ((Length & VK_DATA_INLINE) != 0) {
        Value->Data = vk + VK_DATA;
    } else {
        Value->Data = HvGetCell(Hive, Cell, Length, NULL);
    }
}

NTSTATUS CmpSetValue(PCM_KEY_NODE Node, PCUNICODE_STRING Name, ULONG Type, PVOID Data, ULONG Length)
{
    PCM_VALUE Value = CmpFindValue(Node, Name);
    BOOLEAN New = Value == NULL;
    PVOID Old = NULL;
    NTSTATUS Status = STATUS_SUCCESS;

    if (!CmpIsGoodName(Name, FALSE) || Length > CMP_MAXIMUM_DATA)
        Status = STATUS_INVALID_PARAMETER;
    else if (New)
        Value = CmpCreateValue(Node, Name);
    if (NT_SUCCESS(Status) && Value == NULL)
        Status = STATUS_INSUFFICIENT_RESOURCES;
    if (NT_SUCCESS(Status) && Node->Hive != NULL) {
        Status = CmpSetValueCell(Node->Hive, Node->Cell, &Value->Cell, &Value->Name, Type, Data, Length);
        if (!NT_SUCCESS(Status) && New)
            CmpRemoveValue(Node, Value);
    }
    if (NT_SUCCESS(Status)) {
        Old = Value->OwnsData ? Value->Data : NULL;
        Value->Type = Type;
        Value->Length = Length;
        if (Node->Hive != NULL) {
            CmpPointToCell(Node->Hive, Value, &Data);
        } else {
            Value->Data = Data;
            Value->OwnsData = TRUE;
            Data = NULL;
        }
        CmpTouch(Node);
    }
    if (Old != NULL)
        ExFreePoolWithTag(Old, CMP_TAG);
    if (Data != NULL)
        ExFreePoolWithTag(Data, CMP_TAG);
    return Status;
}

VOID CmpDeleteValue(PCM_KEY_NODE Node, PCM_VALUE Value)
{
    if (Node->Hive != NULL)
        CmpDeleteValueCell(Node->Hive, Node->Cell, Value->Cell);
    CmpRemoveValue(Node, Value);
    CmpTouch(Node);
}
