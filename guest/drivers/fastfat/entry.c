/* Changing directories: entries made, rewritten, removed; room for them. All need a running operation. */
#include "fat.h"

static VOID FatFillPart(PFAT_LFN Part, PCUNICODE_STRING Name, ULONG Order, BOOLEAN Last, UCHAR Checksum)
{
    ULONG Length = Name->Length / sizeof(WCHAR);

    RtlZeroMemory(Part, sizeof *Part);
    Part->Order = (UCHAR)(Order | (Last ? 0x40 : 0));
    Part->Attributes = FAT_ATTRIBUTE_LFN;
    Part->Checksum = Checksum;
    for (ULONG i = 0; i < 13; i++) {
        ULONG At = (Order - 1) * 13 + i;
        WCHAR Character = At < Length ? Name->Buffer[At] : At == Length ? 0 : 0xFFFF;

        if (i < 5)
            Part->Name1[i] = Character;
        else if (i < 11)
            Part->Name2[i - 5] = Character;
        else
            Part->Name3[i - 11] = Character;
    }
}

/* Straight to their places: nobody reaches a new cluster before the commit, and that flushes these first. */
NTSTATUS FatZeroClusters(PVCB Vcb, ULONG Cluster, ULONG Count)
{
    ULONG64 Offset = FatClusterOffset(Vcb, Cluster), Left = (ULONG64)Count * Vcb->ClusterSize;
    ULONG Size = (ULONG)min(Left, 0x10000ull);
    PVOID Zeros = ExAllocatePoolWithTag(PagedPool, Size, FAT_TAG);
    NTSTATUS Status = STATUS_SUCCESS;

    if (Zeros == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(Zeros, Size);
    while (Left != 0 && NT_SUCCESS(Status)) {
        Size = (ULONG)min(Left, 0x10000ull);
        Status = IoWriteVolume(Vcb->Volume, Offset, Zeros, Size);
        Offset += Size;
        Left -= Size;
    }
    ExFreePoolWithTag(Zeros, FAT_TAG);
    return Status;
}

/* One more cluster, full of zeros, at the end of a directory. */
static NTSTATUS FatGrowDirectory(PFCB Directory)
{
    PVCB Vcb = Directory->Vcb;
    ULONG Position, Cluster, Count;
    NTSTATUS Status = FatLoadExtents(Directory);

    if (!NT_SUCCESS(Status))
        return Status;
    Position = Directory->ClusterCount;
    if ((ULONG64)(Position + 1) * Vcb->ClusterSize > FAT_MAX_DIRECTORY)
        return STATUS_DISK_FULL;
    Status = FatGrowChain(Directory, Position + 1);
    if (NT_SUCCESS(Status) && Directory->ClusterCount != Position + 1)
        Status = STATUS_INTERNAL_ERROR;         /* FAT_OPERATION_ROOM was too small */
    if (NT_SUCCESS(Status))
        Status = FatMapCluster(Directory, Position, &Cluster, &Count);
    return NT_SUCCESS(Status) ? FatZeroClusters(Vcb, Cluster, 1) : Status;
}

/* Count slots in a row that are free; *Fresh: they were behind the end mark. */
static NTSTATUS FatFindSlots(PFCB Directory, ULONG Count, PULONG First, PBOOLEAN Fresh)
{
    FAT_SCAN Scan = { .Directory = Directory };
    PFAT_DIRENT Entry;
    ULONG Run = 0, Slot;
    BOOLEAN End = FALSE;
    NTSTATUS Status;

    for (Slot = 0; Run < Count; Slot++) {
        Status = FatScanSlot(&Scan, Slot, &Entry);
        if (Status == STATUS_END_OF_FILE) {
            Status = FatGrowDirectory(Directory);
            if (NT_SUCCESS(Status))
                Status = FatScanSlot(&Scan, Slot, &Entry);
            End = TRUE;
        }
        if (!NT_SUCCESS(Status))
            return Status;
        End = End || Entry->Name[0] == 0;
        Run = End || Entry->Name[0] == FAT_DELETED ? Run + 1 : 0;
    }
    *First = Slot - Count;
    *Fresh = End;
    return STATUS_SUCCESS;
}

/* What other systems left behind the old end mark must not come to life. */
static NTSTATUS FatMarkEnd(PFCB Directory, ULONG Slot)
{
    FAT_SCAN Scan = { .Directory = Directory };
    FAT_DIRENT Zero = { 0 };
    PFAT_DIRENT Entry;
    NTSTATUS Status = FatScanSlot(&Scan, Slot, &Entry);

    if (Status == STATUS_END_OF_FILE)
        return STATUS_SUCCESS;
    return NT_SUCCESS(Status) && Entry->Name[0] != 0 ? FatChangeSlot(Directory, Slot, &Zero) : Status;
}

/* The short name of a new entry, and how many long parts go with it: a name that is 8.3 but for its case keeps its letters
 * in the short one too. */
static NTSTATUS FatChooseShortName(PFCB Directory, PCUNICODE_STRING Name, PUCHAR Short, PULONG Parts)
{
    WCHAR Buffer[12];
    UNICODE_STRING Upper = { 0, sizeof Buffer, Buffer };
    BOOLEAN Taken = TRUE;
    NTSTATUS Status = STATUS_SUCCESS;

    *Parts = FatIsShortName(Name, Short) ? 0 : (Name->Length / (ULONG)sizeof(WCHAR) + 12) / 13;
    if (Name->Length <= sizeof Buffer) {
        for (; Upper.Length < Name->Length; Upper.Length += sizeof(WCHAR))
            Buffer[Upper.Length / sizeof(WCHAR)] = RtlUpcaseUnicodeChar(Name->Buffer[Upper.Length / sizeof(WCHAR)]);
        if (FatIsShortName(&Upper, Short))
            Status = FatHasShortName(Directory, Short, &Taken);
    }
    if (!NT_SUCCESS(Status) || !Taken)
        return Status;
    *Parts = (Name->Length / (ULONG)sizeof(WCHAR) + 12) / 13;
    return FatMakeShortName(Directory, Name, Short);
}

NTSTATUS FatAddEntry(PFCB Directory, PCUNICODE_STRING Name, PFAT_DIRENT Entry, PULONG FirstSlot, PULONG Slot)
{
    ULONG Parts;
    BOOLEAN Fresh;
    NTSTATUS Status = FatChooseShortName(Directory, Name, Entry->Name, &Parts);

    Entry->Case = 0;
    if (NT_SUCCESS(Status))
        Status = FatFindSlots(Directory, Parts + 1, FirstSlot, &Fresh);
    for (ULONG i = 0; i < Parts && NT_SUCCESS(Status); i++) {
        FAT_LFN Part;

        FatFillPart(&Part, Name, Parts - i, i == 0, FatShortChecksum(Entry->Name));
        Status = FatChangeSlot(Directory, *FirstSlot + i, &Part);
    }
    if (!NT_SUCCESS(Status))
        return Status;
    *Slot = *FirstSlot + Parts;
    Status = FatChangeSlot(Directory, *Slot, Entry);
    return NT_SUCCESS(Status) && Fresh ? FatMarkEnd(Directory, *Slot + 1) : Status;
}

/* One slot for what is no file. */
NTSTATUS FatAddSlot(PFCB Directory, const FAT_DIRENT *Entry, PULONG Slot)
{
    BOOLEAN Fresh;
    NTSTATUS Status = FatFindSlots(Directory, 1, Slot, &Fresh);

    if (NT_SUCCESS(Status))
        Status = FatChangeSlot(Directory, *Slot, Entry);
    return NT_SUCCESS(Status) && Fresh ? FatMarkEnd(Directory, *Slot + 1) : Status;
}

NTSTATUS FatRemoveEntry(PFCB Directory, ULONG FirstSlot, ULONG Slot)
{
    NTSTATUS Status = STATUS_SUCCESS;

    for (ULONG i = FirstSlot; i <= Slot && NT_SUCCESS(Status); i++) {
        FAT_SCAN Scan = { .Directory = Directory };
        FAT_DIRENT Entry;
        PFAT_DIRENT Old;

        Status = FatScanSlot(&Scan, i, &Old);
        if (!NT_SUCCESS(Status))
            break;
        Entry = *Old;
        Entry.Name[0] = FAT_DELETED;
        Status = FatChangeSlot(Directory, i, &Entry);
    }
    return Status;
}

NTSTATUS FatWriteEntry(PFCB Fcb)
{
    if (Fcb->Parent == NULL)
        return STATUS_SUCCESS;          /* the root has no entry, a deleted file none any more */
    return FatChangeSlot(Fcb->Parent, Fcb->Slot, &Fcb->Entry);
}
