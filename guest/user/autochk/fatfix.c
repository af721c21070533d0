/* Repairs go to the disk in an order in which being cut off leaves a volume that is still marked dirty, and that the next
 * check finds no worse: new folders, then the tables, then the entries that go by them, then the mark. */
#include "fatchk.h"

#define FSINFO_LEAD 0x41615252u
#define FSINFO_MIDDLE 0x61417272u
#define FSINFO_TRAIL 0xAA550000u
enum { LeadIndex = 0, MiddleIndex = 121, FreeIndex = 122, NextIndex = 123, TrailIndex = 127 };

static BOOLEAN Write(PFAT_VOLUME Volume, ULONG64 Offset, const VOID *Data, ULONG Length)
{
    return Volume->Device->Write(Volume->Device->Context, Offset, Data, Length);
}

static BOOLEAN Flush(PFAT_VOLUME Volume) { return Volume->Device->Flush(Volume->Device->Context); }

/* Makes the information sector tell of Free clusters; TRUE in *Wrong when it does not. Buffer is a sector. */
static BOOLEAN UpdateInfo(PFAT_VOLUME Volume, PULONG Buffer, ULONG Free, PBOOLEAN Wrong)
{
    ULONG64 Offset = (ULONG64)Volume->InfoSector * Volume->SectorSize;

    *Wrong = FALSE;
    if (!Volume->Device->Read(Volume->Device->Context, Offset, Buffer, Volume->SectorSize))
        return FALSE;
    if (Buffer[LeadIndex] != FSINFO_LEAD || Buffer[MiddleIndex] != FSINFO_MIDDLE ||
        Buffer[TrailIndex] != FSINFO_TRAIL) {
        memset(Buffer, 0, Volume->SectorSize);
        Buffer[LeadIndex] = FSINFO_LEAD;
        Buffer[MiddleIndex] = FSINFO_MIDDLE;
        Buffer[TrailIndex] = FSINFO_TRAIL;
        Buffer[NextIndex] = 2;
        *Wrong = TRUE;
    }
    if (Buffer[NextIndex] != 0xFFFFFFFF && !FatInRange(Volume, Buffer[NextIndex])) {
        Buffer[NextIndex] = 2;
        *Wrong = TRUE;
    }
    if (Buffer[FreeIndex] != Free) {
        Buffer[FreeIndex] = Free;
        *Wrong = TRUE;
    }
    return TRUE;
}

static BOOLEAN DoInfo(PFAT_VOLUME Volume, BOOLEAN Repair)
{
    ULONG Free = Repair ? FatCountFree(Volume) : Volume->FreeFound;
    PULONG Buffer = Volume->Device->Allocate(Volume->SectorSize);
    BOOLEAN Wrong, Done;

    if (!Buffer)
        return FALSE;
    Done = !Volume->InfoSector || UpdateInfo(Volume, Buffer, Free, &Wrong);
    if (Done && Volume->InfoSector && Wrong) {
        if (Repair)
            Done = Write(Volume, (ULONG64)Volume->InfoSector * Volume->SectorSize, Buffer, Volume->SectorSize);
        else
            FatReport(Volume, FatFreeCount, 0, L"");
    }
    Volume->Device->Free(Buffer);
    return Done;
}

BOOLEAN FatCheckInfoSector(PFAT_VOLUME Volume) { return DoInfo(Volume, FALSE); }

/* Changes entry 1 of every copy that is in use: the first one, which is asked, is dirty first and clean last - on the
 * disk too, so each is there before the next. Leaves the first one unflushed when it is clean. */
static BOOLEAN Mark(PFAT_VOLUME Volume, PULONG Buffer, BOOLEAN Clean)
{
    for (ULONG i = 0; i < Volume->FatCount; i++) {
        ULONG Copy = Clean ? Volume->FatCount - 1 - i : i, Old;
        ULONG64 Offset = FatCopyOffset(Volume, Copy);

        if (!Volume->Mirrored && Copy != Volume->ActiveFat)
            continue;
        if (!Volume->Device->Read(Volume->Device->Context, Offset, Buffer, Volume->SectorSize))
            return FALSE;
        Old = Buffer[1];
        Buffer[1] = Clean ? Old | FAT_CLEAN | FAT_NO_ERROR : Old & ~FAT_CLEAN;
        if (Buffer[1] != Old && (!Flush(Volume) || !Write(Volume, Offset, Buffer, Volume->SectorSize)))
            return FALSE;
    }
    return Clean || Flush(Volume);
}

#define BOOT_MARK 65
#define BOOT_SIZE 512

/* The boot sector's own mark goes, and the backup's, when it is a copy of this boot sector. */
static BOOLEAN MarkBootSector(PFAT_VOLUME Volume, UCHAR *Buffer)
{
    UCHAR Boot[BOOT_SIZE];

    if (!Volume->BootDirty)
        return TRUE;
    if (!Volume->Device->Read(Volume->Device->Context, 0, Buffer, Volume->SectorSize))
        return FALSE;
    memcpy(Boot, Buffer, BOOT_SIZE);
    Buffer[BOOT_MARK] &= (UCHAR)~1;
    if (!Write(Volume, 0, Buffer, Volume->SectorSize))
        return FALSE;
    if (!Volume->BackupSector)
        return TRUE;
    if (!Volume->Device->Read(Volume->Device->Context, (ULONG64)Volume->BackupSector * Volume->SectorSize, Buffer,
                              Volume->SectorSize))
        return FALSE;
    if (memcmp(Buffer, Boot, BOOT_SIZE))
        return TRUE;
    Buffer[BOOT_MARK] &= (UCHAR)~1;
    return Write(Volume, (ULONG64)Volume->BackupSector * Volume->SectorSize, Buffer, Volume->SectorSize);
}

/* Only sectors that differ are written. */
static BOOLEAN WriteTable(PFAT_VOLUME Volume, ULONG Copy, UCHAR *Buffer)
{
    for (ULONG Sector = 0; Sector < Volume->FatSectors; Sector++) {
        ULONG64 Offset = FatCopyOffset(Volume, Copy) + (ULONG64)Sector * Volume->SectorSize;
        const UCHAR *New = (const UCHAR *)Volume->Fat + (SIZE_T)Sector * Volume->SectorSize;

        if (!Volume->Device->Read(Volume->Device->Context, Offset, Buffer, Volume->SectorSize))
            return FALSE;
        if (memcmp(Buffer, New, Volume->SectorSize) && !Write(Volume, Offset, New, Volume->SectorSize))
            return FALSE;
    }
    return TRUE;
}

/* The active copy first: it is the one that the examination went by when it could. */
static BOOLEAN WriteTables(PFAT_VOLUME Volume, PVOID Buffer)
{
    if (!WriteTable(Volume, Volume->ActiveFat, Buffer))
        return FALSE;
    for (ULONG Copy = 0; Volume->Mirrored && Copy < Volume->FatCount; Copy++) {
        if (Copy != Volume->ActiveFat && !WriteTable(Volume, Copy, Buffer))
            return FALSE;
    }
    return TRUE;
}

static BOOLEAN WritePatches(PFAT_VOLUME Volume, BOOLEAN New)
{
    for (ULONG i = 0; i < FAT_PATCH_BUCKETS; i++) {
        for (PFAT_PATCH Patch = Volume->Patches[i]; Patch; Patch = Patch->Next) {
            if (Patch->New == New &&
                !Write(Volume, FatClusterOffset(Volume, Patch->Cluster), Patch->Data, Volume->ClusterSize))
                return FALSE;
        }
    }
    return TRUE;
}

BOOLEAN FatWriteRepairs(PFAT_VOLUME Volume)
{
    PVOID Buffer = Volume->Device->Allocate(Volume->SectorSize);
    BOOLEAN Done = Buffer != NULL;

    if (Done && Volume->Problems) {
        Volume->Fat[1] &= ~FAT_CLEAN;
        Done = Mark(Volume, Buffer, FALSE) && WritePatches(Volume, TRUE) && Flush(Volume) &&
               WriteTables(Volume, Buffer) && Flush(Volume) && WritePatches(Volume, FALSE) && DoInfo(Volume, TRUE);
    }
    Done = Done && Flush(Volume) && Mark(Volume, Buffer, TRUE) && MarkBootSector(Volume, Buffer) && Flush(Volume);
    if (Buffer)
        Volume->Device->Free(Buffer);
    return Done;
}
