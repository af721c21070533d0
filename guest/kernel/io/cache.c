/* The block cache of volumes: 4 KiB blocks, found by hash, given up by age, written back in ascending order. No lock: a
 * transfer keeps the processor until it is complete (docs/volume.md, 3). */
#include <nt.h>
#include "ke.h"
#include "io.h"
#include "mm.h"

#define CACHE_TAG 'hcaC'
#define CACHE_BLOCK_SIZE 4096u
#define CACHE_BUCKETS 1024u
#define CACHE_MAX_BLOCKS 1024u          /* 4 MiB, or less on a small machine */
#define CACHE_MIN_BLOCKS 64u
#define CACHE_RUN 16u                   /* blocks that are transferred at once */

typedef struct _CACHE_BLOCK {
    struct _CACHE_BLOCK *Next;          /* in its bucket */
    LIST_ENTRY Age;                     /* IopCacheAge: the youngest first */
    LIST_ENTRY Dirty;                   /* IopCacheDirty, by volume and number, when a sector is */
    PDEVICE_OBJECT Volume;
    ULONG64 Number;
    UCHAR DirtySectors;                 /* a bit each; 0: clean. Sectors around them may be written around the cache */
    PUCHAR Data;
} CACHE_BLOCK, *PCACHE_BLOCK;

static PCACHE_BLOCK IopCacheHash[CACHE_BUCKETS];
static LIST_ENTRY IopCacheAge = { &IopCacheAge, &IopCacheAge };
static LIST_ENTRY IopCacheDirty = { &IopCacheDirty, &IopCacheDirty };
static ULONG IopCacheCount, IopCacheLimit;
static UCHAR IopCacheRun[CACHE_RUN * CACHE_BLOCK_SIZE];      /* neighbours on their way to or from the disk */

static PCACHE_BLOCK *IopCacheBucket(PDEVICE_OBJECT Volume, ULONG64 Number)
{
    return &IopCacheHash[(Number ^ (ULONG_PTR)Volume >> 5) % CACHE_BUCKETS];
}

static PCACHE_BLOCK IopFindBlock(PDEVICE_OBJECT Volume, ULONG64 Number)
{
    PCACHE_BLOCK Block = *IopCacheBucket(Volume, Number);

    while (Block != NULL && (Block->Number != Number || Block->Volume != Volume))
        Block = Block->Next;
    return Block;
}

/* A volume may end inside its last block. */
static ULONG IopBlockBytes(PDEVICE_OBJECT Volume, ULONG64 Number)
{
    return (ULONG)min(IoVolumeSize(Volume) - Number * CACHE_BLOCK_SIZE, (ULONG64)CACHE_BLOCK_SIZE);
}

/* ---- writing back ------------------------------------------------------------------------------------------------ */

static VOID IopMarkClean(PCACHE_BLOCK Block)
{
    if (Block->DirtySectors != 0)
        RemoveEntryList(&Block->Dirty);
    Block->DirtySectors = 0;
}

/* Most blocks are written one behind the other: the place is near the end. */
static VOID IopMarkDirty(PCACHE_BLOCK Block, ULONG Inside, ULONG Length)
{
    PLIST_ENTRY At = IopCacheDirty.Blink;
    UCHAR Old = Block->DirtySectors;

    for (ULONG Sector = Inside / IO_SECTOR_SIZE; Sector <= (Inside + Length - 1) / IO_SECTOR_SIZE; Sector++)
        Block->DirtySectors |= (UCHAR)(1u << Sector);
    if (Old != 0)
        return;
    while (At != &IopCacheDirty) {
        PCACHE_BLOCK Other = CONTAINING_RECORD(At, CACHE_BLOCK, Dirty);

        if (Other->Volume < Block->Volume || (Other->Volume == Block->Volume && Other->Number < Block->Number))
            break;
        At = At->Blink;
    }
    InsertHeadList(At, &Block->Dirty);
}

static BOOLEAN IopIsAllDirty(PCACHE_BLOCK Block)
{
    ULONG Sectors = IopBlockBytes(Block->Volume, Block->Number) / IO_SECTOR_SIZE;

    return Block->DirtySectors == (1u << Sectors) - 1;
}

/* The dirty sectors of one block, each row of them at once. */
static NTSTATUS IopWriteSectors(PCACHE_BLOCK Block)
{
    ULONG Sectors = CACHE_BLOCK_SIZE / IO_SECTOR_SIZE, First = 0, End;
    NTSTATUS Status = STATUS_SUCCESS;

    for (; First < Sectors && NT_SUCCESS(Status); First = End + 1) {
        for (End = First; End < Sectors && (Block->DirtySectors >> End & 1) != 0; End++)
            ;
        if (End != First)
            Status = IoTransferVolume(Block->Volume, TRUE, Block->Number * CACHE_BLOCK_SIZE + First * IO_SECTOR_SIZE,
                                      Block->Data + First * IO_SECTOR_SIZE, (End - First) * IO_SECTOR_SIZE);
    }
    if (NT_SUCCESS(Status))
        IopMarkClean(Block);
    return Status;
}

/* Writes the dirty block, and with one that is dirty all over those that follow it on the volume; they are clean then. */
static NTSTATUS IopWriteRun(PCACHE_BLOCK First)
{
    PDEVICE_OBJECT Volume = First->Volume;
    PLIST_ENTRY Entry = &First->Dirty;
    ULONG Count = 0, Bytes = 0;
    NTSTATUS Status;

    if (!IopIsAllDirty(First))
        return IopWriteSectors(First);
    while (Entry != &IopCacheDirty && Count < CACHE_RUN) {
        PCACHE_BLOCK Block = CONTAINING_RECORD(Entry, CACHE_BLOCK, Dirty);
        ULONG Size = IopBlockBytes(Volume, Block->Number);

        if (Block->Volume != Volume || Block->Number != First->Number + Count || !IopIsAllDirty(Block))
            break;
        RtlCopyMemory(IopCacheRun + Bytes, Block->Data, Size);
        Bytes += Size;
        Count++;
        Entry = Entry->Flink;
    }
    Status = IoTransferVolume(Volume, TRUE, First->Number * CACHE_BLOCK_SIZE, IopCacheRun, Bytes);
    for (Entry = &First->Dirty; NT_SUCCESS(Status) && Count != 0; Count--) {
        PCACHE_BLOCK Block = CONTAINING_RECORD(Entry, CACHE_BLOCK, Dirty);

        Entry = Entry->Flink;
        IopMarkClean(Block);
    }
    return Status;
}

static NTSTATUS IopWriteDirty(PDEVICE_OBJECT Volume)
{
    PLIST_ENTRY Entry = IopCacheDirty.Flink;
    NTSTATUS Status = STATUS_SUCCESS;

    while (Entry != &IopCacheDirty && NT_SUCCESS(Status)) {
        PCACHE_BLOCK Block = CONTAINING_RECORD(Entry, CACHE_BLOCK, Dirty);
        PLIST_ENTRY Before = Entry->Blink;

        if (Block->Volume == Volume) {
            Status = IopWriteRun(Block);
            Entry = Before;             /* what was written has left the list */
        }
        Entry = Entry->Flink;
    }
    return Status;
}

/* ---- blocks ------------------------------------------------------------------------------------------------------ */

static VOID IopUnhashBlock(PCACHE_BLOCK Block)
{
    PCACHE_BLOCK *Link = IopCacheBucket(Block->Volume, Block->Number);

    while (*Link != Block)
        Link = &(*Link)->Next;
    *Link = Block->Next;
    RemoveEntryList(&Block->Age);
}

static VOID IopDropBlock(PCACHE_BLOCK Block)
{
    IopMarkClean(Block);
    IopUnhashBlock(Block);
    ExFreePoolWithTag(Block->Data, CACHE_TAG);
    ExFreePoolWithTag(Block, CACHE_TAG);
    IopCacheCount--;
}

static PCACHE_BLOCK IopAllocateBlock(VOID)
{
    PCACHE_BLOCK Block = ExAllocatePoolWithTag(NonPagedPool, sizeof *Block, CACHE_TAG);

    if (Block == NULL)
        return NULL;
    Block->Data = ExAllocatePoolWithTag(NonPagedPool, CACHE_BLOCK_SIZE, CACHE_TAG);
    if (Block->Data == NULL) {
        ExFreePoolWithTag(Block, CACHE_TAG);
        return NULL;
    }
    IopCacheCount++;
    return Block;
}

/* The oldest block, written if need be. One that cannot be written stays, and the next older one goes. */
static PCACHE_BLOCK IopEvictBlock(VOID)
{
    for (PLIST_ENTRY Entry = IopCacheAge.Blink; Entry != &IopCacheAge; Entry = Entry->Blink) {
        PCACHE_BLOCK Block = CONTAINING_RECORD(Entry, CACHE_BLOCK, Age);

        if (Block->DirtySectors != 0 && !NT_SUCCESS(IopWriteRun(Block)))
            continue;
        IopUnhashBlock(Block);
        return Block;
    }
    return NULL;
}

static VOID IopSetCacheLimit(VOID)
{
    MM_STATISTICS Memory;

    MmQueryStatistics(&Memory);
    IopCacheLimit = (ULONG)min(Memory.TotalPages / 16, (SIZE_T)CACHE_MAX_BLOCKS);
    IopCacheLimit = max(IopCacheLimit, CACHE_MIN_BLOCKS);
}

/* A block for what is not in the cache; its data are not what the disk has yet. */
static PCACHE_BLOCK IopNewBlock(PDEVICE_OBJECT Volume, ULONG64 Number)
{
    PCACHE_BLOCK Block = NULL, *Bucket = IopCacheBucket(Volume, Number);

    if (IopCacheLimit == 0)
        IopSetCacheLimit();
    if (IopCacheCount < IopCacheLimit)
        Block = IopAllocateBlock();
    if (Block == NULL)
        Block = IopEvictBlock();
    if (Block == NULL)
        return NULL;
    Block->Volume = Volume;
    Block->Number = Number;
    Block->DirtySectors = 0;
    Block->Next = *Bucket;
    *Bucket = Block;
    InsertHeadList(&IopCacheAge, &Block->Age);
    return Block;
}

/* Brings block Number, and those missing up to Last, from the disk in one transfer. The run's buffer may be needed to
 * make room, so the blocks come first. */
static NTSTATUS IopLoadBlocks(PDEVICE_OBJECT Volume, ULONG64 Number, ULONG64 Last)
{
    PCACHE_BLOCK Blocks[CACHE_RUN];
    ULONG Count = 0, Bytes = 0;
    NTSTATUS Status;

    while (Count < CACHE_RUN && Number + Count <= Last && IopFindBlock(Volume, Number + Count) == NULL) {
        Blocks[Count] = IopNewBlock(Volume, Number + Count);
        if (Blocks[Count] == NULL)
            break;
        Bytes += IopBlockBytes(Volume, Number + Count);
        Count++;
    }
    if (Count == 0)
        return STATUS_INSUFFICIENT_RESOURCES;
    Status = IoTransferVolume(Volume, FALSE, Number * CACHE_BLOCK_SIZE, IopCacheRun, Bytes);
    for (ULONG i = 0; i < Count; i++) {
        if (NT_SUCCESS(Status))
            RtlCopyMemory(Blocks[i]->Data, IopCacheRun + i * CACHE_BLOCK_SIZE, IopBlockBytes(Volume, Number + i));
        else
            IopDropBlock(Blocks[i]);
    }
    return Status;
}

/* ---- the interface ----------------------------------------------------------------------------------------------- */

static BOOLEAN IopIsInside(PDEVICE_OBJECT Volume, ULONG64 Offset, ULONG64 Length)
{
    ULONG64 Size = IoVolumeSize(Volume);

    return Offset <= Size && Length <= Size - Offset;
}

/* The block that holds Offset, youngest now. Whole: all of it will be overwritten. */
static NTSTATUS IopGetBlock(PDEVICE_OBJECT Volume, ULONG64 Number, ULONG64 Last, BOOLEAN Whole, PCACHE_BLOCK *Result)
{
    PCACHE_BLOCK Block = IopFindBlock(Volume, Number);
    NTSTATUS Status;

    if (Block == NULL && Whole) {
        Block = IopNewBlock(Volume, Number);
    } else if (Block == NULL) {
        Status = IopLoadBlocks(Volume, Number, Last);
        if (!NT_SUCCESS(Status))
            return Status;
        Block = IopFindBlock(Volume, Number);
    }
    if (Block == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RemoveEntryList(&Block->Age);
    InsertHeadList(&IopCacheAge, &Block->Age);
    *Result = Block;
    return STATUS_SUCCESS;
}

static NTSTATUS IopCopy(PDEVICE_OBJECT Volume, BOOLEAN Write, ULONG64 Offset, PUCHAR Buffer, ULONG Length)
{
    if (!IopIsInside(Volume, Offset, Length))
        return STATUS_INVALID_PARAMETER;
    while (Length != 0) {
        ULONG64 Number = Offset / CACHE_BLOCK_SIZE, Last = (Offset + Length - 1) / CACHE_BLOCK_SIZE;
        ULONG Inside = (ULONG)(Offset % CACHE_BLOCK_SIZE), Piece = min(Length, CACHE_BLOCK_SIZE - Inside);
        BOOLEAN Whole = Write && Piece == IopBlockBytes(Volume, Number);
        PCACHE_BLOCK Block;
        NTSTATUS Status = IopGetBlock(Volume, Number, Write ? Number : Last, Whole, &Block);

        if (!NT_SUCCESS(Status))
            return Status;
        if (Write) {
            RtlCopyMemory(Block->Data + Inside, Buffer, Piece);
            IopMarkDirty(Block, Inside, Piece);
        } else {
            RtlCopyMemory(Buffer, Block->Data + Inside, Piece);
        }
        Offset += Piece;
        Buffer += Piece;
        Length -= Piece;
    }
    return STATUS_SUCCESS;
}

NTSTATUS IoReadVolume(PDEVICE_OBJECT Volume, ULONG64 Offset, PVOID Buffer, ULONG Length)
{
    return IopCopy(Volume, FALSE, Offset, Buffer, Length);
}

NTSTATUS IoWriteVolume(PDEVICE_OBJECT Volume, ULONG64 Offset, const VOID *Buffer, ULONG Length)
{
    if ((Volume->Characteristics & FILE_READ_ONLY_DEVICE) != 0)
        return STATUS_MEDIA_WRITE_PROTECTED;
    return IopCopy(Volume, TRUE, Offset, (PUCHAR)Buffer, Length);
}

NTSTATUS IoFlushVolume(PDEVICE_OBJECT Volume)
{
    NTSTATUS Status = IopWriteDirty(Volume);

    if (!NT_SUCCESS(Status) || (Volume->Characteristics & FILE_READ_ONLY_DEVICE) != 0)
        return Status;
    return IoFlushDisk(Volume);
}

/* A dirty block that is only partly in the range is written first: the rest of it is somebody's. */
VOID IoPurgeVolume(PDEVICE_OBJECT Volume, ULONG64 Offset, ULONG64 Length)
{
    PLIST_ENTRY Entry = IopCacheAge.Flink;

    while (Entry != &IopCacheAge) {
        PCACHE_BLOCK Block = CONTAINING_RECORD(Entry, CACHE_BLOCK, Age);
        ULONG64 Start = Block->Number * CACHE_BLOCK_SIZE;

        Entry = Entry->Flink;
        if (Block->Volume != Volume || Start >= Offset + Length || Start + CACHE_BLOCK_SIZE <= Offset)
            continue;
        if (Block->DirtySectors != 0 && (Start < Offset || Start + IopBlockBytes(Volume, Block->Number) > Offset + Length) &&
            !NT_SUCCESS(IopWriteRun(Block)))
            continue;
        IopDropBlock(Block);
    }
}
