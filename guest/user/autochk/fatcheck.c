/* One volume, checked: which copy of the table is right, what is wrong with it, and the repairs. */
#include "fatchk.h"

/* What the first two entries hold whatever the volume holds; the marks in entry 1 are left alone. */
static VOID CheckReserved(PFAT_VOLUME Volume)
{
    ULONG First = 0x0FFFFF00u | Volume->Media, Second = FAT_LAST | FAT_CLEAN | FAT_NO_ERROR;

    if (FatGet(Volume, 0) != First) {
        FatReport(Volume, FatMismatch, 0, L"");
        FatSet(Volume, 0, First);
    }
    if ((FatGet(Volume, 1) | FAT_CLEAN | FAT_NO_ERROR) != Second) {
        FatReport(Volume, FatMismatch, 1, L"");
        FatSet(Volume, 1, Second & ~FAT_CLEAN);
    }
}

/* Only free clusters: what is in use and unreadable is noticed by who reads it, and nothing can bring it back. */
static BOOLEAN ScanSurface(PFAT_VOLUME Volume)
{
    const FAT_DEVICE *Device = Volume->Device;
    PVOID Buffer = Device->Allocate(Volume->ClusterSize);

    for (ULONG Cluster = 2; Buffer && Cluster < Volume->ClusterEnd; Cluster++) {
        if (FatGet(Volume, Cluster) == FAT_FREE &&
            !Device->Read(Device->Context, FatClusterOffset(Volume, Cluster), Buffer, Volume->ClusterSize)) {
            FatReport(Volume, FatBadChain, Cluster, L"");
            FatSet(Volume, Cluster, FAT_BAD);
        }
    }
    if (Buffer)
        Device->Free(Buffer);
    return Buffer != NULL;
}

/* Everything by one copy of the table, in memory. */
static BOOLEAN Examine(PFAT_VOLUME Volume, ULONG Copy, BOOLEAN Quiet)
{
    Volume->Quiet = Quiet;
    if (!FatBegin(Volume, Copy))
        return FALSE;
    CheckReserved(Volume);
    if (!Quiet)
        Volume->Device->Stage(Volume->Device->Context, FatStageDirectories);
    FatCheckDirectories(Volume);
    if (!Quiet && !Volume->Failed)
        Volume->Device->Stage(Volume->Device->Context, FatStageLost);
    if (Volume->Surface && !Quiet && !Volume->Failed && !ScanSurface(Volume))
        Volume->Failed = TRUE;
    if (!Volume->Failed)
        FatRecoverLostChains(Volume);
    return !Volume->Failed;
}

/* The copy by which the directory tree holds together best; the first one of those that are equally good. */
static BOOLEAN ChooseCopy(PFAT_VOLUME Volume, PULONG Copy)
{
    ULONG Best = MAXULONG;

    *Copy = 0;
    for (ULONG i = 0; i < Volume->FatCount; i++) {
        BOOLEAN Done = Examine(Volume, i, TRUE);

        if (Done && Volume->Problems < Best) {
            Best = Volume->Problems;
            *Copy = i;
        }
        FatEnd(Volume);
    }
    return Best != MAXULONG;
}

static BOOLEAN Check(PFAT_VOLUME Volume)
{
    const FAT_DEVICE *Device = Volume->Device;
    ULONG Copy = Volume->ActiveFat;
    BOOLEAN Same = TRUE;

    Device->Stage(Device->Context, FatStageTables);
    if (Volume->Mirrored && (!FatSameTables(Volume, &Same) || (!Same && !ChooseCopy(Volume, &Copy))))
        return FALSE;
    if (!Examine(Volume, Copy, FALSE))
        return FALSE;
    if (!Same)
        FatReport(Volume, FatMismatch, 0, L"");
    if (!FatCheckInfoSector(Volume))
        return FALSE;
    if (Volume->Problems)
        Device->Stage(Device->Context, FatStageWrite);
    return FatWriteRepairs(Volume);
}

FAT_RESULT FatCheckVolume(PFAT_VOLUME Volume, PULONG Problems)
{
    BOOLEAN Dirty, Done = FatIsDirty(Volume, &Dirty) && Check(Volume);
    FAT_RESULT Result = !Done ? FatFailed : Dirty || Volume->Problems ? FatRepaired : FatClean;

    *Problems = Volume->Problems;
    FatEnd(Volume);
    return Result;
}
