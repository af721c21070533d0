/* Cluster chains: who follows one owns its clusters, and it ends where it would leave the good ones. */
#include "fatchk.h"

/* Is At, which is taken, a cluster of the chain from First, which has Count clusters so far? */
static BOOLEAN IsOwn(PFAT_VOLUME Volume, ULONG First, ULONG Count, ULONG At)
{
    for (; Count; Count--, First = FatGet(Volume, First)) {
        if (First == At)
            return TRUE;
    }
    return FALSE;
}

/* May a chain go on at Cluster? */
static FAT_PROBLEM Judge(PFAT_VOLUME Volume, ULONG First, ULONG Count, ULONG Cluster)
{
    if (!FatInRange(Volume, Cluster))
        return FatBadChain;
    if (FatIsUsed(Volume, Cluster))
        return IsOwn(Volume, First, Count, Cluster) ? FatBadChain : FatCrossLink;
    if (FatGet(Volume, Cluster) == FAT_FREE || FatGet(Volume, Cluster) == FAT_BAD)
        return FatBadChain;
    return FatProblemCount;
}

ULONG FatTakeChain(PFAT_VOLUME Volume, ULONG First, ULONG Limit, FAT_PROBLEM *Problem, PULONG At)
{
    ULONG Count = 0, Cluster = First, Last = 0;

    for (;;) {
        *At = Cluster;
        *Problem = Count == Limit ? FatBadSize : Judge(Volume, First, Count, Cluster);
        if (*Problem != FatProblemCount)
            break;
        FatUse(Volume, Cluster);
        Count++;
        Last = Cluster;
        Cluster = FatGet(Volume, Cluster);
        if (FatIsEnd(Cluster))
            return Count;
    }
    if (Last)
        FatSet(Volume, Last, FAT_LAST);
    return Count;
}
