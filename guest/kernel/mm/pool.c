/* Pool: small blocks from lists by size, large ones from runs of pages. Its memory stays mapped once it was needed. */
#include "mip.h"

#define POOL_MAGIC_USED 0xA11Cu
#define POOL_MAGIC_FREE 0xF4EEu
#define POOL_LARGE 0xFFu
#define POOL_LIMIT (1ull << 30)         /* of address space */

/* Before every block. 16 bytes, so that blocks are aligned to 16. */
typedef struct _POOL_HEADER {
    ULONG Tag;
    USHORT Magic;
    USHORT Class;                       /* index of PoolClassSize, or POOL_LARGE */
    ULONG64 Size;                       /* bytes asked for; pages of a large block follow from it */
} POOL_HEADER, *PPOOL_HEADER;
C_ASSERT(sizeof(POOL_HEADER) == 16);

typedef struct _POOL_FREE_BLOCK {
    POOL_HEADER Header;
    struct _POOL_FREE_BLOCK *Next;
} POOL_FREE_BLOCK, *PPOOL_FREE_BLOCK;

/* A run of free pages, described in its own first bytes; the list is sorted by address. */
typedef struct _POOL_RUN {
    struct _POOL_RUN *Next;
    SIZE_T Pages;
} POOL_RUN, *PPOOL_RUN;

/* Sizes with header. Each divides a page, or nearly. */
static const USHORT PoolClassSize[] = { 32, 48, 64, 96, 128, 192, 256, 336, 448, 576, 816, 1024, 1360, 2048 };
static PPOOL_FREE_BLOCK PoolFreeList[RTL_NUMBER_OF(PoolClassSize)];
static PPOOL_RUN PoolRuns;
static PUCHAR PoolEnd = (PUCHAR)MM_POOL_BASE;   /* what lies below is mapped */

static BOOLEAN PoolGrow(SIZE_T Pages);

/* At DISPATCH_LEVEL. First fit. */
static PVOID PoolTakePages(SIZE_T Pages)
{
    for (;;) {
        for (PPOOL_RUN *Link = &PoolRuns; *Link != NULL; Link = &(*Link)->Next) {
            PPOOL_RUN Run = *Link;

            if (Run->Pages < Pages)
                continue;
            Run->Pages -= Pages;
            if (Run->Pages == 0)
                *Link = Run->Next;
            return (PUCHAR)Run + (Run->Pages << PAGE_SHIFT);
        }
        if (!PoolGrow(Pages))
            return NULL;
    }
}

/* At DISPATCH_LEVEL. Joins the run with its neighbours. */
static VOID PoolReturnPages(PVOID Base, SIZE_T Pages)
{
    PPOOL_RUN Run = Base, Before = NULL, After = PoolRuns;

    while (After != NULL && (PVOID)After < Base) {
        Before = After;
        After = After->Next;
    }
    Run->Pages = Pages;
    Run->Next = After;
    if (After != NULL && (PUCHAR)Run + (Run->Pages << PAGE_SHIFT) == (PUCHAR)After) {
        Run->Pages += After->Pages;
        Run->Next = After->Next;
    }
    if (Before == NULL) {
        PoolRuns = Run;
    } else if ((PUCHAR)Before + (Before->Pages << PAGE_SHIFT) == (PUCHAR)Run) {
        Before->Pages += Run->Pages;
        Before->Next = Run->Next;
    } else {
        Before->Next = Run;
    }
}

static BOOLEAN PoolGrow(SIZE_T Pages)
{
    SIZE_T Wanted = Pages < 16 ? 16 : Pages;

    if ((ULONG64)PoolEnd + (Wanted << PAGE_SHIFT) > MM_POOL_BASE + POOL_LIMIT)
        return FALSE;
    if (!MiMapNewPages(MiKernelPageTableRoot, PoolEnd, Wanted, KI_PAGE_WRITE)) {
        Wanted = Pages;
        if (!MiMapNewPages(MiKernelPageTableRoot, PoolEnd, Wanted, KI_PAGE_WRITE))
            return FALSE;
    }
    PoolEnd += Wanted << PAGE_SHIFT;
    PoolReturnPages(PoolEnd - (Wanted << PAGE_SHIFT), Wanted);
    return TRUE;
}

/* At DISPATCH_LEVEL. Cuts a page into blocks of the class. */
static BOOLEAN PoolFillClass(ULONG Class)
{
    PUCHAR Page = PoolTakePages(1);

    if (Page == NULL)
        return FALSE;
    for (ULONG Offset = 0; Offset + PoolClassSize[Class] <= PAGE_SIZE; Offset += PoolClassSize[Class]) {
        PPOOL_FREE_BLOCK Block = (PPOOL_FREE_BLOCK)(Page + Offset);

        Block->Header.Magic = POOL_MAGIC_FREE;
        Block->Header.Class = (USHORT)Class;
        Block->Next = PoolFreeList[Class];
        PoolFreeList[Class] = Block;
    }
    return TRUE;
}

/* At DISPATCH_LEVEL. */
static PPOOL_HEADER PoolTakeBlock(SIZE_T Size)
{
    PPOOL_FREE_BLOCK Block;
    PPOOL_HEADER Large;
    ULONG Class = 0;

    while (Class < RTL_NUMBER_OF(PoolClassSize) && PoolClassSize[Class] < Size + sizeof(POOL_HEADER))
        Class++;
    if (Class == RTL_NUMBER_OF(PoolClassSize)) {
        Large = PoolTakePages(BYTES_TO_PAGES(Size + sizeof(POOL_HEADER)));
        if (Large != NULL)
            Large->Class = POOL_LARGE;
        return Large;
    }
    if (PoolFreeList[Class] == NULL && !PoolFillClass(Class))
        return NULL;
    Block = PoolFreeList[Class];
    if (Block->Header.Magic != POOL_MAGIC_FREE || Block->Header.Class != Class)
        KeBugCheckEx(BAD_POOL_HEADER, 0x20, (ULONG_PTR)Block, Class, Block->Header.Magic);
    PoolFreeList[Class] = Block->Next;
    return &Block->Header;
}

/* Raises to DISPATCH_LEVEL. */
PVOID ExAllocatePoolWithTag(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag)
{
    KIRQL OldIrql;
    PPOOL_HEADER Header;

    UNREFERENCED_PARAMETER(PoolType);   /* no pool is ever paged out */
    if (NumberOfBytes > POOL_LIMIT)
        return NULL;
    OldIrql = KfRaiseIrql(DISPATCH_LEVEL);
    Header = PoolTakeBlock(NumberOfBytes);
    KeLowerIrql(OldIrql);
    if (Header == NULL)
        return NULL;
    Header->Tag = Tag;
    Header->Magic = POOL_MAGIC_USED;
    Header->Size = NumberOfBytes;
    RtlZeroMemory(Header + 1, NumberOfBytes);
    return Header + 1;
}

/* Raises to DISPATCH_LEVEL. */
VOID ExFreePoolWithTag(PVOID P, ULONG Tag)
{
    PPOOL_HEADER Header = (PPOOL_HEADER)P - 1;
    KIRQL OldIrql;

    if ((ULONG64)P < MM_POOL_BASE || (PUCHAR)P >= PoolEnd || (ULONG64)P % 16 != 0)
        KeBugCheckEx(BAD_POOL_CALLER, 0x40, (ULONG_PTR)P, Tag, 0);
    if (Header->Magic != POOL_MAGIC_USED)
        KeBugCheckEx(BAD_POOL_CALLER, 0x07, (ULONG_PTR)P, Header->Magic, Header->Tag);
    if (Tag != 0 && Header->Tag != Tag)
        KeBugCheckEx(BAD_POOL_CALLER, 0x0A, (ULONG_PTR)P, Header->Tag, Tag);
    OldIrql = KfRaiseIrql(DISPATCH_LEVEL);
    Header->Magic = POOL_MAGIC_FREE;
    if (Header->Class == POOL_LARGE) {
        PoolReturnPages(Header, BYTES_TO_PAGES(Header->Size + sizeof(POOL_HEADER)));
    } else {
        PPOOL_FREE_BLOCK Block = (PPOOL_FREE_BLOCK)Header;

        Block->Next = PoolFreeList[Header->Class];
        PoolFreeList[Header->Class] = Block;
    }
    KeLowerIrql(OldIrql);
}

VOID ExFreePool(PVOID P)
{
    ExFreePoolWithTag(P, 0);
}

BOOLEAN MiInitializePool(VOID)
{
    return PoolGrow(16);
}
