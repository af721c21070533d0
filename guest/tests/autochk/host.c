/* The FAT checker over an image file on the host: prints problems and the result. */
#include "fatchk.h"

#include "io.h"

static const PCSTR Kinds[] = { "lost-chain", "cross-link", "free-count", "fat-mismatch", "bad-entry", "bad-chain",
                               "bad-size" };
static const PCSTR Results[] = { "clean", "repaired", "skipped", "failed" };

static BOOLEAN Read(PVOID Context, ULONG64 Offset, PVOID Buffer, ULONG Length)
{
    (void)Context;
    return (BOOLEAN)HostTransfer(0, Offset, Buffer, Length);
}

static BOOLEAN Write(PVOID Context, ULONG64 Offset, const VOID *Buffer, ULONG Length)
{
    (void)Context;
    return (BOOLEAN)HostTransfer(1, Offset, (PVOID)Buffer, Length);
}

static BOOLEAN Flush(PVOID Context)
{
    (void)Context;
    return (BOOLEAN)HostFlush();
}

static PVOID Allocate(SIZE_T Size) { return HostAllocate(Size); }

static VOID Problem(PVOID Context, FAT_PROBLEM Kind, ULONG Cluster, PCWSTR Path)
{
    char Narrow[FAT_PATH_LIMIT];
    ULONG i = 0;

    (void)Context;
    for (; Path[i]; i++)
        Narrow[i] = Path[i] < 0x7F ? (char)Path[i] : '?';
    Narrow[i] = 0;
    HostProblem(Kinds[Kind], Cluster, Narrow);
}

static VOID Stage(PVOID Context, FAT_STAGE Which) { (void)Context, (void)Which; }

const char *CheckImage(unsigned long long Size, int Force, unsigned *Problems)
{
    FAT_DEVICE Device = { .Size = Size, .Read = Read, .Write = Write, .Flush = Flush, .Allocate = Allocate,
                          .Free = HostFree, .Problem = Problem, .Stage = Stage, .Date = 0x5A21, .Time = 0x6000 };
    static FAT_VOLUME Volume;
    FAT_RESULT Result = FatOpenVolume(&Volume, &Device);
    BOOLEAN Dirty = FALSE;

    *Problems = 0;
    if (Result == FatClean && !FatIsDirty(&Volume, &Dirty))
        Result = FatFailed;
    if (Result == FatClean && (Dirty || Force))
        Result = FatCheckVolume(&Volume, Problems);
    return Results[Result];
}
