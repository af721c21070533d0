/* The checker of FAT32 volumes: raw sectors by callbacks, so that it runs on the host too. */
#pragma once

#include <ntdef.h>

#define FAT_FREE 0u
#define FAT_BAD 0x0FFFFFF7u
#define FAT_LAST 0x0FFFFFFFu /* from 0x0FFFFFF8 on all mean the end */
#define FAT_CLEAN 0x08000000u /* in entry 1: unmounted properly */
#define FAT_NO_ERROR 0x04000000u /* in entry 1: no bad sector met */
#define FAT_MASK 0x0FFFFFFFu

#define FAT_DIRECTORY_LIMIT 0x200000u /* bytes: 65,536 entries */
#define FAT_PATH_LIMIT 200 /* characters; a longer path is cut, it only names the place */

typedef enum _FAT_PROBLEM {
    FatLostChain,
    FatCrossLink,
    FatFreeCount,
    FatMismatch,
    FatBadEntry,
    FatBadChain,
    FatBadSize,
    FatProblemCount
} FAT_PROBLEM;

typedef enum _FAT_RESULT {
    FatClean,    /* nothing to do, nothing written */
    FatRepaired, /* checked; what was wrong is repaired, the volume is marked clean */
    FatSkipped,  /* no FAT32 volume */
    FatFailed    /* the disk, memory or a table that nothing can be done without */
} FAT_RESULT;

typedef enum _FAT_STAGE { FatStageTables, FatStageDirectories, FatStageLost, FatStageWrite } FAT_STAGE;

/* Offsets and lengths are whole sectors of the volume. */
typedef struct _FAT_DEVICE {
    PVOID Context;
    ULONG64 Size; /* bytes */
    BOOLEAN (*Read)(PVOID Context, ULONG64 Offset, PVOID Buffer, ULONG Length);
    BOOLEAN (*Write)(PVOID Context, ULONG64 Offset, const VOID *Buffer, ULONG Length);
    BOOLEAN (*Flush)(PVOID Context);
    PVOID (*Allocate)(SIZE_T Size); /* zeroed; NULL: none */
    VOID (*Free)(PVOID Memory);
    VOID (*Problem)(PVOID Context, FAT_PROBLEM Kind, ULONG Cluster, PCWSTR Path);
    VOID (*Stage)(PVOID Context, FAT_STAGE Stage);
    USHORT Date, Time; /* of what is made, as FAT has them */
} FAT_DEVICE;

typedef struct _FAT_ENTRY {
    UCHAR Name[11];
    UCHAR Attributes;
    UCHAR Case;
    UCHAR CreateTenth;
    USHORT CreateTime, CreateDate, AccessDate;
    USHORT FirstHigh;
    USHORT WriteTime, WriteDate;
    USHORT FirstLow;
    ULONG Size;
} FAT_ENTRY, *PFAT_ENTRY;
C_ASSERT(sizeof(FAT_ENTRY) == 32);

#define FAT_ATTR_VOLUME 0x08
#define FAT_ATTR_DIRECTORY 0x10
#define FAT_ATTR_LONG 0x0F
#define FAT_DELETED 0xE5

/* New contents of a directory's cluster. */
typedef struct _FAT_PATCH {
    struct _FAT_PATCH *Next;
    ULONG Cluster;
    BOOLEAN New; /* it was free: it can be written before anything refers to it */
    UCHAR Data[];
} FAT_PATCH, *PFAT_PATCH;

#define FAT_PATCH_BUCKETS 1024

/* A directory whose chain is good and taken, still to be read. */
typedef struct _FAT_DIRECTORY {
    struct _FAT_DIRECTORY *Next;
    ULONG First, Parent; /* Parent is 0 below the root, as `..` has it */
    BOOLEAN Root;
    WCHAR Path[FAT_PATH_LIMIT];
} FAT_DIRECTORY, *PFAT_DIRECTORY;

typedef struct _FAT_VOLUME {
    const FAT_DEVICE *Device;
    /* from the boot sector, all checked */
    ULONG SectorSize, ClusterSize, FatSectors, FatCount, RootCluster, InfoSector, BackupSector;
    ULONG ClusterEnd;  /* clusters are 2 .. ClusterEnd-1 */
    ULONG64 FatOffset, DataOffset;
    ULONG ActiveFat;
    BOOLEAN Mirrored; /* all copies are kept alike */
    UCHAR Media;
    BOOLEAN Surface;   /* set by the caller: free clusters that cannot be read are marked bad */
    BOOLEAN BootDirty; /* the boot sector's own mark */
    /* one examination */
    PULONG Fat;  /* the table as it shall be */
    PULONG Used; /* a bit for each cluster that something owns */
    PFAT_PATCH Patches[FAT_PATCH_BUCKETS]; /* by cluster */
    PFAT_DIRECTORY Queue, *QueueEnd;
    ULONG Problems;
    BOOLEAN Quiet, Failed;
    ULONG NextFree;
    ULONG FreeFound; /* free clusters before any repair: what the information sector should have told */
} FAT_VOLUME, *PFAT_VOLUME;

/* fatvol.c */
FAT_RESULT FatOpenVolume(PFAT_VOLUME Volume, const FAT_DEVICE *Device); /* FatClean: it is one */
BOOLEAN FatIsDirty(PFAT_VOLUME Volume, PBOOLEAN Dirty);
BOOLEAN FatBegin(PFAT_VOLUME Volume, ULONG Copy); /* a new examination, of this copy of the table */
ULONG FatCountFree(PFAT_VOLUME Volume);
VOID FatEnd(PFAT_VOLUME Volume);                  /* frees what it had */
BOOLEAN FatSameTables(PFAT_VOLUME Volume, PBOOLEAN Same);
VOID FatReport(PFAT_VOLUME Volume, FAT_PROBLEM Kind, ULONG Cluster, PCWSTR Path);
BOOLEAN FatReadCluster(PFAT_VOLUME Volume, ULONG Cluster, PVOID Buffer); /* with patches */
BOOLEAN FatPatchCluster(PFAT_VOLUME Volume, ULONG Cluster, const VOID *Data, BOOLEAN New);
ULONG64 FatCopyOffset(PFAT_VOLUME Volume, ULONG Copy);
ULONG64 FatClusterOffset(PFAT_VOLUME Volume, ULONG Cluster);

FORCEINLINE ULONG FatGet(PFAT_VOLUME Volume, ULONG Cluster) { return Volume->Fat[Cluster] & FAT_MASK; }
FORCEINLINE VOID FatSet(PFAT_VOLUME Volume, ULONG Cluster, ULONG Value)
{
    Volume->Fat[Cluster] = (Volume->Fat[Cluster] & ~FAT_MASK) | Value;
}
FORCEINLINE BOOLEAN FatInRange(PFAT_VOLUME Volume, ULONG Cluster)
{
    return Cluster >= 2 && Cluster < Volume->ClusterEnd;
}
FORCEINLINE BOOLEAN FatIsUsed(PFAT_VOLUME Volume, ULONG Cluster)
{
    return Volume->Used[Cluster / 32] >> Cluster % 32 & 1;
}
FORCEINLINE VOID FatUse(PFAT_VOLUME Volume, ULONG Cluster) { Volume->Used[Cluster / 32] |= 1u << Cluster % 32; }
FORCEINLINE BOOLEAN FatIsEnd(ULONG Value) { return Value >= 0x0FFFFFF8u; }

/* fatchain.c: takes the clusters of a chain, Limit at most, and cuts it after the last good one. Returns how many are
 * good; *Problem is what was wrong (FatProblemCount: nothing), *At the cluster where. */
ULONG FatTakeChain(PFAT_VOLUME Volume, ULONG First, ULONG Limit, FAT_PROBLEM *Problem, PULONG At);

/* fatname.c */
BOOLEAN FatIsGoodShortName(const UCHAR *Name);
BOOLEAN FatIsGoodLabel(const UCHAR *Name);
UCHAR FatNameChecksum(const UCHAR *Name);
VOID FatShortNameText(const UCHAR *Name, PWSTR Text); /* at least 13 characters */
/* Slots of one long name, the last piece first as on the disk: FALSE when they make none. */
BOOLEAN FatReadLongName(const FAT_ENTRY *Slots, ULONG Count, UCHAR Checksum, PWSTR Text, ULONG Limit);
VOID FatAppendPath(PWSTR Path, PCWSTR Folder, PCWSTR Name);

/* fatdir.c: all directories from the root on */
VOID FatCheckDirectories(PFAT_VOLUME Volume);
BOOLEAN FatQueueDirectory(PFAT_VOLUME Volume, ULONG First, ULONG Parent, BOOLEAN Root, PCWSTR Path);

/* fatentry.c: one entry; what shall become of it */
typedef enum _FAT_VERDICT { FatKeep, FatChanged, FatRemove } FAT_VERDICT;
FAT_VERDICT FatCheckEntry(PFAT_VOLUME Volume, PFAT_DIRECTORY Directory, PFAT_ENTRY Entry, PCWSTR Path);
VOID FatSetFirst(PFAT_ENTRY Entry, ULONG First);
FORCEINLINE ULONG FatFirst(const FAT_ENTRY *Entry) { return (ULONG)Entry->FirstHigh << 16 | Entry->FirstLow; }
BOOLEAN FatIsDotName(const UCHAR *Name, ULONG Dots);
VOID FatMakeDot(PFAT_VOLUME Volume, PFAT_ENTRY Entry, ULONG Dots, ULONG First);

/* fatlost.c, fatfound.c: chains that nothing owns, saved as files of \FOUND.nnn, or freed when there is no room */
VOID FatRecoverLostChains(PFAT_VOLUME Volume);
VOID FatSaveChains(PFAT_VOLUME Volume, const ULONG *Heads, ULONG Count);
ULONG FatAllocateCluster(PFAT_VOLUME Volume); /* 0: none; taken and the end of its chain */

/* fatfix.c */
BOOLEAN FatCheckInfoSector(PFAT_VOLUME Volume);
BOOLEAN FatWriteRepairs(PFAT_VOLUME Volume);

/* fatcheck.c: the whole. Dirty is what the volume says of itself. */
FAT_RESULT FatCheckVolume(PFAT_VOLUME Volume, PULONG Problems);

/* The compiler's and the run-time library's. */
void *memcpy(void *Destination, const void *Source, size_t Count);
void *memset(void *Destination, int Value, size_t Count);
int memcmp(const void *A, const void *B, size_t Count);
