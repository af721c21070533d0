/* Cells for the data of values. */
#include "cmcell.h"

#define CMP_FIRST_BIG_MINOR 5u          /* format 1.5: data of more than a segment go into a db record */

BOOLEAN CmpIsBigData(PCMHIVE Hive, ULONG LengthField, ULONG DataField)
{
    const UCHAR *First;

    if ((LengthField & VK_DATA_INLINE) != 0 || LengthField <= DB_SEGMENT_SIZE || Hive->Minor < CMP_FIRST_BIG_MINOR)
        return FALSE;
    First = HvGetCell(Hive, DataField, 8, NULL);
    return First != NULL && First[0] == 'd' && First[1] == 'b';
}

static VOID CmpFreeSegments(PCMHIVE Hive, ULONG ListCell, ULONG Count)
{
    const UCHAR *List = HvGetCell(Hive, ListCell, 4 * Count, NULL);

    for (ULONG i = 0; List != NULL && i < Count; i++)
        HvFreeCell(Hive, CmpRead32(List + 4 * i));
    HvFreeCell(Hive, ListCell);
}

VOID CmpFreeData(PCMHIVE Hive, ULONG LengthField, ULONG DataField)
{
    if ((LengthField & VK_DATA_INLINE) != 0 || LengthField == 0)
        return;
    if (CmpIsBigData(Hive, LengthField, DataField)) {
        const UCHAR *db = HvGetCell(Hive, DataField, 8, NULL);

        CmpFreeSegments(Hive, CmpRead32(db + 4), CmpRead16(db + 2));
    }
    HvFreeCell(Hive, DataField);
}

static NTSTATUS CmpStoreSegments(PCMHIVE Hive, const UCHAR *Data, ULONG Length, PULONG DataField)
{
    ULONG Count = (Length + DB_SEGMENT_SIZE - 1) / DB_SEGMENT_SIZE, Done = 0, i;
    ULONG db = HvAllocateCell(Hive, 8), ListCell = HvAllocateCell(Hive, 4 * Count);
    PUCHAR Cell, List;

    if (db == HV_NO_CELL || ListCell == HV_NO_CELL) {
        if (db != HV_NO_CELL)
            HvFreeCell(Hive, db);
        if (ListCell != HV_NO_CELL)
            HvFreeCell(Hive, ListCell);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    List = HvGetCell(Hive, ListCell, 4 * Count, NULL);
    for (i = 0; i < Count; i++) {
        ULONG Part = Length - Done < DB_SEGMENT_SIZE ? Length - Done : DB_SEGMENT_SIZE;
        ULONG Segment = HvAllocateCell(Hive, Part);

        if (Segment == HV_NO_CELL) {
            CmpFreeSegments(Hive, ListCell, i);
            HvFreeCell(Hive, db);
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        RtlCopyMemory(HvGetCell(Hive, Segment, Part, NULL), Data + Done, Part);
        CmpWrite32(List + 4 * i, Segment);
        Done += Part;
    }
    Cell = HvGetCell(Hive, db, 8, NULL);
    Cell[0] = 'd';
    Cell[1] = 'b';
    CmpWrite16(Cell + 2, Count);
    CmpWrite32(Cell + 4, ListCell);
    *DataField = db;
    return STATUS_SUCCESS;
}

NTSTATUS CmpStoreData(PCMHIVE Hive, const VOID *Data, ULONG Length, PULONG LengthField, PULONG DataField)
{
    UCHAR Short[4] = { 0 };

    *LengthField = Length;
    if (Length <= sizeof Short) {
        if (Length != 0)
            RtlCopyMemory(Short, Data, Length);
        *LengthField |= VK_DATA_INLINE;
        *DataField = CmpRead32(Short);
        return STATUS_SUCCESS;
    }
    if (Length > DB_SEGMENT_SIZE && Hive->Minor >= CMP_FIRST_BIG_MINOR)
        return CmpStoreSegments(Hive, Data, Length, DataField);
    *DataField = HvAllocateCell(Hive, Length);
    if (*DataField == HV_NO_CELL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlCopyMemory(HvGetCell(Hive, *DataField, Length, NULL), Data, Length);
    return STATUS_SUCCESS;
}
