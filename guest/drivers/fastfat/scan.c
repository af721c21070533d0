/* Reading directories: slots, long names put together, names looked up. */
#include "fat.h"

BOOLEAN FatIsDotEntry(const FAT_DIRENT *Entry)
{
    return memcmp(Entry->Name, ".          ", 11) == 0 || memcmp(Entry->Name, "..         ", 11) == 0;
}

/* The sector of a directory's slot. */
static NTSTATUS FatSlotSector(PFCB Directory, ULONG Slot, PULONG Sector)
{
    PVCB Vcb = Directory->Vcb;
    ULONG SlotsPerCluster = Vcb->ClusterSize / sizeof(FAT_DIRENT), Cluster, Count;
    NTSTATUS Status = FatMapCluster(Directory, Slot / SlotsPerCluster, &Cluster, &Count);

    if (NT_SUCCESS(Status))
        *Sector = Vcb->DataStart + (Cluster - 2) * Vcb->SectorsPerCluster +
                  Slot % SlotsPerCluster / (FAT_SECTOR / (ULONG)sizeof(FAT_DIRENT));
    return Status;
}

NTSTATUS FatScanSlot(PFAT_SCAN Scan, ULONG Slot, PFAT_DIRENT *Entry)
{
    ULONG Sector;
    NTSTATUS Status = FatSlotSector(Scan->Directory, Slot, &Sector);

    if (NT_SUCCESS(Status) && Sector != Scan->Sector) {
        Scan->Sector = 0;
        Status = FatReadSector(Scan->Directory->Vcb, Sector, Scan->Data);
        if (NT_SUCCESS(Status))
            Scan->Sector = Sector;
    }
    *Entry = (PFAT_DIRENT)Scan->Data + Slot % (FAT_SECTOR / sizeof(FAT_DIRENT));
    return Status;
}

NTSTATUS FatChangeSlot(PFCB Directory, ULONG Slot, const VOID *Bytes)
{
    ULONG Sector;
    PUCHAR Data;
    NTSTATUS Status = FatSlotSector(Directory, Slot, &Sector);

    if (NT_SUCCESS(Status))
        Status = FatChangeSector(Directory->Vcb, Sector, &Data);
    if (NT_SUCCESS(Status))
        RtlCopyMemory(Data + Slot % (FAT_SECTOR / sizeof(FAT_DIRENT)) * sizeof(FAT_DIRENT), Bytes, sizeof(FAT_DIRENT));
    return Status;
}

/* ---- long names -------------------------------------------------------------------------------------------------- */

typedef struct _FAT_LONG {
    ULONG FirstSlot;
    UCHAR Next;                 /* the order that must come now; 0: complete; 0xFF: none is being read */
    UCHAR Checksum;
    USHORT Length;              /* characters, with what pads the last part */
} FAT_LONG;

static WCHAR FatLongCharacter(const FAT_LFN *Part, ULONG Index)
{
    if (Index < 5)
        return Part->Name1[Index];
    return Index < 11 ? Part->Name2[Index - 5] : Part->Name3[Index - 11];
}

/* Takes one part, which come last part first; parts that do not follow each other are no name. */
static VOID FatTakePart(FAT_LONG *Long, const FAT_LFN *Part, ULONG Slot, PWCHAR Name)
{
    UCHAR Order = Part->Order & 0x1F;

    if ((Part->Order & 0x40) != 0 && Order >= 1 && Order <= 20) {
        Long->FirstSlot = Slot;
        Long->Checksum = Part->Checksum;
        Long->Length = (USHORT)(Order * 13);
    } else if (Order == 0 || Order != Long->Next || Part->Checksum != Long->Checksum) {
        Long->Next = 0xFF;
        return;
    }
    Long->Next = (UCHAR)(Order - 1);
    for (ULONG i = 0; i < 13; i++)
        if ((Order - 1u) * 13 + i < 255)
            Name[(Order - 1) * 13 + i] = FatLongCharacter(Part, i);
}

/* The whole name, if it belongs to Entry and NT would let a file be called so. */
static BOOLEAN FatTakeLongName(const FAT_LONG *Long, PFAT_FOUND Found)
{
    UNICODE_STRING Name;
    USHORT Length = 0;

    if (Long->Next != 0 || Long->Checksum != FatShortChecksum(Found->Entry.Name))
        return FALSE;
    while (Length < min(Long->Length, 255) && Found->Name[Length] != 0)
        Length++;
    Name.Buffer = Found->Name;
    Name.Length = Name.MaximumLength = (USHORT)(Length * sizeof(WCHAR));
    Found->NameLength = Name.Length;
    return FatIsLegalName(&Name);
}

static VOID FatFillFound(PFAT_FOUND Found, const FAT_LONG *Long, const FAT_DIRENT *Entry, ULONG Slot)
{
    Found->Entry = *Entry;
    Found->Slot = Slot;
    if (FatTakeLongName(Long, Found)) {
        Found->FirstSlot = Long->FirstSlot;
        Found->ShortLength = (USHORT)(FatShortToUnicode(Entry, FALSE, Found->ShortName) * sizeof(WCHAR));
    } else {
        Found->FirstSlot = Slot;
        Found->NameLength = (USHORT)(FatShortToUnicode(Entry, TRUE, Found->Name) * sizeof(WCHAR));
        Found->ShortLength = 0;
    }
}

NTSTATUS FatNextEntry(PFAT_SCAN Scan, PFAT_FOUND Found)
{
    FAT_LONG Long = { .Next = 0xFF };
    PFAT_DIRENT Entry;

    for (;;) {
        ULONG Slot = Scan->Slot;
        NTSTATUS Status = FatScanSlot(Scan, Slot, &Entry);

        if (Status == STATUS_END_OF_FILE || (NT_SUCCESS(Status) && Entry->Name[0] == 0))
            return STATUS_NO_MORE_FILES;
        if (!NT_SUCCESS(Status))
            return Status;
        Scan->Slot++;
        if (Entry->Name[0] == FAT_DELETED) {
            Long.Next = 0xFF;
        } else if ((Entry->Attributes & 0x3F) == FAT_ATTRIBUTE_LFN) {
            FatTakePart(&Long, (PFAT_LFN)Entry, Slot, Found->Name);
        } else if ((Entry->Attributes & FAT_ATTRIBUTE_LABEL) != 0) {
            Long.Next = 0xFF;
        } else {
            FatFillFound(Found, &Long, Entry, Slot);
            return STATUS_SUCCESS;
        }
    }
}

static BOOLEAN FatIsCalled(const FAT_FOUND *Found, PCUNICODE_STRING Name)
{
    UNICODE_STRING Long = { Found->NameLength, Found->NameLength, (PWCHAR)Found->Name };
    UNICODE_STRING Short = { Found->ShortLength, Found->ShortLength, (PWCHAR)Found->ShortName };

    return RtlEqualUnicodeString(&Long, Name, TRUE) ||
           (Short.Length != 0 && RtlEqualUnicodeString(&Short, Name, TRUE));
}

NTSTATUS FatLookup(PFCB Directory, PCUNICODE_STRING Name, PFAT_FOUND Found)
{
    FAT_SCAN Scan = { .Directory = Directory };
    NTSTATUS Status;

    while (NT_SUCCESS(Status = FatNextEntry(&Scan, Found)))
        if (FatIsCalled(Found, Name) && !FatIsDotEntry(&Found->Entry))
            return STATUS_SUCCESS;
    return Status == STATUS_NO_MORE_FILES ? STATUS_OBJECT_NAME_NOT_FOUND : Status;
}

NTSTATUS FatHasShortName(PFCB Directory, const UCHAR *Short, PBOOLEAN Found)
{
    FAT_SCAN Scan = { .Directory = Directory };
    PFAT_DIRENT Entry;
    NTSTATUS Status;

    *Found = FALSE;
    for (ULONG Slot = 0; NT_SUCCESS(Status = FatScanSlot(&Scan, Slot, &Entry)) && Entry->Name[0] != 0; Slot++)
        if ((Entry->Attributes & FAT_ATTRIBUTE_LABEL) == 0 && memcmp(Entry->Name, Short, 11) == 0)
            *Found = TRUE;
    return Status == STATUS_END_OF_FILE ? STATUS_SUCCESS : Status;
}

NTSTATUS FatIsEmpty(PFCB Directory)
{
    FAT_SCAN Scan = { .Directory = Directory };
    PFAT_FOUND Found = ExAllocatePoolWithTag(PagedPool, sizeof *Found, FAT_TAG);
    NTSTATUS Status;

    if (Found == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    do {
        Status = FatNextEntry(&Scan, Found);
    } while (NT_SUCCESS(Status) && FatIsDotEntry(&Found->Entry));
    ExFreePoolWithTag(Found, FAT_TAG);
    if (Status == STATUS_NO_MORE_FILES)
        return STATUS_SUCCESS;
    return NT_SUCCESS(Status) ? STATUS_DIRECTORY_NOT_EMPTY : Status;
}
