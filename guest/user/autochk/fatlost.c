/* Clusters that the table has in use and nothing owns: they are gathered into chains and saved. */
#include "fatchk.h"

#define FAT_FOUND_LIMIT 10000 /* FILE0000.CHK to FILE9999.CHK */

static BOOLEAN IsLost(PFAT_VOLUME Volume, ULONG Cluster)
{
    return FatInRange(Volume, Cluster) && !FatIsUsed(Volume, Cluster) && FatGet(Volume, Cluster) != FAT_FREE &&
           FatGet(Volume, Cluster) != FAT_BAD;
}

static VOID FreeChain(PFAT_VOLUME Volume, ULONG Cluster)
{
    while (!FatIsEnd(Cluster)) {
        ULONG Next = FatGet(Volume, Cluster);

        FatSet(Volume, Cluster, FAT_FREE);
        Cluster = Next;
    }
}

/* Takes the chain from Head; the first FAT_FOUND_LIMIT are kept for saving. */
static VOID AddChain(PFAT_VOLUME Volume, PULONG Heads, PULONG Count, ULONG Head)
{
    FAT_PROBLEM Problem;
    ULONG At;

    FatTakeChain(Volume, Head, Volume->ClusterEnd, &Problem, &At);
    FatReport(Volume, FatLostChain, Head, L"");
    if (*Count < FAT_FOUND_LIMIT)
        Heads[(*Count)++] = Head;
    else
        FreeChain(Volume, Head);
}

/* A head is a lost cluster that no lost cluster points to; what is left after them goes round in circles. */
VOID FatRecoverLostChains(PFAT_VOLUME Volume)
{
    const FAT_DEVICE *Device = Volume->Device;
    PULONG Pointed = Device->Allocate((SIZE_T)Volume->ClusterEnd / 8 + 8);
    PULONG Heads = Device->Allocate(FAT_FOUND_LIMIT * sizeof(ULONG));
    ULONG Count = 0;

    if (!Pointed || !Heads) {
        Volume->Failed = TRUE;
    } else {
        for (ULONG Cluster = 2; Cluster < Volume->ClusterEnd; Cluster++) {
            ULONG Next = FatGet(Volume, Cluster);

            if (IsLost(Volume, Cluster) && IsLost(Volume, Next))
                Pointed[Next / 32] |= 1u << Next % 32;
        }
        for (ULONG Round = 0; Round < 2; Round++) {
            for (ULONG Cluster = 2; Cluster < Volume->ClusterEnd; Cluster++) {
                if (IsLost(Volume, Cluster) && (Round || !(Pointed[Cluster / 32] >> Cluster % 32 & 1)))
                    AddChain(Volume, Heads, &Count, Cluster);
            }
        }
        if (Count)
            FatSaveChains(Volume, Heads, Count);
    }
    if (Pointed)
        Device->Free(Pointed);
    if (Heads)
        Device->Free(Heads);
}
