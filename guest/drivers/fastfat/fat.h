/* fastfat.sys: FAT32 with long names. What is on the disk, what is in memory, and who does what. */
#pragma once
#include <nt.h>
#include "ex.h"
#include "io.h"
#include "mm.h"

#define FAT_TAG 'taFF'
#define FAT_SECTOR 512u
#define FAT_ENTRIES_PER_SECTOR 128u
#define FAT_MASK 0x0FFFFFFFu
#define FAT_BAD 0x0FFFFFF7u             /* from here on no cluster: bad, then ends of chains */
#define FAT_END 0x0FFFFFFFu
#define FAT_CLEAN_BIT 0x08000000u       /* in FAT[1]: the volume was put away in order */
#define FAT_MAX_SIZE 0xFFFFFFFFull
#define FAT_MAX_DIRECTORY (65536u * 32u)
#define FAT_JOURNAL_SECTOR 32u          /* the journal: from here to the end of the reserved sectors */
#define FAT_OPERATION_ROOM 18u          /* sectors that one directory operation changes at most */
#define FAT_CHAIN_ROOM 5u               /* of these, what must be left when a chain has grown or shrunk */

/* ---- on the disk ------------------------------------------------------------------------------------------------- */

typedef struct __attribute__((packed)) _FAT_DIRENT {
    UCHAR Name[11];                     /* 0xE5: deleted, 0: the end, 0x05: stands for 0xE5 */
    UCHAR Attributes;
    UCHAR Case;                         /* 0x08: the name, 0x10: the extension is lower case */
    UCHAR CreationTenths;
    USHORT CreationTime, CreationDate, AccessDate, ClusterHigh, WriteTime, WriteDate, ClusterLow;
    ULONG Size;
} FAT_DIRENT, *PFAT_DIRENT;
C_ASSERT(sizeof(FAT_DIRENT) == 32);

typedef struct __attribute__((packed)) _FAT_LFN {
    UCHAR Order;                        /* 1 and on, 0x40: the last part */
    WCHAR Name1[5];
    UCHAR Attributes, Type, Checksum;
    WCHAR Name2[6];
    USHORT Cluster;
    WCHAR Name3[2];
} FAT_LFN, *PFAT_LFN;
C_ASSERT(sizeof(FAT_LFN) == 32);

#define FAT_ATTRIBUTE_LABEL 0x08
#define FAT_ATTRIBUTE_LFN 0x0F
#define FAT_ATTRIBUTES (FILE_ATTRIBUTE_READONLY | FILE_ATTRIBUTE_HIDDEN | FILE_ATTRIBUTE_SYSTEM | FILE_ATTRIBUTE_ARCHIVE)
#define FAT_DELETED 0xE5

/* ---- in memory --------------------------------------------------------------------------------------------------- */

/* A changed sector of FAT, directory or FSInfo that is not yet in its place. */
typedef struct _FAT_BLOCK {
    LIST_ENTRY Link;                    /* Vcb->Log, in the order of the first change */
    struct _FAT_BLOCK *Next;            /* in its hash chain */
    ULONG Sector;                       /* of the volume; of the active FAT for all its copies */
    BOOLEAN Touched;                    /* changed by the running operation: Undo is what was before */
    BOOLEAN Fresh;                      /* and was not in the log before it */
    UCHAR Data[FAT_SECTOR];
    UCHAR Undo[FAT_SECTOR];
} FAT_BLOCK, *PFAT_BLOCK;

typedef struct _FAT_EXTENT {
    ULONG Position, Cluster, Count;     /* clusters: in the file, on the volume, how many */
} FAT_EXTENT, *PFAT_EXTENT;

typedef struct _FAT_SHARE {
    ULONG Opens, Readers, Writers, Deleters, SharedRead, SharedWrite, SharedDelete;
} FAT_SHARE;

typedef enum _FAT_NODE { FatFile, FatDirectory } FAT_NODE;
typedef enum _FAT_JOURNAL_STATE { FatJournalClean, FatJournalReplayed, FatJournalTorn, FatJournalNone } FAT_JOURNAL_STATE;
typedef struct _VCB VCB, *PVCB;

/* One per file that is open, or that something below is open. */
typedef struct _FCB {
    FAT_NODE Type;
    PVCB Vcb;
    struct _FCB *Parent;                /* referenced; NULL for the root, and for a file that is deleted */
    LIST_ENTRY Sibling;                 /* Parent->Children */
    LIST_ENTRY Children;
    ULONG References;                   /* file objects, children, and who works with it */
    ULONG Handles;                      /* file objects before their Cleanup */
    FAT_SHARE Share;
    SECTION_OBJECT_POINTERS Sections;
    BOOLEAN DeletePending, Deleted, Invalid, Paging;
    ULONG FirstSlot, Slot;              /* its entries in Parent, the short one last */
    FAT_DIRENT Entry;                   /* as it is on the disk, or will be */
    ULONG FirstCluster;                 /* 0: none */
    ULONG Reserved;                     /* clusters promised by SetAllocation, not yet taken */
    PFAT_EXTENT Extents;                /* the whole chain, when ExtentsValid */
    ULONG ExtentCount, ExtentRoom, ClusterCount;
    BOOLEAN ExtentsValid;
    UNICODE_STRING Name;                /* owned; as on the disk */
} FCB, *PFCB;

#define FAT_HASH 256u
struct _VCB {
    PDEVICE_OBJECT Volume;
    ULONG SectorsPerCluster, ClusterSize, ReservedSectors, FatCount, FatSectors, TotalSectors;
    ULONG FatStart, ActiveFat, DataStart, ClusterCount, RootCluster, FsInfoSector, SerialNumber;
    BOOLEAN Mirrored;
    BOOLEAN ReadOnly, Closed;           /* Closed: shut down */
    BOOLEAN WriteEnabled;               /* the dirty bit is on the disk */
    BOOLEAN StaysDirty;                 /* dirty at mount, or marked so */
    FAT_JOURNAL_STATE JournalState;
    ULONG JournalSectors;               /* contents that fit; 0: no journal */
    ULONG64 JournalSequence;
    BOOLEAN Working;                    /* between FatBegin and FatEnd */
    LIST_ENTRY Log;
    ULONG LogCount;
    PFAT_BLOCK LogHash[FAT_HASH];
    ULONG FreeClusters, PendingFree, NextFree, Reserved;        /* MAXULONG in FreeClusters: not known */
    PUCHAR Bitmap;                      /* a bit per cluster from 2 on: taken, or freed by what is not yet on the disk */
    ULONG WindowSector;                 /* one sector of the FAT, for walks; MAXULONG: none */
    UCHAR Window[FAT_SECTOR];
    PFCB Root;
    ULONG OpenFiles;                    /* handles of files and directories */
    PFILE_OBJECT LockedBy;              /* an open of the volume itself; NULL: not locked */
    UNICODE_STRING DevicePath;
    WCHAR Label[12];
};

/* An entry as it was found. */
typedef struct _FAT_FOUND {
    FAT_DIRENT Entry;
    ULONG FirstSlot, Slot;
    USHORT NameLength, ShortLength;     /* bytes; ShortLength 0: Name is the short one */
    WCHAR Name[256];
    WCHAR ShortName[13];
} FAT_FOUND, *PFAT_FOUND;

typedef struct _FAT_SCAN {
    PFCB Directory;
    ULONG Slot;                         /* the next to be looked at */
    ULONG Sector;                       /* what Data holds; 0: nothing */
    UCHAR Data[FAT_SECTOR];
} FAT_SCAN, *PFAT_SCAN;

FORCEINLINE ULONG64 FatSectorOffset(ULONG Sector) { return (ULONG64)Sector * FAT_SECTOR; }
FORCEINLINE ULONG64 FatClusterOffset(PVCB Vcb, ULONG Cluster)
{
    return FatSectorOffset(Vcb->DataStart) + (ULONG64)(Cluster - 2) * Vcb->ClusterSize;
}
FORCEINLINE BOOLEAN FatIsCluster(PVCB Vcb, ULONG Cluster) { return Cluster >= 2 && Cluster - 2 < Vcb->ClusterCount; }
FORCEINLINE ULONG FatClustersFor(PVCB Vcb, ULONG64 Bytes)
{
    return (ULONG)((Bytes + Vcb->ClusterSize - 1) / Vcb->ClusterSize);
}

/* ---- log.c: sectors of metadata, changed together ---------------------------------------------------------------- */
NTSTATUS FatReadSector(PVCB Vcb, ULONG Sector, PVOID Buffer);
/* The sector's bytes in the log, for change by the running operation. */
NTSTATUS FatChangeSector(PVCB Vcb, ULONG Sector, PUCHAR *Data);
/* Around each operation that changes metadata. Clusters: how many it will take. FatEnd takes everything back when Status
 * is an error, and returns Status. */
NTSTATUS FatBegin(PVCB Vcb, ULONG Clusters);
NTSTATUS FatEnd(PVCB Vcb, NTSTATUS Status);
ULONG FatLogRoom(PVCB Vcb);
VOID FatForgetLog(PVCB Vcb);
/* commit.c: what was changed so far reaches the disk, all or nothing. */
NTSTATUS FatCommit(PVCB Vcb);
NTSTATUS FatWriteInPlace(PVCB Vcb, ULONG Sector, const VOID *Data);
/* dirty.c: the bit in FAT[1], written at once */
NTSTATUS FatSetDirtyBit(PVCB Vcb, BOOLEAN Dirty);
NTSTATUS FatQueryDirtyBit(PVCB Vcb, PBOOLEAN Dirty);
NTSTATUS FatEnableWrites(PVCB Vcb);
/* journal.c */
NTSTATUS FatWriteJournal(PVCB Vcb);
NTSTATUS FatClearJournal(PVCB Vcb);
NTSTATUS FatReplayJournal(PVCB Vcb);

/* ---- table.c: the FAT and its free clusters; chain.c: chains of files --------------------------------------------- */
NTSTATUS FatGetEntry(PVCB Vcb, ULONG Cluster, PULONG Value);
NTSTATUS FatSetEntry(PVCB Vcb, ULONG Cluster, ULONG Value);
NTSTATUS FatLinkEntries(PVCB Vcb, ULONG First, ULONG Count, ULONG Next);
NTSTATUS FatLoadBitmap(PVCB Vcb);
VOID FatReleaseFreed(PVCB Vcb, const UCHAR *Data, ULONG Sector);
VOID FatUndoTable(PVCB Vcb, PFAT_BLOCK Block);
ULONG FatFindRun(PVCB Vcb, ULONG Hint, ULONG Wanted, BOOLEAN Contiguous, PULONG First);
NTSTATUS FatQueryFree(PVCB Vcb, PULONG Free);
NTSTATUS FatLoadExtents(PFCB Fcb);
VOID FatDropExtents(PFCB Fcb);
/* Where cluster number Position of the file is, and how many follow it there. */
NTSTATUS FatMapCluster(PFCB Fcb, ULONG Position, PULONG Cluster, PULONG Count);
/* Lengthens the chain to at most Count clusters, as far as the log has room; Fcb->ClusterCount is what came of it. */
NTSTATUS FatGrowChain(PFCB Fcb, ULONG Count);
/* Shortens it to Count clusters, or as far as the log has room. */
NTSTATUS FatShrinkChain(PFCB Fcb, ULONG Count);

/* ---- names and times: name.c, shortname.c, time.c ---------------------------------------------------------------- */
BOOLEAN FatIsLegalName(PCUNICODE_STRING Name);
BOOLEAN FatIsShortName(PCUNICODE_STRING Name, PUCHAR Short);    /* exactly this 8.3 name, no long one needed */
USHORT FatShortToUnicode(const FAT_DIRENT *Entry, BOOLEAN Case, PWCHAR Name);   /* characters */
UCHAR FatShortChecksum(const UCHAR *Short);
NTSTATUS FatMakeShortName(PFCB Directory, PCUNICODE_STRING Name, PUCHAR Short);
LARGE_INTEGER FatTimeToNt(USHORT Date, USHORT Time, UCHAR Tenths);
VOID FatTimeFromNt(LARGE_INTEGER NtTime, PUSHORT Date, PUSHORT Time, PUCHAR Tenths);
VOID FatStampWrite(PFAT_DIRENT Entry);
VOID FatStampNew(PFAT_DIRENT Entry);

/* ---- directories: scan.c, entry.c -------------------------------------------------------------------------------- */
NTSTATUS FatScanSlot(PFAT_SCAN Scan, ULONG Slot, PFAT_DIRENT *Entry);       /* STATUS_END_OF_FILE */
NTSTATUS FatNextEntry(PFAT_SCAN Scan, PFAT_FOUND Found);                    /* STATUS_NO_MORE_FILES */
NTSTATUS FatLookup(PFCB Directory, PCUNICODE_STRING Name, PFAT_FOUND Found); /* STATUS_OBJECT_NAME_NOT_FOUND */
NTSTATUS FatHasShortName(PFCB Directory, const UCHAR *Short, PBOOLEAN Found);
NTSTATUS FatIsEmpty(PFCB Directory);                                        /* STATUS_DIRECTORY_NOT_EMPTY */
BOOLEAN FatIsDotEntry(const FAT_DIRENT *Entry);
/* These need a running operation. */
NTSTATUS FatAddEntry(PFCB Directory, PCUNICODE_STRING Name, PFAT_DIRENT Entry, PULONG FirstSlot, PULONG Slot);
NTSTATUS FatAddSlot(PFCB Directory, const FAT_DIRENT *Entry, PULONG Slot);
NTSTATUS FatRemoveEntry(PFCB Directory, ULONG FirstSlot, ULONG Slot);
NTSTATUS FatWriteEntry(PFCB Fcb);
NTSTATUS FatChangeSlot(PFCB Directory, ULONG Slot, const VOID *Bytes);
NTSTATUS FatZeroClusters(PVCB Vcb, ULONG Cluster, ULONG Count);

/* ---- files: fcb.c, path.c, create.c, size.c, readwrite.c, rename.c, cleanup.c... --------------------------------- */
PFCB FatCreateNode(PVCB Vcb, PFCB Parent, const FAT_FOUND *Found);          /* with one reference */
VOID FatReferenceNode(PFCB Fcb);
VOID FatDereferenceNode(PFCB Fcb);
/* The node of an entry that was found in Parent, with a reference: the one that there is or a new one. */
NTSTATUS FatOpenNode(PFCB Parent, const FAT_FOUND *Found, PFCB *Fcb);
VOID FatUnlinkNode(PFCB Fcb);
VOID FatMoveNode(PFCB Fcb, PFCB Parent);
NTSTATUS FatSetNodeName(PFCB Fcb, PCUNICODE_STRING Name);
VOID FatSetFirstCluster(PFCB Fcb, ULONG Cluster);
ULONG FatEntryCluster(const FAT_DIRENT *Entry);
/* Walks all of Path but its last component; *Parent is referenced. *Trailing: a separator ended it. */
NTSTATUS FatWalk(PVCB Vcb, PCUNICODE_STRING Path, PFCB *Parent, PUNICODE_STRING Leaf, PBOOLEAN Trailing);
VOID FatRecord(PCSTR Event, PFCB Fcb, PFCB NewParent, PCUNICODE_STRING NewName, ULONG64 Number);
NTSTATUS FatCheckShare(PFCB Fcb, PFILE_OBJECT File);
VOID FatAddShare(PFCB Fcb, PFILE_OBJECT File);
VOID FatRemoveShare(PFCB Fcb, PFILE_OBJECT File);
NTSTATUS FatMayDelete(PFCB Fcb);
NTSTATUS FatSetSize(PFCB Fcb, ULONG64 Size);
NTSTATUS FatCutFile(PFCB Fcb, ULONG64 Size);
NTSTATUS FatExtendFile(PFCB Fcb, ULONG64 Size, BOOLEAN Zero);
NTSTATUS FatMakeRoomToFree(PFCB Fcb);
NTSTATUS FatRemoveFile(PFCB Fcb);               /* within an operation */
NTSTATUS FatDeleteFile(PFCB Fcb);
VOID FatReleaseReserved(PFCB Fcb);
NTSTATUS FatTransferFile(PFCB Fcb, BOOLEAN Write, ULONG64 Offset, PVOID Buffer, ULONG Length);
NTSTATUS FatUsable(PFILE_OBJECT File);          /* may the file still be worked with? */

NTSTATUS FatCreate(PDEVICE_OBJECT Device, PFILE_OBJECT File, PIO_CREATE_PARAMETERS Parameters);
NTSTATUS FatRead(PFILE_OBJECT File, ULONG64 Offset, PVOID Buffer, ULONG Length, PULONG Done);
NTSTATUS FatWrite(PFILE_OBJECT File, ULONG64 Offset, const VOID *Buffer, ULONG Length, PULONG Done);
NTSTATUS FatFlush(PFILE_OBJECT File);
NTSTATUS FatQueryAttributes(PFILE_OBJECT File, PIO_FILE_ATTRIBUTES Attributes);
NTSTATUS FatSetAttributes(PFILE_OBJECT File, const FILE_BASIC_INFORMATION *Information);
NTSTATUS FatSetEndOfFile(PFILE_OBJECT File, ULONG64 EndOfFile);
NTSTATUS FatSetAllocation(PFILE_OBJECT File, ULONG64 AllocationSize);
NTSTATUS FatRename(PFILE_OBJECT File, PCUNICODE_STRING NewName, BOOLEAN ReplaceIfExists);
NTSTATUS FatSetDisposition(PFILE_OBJECT File, BOOLEAN Delete);
NTSTATUS FatQueryDirectory(PFILE_OBJECT File, PCUNICODE_STRING Pattern, PULONG Index, PIO_DIRECTORY_ENTRY Entry);
NTSTATUS FatQueryVolume(PFILE_OBJECT File, PIO_VOLUME_ATTRIBUTES Attributes);
NTSTATUS FatSetLabel(PFILE_OBJECT File, PCUNICODE_STRING Label);
NTSTATUS FatControl(PFILE_OBJECT File, ULONG Code, const VOID *Input, ULONG InputLength, PVOID Output,
                    ULONG OutputLength, PULONG Done);
NTSTATUS FatQueryExtent(PFILE_OBJECT File, ULONG64 Offset, PULONG64 VolumeOffset, PULONG64 Length);
VOID FatCleanup(PFILE_OBJECT File);
VOID FatClose(PFILE_OBJECT File);

/* dirquery.c */
ULONG64 FatFileId(PFCB Parent, ULONG FirstCluster, ULONG Slot);
VOID FatFillAttributes(PVCB Vcb, const FAT_DIRENT *Entry, PIO_FILE_ATTRIBUTES Attributes);

/* ---- volumes: mount.c, label.c, control.c ------------------------------------------------------------------------ */
NTSTATUS FatMount(PDEVICE_OBJECT Volume, PVOID *Vcb);
NTSTATUS FatShutdown(PVOID Vcb);
NTSTATUS FatReadVolumeFacts(PVCB Vcb);          /* BPB, FSInfo, dirty bit, label */
NTSTATUS FatReadLabel(PVCB Vcb);
VOID FatRevalidate(PVCB Vcb);                   /* somebody else wrote: everything is read anew */
extern const IO_FILE_SYSTEM FatFileSystem;
