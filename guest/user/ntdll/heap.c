/* The heap: blocks with boundary tags in segments of virtual memory, segregated free lists, coalescing. */
#include "ntdllp.h"

#define HEAP_SIGNATURE 0xEEFFEEFF
#define GRANULE 16u                     /* blocks are multiples of it; the header is one */
#define EXACT_LISTS 64u                 /* list n holds free blocks of n granules; list 0 all larger ones */
#define SEGMENT_SIZE (64u * 1024)
#define BLOCK_BUSY 0x01
#define BLOCK_LAST 0x02                 /* no block follows in this segment */
#define BLOCK_MAGIC 0xB10C

typedef struct _HEAP_BLOCK {
    ULONG Size;                         /* granules, with this header */
    ULONG PreviousSize;                 /* 0: first of its segment */
    USHORT Unused;                      /* bytes at the end that nobody asked for */
    USHORT Tag;
    UCHAR Flags;
    UCHAR Reserved;
    USHORT Magic;
    LIST_ENTRY FreeLink[];              /* free blocks only */
} HEAP_BLOCK, *PHEAP_BLOCK;
C_ASSERT(sizeof(HEAP_BLOCK) == GRANULE);

typedef struct _HEAP_SEGMENT {
    LIST_ENTRY Link;
    SIZE_T Size;
    ULONG64 Reserved;
} HEAP_SEGMENT, *PHEAP_SEGMENT;
C_ASSERT(sizeof(HEAP_SEGMENT) % GRANULE == 0);

typedef struct _HEAP {
    HEAP_SEGMENT FirstSegment;          /* the heap lies at the start of its first segment */
    ULONG Signature;
    ULONG Flags;
    ULONG NextTag;
    ULONG Reserved;
    RTL_CRITICAL_SECTION Lock;
    LIST_ENTRY Segments;
    ULONG64 ListInUse;                  /* bit n: FreeLists[n] is not empty */
    LIST_ENTRY FreeLists[EXACT_LISTS];
} HEAP, *PHEAP;
C_ASSERT(sizeof(HEAP) % 8 == 0);

/* Every public function takes the heap's lock with this and drops it, unless the heap or the caller needs none. */
static VOID LockHeap(PHEAP Heap, ULONG Flags)
{
    if (!((Heap->Flags | Flags) & HEAP_NO_SERIALIZE))
        RtlEnterCriticalSection(&Heap->Lock);
}

static VOID UnlockHeap(PHEAP Heap, ULONG Flags)
{
    if (!((Heap->Flags | Flags) & HEAP_NO_SERIALIZE))
        RtlLeaveCriticalSection(&Heap->Lock);
}

static PHEAP_BLOCK Next(PHEAP_BLOCK Block)
{
    return (PHEAP_BLOCK)((PUCHAR)Block + (SIZE_T)Block->Size * GRANULE);
}

static PHEAP_BLOCK Previous(PHEAP_BLOCK Block)
{
    return (PHEAP_BLOCK)((PUCHAR)Block - (SIZE_T)Block->PreviousSize * GRANULE);
}

static VOID InsertFree(PHEAP Heap, PHEAP_BLOCK Block)
{
    ULONG List = Block->Size < EXACT_LISTS ? Block->Size : 0;

    Block->Flags &= ~BLOCK_BUSY;
    InsertHeadList(&Heap->FreeLists[List], Block->FreeLink);
    Heap->ListInUse |= 1ull << List;
}

static VOID RemoveFree(PHEAP Heap, PHEAP_BLOCK Block)
{
    ULONG List = Block->Size < EXACT_LISTS ? Block->Size : 0;

    if (RemoveEntryList(Block->FreeLink))
        Heap->ListInUse &= ~(1ull << List);
}

/* Room from Start to the end of a segment becomes one free block. */
static VOID InitializeSegment(PHEAP Heap, PHEAP_SEGMENT Segment, PVOID Start)
{
    PHEAP_BLOCK Block = Start;

    Block->Size = (ULONG)(((PUCHAR)Segment + Segment->Size - (PUCHAR)Start) / GRANULE);
    Block->PreviousSize = 0;
    Block->Flags = BLOCK_LAST;
    Block->Magic = BLOCK_MAGIC;
    InsertTailList(&Heap->Segments, &Segment->Link);
    InsertFree(Heap, Block);
}

static PHEAP_SEGMENT AllocateSegment(SIZE_T Size)
{
    PVOID Base = NULL;

    Size = ROUND_TO_PAGES(max(Size, SEGMENT_SIZE));
    if (!NT_SUCCESS(NtAllocateVirtualMemory(NtCurrentProcess(), &Base, 0, &Size, MEM_RESERVE | MEM_COMMIT,
                                            PAGE_READWRITE)))
        return NULL;
    ((PHEAP_SEGMENT)Base)->Size = Size;
    return Base;
}

PVOID NTAPI RtlCreateHeap(ULONG Flags, PVOID Base, SIZE_T ReserveSize, SIZE_T CommitSize, PVOID Lock,
                          PVOID Parameters)
{
    PHEAP Heap;

    UNREFERENCED_PARAMETER(ReserveSize); /* segments are added as they are needed */
    if (Base || Lock || Parameters)
        return NULL;
    Heap = (PHEAP)AllocateSegment(max(CommitSize, sizeof(HEAP) + PAGE_SIZE));
    if (!Heap)
        return NULL;
    Heap->Signature = HEAP_SIGNATURE;
    Heap->Flags = Flags;
    Heap->ListInUse = 0;
    InitializeListHead(&Heap->Segments);
    for (ULONG i = 0; i < EXACT_LISTS; i++)
        InitializeListHead(&Heap->FreeLists[i]);
    RtlInitializeCriticalSection(&Heap->Lock);
    InitializeSegment(Heap, &Heap->FirstSegment, (PVOID)ALIGN_UP_BY(Heap + 1, GRANULE));
    return Heap;
}

PVOID NTAPI RtlDestroyHeap(PVOID HeapHandle)
{
    PHEAP Heap = HeapHandle;

    if (!Heap || Heap->Signature != HEAP_SIGNATURE || Heap == RtlProcessHeap())
        return HeapHandle;
    RtlDeleteCriticalSection(&Heap->Lock);
    /* The heap itself lies in the first segment, so that one goes last. */
    while (!IsListEmpty(&Heap->Segments)) {
        PVOID Segment = CONTAINING_RECORD(RemoveTailList(&Heap->Segments), HEAP_SEGMENT, Link);
        SIZE_T Size = 0;
        BOOLEAN Last = Segment == (PVOID)Heap;

        NtFreeVirtualMemory(NtCurrentProcess(), &Segment, &Size, MEM_RELEASE);
        if (Last)
            break;
    }
    return NULL;
}

/* The smallest list that surely fits; the list of large blocks is searched. */
static PHEAP_BLOCK FindFree(PHEAP Heap, ULONG Granules)
{
    ULONG64 Lists = Granules < EXACT_LISTS ? (Heap->ListInUse & ~1ull) >> Granules << Granules : 0;

    if (Lists)
        return CONTAINING_RECORD(Heap->FreeLists[__builtin_ctzll(Lists)].Flink, HEAP_BLOCK, FreeLink);
    for (PLIST_ENTRY Link = Heap->FreeLists[0].Flink; Link != &Heap->FreeLists[0]; Link = Link->Flink) {
        PHEAP_BLOCK Block = CONTAINING_RECORD(Link, HEAP_BLOCK, FreeLink);

        if (Block->Size >= Granules)
            return Block;
    }
    return NULL;
}

/* Cuts what is over from a block that is on no list. Two granules are the least that a free block needs. */
static VOID SplitBlock(PHEAP Heap, PHEAP_BLOCK Block, ULONG Granules)
{
    PHEAP_BLOCK Rest;

    if (Block->Size - Granules < 2)
        return;
    Rest = (PHEAP_BLOCK)((PUCHAR)Block + (SIZE_T)Granules * GRANULE);
    Rest->Size = Block->Size - Granules;
    Rest->PreviousSize = Granules;
    Rest->Flags = Block->Flags & BLOCK_LAST;
    Rest->Magic = BLOCK_MAGIC;
    Block->Size = Granules;
    Block->Flags &= ~BLOCK_LAST;
    if (!(Rest->Flags & BLOCK_LAST))
        Next(Rest)->PreviousSize = Rest->Size;
    InsertFree(Heap, Rest);
}

PVOID NTAPI RtlAllocateHeap(PVOID HeapHandle, ULONG Flags, SIZE_T Size)
{
    PHEAP Heap = HeapHandle;
    SIZE_T Bytes = ALIGN_UP_BY(max(Size, 1) + sizeof(HEAP_BLOCK), GRANULE);
    PHEAP_BLOCK Block;

    if (Size > MAXLONG)
        return NULL;
    LockHeap(Heap, Flags);
    Block = FindFree(Heap, (ULONG)(Bytes / GRANULE));
    if (!Block && Heap->Flags & HEAP_GROWABLE) {
        PHEAP_SEGMENT Segment = AllocateSegment(Bytes + sizeof(*Segment));

        if (Segment)
            InitializeSegment(Heap, Segment, Segment + 1);
        Block = FindFree(Heap, (ULONG)(Bytes / GRANULE));
    }
    if (Block) {
        RemoveFree(Heap, Block);
        SplitBlock(Heap, Block, (ULONG)(Bytes / GRANULE));
        Block->Flags |= BLOCK_BUSY;
        Block->Tag = (USHORT)((Flags & HEAP_CREATE_TAG_MASK) >> HEAP_TAG_SHIFT);
        Block->Unused = (USHORT)((SIZE_T)Block->Size * GRANULE - sizeof(HEAP_BLOCK) - Size);
    }
    UnlockHeap(Heap, Flags);
    if (!Block)
        return NULL;
    if ((Heap->Flags | Flags) & HEAP_ZERO_MEMORY)
        memset(Block + 1, 0, Size);
    return Block + 1;
}

/* The busy block around Memory; anything else is a bug in this process, which ends with it. */
static PHEAP_BLOCK CheckedBlock(PVOID Memory)
{
    PHEAP_BLOCK Block = (PHEAP_BLOCK)Memory - 1;

    ASSERT((ULONG_PTR)Memory % GRANULE == 0 && Block->Magic == BLOCK_MAGIC && Block->Flags & BLOCK_BUSY);
    return Block;
}

BOOLEAN NTAPI RtlFreeHeap(PVOID HeapHandle, ULONG Flags, PVOID Memory)
{
    PHEAP Heap = HeapHandle;
    PHEAP_BLOCK Block;

    if (!Memory)
        return TRUE;
    LockHeap(Heap, Flags);
    Block = CheckedBlock(Memory);
    if (!(Block->Flags & BLOCK_LAST) && !(Next(Block)->Flags & BLOCK_BUSY)) {
        PHEAP_BLOCK After = Next(Block);

        RemoveFree(Heap, After);
        Block->Size += After->Size;
        Block->Flags |= After->Flags & BLOCK_LAST;
        After->Magic = 0;
    }
    if (Block->PreviousSize && !(Previous(Block)->Flags & BLOCK_BUSY)) {
        PHEAP_BLOCK Before = Previous(Block);

        RemoveFree(Heap, Before);
        Before->Size += Block->Size;
        Before->Flags |= Block->Flags & BLOCK_LAST;
        Block->Magic = 0;
        Block = Before;
    }
    if (!(Block->Flags & BLOCK_LAST))
        Next(Block)->PreviousSize = Block->Size;
    InsertFree(Heap, Block);
    UnlockHeap(Heap, Flags);
    return TRUE;
}

SIZE_T NTAPI RtlSizeHeap(PVOID HeapHandle, ULONG Flags, PVOID Memory)
{
    PHEAP_BLOCK Block = CheckedBlock(Memory);

    UNREFERENCED_PARAMETER(HeapHandle);
    UNREFERENCED_PARAMETER(Flags);
    return (SIZE_T)Block->Size * GRANULE - sizeof(HEAP_BLOCK) - Block->Unused;
}

PVOID NTAPI RtlReAllocateHeap(PVOID HeapHandle, ULONG Flags, PVOID Memory, SIZE_T Size)
{
    SIZE_T OldSize = RtlSizeHeap(HeapHandle, Flags, Memory);
    PVOID New = RtlAllocateHeap(HeapHandle, Flags, Size);

    if (New) {
        memcpy(New, Memory, min(OldSize, Size));
        RtlFreeHeap(HeapHandle, Flags, Memory);
    }
    return New;
}

/* One block, or with Memory NULL all blocks of all segments. */
BOOLEAN NTAPI RtlValidateHeap(PVOID HeapHandle, ULONG Flags, PVOID Memory)
{
    PHEAP Heap = HeapHandle;
    BOOLEAN Valid = Heap->Signature == HEAP_SIGNATURE;

    if (Memory)
        return Valid && ((PHEAP_BLOCK)Memory - 1)->Magic == BLOCK_MAGIC;
    LockHeap(Heap, Flags);
    for (PLIST_ENTRY Link = Heap->Segments.Flink; Valid && Link != &Heap->Segments; Link = Link->Flink) {
        PHEAP_SEGMENT Segment = CONTAINING_RECORD(Link, HEAP_SEGMENT, Link);
        PUCHAR End = (PUCHAR)Segment + Segment->Size;
        PHEAP_BLOCK Block = Segment == &Heap->FirstSegment ? (PVOID)ALIGN_UP_BY(Heap + 1, GRANULE)
                                                           : (PHEAP_BLOCK)(Segment + 1);

        for (ULONG Last = 0;; Block = Next(Block)) {
            Valid = (PUCHAR)Block < End && Block->Magic == BLOCK_MAGIC && Block->Size && Block->PreviousSize == Last &&
                    (PUCHAR)Next(Block) <= End;
            Last = Block->Size;
            if (!Valid || Block->Flags & BLOCK_LAST)
                break;
        }
    }
    UnlockHeap(Heap, Flags);
    return Valid;
}

/* Numbers for the callers' allocations; the names only matter to a debugger. */
ULONG NTAPI RtlCreateTagHeap(PVOID HeapHandle, ULONG Flags, PCWSTR TagPrefix, PCWSTR TagNames)
{
    PHEAP Heap = HeapHandle;
    ULONG First, Count = 0;

    UNREFERENCED_PARAMETER(TagPrefix);
    for (PCWSTR Name = TagNames; *Name; Name += wcslen(Name) + 1)
        Count++;
    LockHeap(Heap, Flags);
    First = Heap->NextTag + 1;
    Heap->NextTag += Count;
    UnlockHeap(Heap, Flags);
    return First << HEAP_TAG_SHIFT;
}
