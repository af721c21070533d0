/* A hive in memory: bins of cells that never move, which pages of them the file has not got yet, and how it gets them.
 *
 * Cells are known by their offset from the first bin. Bins are separately allocated where they were added, so a pointer
 * into a cell stays good until the cell is freed. A power cut at any moment leaves the file in its old or its new
 * state: the dirty pages go to a log first (hvwrite.c), and HvOpen puts them in place when the file says that it was
 * being written (hvrecover.c). Nothing here knows keys or values. */
#pragma once
#include <nt.h>
#include "ke.h"
#include "mm.h"

#define HV_PAGE_SIZE 4096u
#define HV_SECTOR_SIZE 512u             /* of a log, and what a disk writes wholly or not at all */
#define HV_NO_CELL 0xFFFFFFFFu
#define HV_BIN_HEADER_SIZE 32u
#define HV_MAXIMUM_LENGTH 0x40000000u   /* of all bins */
#define HV_TAG 'iCmC'

/* What was wrong with a hive, and in which cell: parameters of bugcheck 0x74. */
typedef enum _CMP_DAMAGE {
    CmpNoDamage, CmpBadHeader, CmpBadChecksum, CmpBadBin, CmpBadCell, CmpBadKey, CmpBadKeyName, CmpBadSubKeyList,
    CmpBadValueList, CmpBadValue, CmpBadValueData, CmpTooDeep, CmpTooManyKeys, CmpNoControlSet, CmpBadLog
} CMP_DAMAGE;

/* The files of a hive, as the host's tests and cmfile.c provide them. Every routine returns when its work is done;
 * what was written is safe from a power cut after Flush of that file, and only then. */
typedef enum _HV_FILE { HvPrimary, HvLog1, HvLog2, HvFiles } HV_FILE;
typedef struct _HV_FILE_OPERATIONS {
    NTSTATUS (*Write)(PVOID Context, HV_FILE File, ULONG64 Offset, const VOID *Buffer, ULONG Length);
    NTSTATUS (*SetSize)(PVOID Context, HV_FILE File, ULONG64 Size);
    NTSTATUS (*Flush)(PVOID Context, HV_FILE File);
} HV_FILE_OPERATIONS;

typedef struct _HV_PAGE {
    PUCHAR Memory;
    ULONG Bin;                          /* offset of the bin that the page belongs to */
    ULONG Free;                         /* bytes of free cells; kept in a bin's first page */
    BOOLEAN Dirty;                      /* the file has not got it */
    BOOLEAN OwnsMemory;                 /* Memory is the pool block of a bin that was added */
} HV_PAGE, *PHV_PAGE;

typedef struct _CMHIVE {
    LIST_ENTRY HiveList;                /* cmload.c: all mounted hives */
    UCHAR BaseBlock[HV_SECTOR_SIZE];    /* as it lies in the file, or as it will after the next write */
    UCHAR LoadedBlock[HV_SECTOR_SIZE];  /* as it lay in the file that was loaded */
    ULONG Minor;                        /* format 1.Minor */
    ULONG RootCell;
    ULONG Length;                       /* of all bins, a multiple of a page */
    PHV_PAGE Pages;
    ULONG PageRoom;                     /* entries of Pages */
    PUCHAR Storage;                     /* the bins that were loaded, one pool block */
    PUCHAR Unclaimed;                   /* while the hive is read: a bit for each cell that nobody has claimed */
    ULONG Hint;                         /* bin where the last free cell was found */
    ULONG DirtyPages;
    ULONG Sequence;                     /* of the next log entry */
    ULONG Secondary;                    /* the file's second sequence number */
    LONG LogNeeded;                     /* HvLog1 or HvLog2: the file is whole only with this log; 0: without any */
    ULONG64 FileSize;                   /* of the primary, as far as known */
    BOOLEAN Recovered;                  /* the file was not whole, and its logs made it so */
    BOOLEAN Unloadable;                 /* NtLoadKey brought it */
    CMP_DAMAGE Damage;
    ULONG DamagedCell;

    struct _CM_KEY_NODE *Root;          /* cmload.c: where it is mounted */
    PVOID File;                         /* cmfile.c: the open files; NULL: nothing is written back */
} CMHIVE, *PCMHIVE;

/* Numbers in a hive are little-endian and not always aligned. */
static inline ULONG CmpRead16(const UCHAR *p) { return (ULONG)p[0] | (ULONG)p[1] << 8; }
static inline ULONG CmpRead32(const UCHAR *p) { return CmpRead16(p) | CmpRead16(p + 2) << 16; }
static inline ULONG64 CmpRead64(const UCHAR *p) { return CmpRead32(p) | (ULONG64)CmpRead32(p + 4) << 32; }
static inline VOID CmpWrite16(PUCHAR p, ULONG v) { p[0] = (UCHAR)v; p[1] = (UCHAR)(v >> 8); }
static inline VOID CmpWrite32(PUCHAR p, ULONG v) { CmpWrite16(p, v); CmpWrite16(p + 2, v >> 16); }
static inline VOID CmpWrite64(PUCHAR p, ULONG64 v) { CmpWrite32(p, (ULONG)v); CmpWrite32(p + 4, (ULONG)(v >> 32)); }

/* The base block: where its fields are. */
#define HV_BASE_SEQUENCE1 4u
#define HV_BASE_SEQUENCE2 8u
#define HV_BASE_TIME 12u
#define HV_BASE_MAJOR 20u
#define HV_BASE_MINOR 24u
#define HV_BASE_TYPE 28u                /* HV_TYPE_* */
#define HV_BASE_FORMAT 32u
#define HV_BASE_ROOT 36u
#define HV_BASE_LENGTH 40u
#define HV_BASE_CLUSTER 44u
#define HV_BASE_NAME 48u
#define HV_BASE_FLAGS 144u
#define HV_BASE_CHECKSUM 508u
#define HV_TYPE_PRIMARY 0u
#define HV_TYPE_LOG 6u                  /* entries `HvLE` behind the base block */

/* hvbase.c */
NTSTATUS HvDamaged(PCMHIVE Hive, CMP_DAMAGE Damage, ULONG Cell);    /* the first one counts; STATUS_REGISTRY_CORRUPT */
ULONG HvpChecksum(const UCHAR *BaseBlock);
VOID HvpSetChecksum(PUCHAR BaseBlock);
/* A base block of 512 bytes with a good checksum and a version that is known. */
BOOLEAN HvpCheckBaseBlock(const UCHAR *BaseBlock);

/* hvload.c: a hive from a file's bytes, which are copied, and those of its logs (NULL: there is none), which are looked
 * at only when the file is not whole. On failure Hive is empty but for its Damage. */
NTSTATUS HvOpen(PCMHIVE Hive, const VOID *File, SIZE_T Size, const VOID *const Logs[2], const SIZE_T LogSizes[2]);
/* An empty hive without a root: the first cell that is allocated is to be the root key's. */
NTSTATUS HvCreate(PCMHIVE Hive, PCWSTR FileName);
VOID HvClose(PCMHIVE Hive);             /* frees all memory; files are the caller's */

/* hvrecover.c: Bins gets the contents of the file (BinsSize bytes of BinsRoom) with the logs' entries over them. */
typedef struct _HV_RECOVERY {
    const UCHAR *Entry[2];              /* first of the entries to apply, per log in the order they follow */
    ULONG Count[2];
    HV_FILE Log[2];
    ULONG First, Last;                  /* sequence numbers */
    ULONG Length;                       /* of the bins, when all is applied */
    ULONG64 Logged;                     /* bytes of all pages in the entries: bounds Length */
} HV_RECOVERY, *PHV_RECOVERY;
/* Finds the entries that go on from the base block in BaseBlock, which is taken from a log when the file's is bad.
 * STATUS_REGISTRY_CORRUPT: no way to make the file whole. */
NTSTATUS HvpPlanRecovery(PUCHAR BaseBlock, const VOID *const Logs[2], const SIZE_T LogSizes[2],
                         PHV_RECOVERY Recovery);
/* Puts the pages in place and marks them dirty; the hive's memory is Recovery->Length bytes. */
VOID HvpApplyRecovery(PCMHIVE Hive, const HV_RECOVERY *Recovery);

/* hvmarvin.c: the hash of log entries. */
typedef struct _HV_MARVIN {
    ULONG Low, High;
    UCHAR Rest[4];
    ULONG RestLength;
} HV_MARVIN, *PHV_MARVIN;
#define HV_MARVIN_SEED 0x82EF4D887A4E55C5ull
VOID HvpMarvinStart(PHV_MARVIN State, ULONG64 Seed);
VOID HvpMarvinAppend(PHV_MARVIN State, const VOID *Data, ULONG Length);
ULONG64 HvpMarvinFinish(PHV_MARVIN State);
ULONG64 HvpMarvin32(const VOID *Data, ULONG Length);

/* A log entry: its fields. Hash 1 is over what is from HV_ENTRY_REFERENCES on, hash 2 over the first 32 bytes. */
#define HV_ENTRY_SIZE 4u
#define HV_ENTRY_FLAGS 8u
#define HV_ENTRY_SEQUENCE 12u
#define HV_ENTRY_LENGTH 16u
#define HV_ENTRY_COUNT 20u
#define HV_ENTRY_HASH1 24u
#define HV_ENTRY_HASH2 32u
#define HV_ENTRY_REFERENCES 40u

/* hvcell.c. The contents of an allocated cell of at least AtLeast bytes inside one bin; NULL: it is not such. */
PUCHAR HvGetCell(PCMHIVE Hive, ULONG Cell, ULONG AtLeast, PULONG Length);
/* The same; while the hive is being read (Unclaimed is there) each cell may be claimed once: no two owners, no circles,
 * and nothing that begins in the middle of a cell. */
PUCHAR HvClaimCell(PCMHIVE Hive, ULONG Cell, ULONG AtLeast, PULONG Length);
/* A zeroed and dirty cell for Size bytes; HV_NO_CELL: no memory. */
ULONG HvAllocateCell(PCMHIVE Hive, ULONG Size);
VOID HvFreeCell(PCMHIVE Hive, ULONG Cell);
VOID HvMarkCellDirty(PCMHIVE Hive, ULONG Cell);
VOID HvpMarkDirty(PCMHIVE Hive, ULONG Offset, ULONG Length);
/* Room for the description of pages up to Length; FALSE: no memory. */
BOOLEAN HvpGrowPages(PCMHIVE Hive, ULONG Length);
static inline PUCHAR HvpAddress(PCMHIVE Hive, ULONG Offset)
{
    return Hive->Pages[Offset / HV_PAGE_SIZE].Memory + Offset % HV_PAGE_SIZE;
}
static inline ULONG HvpBinSize(PCMHIVE Hive, ULONG Bin) { return CmpRead32(HvpAddress(Hive, Bin) + 8); }

/* hvwrite.c: brings the file up to what is in memory. *Bytes: how much of the bins was written, 0 when nothing was
 * dirty. On failure everything stays dirty, and the file is whole with the log of the last success or of this try. */
NTSTATUS HvWriteHive(PCMHIVE Hive, const HV_FILE_OPERATIONS *Operations, PVOID Context, PULONG Bytes);
/* The whole hive into a new file. */
NTSTATUS HvWriteNewFile(PCMHIVE Hive, const HV_FILE_OPERATIONS *Operations, PVOID Context);
