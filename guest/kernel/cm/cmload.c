/* Reads a hive into the tree: keys breadth first, so that no depth of nesting costs stack. */
#include "cmp.h"

static NTSTATUS CmpLoadValue(PCMHIVE Hive, PCM_KEY_NODE Node, ULONG Cell)
{
    WCHAR Buffer[CMP_MAXIMUM_NAME / sizeof(WCHAR)];
    UNICODE_STRING Name;
    PCM_VALUE Value;
    ULONG Length;
    const UCHAR *vk = HvClaimCell(Hive, Cell, VK_SIZE, &Length);

    if (vk == NULL || vk[0] != 'v' || vk[1] != 'k' || CmpRead16(vk + VK_NAME_LENGTH) > Length - VK_SIZE ||
        !CmpReadName(vk + VK_SIZE, CmpRead16(vk + VK_NAME_LENGTH),
                     (CmpRead16(vk + VK_FLAGS) & VK_FLAG_COMPRESSED_NAME) != 0, Buffer, &Name))
        return HvDamaged(Hive, CmpBadValue, Cell);
    if (CmpFindValue(Node, &Name) != NULL)
        return HvDamaged(Hive, CmpBadValue, Cell);
    Value = CmpCreateValue(Node, &Name);
    if (Value == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    Value->Type = CmpRead32(vk + VK_TYPE);
    Value->Cell = Cell;
    return CmpReadValueData(Hive, vk, Cell, &Value->Data, &Value->Length, &Value->OwnsData);
}

static NTSTATUS CmpLoadValues(PCMHIVE Hive, PCM_KEY_NODE Node, ULONG Count, ULONG ListCell)
{
    const UCHAR *List;
    NTSTATUS Status = STATUS_SUCCESS;

    if (Count == 0)
        return STATUS_SUCCESS;
    List = Count <= Hive->Length / 4 ? HvClaimCell(Hive, ListCell, Count * 4, NULL) : NULL;
    if (List == NULL)
        return HvDamaged(Hive, CmpBadValueList, Node->Cell);
    for (ULONG i = 0; i < Count && NT_SUCCESS(Status); i++)
        Status = CmpLoadValue(Hive, Node, CmpRead32(List + 4 * i));
    return Status;
}

/* One subkey: its node is made, its contents come later, when the queue reaches it. */
static NTSTATUS CmpLoadSubKey(PCMHIVE Hive, PCM_KEY_NODE Parent, ULONG Cell, PLIST_ENTRY Queue)
{
    WCHAR Buffer[CMP_MAXIMUM_NAME / sizeof(WCHAR)];
    UNICODE_STRING Name;
    PCM_KEY_NODE Node;
    ULONG Length;
    const UCHAR *nk = HvClaimCell(Hive, Cell, NK_SIZE, &Length);

    if (nk == NULL || nk[0] != 'n' || nk[1] != 'k')
        return HvDamaged(Hive, CmpBadKey, Cell);
    if (CmpRead16(nk + NK_NAME_LENGTH) == 0 || CmpRead16(nk + NK_NAME_LENGTH) > Length - NK_SIZE ||
        !CmpReadName(nk + NK_SIZE, CmpRead16(nk + NK_NAME_LENGTH),
                     (CmpRead16(nk + NK_FLAGS) & NK_FLAG_COMPRESSED_NAME) != 0, Buffer, &Name) ||
        CmpFindSubKey(Parent, &Name) != NULL)
        return HvDamaged(Hive, CmpBadKeyName, Cell);
    if (Parent->Depth >= CMP_MAXIMUM_DEPTH)
        return HvDamaged(Hive, CmpTooDeep, Cell);
    Node = CmpCreateNode(Parent, &Name);
    if (Node == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    Node->Hive = Hive;
    Node->Cell = Cell;
    InsertTailList(Queue, &Node->Pending);
    return STATUS_SUCCESS;
}

/* A list of subkeys: lf and lh hold pairs of offset and hash, li offsets, ri offsets of further lists. */
static NTSTATUS CmpLoadSubKeyList(PCMHIVE Hive, PCM_KEY_NODE Parent, ULONG Cell, BOOLEAN MayBeIndex,
                                  PLIST_ENTRY Queue)
{
    ULONG Length, Count, Stride;
    const UCHAR *List = HvClaimCell(Hive, Cell, 4, &Length);
    NTSTATUS Status = STATUS_SUCCESS;

    if (List == NULL)
        return HvDamaged(Hive, CmpBadSubKeyList, Parent->Cell);
    Stride = List[0] == 'l' && (List[1] == 'f' || List[1] == 'h') ? 8 : 4;
    Count = CmpRead16(List + 2);
    if (Count * Stride > Length - 4)
        return HvDamaged(Hive, CmpBadSubKeyList, Cell);
    if (List[0] == 'r' && List[1] == 'i' && MayBeIndex) {
        for (ULONG i = 0; i < Count && NT_SUCCESS(Status); i++)
            Status = CmpLoadSubKeyList(Hive, Parent, CmpRead32(List + 4 + 4 * i), FALSE, Queue);
        return Status;
    }
    if (List[0] != 'l' || (List[1] != 'f' && List[1] != 'h' && List[1] != 'i'))
        return HvDamaged(Hive, CmpBadSubKeyList, Cell);
    for (ULONG i = 0; i < Count && NT_SUCCESS(Status); i++)
        Status = CmpLoadSubKey(Hive, Parent, CmpRead32(List + 4 + Stride * i), Queue);
    return Status;
}

/* The nk itself was claimed with its name. */
static NTSTATUS CmpLoadContents(PCMHIVE Hive, PCM_KEY_NODE Node, PLIST_ENTRY Queue, PCMP_SECURITY_COUNTS Counts)
{
    PUCHAR nk = HvGetCell(Hive, Node->Cell, NK_SIZE, NULL);
    NTSTATUS Status;

    Node->LastWriteTime.QuadPart = (LONGLONG)CmpRead64(nk + NK_TIME);
    if (CmpRead16(nk + NK_CLASS_LENGTH) != 0 &&
        HvClaimCell(Hive, CmpRead32(nk + NK_CLASS), CmpRead16(nk + NK_CLASS_LENGTH), NULL) == NULL)
        return HvDamaged(Hive, CmpBadKey, Node->Cell);
    Status = CmpLoadValues(Hive, Node, CmpRead32(nk + NK_VALUES), CmpRead32(nk + NK_VALUE_LIST));
    if (NT_SUCCESS(Status))
        Status = CmpCountSecurity(Hive, Counts, Node->Cell);
    if (!NT_SUCCESS(Status) || CmpRead32(nk + NK_SUBKEYS) == 0)
        return Status;
    Status = CmpLoadSubKeyList(Hive, Node, CmpRead32(nk + NK_SUBKEY_LIST), TRUE, Queue);
    if (NT_SUCCESS(Status) && Node->SubKeyCount != CmpRead32(nk + NK_SUBKEYS))
        Status = HvDamaged(Hive, CmpBadSubKeyList, Node->Cell);
    return Status;
}

NTSTATUS CmpLoadHive(PCMHIVE Hive, PCM_KEY_NODE Root)
{
    const UCHAR *nk = HvClaimCell(Hive, Hive->RootCell, NK_SIZE, NULL);
    CMP_SECURITY_COUNTS Counts = { 0 };
    NTSTATUS Status = STATUS_SUCCESS;
    LIST_ENTRY Queue;

    Hive->Root = Root;
    Root->Hive = Hive;
    Root->Cell = Hive->RootCell;
    if (nk == NULL || nk[0] != 'n' || nk[1] != 'k')
        return HvDamaged(Hive, CmpBadKey, Hive->RootCell);
    InitializeListHead(&Queue);
    InsertTailList(&Queue, &Root->Pending);
    while (NT_SUCCESS(Status) && !IsListEmpty(&Queue))
        Status = CmpLoadContents(Hive, CONTAINING_RECORD(RemoveHeadList(&Queue), CM_KEY_NODE, Pending), &Queue,
                                 &Counts);
    CmpSettleSecurity(Hive, &Counts);
    ExFreePoolWithTag(Hive->Unclaimed, HV_TAG);
    Hive->Unclaimed = NULL;
    return Status;
}
