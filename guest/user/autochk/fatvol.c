/* A FAT32 volume: its geometry, its tables, and the changed clusters of an examination. */
#include "fatchk.h"

#define FAT_TABLE_LIMIT 0x10000000u /* bytes */

static ULONG Get16(const UCHAR *Data, ULONG Offset) { return Data[Offset] | (ULONG)Data[Offset + 1] << 8; }
static ULONG Get32(const UCHAR *Data, ULONG Offset) { return Get16(Data, Offset) | Get16(Data, Offset + 2) << 16; }
static BOOLEAN IsPower(ULONG Value) { return Value && !(Value & (Value - 1)); }

ULONG64 FatCopyOffset(PFAT_VOLUME Volume, ULONG Copy)
{
    return Volume->FatOffset + (ULONG64)Copy * Volume->FatSectors * Volume->SectorSize;
}

ULONG64 FatClusterOffset(PFAT_VOLUME Volume, ULONG Cluster)
{
    return Volume->DataOffset + (ULONG64)(Cluster - 2) * Volume->ClusterSize;
}

/* Anything that is no whole, sound FAT32 is not ours. */
static BOOLEAN ParseBootSector(PFAT_VOLUME Volume, const UCHAR *Boot)
{
    ULONG Sector = Get16(Boot, 11), PerCluster = Boot[13], Reserved = Get16(Boot, 14), Flags = Get16(Boot, 40);
    ULONG64 Total = Get32(Boot, 32), Data, Clusters;

    if (Get16(Boot, 510) != 0xAA55 || !IsPower(Sector) || Sector < 512 || Sector > 4096 || !IsPower(PerCluster) ||
        Sector * PerCluster > 65536 || !Reserved || !Boot[16] || Get16(Boot, 17) || Get16(Boot, 22) || !Get32(Boot, 36))
        return FALSE;
    Volume->SectorSize = Sector;
    Volume->ClusterSize = Sector * PerCluster;
    Volume->FatCount = Boot[16];
    Volume->FatSectors = Get32(Boot, 36);
    Volume->RootCluster = Get32(Boot, 44);
    Volume->InfoSector = Get16(Boot, 48) < Reserved ? Get16(Boot, 48) : 0;
    Volume->BackupSector = Get16(Boot, 50) < Reserved ? Get16(Boot, 50) : 0;
    Volume->Media = Boot[21];
    Volume->BootDirty = Boot[65] & 1;
    Volume->Mirrored = !(Flags & 0x80);
    Volume->ActiveFat = Volume->Mirrored ? 0 : Flags & 15;
    Volume->FatOffset = (ULONG64)Reserved * Sector;
    Data = Reserved + (ULONG64)Volume->FatCount * Volume->FatSectors;
    Volume->DataOffset = Data * Sector;
    if (Data >= Total || Total * Sector > Volume->Device->Size || Volume->ActiveFat >= Volume->FatCount ||
        (ULONG64)Volume->FatSectors * Sector > FAT_TABLE_LIMIT)
        return FALSE;
    Clusters = (Total - Data) / PerCluster;
    if (!Clusters || Clusters > 0x0FFFFFF5 || (Clusters + 2) * 4 > (ULONG64)Volume->FatSectors * Sector)
        return FALSE;
    Volume->ClusterEnd = (ULONG)Clusters + 2;
    return FatInRange(Volume, Volume->RootCluster);
}

FAT_RESULT FatOpenVolume(PFAT_VOLUME Volume, const FAT_DEVICE *Device)
{
    UCHAR *Boot = Device->Allocate(4096);
    FAT_RESULT Result = FatFailed;

    memset(Volume, 0, sizeof(*Volume));
    Volume->Device = Device;
    if (Boot && Device->Size < 4096)
        Result = FatSkipped;
    else if (Boot && Device->Read(Device->Context, 0, Boot, 4096))
        Result = ParseBootSector(Volume, Boot) ? FatClean : FatSkipped;
    if (Boot)
        Device->Free(Boot);
    return Result;
}

BOOLEAN FatIsDirty(PFAT_VOLUME Volume, PBOOLEAN Dirty)
{
    const FAT_DEVICE *Device = Volume->Device;
    PULONG Sector = Device->Allocate(Volume->SectorSize);
    BOOLEAN Read = Sector && Device->Read(Device->Context, FatCopyOffset(Volume, Volume->ActiveFat), Sector,
                                          Volume->SectorSize);

    if (Read)
        *Dirty = Volume->BootDirty || (Sector[1] & (FAT_CLEAN | FAT_NO_ERROR)) != (FAT_CLEAN | FAT_NO_ERROR);
    if (Sector)
        Device->Free(Sector);
    return Read;
}

static BOOLEAN ReadTable(PFAT_VOLUME Volume, ULONG Copy, PVOID Table)
{
    ULONG64 Offset = FatCopyOffset(Volume, Copy);
    ULONG Size = Volume->FatSectors * Volume->SectorSize, Piece;

    for (ULONG Done = 0; Done < Size; Done += Piece) {
        Piece = min(Size - Done, 0x10000);
        if (!Volume->Device->Read(Volume->Device->Context, Offset + Done, (PUCHAR)Table + Done, Piece))
            return FALSE;
    }
    return TRUE;
}

ULONG FatCountFree(PFAT_VOLUME Volume)
{
    ULONG Free = 0;

    for (ULONG Cluster = 2; Cluster < Volume->ClusterEnd; Cluster++)
        Free += FatGet(Volume, Cluster) == FAT_FREE;
    return Free;
}

BOOLEAN FatBegin(PFAT_VOLUME Volume, ULONG Copy)
{
    const FAT_DEVICE *Device = Volume->Device;

    Volume->Fat = Device->Allocate((SIZE_T)Volume->FatSectors * Volume->SectorSize);
    Volume->Used = Device->Allocate((SIZE_T)Volume->ClusterEnd / 8 + 8);
    memset(Volume->Patches, 0, sizeof(Volume->Patches));
    Volume->Queue = NULL;
    Volume->QueueEnd = &Volume->Queue;
    Volume->Problems = 0;
    Volume->NextFree = 2;
    Volume->Failed = !Volume->Fat || !Volume->Used || !ReadTable(Volume, Copy, Volume->Fat);
    Volume->FreeFound = Volume->Failed ? 0 : FatCountFree(Volume);
    return !Volume->Failed;
}

VOID FatEnd(PFAT_VOLUME Volume)
{
    const FAT_DEVICE *Device = Volume->Device;

    while (Volume->Queue) {
        PFAT_DIRECTORY Directory = Volume->Queue;

        Volume->Queue = Directory->Next;
        Device->Free(Directory);
    }
    for (ULONG i = 0; i < FAT_PATCH_BUCKETS; i++) {
        while (Volume->Patches[i]) {
            PFAT_PATCH Patch = Volume->Patches[i];

            Volume->Patches[i] = Patch->Next;
            Device->Free(Patch);
        }
    }
    if (Volume->Fat)
        Device->Free(Volume->Fat);
    if (Volume->Used)
        Device->Free(Volume->Used);
    Volume->Fat = Volume->Used = NULL;
}

/* Entries 0 and 1 hold marks; who sets them may have been cut off between two copies. */
BOOLEAN FatSameTables(PFAT_VOLUME Volume, PBOOLEAN Same)
{
    const FAT_DEVICE *Device = Volume->Device;
    ULONG Size = Volume->FatSectors * Volume->SectorSize;
    PULONG First = Device->Allocate(Size), Other = Device->Allocate(Size);
    BOOLEAN Read = First && Other && ReadTable(Volume, 0, First);

    *Same = TRUE;
    for (ULONG i = 1; i < Volume->FatCount && Read; i++) {
        Read = ReadTable(Volume, i, Other);
        if (Read && memcmp(First + 2, Other + 2, Size - 8))
            *Same = FALSE;
    }
    if (First)
        Device->Free(First);
    if (Other)
        Device->Free(Other);
    return Read;
}

VOID FatReport(PFAT_VOLUME Volume, FAT_PROBLEM Kind, ULONG Cluster, PCWSTR Path)
{
    Volume->Problems++;
    if (!Volume->Quiet)
        Volume->Device->Problem(Volume->Device->Context, Kind, Cluster, Path);
}

static PFAT_PATCH FindPatch(PFAT_VOLUME Volume, ULONG Cluster)
{
    PFAT_PATCH Patch = Volume->Patches[Cluster % FAT_PATCH_BUCKETS];

    while (Patch && Patch->Cluster != Cluster)
        Patch = Patch->Next;
    return Patch;
}

BOOLEAN FatReadCluster(PFAT_VOLUME Volume, ULONG Cluster, PVOID Buffer)
{
    PFAT_PATCH Patch = FindPatch(Volume, Cluster);

    if (Patch) {
        memcpy(Buffer, Patch->Data, Volume->ClusterSize);
        return TRUE;
    }
    return Volume->Device->Read(Volume->Device->Context, FatClusterOffset(Volume, Cluster), Buffer,
                                Volume->ClusterSize);
}

BOOLEAN FatPatchCluster(PFAT_VOLUME Volume, ULONG Cluster, const VOID *Data, BOOLEAN New)
{
    PFAT_PATCH Patch = FindPatch(Volume, Cluster), *Bucket = &Volume->Patches[Cluster % FAT_PATCH_BUCKETS];

    if (!Patch) {
        Patch = Volume->Device->Allocate(sizeof(*Patch) + Volume->ClusterSize);
        if (!Patch) {
            Volume->Failed = TRUE;
            return FALSE;
        }
        Patch->Cluster = Cluster;
        Patch->New = New;
        Patch->Next = *Bucket;
        *Bucket = Patch;
    }
    memcpy(Patch->Data, Data, Volume->ClusterSize);
    return TRUE;
}
