/* The data of a value: in its own cell, in the value's cell when they are short, or in segments when they are long. */
#include "cmp.h"

#define VK_DATA_INLINE 0x80000000u
#define DB_SEGMENT_SIZE 16344u

/* Puts the segments of a `db` cell together in pool. */
static NTSTATUS CmpJoinSegments(PCMP_HIVE Hive, ULONG Cell, ULONG Length, PVOID *Data)
{
    const UCHAR *db = CmpGetCell(Hive, Cell, 8, NULL);
    const UCHAR *List;
    ULONG Count, Done = 0;
    PUCHAR Joined;

    if (db == NULL || db[0] != 'd' || db[1] != 'b')
        return CmpDamaged(Hive, CmpBadValueData, Cell);
    Count = CmpRead16(db + 2);
    List = CmpGetCell(Hive, CmpRead32(db + 4), Count * 4, NULL);
    if (List == NULL || Length > Hive->BinsSize || Count != (Length + DB_SEGMENT_SIZE - 1) / DB_SEGMENT_SIZE)
        return CmpDamaged(Hive, CmpBadValueData, Cell);
    Joined = ExAllocatePoolWithTag(PagedPool, Length, CMP_TAG);
    if (Joined == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    for (ULONG i = 0; i < Count; i++) {
        ULONG Part = Length - Done < DB_SEGMENT_SIZE ? Length - Done : DB_SEGMENT_SIZE;
        const UCHAR *Segment = CmpGetCell(Hive, CmpRead32(List + 4 * i), Part, NULL);

        if (Segment == NULL) {
            ExFreePoolWithTag(Joined, CMP_TAG);
            return CmpDamaged(Hive, CmpBadValueData, Cell);
        }
        RtlCopyMemory(Joined + Done, Segment, Part);
        Done += Part;
    }
    *Data = Joined;
    return STATUS_SUCCESS;
}

NTSTATUS CmpReadValueData(PCMP_HIVE Hive, const UCHAR *Value, ULONG Cell, PVOID *Data, PULONG Length,
                          BOOLEAN *OwnsData)
{
    ULONG Size = CmpRead32(Value + 4);
    NTSTATUS Status;

    *OwnsData = FALSE;
    *Length = Size & ~VK_DATA_INLINE;
    if ((Size & VK_DATA_INLINE) != 0) {
        if (*Length > 4)
            return CmpDamaged(Hive, CmpBadValueData, Cell);
        *Data = (PVOID)(Value + 8);     /* the field that holds the data cell's offset otherwise */
        return STATUS_SUCCESS;
    }
    if (Size == 0) {
        *Data = NULL;
        return STATUS_SUCCESS;
    }
    if (Size > DB_SEGMENT_SIZE) {
        const UCHAR *First = CmpGetCell(Hive, CmpRead32(Value + 8), 2, NULL);

        if (First != NULL && First[0] == 'd' && First[1] == 'b') {
            Status = CmpJoinSegments(Hive, CmpRead32(Value + 8), Size, Data);
            *OwnsData = NT_SUCCESS(Status);
            return Status;
        }
    }
    *Data = (PVOID)CmpGetCell(Hive, CmpRead32(Value + 8), Size, NULL);
    return *Data != NULL ? STATUS_SUCCESS : CmpDamaged(Hive, CmpBadValueData, Cell);
}
