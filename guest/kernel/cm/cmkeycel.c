/* Key cells: made and deleted. */
#include "cmcell.h"

/* A new nk with its name; HV_NO_CELL: no memory. */
static ULONG CmpAllocateKeyCell(PCMHIVE Hive, PCUNICODE_STRING Name, ULONG Flags, ULONG Parent, LARGE_INTEGER Time)
{
    ULONG Length = CmpStoredNameLength(Name), Cell = HvAllocateCell(Hive, NK_SIZE + Length);
    PUCHAR nk;

    if (Cell == HV_NO_CELL)
        return Cell;
    nk = HvGetCell(Hive, Cell, NK_SIZE, NULL);
    nk[0] = 'n';
    nk[1] = 'k';
    CmpWrite16(nk + NK_FLAGS, Flags | (CmpIsCompressible(Name) ? NK_FLAG_COMPRESSED_NAME : 0));
    CmpWrite64(nk + NK_TIME, (ULONG64)Time.QuadPart);
    CmpWrite32(nk + NK_PARENT, Parent);
    CmpWrite32(nk + NK_SUBKEY_LIST, HV_NO_CELL);
    CmpWrite32(nk + NK_VOLATILE_LIST, HV_NO_CELL);
    CmpWrite32(nk + NK_VALUE_LIST, HV_NO_CELL);
    CmpWrite32(nk + NK_SECURITY, HV_NO_CELL);
    CmpWrite32(nk + NK_CLASS, HV_NO_CELL);
    CmpWrite16(nk + NK_NAME_LENGTH, Length);
    CmpStoreName(nk + NK_SIZE, Name);
    return Cell;
}

NTSTATUS CmpCreateRootCell(PCMHIVE Hive, PCUNICODE_STRING Name, LARGE_INTEGER Time)
{
    ULONG Cell = CmpAllocateKeyCell(Hive, Name, NK_FLAG_HIVE_ENTRY | NK_FLAG_NO_DELETE, HV_NO_CELL, Time);

    if (Cell == HV_NO_CELL)
        return STATUS_INSUFFICIENT_RESOURCES;
    Hive->RootCell = Cell;
    CmpWrite32(Hive->BaseBlock + HV_BASE_ROOT, Cell);
    return STATUS_SUCCESS;
}

static NTSTATUS CmpStoreClass(PCMHIVE Hive, ULONG Key, const UNICODE_STRING *Class)
{
    PUCHAR nk = HvGetCell(Hive, Key, NK_SIZE, NULL);
    ULONG Cell;

    if (Class == NULL || Class->Length == 0)
        return STATUS_SUCCESS;
    Cell = HvAllocateCell(Hive, Class->Length);
    if (Cell == HV_NO_CELL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlCopyMemory(HvGetCell(Hive, Cell, Class->Length, NULL), Class->Buffer, Class->Length);
    CmpWrite32(nk + NK_CLASS, Cell);
    CmpWrite16(nk + NK_CLASS_LENGTH, Class->Length);
    return STATUS_SUCCESS;
}

static VOID CmpFreeClass(PCMHIVE Hive, const UCHAR *nk)
{
    if (CmpRead16(nk + NK_CLASS_LENGTH) != 0)
        HvFreeCell(Hive, CmpRead32(nk + NK_CLASS));
}

NTSTATUS CmpCreateKeyCell(PCMHIVE Hive, ULONG Parent, PCUNICODE_STRING Name, const UNICODE_STRING *Class,
                          LARGE_INTEGER Time, PULONG Cell)
{
    ULONG Key = CmpAllocateKeyCell(Hive, Name, 0, Parent, Time);
    PUCHAR nk;
    NTSTATUS Status;

    if (Key == HV_NO_CELL)
        return STATUS_INSUFFICIENT_RESOURCES;
    Status = CmpStoreClass(Hive, Key, Class);
    if (NT_SUCCESS(Status))
        Status = CmpAddSubKeyCell(Hive, Parent, Key, Name);
    if (!NT_SUCCESS(Status)) {
        CmpFreeClass(Hive, HvGetCell(Hive, Key, NK_SIZE, NULL));
        HvFreeCell(Hive, Key);
        return Status;
    }
    CmpInheritSecurity(Hive, Parent, Key);
    nk = HvGetCell(Hive, Parent, NK_SIZE, NULL);
    if (Class != NULL && CmpRead32(nk + NK_MAX_CLASS) < Class->Length)
        CmpWrite32(nk + NK_MAX_CLASS, Class->Length);
    CmpTouchKeyCell(Hive, Parent, Time);
    *Cell = Key;
    return STATUS_SUCCESS;
}

VOID CmpDeleteKeyCell(PCMHIVE Hive, ULONG Parent, ULONG Cell)
{
    const UCHAR *nk = HvGetCell(Hive, Cell, NK_SIZE, NULL), *List;
    ULONG Count = CmpRead32(nk + NK_VALUES);

    CmpRemoveSubKeyCell(Hive, Parent, Cell);
    if (Count != 0) {
        List = HvGetCell(Hive, CmpRead32(nk + NK_VALUE_LIST), 4 * Count, NULL);
        for (ULONG i = 0; i < Count; i++)
            CmpFreeValueCell(Hive, CmpRead32(List + 4 * i));
        HvFreeCell(Hive, CmpRead32(nk + NK_VALUE_LIST));
    }
    CmpDropSecurity(Hive, Cell);
    CmpFreeClass(Hive, nk);
    HvFreeCell(Hive, Cell);
}

VOID CmpTouchKeyCell(PCMHIVE Hive, ULONG Cell, LARGE_INTEGER Time)
{
    CmpWrite64(HvGetCell(Hive, Cell, NK_SIZE, NULL) + NK_TIME, (ULONG64)Time.QuadPart);
    HvMarkCellDirty(Hive, Cell);
}
