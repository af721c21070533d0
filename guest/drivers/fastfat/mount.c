/* Mounting: what the boot sector says, checked; the journal; and the end of a mount. */
#include "fat.h"

typedef struct __attribute__((packed)) _FAT_BOOT_SECTOR {
    UCHAR Jump[3];
    CHAR Oem[8];
    USHORT BytesPerSector;
    UCHAR SectorsPerCluster;
    USHORT ReservedSectors;
    UCHAR Fats;
    USHORT RootEntries, Sectors16;
    UCHAR Media;
    USHORT FatSectors16, SectorsPerTrack, Heads;
    ULONG HiddenSectors, Sectors32, FatSectors32;
    USHORT ExtFlags, Version;
    ULONG RootCluster;
    USHORT FsInfoSector, BackupSector;
    UCHAR Reserved[12];
    UCHAR DriveNumber, Reserved1, BootSignature;
    ULONG SerialNumber;
    UCHAR Label[11];
    CHAR System[8];
    UCHAR Code[420];
    USHORT Signature;
} FAT_BOOT_SECTOR, *PFAT_BOOT_SECTOR;
C_ASSERT(sizeof(FAT_BOOT_SECTOR) == FAT_SECTOR);

static BOOLEAN FatIsBootSector(const FAT_BOOT_SECTOR *Boot)
{
    ULONG PerCluster = Boot->SectorsPerCluster;

    return Boot->Signature == 0xAA55 && (Boot->Jump[0] == 0xEB || Boot->Jump[0] == 0xE9) &&
           Boot->BytesPerSector == FAT_SECTOR && PerCluster != 0 && PerCluster <= 128 &&
           (PerCluster & (PerCluster - 1)) == 0 && Boot->ReservedSectors != 0 && Boot->Fats != 0 && Boot->Fats <= 4 &&
           Boot->RootEntries == 0 && Boot->Sectors16 == 0 && Boot->FatSectors16 == 0 && Boot->FatSectors32 != 0 &&
           Boot->Sectors32 != 0 && Boot->Version == 0 && (Boot->Media == 0xF0 || Boot->Media >= 0xF8);
}

/* Where everything is. The volume is as long as the boot sector says, if the partition is. */
static NTSTATUS FatReadBootSector(PVCB Vcb)
{
    FAT_BOOT_SECTOR Boot;
    ULONG64 Data, Clusters;
    NTSTATUS Status = IoReadVolume(Vcb->Volume, 0, &Boot, sizeof Boot);

    if (!NT_SUCCESS(Status))
        return Status;
    if (!FatIsBootSector(&Boot) || (ULONG64)Boot.Sectors32 * FAT_SECTOR > IoVolumeSize(Vcb->Volume))
        return STATUS_UNRECOGNIZED_VOLUME;
    Data = Boot.ReservedSectors + (ULONG64)Boot.Fats * Boot.FatSectors32;
    if (Data >= Boot.Sectors32)
        return STATUS_UNRECOGNIZED_VOLUME;
    Clusters = (Boot.Sectors32 - Data) / Boot.SectorsPerCluster;
    if (Clusters < 65525 || Clusters > FAT_BAD - 2 ||
        (Clusters + 2 + FAT_ENTRIES_PER_SECTOR - 1) / FAT_ENTRIES_PER_SECTOR > Boot.FatSectors32)
        return STATUS_UNRECOGNIZED_VOLUME;      /* FAT12 and FAT16 are told by their number of clusters */
    Vcb->SectorsPerCluster = Boot.SectorsPerCluster;
    Vcb->ClusterSize = Boot.SectorsPerCluster * FAT_SECTOR;
    Vcb->ReservedSectors = Boot.ReservedSectors;
    Vcb->FatCount = Boot.Fats;
    Vcb->FatSectors = Boot.FatSectors32;
    Vcb->TotalSectors = Boot.Sectors32;
    Vcb->Mirrored = (Boot.ExtFlags & 0x80) == 0;
    Vcb->ActiveFat = Vcb->Mirrored ? 0 : Boot.ExtFlags & 0x0F;
    Vcb->FatStart = Boot.ReservedSectors + Vcb->ActiveFat * Boot.FatSectors32;
    Vcb->DataStart = (ULONG)Data;
    Vcb->ClusterCount = (ULONG)Clusters;
    Vcb->RootCluster = Boot.RootCluster & FAT_MASK;
    Vcb->FsInfoSector = Boot.FsInfoSector != 0xFFFF && Boot.FsInfoSector < Boot.ReservedSectors &&
                        Boot.FsInfoSector < FAT_JOURNAL_SECTOR ? Boot.FsInfoSector : 0;
    Vcb->SerialNumber = Boot.SerialNumber;
    if (Vcb->ActiveFat >= Vcb->FatCount || !FatIsCluster(Vcb, Vcb->RootCluster))
        return STATUS_DISK_CORRUPT_ERROR;
    return STATUS_SUCCESS;
}

/* The count of free clusters is believed only of a volume that was put away in order. */
static NTSTATUS FatReadFsInfo(PVCB Vcb)
{
    UCHAR Data[FAT_SECTOR];
    ULONG Lead, Middle, Free, Next;
    NTSTATUS Status;

    Vcb->FreeClusters = MAXULONG;
    Vcb->NextFree = 2;
    if (Vcb->FsInfoSector == 0)
        return STATUS_SUCCESS;
    Status = IoReadVolume(Vcb->Volume, FatSectorOffset(Vcb->FsInfoSector), Data, sizeof Data);
    if (!NT_SUCCESS(Status))
        return Status;
    RtlCopyMemory(&Lead, Data, sizeof Lead);
    RtlCopyMemory(&Middle, Data + 484, sizeof Middle);
    RtlCopyMemory(&Free, Data + 488, sizeof Free);
    RtlCopyMemory(&Next, Data + 492, sizeof Next);
    if (Lead != 0x41615252 || Middle != 0x61417272) {
        Vcb->FsInfoSector = 0;          /* it is something else: leave it alone */
        return STATUS_SUCCESS;
    }
    if (Free <= Vcb->ClusterCount && !Vcb->StaysDirty)
        Vcb->FreeClusters = Free;
    if (FatIsCluster(Vcb, Next))
        Vcb->NextFree = Next;
    return STATUS_SUCCESS;
}

static ULONG FatJournalRoom(PVCB Vcb)
{
    ULONG Sectors = Vcb->ReservedSectors >= 64 ? Vcb->ReservedSectors - FAT_JOURNAL_SECTOR - 1 : 0, Room = Sectors;

    while (Room != 0 && Room + (Room + FAT_ENTRIES_PER_SECTOR - 1) / FAT_ENTRIES_PER_SECTOR > Sectors)
        Room--;                         /* the list takes a sector for 128 */
    return Room;
}

NTSTATUS FatReadVolumeFacts(PVCB Vcb)
{
    NTSTATUS Status = FatReadBootSector(Vcb);

    Vcb->WindowSector = MAXULONG;
    if (!NT_SUCCESS(Status))
        return Status;
    Vcb->JournalSectors = FatJournalRoom(Vcb);
    Vcb->JournalState = FatJournalNone;
    if (Vcb->JournalSectors != 0)
        Status = FatReplayJournal(Vcb);
    if (NT_SUCCESS(Status))
        Status = FatQueryDirtyBit(Vcb, &Vcb->StaysDirty);
    if (NT_SUCCESS(Status))
        Status = FatReadFsInfo(Vcb);
    return Status;
}

static NTSTATUS FatOpenRoot(PVCB Vcb)
{
    FAT_FOUND *Found = ExAllocatePoolWithTag(PagedPool, sizeof *Found, FAT_TAG);

    if (Found == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(Found, sizeof *Found);
    Found->Entry.Attributes = FILE_ATTRIBUTE_DIRECTORY;
    Found->Entry.ClusterHigh = (USHORT)(Vcb->RootCluster >> 16);
    Found->Entry.ClusterLow = (USHORT)Vcb->RootCluster;
    Vcb->Root = FatCreateNode(Vcb, NULL, Found);
    ExFreePoolWithTag(Found, FAT_TAG);
    return Vcb->Root != NULL ? FatReadLabel(Vcb) : STATUS_INSUFFICIENT_RESOURCES;
}

NTSTATUS FatMount(PDEVICE_OBJECT Volume, PVOID *Result)
{
    PVCB Vcb = ExAllocatePoolWithTag(NonPagedPool, sizeof *Vcb, FAT_TAG);
    NTSTATUS Status;

    if (Vcb == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(Vcb, sizeof *Vcb);
    Vcb->Volume = Volume;
    Vcb->ReadOnly = (Volume->Characteristics & FILE_READ_ONLY_DEVICE) != 0;
    InitializeListHead(&Vcb->Log);
    Status = FatReadVolumeFacts(Vcb);
    if (NT_SUCCESS(Status))
        Status = FatOpenRoot(Vcb);
    if (NT_SUCCESS(Status))
        Status = ObGetObjectPath(Volume, &Vcb->DevicePath);
    if (!NT_SUCCESS(Status)) {
        if (Vcb->Root != NULL)
            FatDereferenceNode(Vcb->Root);
        ExFreePoolWithTag(Vcb, FAT_TAG);
        return Status;
    }
    *Result = Vcb;
    return STATUS_SUCCESS;
}

/* The dirty bit goes off only when it was off at mount, or who checked the volume has cleared it meanwhile. */
NTSTATUS FatShutdown(PVOID Context)
{
    PVCB Vcb = Context;
    NTSTATUS Status;

    if (Vcb->Closed || Vcb->LockedBy != NULL)
        return Vcb->Closed ? STATUS_SUCCESS : IoFlushVolume(Vcb->Volume);
    Status = FatCommit(Vcb);
    if (NT_SUCCESS(Status) && Vcb->WriteEnabled && !Vcb->StaysDirty)
        Status = FatSetDirtyBit(Vcb, FALSE);
    if (NT_SUCCESS(Status))
        Status = IoFlushVolume(Vcb->Volume);
    Vcb->Closed = TRUE;
    return Status;
}
