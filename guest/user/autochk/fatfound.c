/* \FOUND.nnn: the folder in which lost chains become FILE0000.CHK and on. */
#include "fatchk.h"

#define FAT_ATTR_FOUND 0x16 /* a folder, hidden, of the system */

ULONG FatAllocateCluster(PFAT_VOLUME Volume)
{
    for (; Volume->NextFree < Volume->ClusterEnd; Volume->NextFree++) {
        if (FatGet(Volume, Volume->NextFree) == FAT_FREE) {
            FatSet(Volume, Volume->NextFree, FAT_LAST);
            FatUse(Volume, Volume->NextFree);
            return Volume->NextFree++;
        }
    }
    return 0;
}

static ULONG ChainLength(PFAT_VOLUME Volume, ULONG Cluster)
{
    ULONG Count = 0;

    for (; !FatIsEnd(Cluster); Cluster = FatGet(Volume, Cluster))
        Count++;
    return Count;
}

static VOID FreeChains(PFAT_VOLUME Volume, const ULONG *Heads, ULONG Count)
{
    for (ULONG i = 0; i < Count; i++) {
        ULONG Next;

        for (ULONG Cluster = Heads[i]; !FatIsEnd(Cluster); Cluster = Next) {
            Next = FatGet(Volume, Cluster);
            FatSet(Volume, Cluster, FAT_FREE);
        }
    }
}

static VOID PutNumber(UCHAR *End, ULONG Number)
{
    for (; Number; Number /= 10)
        *End-- = (UCHAR)('0' + Number % 10);
}

static VOID InitializeEntry(PFAT_VOLUME Volume, PFAT_ENTRY Entry, const CHAR *Name, UCHAR Attributes, ULONG First)
{
    memset(Entry, 0, sizeof(*Entry));
    memcpy(Entry->Name, Name, 11);
    Entry->Attributes = Attributes;
    Entry->CreateDate = Entry->WriteDate = Entry->AccessDate = Volume->Device->Date;
    Entry->CreateTime = Entry->WriteTime = Volume->Device->Time;
    FatSetFirst(Entry, First);
}

/* Where FOUND.nnn will be: the first free slot of the root, and the first number that has no folder yet. */
typedef struct _FAT_SLOT {
    ULONG Cluster, Index, Number;
} FAT_SLOT;

/* Buffer holds one cluster. */
static BOOLEAN FindSlot(PFAT_VOLUME Volume, PFAT_ENTRY Buffer, FAT_SLOT *Slot)
{
    UCHAR Taken[1000 / 8] = { 0 };
    ULONG Entries = Volume->ClusterSize / (ULONG)sizeof(FAT_ENTRY);

    Slot->Cluster = Slot->Number = 0;
    for (ULONG Cluster = Volume->RootCluster; !FatIsEnd(Cluster); Cluster = FatGet(Volume, Cluster)) {
        if (!FatReadCluster(Volume, Cluster, Buffer))
            return FALSE;
        for (ULONG i = 0; i < Entries; i++) {
            const UCHAR *Name = Buffer[i].Name;

            if (!Name[0] || Name[0] == FAT_DELETED) {
                if (!Slot->Cluster) {
                    Slot->Cluster = Cluster;
                    Slot->Index = i;
                }
            } else if (!memcmp(Name, "FOUND   ", 8) && Name[8] >= '0' && Name[8] <= '9' && Name[9] >= '0' &&
                       Name[9] <= '9' && Name[10] >= '0' && Name[10] <= '9') {
                ULONG Number = (Name[8] - '0') * 100u + (Name[9] - '0') * 10u + (Name[10] - '0');

                Taken[Number / 8] |= (UCHAR)(1 << Number % 8);
            }
        }
    }
    while (Slot->Number < 1000 && Taken[Slot->Number / 8] >> Slot->Number % 8 & 1)
        Slot->Number++;
    return Slot->Number < 1000;
}

/* A new cluster at the end of the root; the buffer is it. */
static BOOLEAN ExtendRoot(PFAT_VOLUME Volume, FAT_SLOT *Slot, PVOID Buffer)
{
    ULONG Last = Volume->RootCluster;

    if (ChainLength(Volume, Last) >= FAT_DIRECTORY_LIMIT / Volume->ClusterSize)
        return FALSE;
    while (!FatIsEnd(FatGet(Volume, Last)))
        Last = FatGet(Volume, Last);
    Slot->Cluster = FatAllocateCluster(Volume);
    Slot->Index = 0;
    if (!Slot->Cluster)
        return FALSE;
    FatSet(Volume, Last, Slot->Cluster);
    memset(Buffer, 0, Volume->ClusterSize);
    return FatPatchCluster(Volume, Slot->Cluster, Buffer, TRUE);
}

/* The folder's entries, cluster by cluster; Clusters are allocated and in one chain. */
static BOOLEAN FillFolder(PFAT_VOLUME Volume, ULONG Folder, const ULONG *Heads, ULONG Count, PFAT_ENTRY Buffer)
{
    ULONG Entries = Volume->ClusterSize / (ULONG)sizeof(FAT_ENTRY), Done = 0;

    for (ULONG Cluster = Folder; !FatIsEnd(Cluster); Cluster = FatGet(Volume, Cluster)) {
        ULONG i = 0;

        memset(Buffer, 0, Volume->ClusterSize);
        if (Cluster == Folder) {
            FatMakeDot(Volume, &Buffer[i++], 1, Folder);
            FatMakeDot(Volume, &Buffer[i++], 2, 0);
        }
        for (; i < Entries && Done < Count; i++, Done++) {
            ULONG64 Size = (ULONG64)ChainLength(Volume, Heads[Done]) * Volume->ClusterSize;

            InitializeEntry(Volume, &Buffer[i], "FILE0000CHK", 0x20, Heads[Done]);
            PutNumber(&Buffer[i].Name[7], Done);
            Buffer[i].Size = (ULONG)min(Size, 0xFFFFFFFFull);
        }
        if (!FatPatchCluster(Volume, Cluster, Buffer, TRUE))
            return FALSE;
    }
    return TRUE;
}

static ULONG AllocateChain(PFAT_VOLUME Volume, ULONG Count)
{
    ULONG First = 0, Last = 0;

    while (Count--) {
        ULONG Cluster = FatAllocateCluster(Volume);

        if (!Cluster) {
            if (First)
                FreeChains(Volume, &First, 1);
            return 0;
        }
        if (Last)
            FatSet(Volume, Last, Cluster);
        else
            First = Cluster;
        Last = Cluster;
    }
    return First;
}

/* FALSE: no room, the chains are still to be freed. */
static BOOLEAN Save(PFAT_VOLUME Volume, const ULONG *Heads, ULONG Count, PFAT_ENTRY Buffer)
{
    ULONG Entries = Volume->ClusterSize / (ULONG)sizeof(FAT_ENTRY), Folder;
    FAT_SLOT Slot;

    if (!FindSlot(Volume, Buffer, &Slot))
        return FALSE;
    Folder = AllocateChain(Volume, (Count + 2 + Entries - 1) / Entries);
    if (!Folder)
        return FALSE;
    if (!Slot.Cluster && !ExtendRoot(Volume, &Slot, Buffer)) {
        FreeChains(Volume, &Folder, 1);
        return FALSE;
    }
    if (!FillFolder(Volume, Folder, Heads, Count, Buffer) || !FatReadCluster(Volume, Slot.Cluster, Buffer))
        return FALSE;
    InitializeEntry(Volume, &Buffer[Slot.Index], "FOUND   000", FAT_ATTR_FOUND, Folder);
    PutNumber(&Buffer[Slot.Index].Name[10], Slot.Number);
    return FatPatchCluster(Volume, Slot.Cluster, Buffer, FALSE);
}

VOID FatSaveChains(PFAT_VOLUME Volume, const ULONG *Heads, ULONG Count)
{
    PFAT_ENTRY Buffer = Volume->Device->Allocate(Volume->ClusterSize);

    if (!Buffer) {
        Volume->Failed = TRUE;
        return;
    }
    if (!Save(Volume, Heads, Count, Buffer))
        FreeChains(Volume, Heads, Count);
    Volume->Device->Free(Buffer);
}
