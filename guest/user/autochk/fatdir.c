/* The directory tree, level by level: slots, long names, `.` and `..`, names that occur twice. */
#include "fatchk.h"

/* A directory in memory. */
typedef struct _FAT_LISTING {
    PFAT_VOLUME Volume;
    PFAT_DIRECTORY Directory;
    PFAT_ENTRY Slots;
    ULONG Count;         /* slots */
    ULONG Clusters;
    PULONG Names;        /* hash table of short names: slot + 1 */
    ULONG NameMask;
    UCHAR *Changed;      /* for each cluster */
    ULONG *Cluster;      /* their numbers */
    BOOLEAN HasLabel;
} FAT_LISTING, *PFAT_LISTING;

BOOLEAN FatQueueDirectory(PFAT_VOLUME Volume, ULONG First, ULONG Parent, BOOLEAN Root, PCWSTR Path)
{
    PFAT_DIRECTORY Directory = Volume->Device->Allocate(sizeof(*Directory));

    if (!Directory)
        return FALSE;
    Directory->First = First;
    Directory->Parent = Parent;
    Directory->Root = Root;
    for (ULONG i = 0; i < FAT_PATH_LIMIT - 1 && Path[i]; i++)
        Directory->Path[i] = Path[i];
    *Volume->QueueEnd = Directory;
    Volume->QueueEnd = &Directory->Next;
    return TRUE;
}

static VOID MarkChanged(PFAT_LISTING List, ULONG Slot)
{
    List->Changed[(ULONG64)Slot * sizeof(FAT_ENTRY) / List->Volume->ClusterSize] = 1;
}

static VOID Remove(PFAT_LISTING List, ULONG From, ULONG To)
{
    for (ULONG Slot = From; Slot < To; Slot++) {
        List->Slots[Slot].Name[0] = FAT_DELETED;
        MarkChanged(List, Slot);
    }
}

/* Slots of a long name without a short one that they belong to. */
static VOID RemoveOrphans(PFAT_LISTING List, ULONG From, ULONG To)
{
    if (From == To)
        return;
    FatReport(List->Volume, FatBadEntry, List->Directory->First, List->Directory->Path);
    Remove(List, From, To);
}

/* TRUE when the name is new in this directory, and known from here on. */
static BOOLEAN AddName(PFAT_LISTING List, ULONG Slot)
{
    ULONG Hash = 2166136261u;

    for (ULONG i = 0; i < 11; i++)
        Hash = (Hash ^ List->Slots[Slot].Name[i]) * 16777619u;
    for (Hash ^= Hash >> 15;; Hash++) {
        ULONG Found = List->Names[Hash & List->NameMask];

        if (!Found)
            break;
        if (!memcmp(List->Slots[Found - 1].Name, List->Slots[Slot].Name, 11))
            return FALSE;
    }
    List->Names[Hash & List->NameMask] = Slot + 1;
    return TRUE;
}

/* FILE0000.REN and on: the file stays, under a name that can be used. */
static VOID Rename(PFAT_LISTING List, ULONG Slot)
{
    for (ULONG Number = 0; Number < 10000; Number++) {
        UCHAR *Name = List->Slots[Slot].Name;

        memcpy(Name, "FILE0000REN", 11);
        for (ULONG i = 7, Rest = Number; Rest; i--, Rest /= 10)
            Name[i] = (UCHAR)('0' + Rest % 10);
        if (AddName(List, Slot))
            break;
    }
    MarkChanged(List, Slot);
}

/* Is an entry with a name that cannot be a file all the same, or just garbage? */
static BOOLEAN IsWorthKeeping(PFAT_VOLUME Volume, const FAT_ENTRY *Entry)
{
    ULONG First = FatFirst(Entry);

    return !(Entry->Attributes & (0xC0 | FAT_ATTR_VOLUME)) && FatInRange(Volume, First) && !FatIsUsed(Volume, First) &&
           FatGet(Volume, First) != FAT_FREE && FatGet(Volume, First) != FAT_BAD;
}

/* The short entry at Slot, with its long name in the slots from From on. */
static VOID CheckShort(PFAT_LISTING List, ULONG From, ULONG Slot)
{
    PFAT_VOLUME Volume = List->Volume;
    PFAT_ENTRY Entry = &List->Slots[Slot];
    BOOLEAN Label = (Entry->Attributes & FAT_ATTR_VOLUME) != 0;
    WCHAR Name[64], Path[FAT_PATH_LIMIT];

    if (From < Slot && !FatReadLongName(&List->Slots[From], Slot - From, FatNameChecksum(Entry->Name), Name, 64)) {
        RemoveOrphans(List, From, Slot);
        From = Slot;
    }
    if (From == Slot)
        FatShortNameText(Entry->Name, Name);
    FatAppendPath(Path, List->Directory->Path, Name);
    if (Label && !FatFirst(Entry) && !Entry->Size) {
        if (List->HasLabel || !List->Directory->Root || !FatIsGoodLabel(Entry->Name)) {
            FatReport(Volume, FatBadEntry, 0, Path);
            Remove(List, From, Slot + 1);
            return;
        }
        List->HasLabel = TRUE;
        return;
    }
    if (!FatIsGoodShortName(Entry->Name) || !AddName(List, Slot)) {
        FatReport(Volume, FatBadEntry, FatFirst(Entry), Path);
        if (!IsWorthKeeping(Volume, Entry)) {
            Remove(List, From, Slot + 1);
            return;
        }
        Remove(List, From, Slot);
        From = Slot;
        Rename(List, Slot);
        FatShortNameText(Entry->Name, Name);
        FatAppendPath(Path, List->Directory->Path, Name);
    }
    switch (FatCheckEntry(Volume, List->Directory, Entry, Path)) {
    case FatKeep:
        break;
    case FatChanged:
        MarkChanged(List, Slot);
        break;
    case FatRemove:
        Remove(List, From, Slot + 1);
        break;
    }
}

/* A first byte of zero ends a directory; what is behind it belongs to nobody and must not come back one day. */
static VOID ClearRest(PFAT_LISTING List, ULONG Slot)
{
    BOOLEAN Found = FALSE;

    for (; Slot < List->Count; Slot++) {
        if (!List->Slots[Slot].Name[0] || List->Slots[Slot].Name[0] == FAT_DELETED)
            continue;
        if (!Found)
            FatReport(List->Volume, FatBadEntry, List->Directory->First, List->Directory->Path);
        Found = TRUE;
        memset(&List->Slots[Slot], 0, sizeof(FAT_ENTRY));
        MarkChanged(List, Slot);
    }
}

static VOID CheckSlots(PFAT_LISTING List, ULONG Slot)
{
    ULONG From = Slot; /* where a long name began that waits for its short one */

    for (; Slot < List->Count && !List->Volume->Failed; Slot++) {
        PFAT_ENTRY Entry = &List->Slots[Slot];

        if (!Entry->Name[0])
            break;
        if (Entry->Name[0] != FAT_DELETED && (Entry->Attributes & 0x3F) == FAT_ATTR_LONG) {
            if (Entry->Name[0] & 0x40) {
                RemoveOrphans(List, From, Slot);
                From = Slot;
            }
            continue;
        }
        if (Entry->Name[0] == FAT_DELETED)
            RemoveOrphans(List, From, Slot);
        else
            CheckShort(List, From, Slot);
        From = Slot + 1;
    }
    RemoveOrphans(List, From, Slot);
    ClearRest(List, Slot);
}

/* The first two entries of every folder but the root. */
static VOID CheckDots(PFAT_LISTING List)
{
    ULONG Targets[2] = { List->Directory->First, List->Directory->Parent };

    for (ULONG i = 0; i < 2; i++) {
        FAT_ENTRY Right = List->Slots[i];

        FatMakeDot(List->Volume, &Right, i + 1, Targets[i]);
        if (!memcmp(&Right, &List->Slots[i], sizeof(Right)))
            continue;
        FatReport(List->Volume, FatBadEntry, List->Directory->First, List->Directory->Path);
        List->Slots[i] = Right;
        MarkChanged(List, i);
    }
}

/* The directory's chain is taken, so it ends. */
static BOOLEAN Load(PFAT_LISTING List)
{
    PFAT_VOLUME Volume = List->Volume;
    const FAT_DEVICE *Device = Volume->Device;
    ULONG Cluster = List->Directory->First, Table = 4;

    for (; !FatIsEnd(Cluster); Cluster = FatGet(Volume, Cluster))
        List->Clusters++;
    List->Count = List->Clusters * (Volume->ClusterSize / (ULONG)sizeof(FAT_ENTRY));
    while (Table < 2 * List->Count)
        Table *= 2;
    List->NameMask = Table - 1;
    List->Slots = Device->Allocate((SIZE_T)List->Clusters * Volume->ClusterSize);
    List->Names = Device->Allocate((SIZE_T)Table * sizeof(ULONG));
    List->Changed = Device->Allocate(List->Clusters);
    List->Cluster = Device->Allocate((SIZE_T)List->Clusters * sizeof(ULONG));
    if (!List->Slots || !List->Names || !List->Changed || !List->Cluster)
        return FALSE;
    Cluster = List->Directory->First;
    for (ULONG i = 0; i < List->Clusters; i++, Cluster = FatGet(Volume, Cluster)) {
        List->Cluster[i] = Cluster;
        if (!FatReadCluster(Volume, Cluster, (PUCHAR)List->Slots + (SIZE_T)i * Volume->ClusterSize))
            return FALSE;
    }
    return TRUE;
}

static VOID CheckDirectory(PFAT_VOLUME Volume, PFAT_DIRECTORY Directory)
{
    FAT_LISTING List = { .Volume = Volume, .Directory = Directory };
    PVOID Memory[4];

    if (!Load(&List)) {
        Volume->Failed = TRUE;
    } else {
        if (!Directory->Root)
            CheckDots(&List);
        CheckSlots(&List, Directory->Root ? 0 : 2);
        for (ULONG i = 0; i < List.Clusters; i++) {
            if (List.Changed[i])
                FatPatchCluster(Volume, List.Cluster[i], (PUCHAR)List.Slots + (SIZE_T)i * Volume->ClusterSize, FALSE);
        }
    }
    Memory[0] = List.Slots;
    Memory[1] = List.Names;
    Memory[2] = List.Changed;
    Memory[3] = List.Cluster;
    for (ULONG i = 0; i < 4; i++) {
        if (Memory[i])
            Volume->Device->Free(Memory[i]);
    }
}

/* The root is where the boot sector says, whatever the table thinks of that cluster. */
static VOID TakeRoot(PFAT_VOLUME Volume)
{
    ULONG Root = Volume->RootCluster, At;
    FAT_PROBLEM Problem;

    if (FatGet(Volume, Root) == FAT_FREE || FatGet(Volume, Root) == FAT_BAD) {
        FatReport(Volume, FatBadChain, Root, L"\\");
        FatSet(Volume, Root, FAT_LAST);
    }
    FatTakeChain(Volume, Root, FAT_DIRECTORY_LIMIT / Volume->ClusterSize, &Problem, &At);
    if (Problem != FatProblemCount)
        FatReport(Volume, Problem, At, L"\\");
    if (!FatQueueDirectory(Volume, Root, 0, TRUE, L"\\"))
        Volume->Failed = TRUE;
}

/* Each directory owns a cluster that no other one has, so there are not more of them than clusters. */
VOID FatCheckDirectories(PFAT_VOLUME Volume)
{
    TakeRoot(Volume);
    while (Volume->Queue && !Volume->Failed) {
        PFAT_DIRECTORY Directory = Volume->Queue;

        CheckDirectory(Volume, Directory);
        Volume->Queue = Directory->Next;
        if (!Volume->Queue)
            Volume->QueueEnd = &Volume->Queue;
        Volume->Device->Free(Directory);
    }
}
