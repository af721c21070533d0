/* Value cells: made, given new data, deleted; and a key's list of them. */
#include "cmcell.h"

/* Puts Value at the end of the key's list. */
static NTSTATUS CmpAddToValueList(PCMHIVE Hive, ULONG Key, ULONG Value)
{
    PUCHAR nk = HvGetCell(Hive, Key, NK_SIZE, NULL), List;
    ULONG Count = CmpRead32(nk + NK_VALUES), Cell = CmpRead32(nk + NK_VALUE_LIST), Room = 0, Longer;

    List = Count != 0 ? HvGetCell(Hive, Cell, 4 * Count, &Room) : NULL;
    if (List == NULL || Room < 4 * (Count + 1)) {
        Longer = HvAllocateCell(Hive, 4 * (Count + 1 + Count / 4));
        if (Longer == HV_NO_CELL)
            return STATUS_INSUFFICIENT_RESOURCES;
        if (List != NULL) {
            RtlCopyMemory(HvGetCell(Hive, Longer, 4 * Count, NULL), List, 4 * Count);
            HvFreeCell(Hive, Cell);
        }
        Cell = Longer;
        List = HvGetCell(Hive, Cell, 4 * Count, NULL);
    }
    CmpWrite32(List + 4 * Count, Value);
    HvMarkCellDirty(Hive, Cell);
    CmpWrite32(nk + NK_VALUES, Count + 1);
    CmpWrite32(nk + NK_VALUE_LIST, Cell);
    HvMarkCellDirty(Hive, Key);
    return STATUS_SUCCESS;
}

static VOID CmpRemoveFromValueList(PCMHIVE Hive, ULONG Key, ULONG Value)
{
    PUCHAR nk = HvGetCell(Hive, Key, NK_SIZE, NULL), List;
    ULONG Count = CmpRead32(nk + NK_VALUES), Cell = CmpRead32(nk + NK_VALUE_LIST), At = 0;

    List = Count != 0 ? HvGetCell(Hive, Cell, 4 * Count, NULL) : NULL;
    while (List != NULL && At < Count && CmpRead32(List + 4 * At) != Value)
        At++;
    if (List == NULL || At == Count)
        return;
    CmpWrite32(nk + NK_VALUES, Count - 1);
    if (Count == 1) {
        HvFreeCell(Hive, Cell);
        CmpWrite32(nk + NK_VALUE_LIST, HV_NO_CELL);
    } else {
        RtlMoveMemory(List + 4 * At, List + 4 * (At + 1), 4 * (Count - At - 1));
        HvMarkCellDirty(Hive, Cell);
    }
    HvMarkCellDirty(Hive, Key);
}

/* A vk with its name and without data. */
static ULONG CmpAllocateValueCell(PCMHIVE Hive, PCUNICODE_STRING Name)
{
    ULONG Length = CmpStoredNameLength(Name), Cell = HvAllocateCell(Hive, VK_SIZE + Length);
    PUCHAR vk;

    if (Cell == HV_NO_CELL)
        return Cell;
    vk = HvGetCell(Hive, Cell, VK_SIZE, NULL);
    vk[0] = 'v';
    vk[1] = 'k';
    CmpWrite16(vk + VK_NAME_LENGTH, Length);
    CmpWrite32(vk + VK_DATA_LENGTH, VK_DATA_INLINE);
    CmpWrite16(vk + VK_FLAGS, CmpIsCompressible(Name) ? VK_FLAG_COMPRESSED_NAME : 0);
    CmpStoreName(vk + VK_SIZE, Name);
    return Cell;
}

/* New data of about the old length go where the old ones are. FALSE: they do not. */
static BOOLEAN CmpReplaceInPlace(PCMHIVE Hive, PUCHAR vk, const VOID *Data, ULONG Length)
{
    ULONG Old = CmpRead32(vk + VK_DATA_LENGTH), Cell = CmpRead32(vk + VK_DATA), Room;
    PUCHAR Contents;

    if ((Old & VK_DATA_INLINE) != 0 || Old == 0 || Length <= 4 || Length > DB_SEGMENT_SIZE ||
        CmpIsBigData(Hive, Old, Cell))
        return FALSE;
    Contents = HvGetCell(Hive, Cell, Length, &Room);
    if (Contents == NULL || Room > 2 * Length + 16)
        return FALSE;
    RtlCopyMemory(Contents, Data, Length);
    CmpWrite32(vk + VK_DATA_LENGTH, Length);
    HvMarkCellDirty(Hive, Cell);
    return TRUE;
}

static NTSTATUS CmpReplaceData(PCMHIVE Hive, ULONG Value, const VOID *Data, ULONG Length)
{
    PUCHAR vk = HvGetCell(Hive, Value, VK_SIZE, NULL);
    ULONG LengthField, DataField;
    NTSTATUS Status;

    if (!CmpReplaceInPlace(Hive, vk, Data, Length)) {
        Status = CmpStoreData(Hive, Data, Length, &LengthField, &DataField);
        if (!NT_SUCCESS(Status))
            return Status;
        CmpFreeData(Hive, CmpRead32(vk + VK_DATA_LENGTH), CmpRead32(vk + VK_DATA));
        CmpWrite32(vk + VK_DATA_LENGTH, LengthField);
        CmpWrite32(vk + VK_DATA, DataField);
    }
    HvMarkCellDirty(Hive, Value);
    return STATUS_SUCCESS;
}

NTSTATUS CmpSetValueCell(PCMHIVE Hive, ULONG Key, PULONG Value, PCUNICODE_STRING Name, ULONG Type, const VOID *Data,
                         ULONG Length)
{
    PUCHAR nk = HvGetCell(Hive, Key, NK_SIZE, NULL);
    ULONG Cell = *Value != 0 ? *Value : CmpAllocateValueCell(Hive, Name);
    NTSTATUS Status;

    if (Cell == HV_NO_CELL)
        return STATUS_INSUFFICIENT_RESOURCES;
    Status = CmpReplaceData(Hive, Cell, Data, Length);
    if (NT_SUCCESS(Status) && *Value == 0)
        Status = CmpAddToValueList(Hive, Key, Cell);
    if (!NT_SUCCESS(Status)) {
        if (*Value == 0)
            CmpFreeValueCell(Hive, Cell);
        return Status;
    }
    CmpWrite32(HvGetCell(Hive, Cell, VK_SIZE, NULL) + VK_TYPE, Type);
    if (CmpRead32(nk + NK_MAX_VALUE_NAME) < Name->Length)
        CmpWrite32(nk + NK_MAX_VALUE_NAME, Name->Length);
    if (CmpRead32(nk + NK_MAX_VALUE_DATA) < Length)
        CmpWrite32(nk + NK_MAX_VALUE_DATA, Length);
    HvMarkCellDirty(Hive, Key);
    *Value = Cell;
    return STATUS_SUCCESS;
}

VOID CmpFreeValueCell(PCMHIVE Hive, ULONG Value)
{
    const UCHAR *vk = HvGetCell(Hive, Value, VK_SIZE, NULL);

    if (vk == NULL)
        return;
    CmpFreeData(Hive, CmpRead32(vk + VK_DATA_LENGTH), CmpRead32(vk + VK_DATA));
    HvFreeCell(Hive, Value);
}

VOID CmpDeleteValueCell(PCMHIVE Hive, ULONG Key, ULONG Value)
{
    CmpRemoveFromValueList(Hive, Key, Value);
    CmpFreeValueCell(Hive, Value);
}
