/* One directory entry: its attributes, where its chain begins, and its size against the chain. */
#include "fatchk.h"

#define FAT_SIZE_LIMIT 0xFFFFFFFFull

VOID FatSetFirst(PFAT_ENTRY Entry, ULONG First)
{
    Entry->FirstHigh = (USHORT)(First >> 16);
    Entry->FirstLow = (USHORT)First;
}

VOID FatMakeDot(PFAT_VOLUME Volume, PFAT_ENTRY Entry, ULONG Dots, ULONG First)
{
    if (!FatIsDotName(Entry->Name, Dots)) {
        memset(Entry, 0, sizeof(*Entry));
        memset(Entry->Name, ' ', sizeof(Entry->Name));
        memset(Entry->Name, '.', Dots);
        Entry->CreateDate = Entry->WriteDate = Volume->Device->Date;
        Entry->CreateTime = Entry->WriteTime = Volume->Device->Time;
    }
    Entry->Case = 0;
    Entry->Attributes = (Entry->Attributes & 0x3F & ~FAT_ATTR_VOLUME) | FAT_ATTR_DIRECTORY;
    Entry->Size = 0;
    FatSetFirst(Entry, First);
}

/* A folder begins with `.` and `..`; one of the two is enough to know it by. */
static BOOLEAN LooksLikeDirectory(PFAT_VOLUME Volume, ULONG Cluster)
{
    const FAT_DEVICE *Device = Volume->Device;
    PFAT_ENTRY Slots = Device->Allocate(Volume->SectorSize);
    BOOLEAN Is = FALSE;

    if (!Slots || !Device->Read(Device->Context, FatClusterOffset(Volume, Cluster), Slots, Volume->SectorSize))
        Volume->Failed = TRUE;
    else
        Is = FatIsDotName(Slots[0].Name, 1) || FatIsDotName(Slots[1].Name, 2);
    if (Slots)
        Device->Free(Slots);
    return Is;
}

/* The label of the volume: in the root alone, once, without clusters. Another entry so marked that has some is a file. */
static FAT_VERDICT CheckLabel(PFAT_VOLUME Volume, PFAT_DIRECTORY Directory, PFAT_ENTRY Entry, PCWSTR Path)
{
    BOOLEAN Data = FatFirst(Entry) || Entry->Size;

    if (Directory->Root && !Data && !(Entry->Attributes & FAT_ATTR_DIRECTORY))
        return FatKeep;
    FatReport(Volume, FatBadEntry, FatFirst(Entry), Path);
    if (!Data)
        return FatRemove;
    Entry->Attributes &= (UCHAR)~FAT_ATTR_VOLUME;
    return FatChanged;
}

/* Without its first cluster a folder is nothing; with one that holds no folder, its data become a file. */
static FAT_VERDICT CheckFolder(PFAT_VOLUME Volume, PFAT_DIRECTORY Directory, PFAT_ENTRY Entry, PCWSTR Path)
{
    ULONG First = FatFirst(Entry), At, Count;
    FAT_VERDICT Verdict = FatKeep;
    FAT_PROBLEM Problem;

    if (!FatInRange(Volume, First) || FatIsUsed(Volume, First)) {
        FatReport(Volume, FatInRange(Volume, First) ? FatCrossLink : FatBadChain, First, Path);
        return FatRemove;
    }
    if (!LooksLikeDirectory(Volume, First)) {
        FatReport(Volume, FatBadEntry, First, Path);
        Entry->Attributes &= (UCHAR)~FAT_ATTR_DIRECTORY;
        Count = FatTakeChain(Volume, First, Volume->ClusterEnd, &Problem, &At);
        Entry->Size = (ULONG)min((ULONG64)Count * Volume->ClusterSize, FAT_SIZE_LIMIT);
        if (!Count)
            FatSetFirst(Entry, 0);
        return FatChanged;
    }
    if (FatGet(Volume, First) == FAT_FREE || FatGet(Volume, First) == FAT_BAD) {
        FatReport(Volume, FatBadChain, First, Path); /* what it holds shows that it is in use */
        FatSet(Volume, First, FAT_LAST);
    }
    FatTakeChain(Volume, First, FAT_DIRECTORY_LIMIT / Volume->ClusterSize, &Problem, &At);
    if (Problem != FatProblemCount)
        FatReport(Volume, Problem, At, Path);
    if (Entry->Size) {
        FatReport(Volume, FatBadSize, First, Path);
        Entry->Size = 0;
        Verdict = FatChanged;
    }
    if (!FatQueueDirectory(Volume, First, Directory->Root ? 0 : Directory->First, FALSE, Path))
        Volume->Failed = TRUE;
    return Verdict;
}

/* Size says how many clusters there should be. What a chain has too much is cut off and will be a lost chain; of two
 * files with a cluster in common, the one found first keeps it and the other one ends before it. */
static FAT_VERDICT CheckFile(PFAT_VOLUME Volume, PFAT_ENTRY Entry, PCWSTR Path)
{
    ULONG First = FatFirst(Entry), Wanted, Count, At = First;
    FAT_PROBLEM Problem = FatProblemCount;

    if (!First && !Entry->Size)
        return FatKeep;
    Wanted = (ULONG)(((ULONG64)Entry->Size + Volume->ClusterSize - 1) / Volume->ClusterSize);
    Count = First ? FatTakeChain(Volume, First, Wanted, &Problem, &At) : 0;
    if (Problem != FatProblemCount)
        FatReport(Volume, Problem, At, Path);
    else if (Count < Wanted)
        FatReport(Volume, FatBadSize, First, Path);
    if (Count == Wanted && Count)
        return FatKeep;
    if (Count < Wanted)
        Entry->Size = (ULONG)((ULONG64)Count * Volume->ClusterSize);
    if (!Count)
        FatSetFirst(Entry, 0);
    return FatChanged;
}

FAT_VERDICT FatCheckEntry(PFAT_VOLUME Volume, PFAT_DIRECTORY Directory, PFAT_ENTRY Entry, PCWSTR Path)
{
    FAT_VERDICT Label = FatKeep, Verdict;

    if (Entry->Attributes & FAT_ATTR_VOLUME) {
        Label = CheckLabel(Volume, Directory, Entry, Path);
        if (Label != FatChanged)
            return Label;
    }
    Verdict = Entry->Attributes & FAT_ATTR_DIRECTORY ? CheckFolder(Volume, Directory, Entry, Path)
                                                     : CheckFile(Volume, Entry, Path);
    return max(Label, Verdict);
}
