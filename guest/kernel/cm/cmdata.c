/* The data of a value: in its own cell, in the value's cell when they are short, or in segments when they are long. */
#include "cmcell.h"

/* Puts the segments of a `db` cell together in pool. */
static NTSTATUS CmpJoinSegments(PCMHIVE Hive, ULONG Cell, ULONG Length, PVOID *Data)
{
    const UCHAR *db = HvClaimCell(Hive, Cell, 8, NULL);
    const UCHAR *List;
    ULONG Count, Done = 0;
    PUCHAR Joined;

    if (db == NULL)
        return HvDamaged(Hive, CmpBadValueData, Cell);
    Count = CmpRead16(db + 2);
    List = HvClaimCell(Hive, CmpRead32(db + 4), Count * 4, NULL);
    if (List == NULL || Length > Hive->Length || Count != (Length + DB_SEGMENT_SIZE - 1) / DB_SEGMENT_SIZE)
        return HvDamaged(Hive, CmpBadValueData, Cell);
    Joined = ExAllocatePoolWithTag(PagedPool, Length, HV_TAG);
    if (Joined == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    for (ULONG i = 0; i < Count; i++) {
        ULONG Part = Length - Done < DB_SEGMENT_SIZE ? Length - Done : DB_SEGMENT_SIZE;
        const UCHAR *Segment = HvClaimCell(Hive, CmpRead32(List + 4 * i), Part, NULL);

        if (Segment == NULL) {
            ExFreePoolWithTag(Joined, HV_TAG);
            return HvDamaged(Hive, CmpBadValueData, Cell);
        }
        RtlCopyMemory(Joined + Done, Segment, Part);
        Done += Part;
    }
    *Data = Joined;
    return STATUS_SUCCESS;
}

NTSTATUS CmpReadValueData(PCMHIVE Hive, const UCHAR *Value, ULONG Cell, PVOID *Data, PULONG Length,
                          BOOLEAN *OwnsData)
{
    ULONG Size = CmpRead32(Value + VK_DATA_LENGTH);
    NTSTATUS Status;

    *OwnsData = FALSE;
    *Length = Size & ~VK_DATA_INLINE;
    if ((Size & VK_DATA_INLINE) != 0) {
        if (*Length > 4)
            return HvDamaged(Hive, CmpBadValueData, Cell);
        *Data = (PVOID)(Value + VK_DATA);   /* the field that holds the data cell's offset otherwise */
        return STATUS_SUCCESS;
    }
    if (Size == 0) {
        *Data = NULL;
        return STATUS_SUCCESS;
    }
    if (CmpIsBigData(Hive, Size, CmpRead32(Value + VK_DATA))) {
        Status = CmpJoinSegments(Hive, CmpRead32(Value + VK_DATA), Size, Data);
        *OwnsData = NT_SUCCESS(Status);
        return Status;
    }
    *Data = HvClaimCell(Hive, CmpRead32(Value + VK_DATA), Size, NULL);
    return *Data != NULL ? STATUS_SUCCESS : HvDamaged(Hive, CmpBadValueData, Cell);
}
