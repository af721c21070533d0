/* Disks, partitions and volumes, inside the I/O manager. */
#pragma once
#include <ntdddisk.h>
#include "iop.h"

#define IOP_MAXIMUM_PARTITIONS 128u

/* One line of a partition table that is inside the disk and overlaps no other. */
typedef struct _IOP_PARTITION {
    ULONG Number;                       /* from 1, in the table's order */
    ULONG64 Start, Count;               /* sectors */
    BOOLEAN Gpt;
    BOOLEAN Active;                     /* MBR: boot indicator */
    UCHAR MbrType;
    GUID Type, Id;                      /* GPT */
    ULONG64 Attributes;
    WCHAR Name[36];
} IOP_PARTITION, *PIOP_PARTITION;

typedef struct _IOP_DISK {
    LIST_ENTRY Entry;                   /* IopDisks */
    ULONG Number;
    const IO_DISK_OPERATIONS *Operations;
    PVOID Context;                      /* the driver's */
    ULONG64 SectorCount;
    ULONG Signature;                    /* MBR; 0 on a GPT disk */
    BOOLEAN ReadOnly;
    PDEVICE_OBJECT Device;
} IOP_DISK, *PIOP_DISK;

struct _VPB {
    const IO_FILE_SYSTEM *FileSystem;
    PVOID Vcb;
};

typedef struct _IOP_VOLUME {
    LIST_ENTRY Entry;                   /* IopVolumes */
    ULONG Number;                       /* HarddiskVolume<Number> */
    PIOP_DISK Disk;
    PDEVICE_OBJECT Device;
    IOP_PARTITION Partition;
    WCHAR Letter;                       /* 0: none */
    BOOLEAN Unrecognized;               /* every file system has refused what is on it */
    PFILE_OBJECT LockHolder;            /* the raw open that has locked the volume; not referenced */
    VPB Vpb;
} IOP_VOLUME, *PIOP_VOLUME;

extern LIST_ENTRY IopDisks, IopVolumes;

/* disk.c: whole sectors, within the disk. */
NTSTATUS IopTransferDisk(PIOP_DISK Disk, BOOLEAN Write, ULONG64 Sector, ULONG Count, PVOID Buffer);
NTSTATUS IopFlushDisk(PIOP_DISK Disk);

/* partition.c: Partitions has room for IOP_MAXIMUM_PARTITIONS; what is damaged or overlaps is left out. */
NTSTATUS IopReadPartitionTable(PIOP_DISK Disk, PIOP_PARTITION Partitions, PULONG Count);
/* Adds *New when it lies between First and Last (sectors, inclusive) and overlaps none of the others; FALSE: refused. */
BOOLEAN IopAddPartition(PIOP_PARTITION Partitions, PULONG Count, ULONG64 First, ULONG64 Last, const IOP_PARTITION *New);
/* gpt.c, mbr.c; Sector is sector 0. */
NTSTATUS IopReadGpt(PIOP_DISK Disk, PIOP_PARTITION Partitions, PULONG Count);
NTSTATUS IopReadMbr(PIOP_DISK Disk, const UCHAR *Sector, PIOP_PARTITION Partitions, PULONG Count);

/* volume.c */
NTSTATUS IopCreateVolume(PIOP_DISK Disk, const IOP_PARTITION *Partition);
BOOLEAN IopIsVolumeDevice(PDEVICE_OBJECT Device);
/* rawdev.c: what disks and volumes have in common when they are opened as they are. */
NTSTATUS IopOpenRaw(PFILE_OBJECT File, PIO_CREATE_PARAMETERS Parameters);
NTSTATUS IopClipTransfer(ULONG64 Size, ULONG64 Offset, PULONG Length);      /* whole sectors; STATUS_END_OF_FILE */
NTSTATUS IopControlDisk(PIOP_DISK Disk, const IOP_PARTITION *Partition, ULONG Code, PVOID Output, ULONG OutputLength,
                        PULONG Done);

/* mount.c */
NTSTATUS IopMountVolume(PIOP_VOLUME Volume);        /* success when it is mounted already */
/* syspart.c: HKLM\SYSTEM\Setup value SystemPartition, the device of the partition that Boot's disk is started from. */
NTSTATUS IopStoreSystemPartition(PIOP_VOLUME Boot);
/* letters.c */
VOID IopAssignLetters(VOID);                        /* to volumes without one, when IopStartVolumes has run */
VOID IopStartVolumes(VOID);                         /* after the boot drivers: letters, \SystemRoot; bugcheck 0x7B */
