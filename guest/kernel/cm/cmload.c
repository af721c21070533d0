/* Reads a hive into the tree: keys breadth first, so that no depth of nesting costs stack. */
#include "cmp.h"

#define NK_FLAG_COMPRESSED_NAME 0x20u
#define VK_FLAG_COMPRESSED_NAME 0x01u
#define NK_SIZE 76u
#define VK_SIZE 20u
#define NO_CELL 0xFFFFFFFFu

/* A name of a cell, one byte or two bytes a character, into Buffer of CMP_MAXIMUM_NAME bytes. */
static BOOLEAN CmpReadName(const UCHAR *Source, ULONG Bytes, BOOLEAN Compressed, PWSTR Buffer, PUNICODE_STRING Name)
{
    ULONG Characters = Compressed ? Bytes : Bytes / 2, i;

    if ((!Compressed && Bytes % 2 != 0) || Characters * sizeof(WCHAR) > CMP_MAXIMUM_NAME)
        return FALSE;
    for (i = 0; i < Characters; i++) {
        Buffer[i] = (WCHAR)(Compressed ? Source[i] : CmpRead16(Source + 2 * i));
        if (Buffer[i] == 0)
            return FALSE;
    }
    Name->Buffer = Buffer;
    Name->Length = (USHORT)(Characters * sizeof(WCHAR));
    Name->MaximumLength = Name->Length;
    return TRUE;
}

static NTSTATUS CmpLoadValue(PCMP_HIVE Hive, PCM_KEY_NODE Node, ULONG Cell)
{
    WCHAR Buffer[CMP_MAXIMUM_NAME / sizeof(WCHAR)];
    UNICODE_STRING Name;
    PCM_VALUE Value;
    ULONG Length;
    const UCHAR *vk = CmpGetCell(Hive, Cell, VK_SIZE, &Length);

    if (vk == NULL || vk[0] != 'v' || vk[1] != 'k' || CmpRead16(vk + 2) > Length - VK_SIZE ||
        !CmpReadName(vk + VK_SIZE, CmpRead16(vk + 2), (CmpRead16(vk + 16) & VK_FLAG_COMPRESSED_NAME) != 0, Buffer,
                     &Name))
        return CmpDamaged(Hive, CmpBadValue, Cell);
    if (CmpFindValue(Node, &Name) != NULL)
        return CmpDamaged(Hive, CmpBadValue, Cell);
    Value = CmpCreateValue(Node, &Name);
    if (Value == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    Value->Type = CmpRead32(vk + 12);
    return CmpReadValueData(Hive, vk, Cell, &Value->Data, &Value->Length, &Value->OwnsData);
}

static NTSTATUS CmpLoadValues(PCMP_HIVE Hive, PCM_KEY_NODE Node, ULONG Count, ULONG ListCell)
{
    const UCHAR *List;
    NTSTATUS Status = STATUS_SUCCESS;

    if (Count == 0)
        return STATUS_SUCCESS;
    List = Count <= Hive->BinsSize / 4 ? CmpGetCell(Hive, ListCell, Count * 4, NULL) : NULL;
    if (List == NULL)
        return CmpDamaged(Hive, CmpBadValueList, Node->Cell);
    for (ULONG i = 0; i < Count && NT_SUCCESS(Status); i++)
        Status = CmpLoadValue(Hive, Node, CmpRead32(List + 4 * i));
    return Status;
}

/* One subkey: its node is made, its contents come later, when the queue reaches it. */
static NTSTATUS CmpLoadSubKey(PCMP_HIVE Hive, PCM_KEY_NODE Parent, ULONG Cell, PLIST_ENTRY Queue)
{
    WCHAR Buffer[CMP_MAXIMUM_NAME / sizeof(WCHAR)];
    UNICODE_STRING Name;
    PCM_KEY_NODE Node;
    ULONG Length;
    const UCHAR *nk = CmpGetCell(Hive, Cell, NK_SIZE, &Length);

    if (nk == NULL || nk[0] != 'n' || nk[1] != 'k')
        return CmpDamaged(Hive, CmpBadKey, Cell);
    if (CmpRead16(nk + 72) == 0 || CmpRead16(nk + 72) > Length - NK_SIZE ||
        !CmpReadName(nk + NK_SIZE, CmpRead16(nk + 72), (CmpRead16(nk + 2) & NK_FLAG_COMPRESSED_NAME) != 0, Buffer,
                     &Name) ||
        CmpFindSubKey(Parent, &Name) != NULL)
        return CmpDamaged(Hive, CmpBadKeyName, Cell);
    if (Parent->Depth >= CMP_MAXIMUM_DEPTH)
        return CmpDamaged(Hive, CmpTooDeep, Cell);
    if (++Hive->Keys > Hive->BinsSize / NK_SIZE)
        return CmpDamaged(Hive, CmpTooManyKeys, Cell);  /* more keys than cells: a list runs in a circle */
    Node = CmpCreateNode(Parent, &Name);
    if (Node == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    Node->Cell = Cell;
    InsertTailList(Queue, &Node->Pending);
    return STATUS_SUCCESS;
}

/* A list of subkeys: lf and lh hold pairs of offset and hash, li offsets, ri offsets of further lists. */
static NTSTATUS CmpLoadSubKeyList(PCMP_HIVE Hive, PCM_KEY_NODE Parent, ULONG Cell, BOOLEAN MayBeIndex,
                                  PLIST_ENTRY Queue)
{
    ULONG Length, Count, Stride;
    const UCHAR *List = CmpGetCell(Hive, Cell, 4, &Length);
    NTSTATUS Status = STATUS_SUCCESS;

    if (List == NULL)
        return CmpDamaged(Hive, CmpBadSubKeyList, Parent->Cell);
    Stride = List[0] == 'l' && (List[1] == 'f' || List[1] == 'h') ? 8 : 4;
    Count = CmpRead16(List + 2);
    if (Count * Stride > Length - 4)
        return CmpDamaged(Hive, CmpBadSubKeyList, Cell);
    if (List[0] == 'r' && List[1] == 'i' && MayBeIndex) {
        for (ULONG i = 0; i < Count && NT_SUCCESS(Status); i++)
            Status = CmpLoadSubKeyList(Hive, Parent, CmpRead32(List + 4 + 4 * i), FALSE, Queue);
        return Status;
    }
    if (List[0] != 'l' || (List[1] != 'f' && List[1] != 'h' && List[1] != 'i'))
        return CmpDamaged(Hive, CmpBadSubKeyList, Cell);
    for (ULONG i = 0; i < Count && NT_SUCCESS(Status); i++)
        Status = CmpLoadSubKey(Hive, Parent, CmpRead32(List + 4 + Stride * i), Queue);
    return Status;
}

static NTSTATUS CmpLoadContents(PCMP_HIVE Hive, PCM_KEY_NODE Node, PLIST_ENTRY Queue)
{
    const UCHAR *nk = CmpGetCell(Hive, Node->Cell, NK_SIZE, NULL);
    NTSTATUS Status;

    if (nk == NULL || nk[0] != 'n' || nk[1] != 'k')
        return CmpDamaged(Hive, CmpBadKey, Node->Cell);
    Node->LastWriteTime.QuadPart = (LONGLONG)(CmpRead32(nk + 4) | (ULONG64)CmpRead32(nk + 8) << 32);
    Status = CmpLoadValues(Hive, Node, CmpRead32(nk + 36), CmpRead32(nk + 40));
    if (!NT_SUCCESS(Status) || CmpRead32(nk + 20) == 0)
        return Status;
    Status = CmpLoadSubKeyList(Hive, Node, CmpRead32(nk + 28), TRUE, Queue);
    if (NT_SUCCESS(Status) && Node->SubKeyCount != CmpRead32(nk + 20))
        Status = CmpDamaged(Hive, CmpBadSubKeyList, Node->Cell);
    return Status;
}

NTSTATUS CmpLoadHive(PCMP_HIVE Hive, PCM_KEY_NODE Root)
{
    NTSTATUS Status = STATUS_SUCCESS;
    LIST_ENTRY Queue;

    InitializeListHead(&Queue);
    Root->Cell = Hive->RootCell;
    InsertTailList(&Queue, &Root->Pending);
    while (NT_SUCCESS(Status) && !IsListEmpty(&Queue))
        Status = CmpLoadContents(Hive, CONTAINING_RECORD(RemoveHeadList(&Queue), CM_KEY_NODE, Pending), &Queue);
    return Status;
}
