/* One volume of autochk: opened raw, locked while it is written, its findings shown and claimed. */
#include "autochk.h"

#include <ntdddisk.h>

#define CLAIMS_LIMIT 256 /* of one volume; the count at the end has them all */

typedef struct _OPENED {
    HANDLE Handle;
    PCWSTR Name;
    ULONG Claims;
    BOOLEAN Writable;
} OPENED, *POPENED;

static BOOLEAN Read(PVOID Context, ULONG64 Offset, PVOID Buffer, ULONG Length)
{
    LARGE_INTEGER Position = { .QuadPart = (LONGLONG)Offset };
    IO_STATUS_BLOCK Io;

    return NT_SUCCESS(NtReadFile(((POPENED)Context)->Handle, NULL, NULL, NULL, &Io, Buffer, Length, &Position, NULL)) &&
           Io.Information == Length;
}

static BOOLEAN Write(PVOID Context, ULONG64 Offset, const VOID *Buffer, ULONG Length)
{
    LARGE_INTEGER Position = { .QuadPart = (LONGLONG)Offset };
    IO_STATUS_BLOCK Io;

    return NT_SUCCESS(NtWriteFile(((POPENED)Context)->Handle, NULL, NULL, NULL, &Io, (PVOID)Buffer, Length, &Position,
                                  NULL)) &&
           Io.Information == Length;
}

static BOOLEAN Flush(PVOID Context)
{
    IO_STATUS_BLOCK Io;

    return NT_SUCCESS(NtFlushBuffersFile(((POPENED)Context)->Handle, &Io));
}

static PVOID Allocate(SIZE_T Size) { return RtlAllocateHeap(RtlProcessHeap(), HEAP_ZERO_MEMORY, Size); }
static VOID Free(PVOID Memory) { RtlFreeHeap(RtlProcessHeap(), 0, Memory); }

static VOID Problem(PVOID Context, FAT_PROBLEM Kind, ULONG Cluster, PCWSTR Path)
{
    static const PCWSTR Kinds[FatProblemCount] = { L"lost-chain", L"cross-link", L"free-count", L"fat-mismatch",
                                                   L"bad-entry", L"bad-chain", L"bad-size" };
    static const PCWSTR Texts[FatProblemCount] = {
        L"Recovering the lost chain at cluster %u.\n", L"Cluster %u is cross-linked; truncating %ws.\n",
        L"The free space of the volume was wrong.\n", L"The file allocation tables do not agree.\n",
        L"A bad directory entry, first cluster %u, in or at %ws is corrected.\n",
        L"A bad link at cluster %u; truncating %ws.\n", L"The size of the chain at cluster %u is wrong; correcting %ws.\n"
    };
    POPENED Volume = Context;
    WCHAR Whole[FAT_PATH_LIMIT + 64];

    if (Volume->Claims++ >= CLAIMS_LIMIT)
        return;
    NativePrint(Texts[Kind], Cluster, Path);
    _snwprintf(Whole, RTL_NUMBER_OF(Whole) - 1, L"%ws%ws", *Path ? Volume->Name : L"", Path);
    Whole[RTL_NUMBER_OF(Whole) - 1] = UNICODE_NULL;
    RtlpClaim("autochk.problem", "volume=%ws kind=%ws cluster=%u path=%ws", Volume->Name, Kinds[Kind], Cluster, Whole);
}

static VOID Stage(PVOID Context, FAT_STAGE Which)
{
    static const PCWSTR Texts[] = { L"CHKDSK is verifying the file allocation tables...\n",
                                    L"CHKDSK is verifying files and folders...\n",
                                    L"CHKDSK is verifying free space...\n",
                                    L"CHKDSK is writing the corrections...\n" };

    UNREFERENCED_PARAMETER(Context);
    NativePrint(Texts[Which]);
}

/* Now, in FAT's form; nothing else of the guest's user mode needs a calendar. */
static VOID SetDate(FAT_DEVICE *Device)
{
    static const UCHAR Days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    ULONG Day, Year = 1980, Month = 0, Seconds;
    LARGE_INTEGER Now;

    NtQuerySystemTime(&Now);
    /* from 1601 in 100 ns to 1980 in seconds; before that there is no date on a FAT */
    Now.QuadPart = max(Now.QuadPart / 10000000 - 138426ll * 86400, 0);
    Day = (ULONG)(Now.QuadPart / 86400);
    Seconds = (ULONG)(Now.QuadPart % 86400);
    for (; Day >= (Year % 4 ? 365u : 366u) && Year < 2099; Year++)
        Day -= Year % 4 ? 365 : 366;
    for (; Month < 11 && Day >= Days[Month] + (Month == 1 && Year % 4 == 0); Month++)
        Day -= Days[Month] + (Month == 1 && Year % 4 == 0);
    Device->Date = (USHORT)((Year - 1980) << 9 | (Month + 1) << 5 | (min(Day, 30) + 1));
    Device->Time = (USHORT)(Seconds / 3600 << 11 | Seconds / 60 % 60 << 5 | Seconds % 60 / 2);
}

/* A disk that cannot be written is read all the same: it may be clean. FALSE: no volume of a disk. */
static BOOLEAN Open(PCWSTR Path, POPENED Opened, PULONG64 Size)
{
    GET_LENGTH_INFORMATION Length;
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Name;
    IO_STATUS_BLOCK Io;
    NTSTATUS Status = STATUS_UNSUCCESSFUL;

    RtlInitUnicodeString(&Name, Path);
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    for (ULONG i = 0; i < 2 && !NT_SUCCESS(Status); i++) {
        Opened->Writable = !i;
        Status = NtOpenFile(&Opened->Handle, FILE_READ_DATA | SYNCHRONIZE | (i ? 0 : FILE_WRITE_DATA), &Attributes, &Io,
                            FILE_SHARE_READ | FILE_SHARE_WRITE, FILE_SYNCHRONOUS_IO_NONALERT);
    }
    if (!NT_SUCCESS(Status))
        return FALSE;
    Status = NtDeviceIoControlFile(Opened->Handle, NULL, NULL, NULL, &Io, IOCTL_DISK_GET_LENGTH_INFO, NULL, 0, &Length,
                                   sizeof(Length));
    if (!NT_SUCCESS(Status)) {
        NtClose(Opened->Handle);
        return FALSE;
    }
    *Size = (ULONG64)Length.Length.QuadPart;
    return TRUE;
}

static BOOLEAN Control(POPENED Opened, ULONG Code)
{
    IO_STATUS_BLOCK Io;

    return NT_SUCCESS(NtFsControlFile(Opened->Handle, NULL, NULL, NULL, &Io, Code, NULL, 0, NULL, 0));
}

/* Nobody else writes from the lock on, and after it the file system reads everything anew. */
static FAT_RESULT CheckLocked(POPENED Opened, PFAT_VOLUME Fat, PULONG Problems)
{
    FAT_RESULT Result;

    if (!Opened->Writable || !Control(Opened, FSCTL_LOCK_VOLUME)) {
        NativePrint(L"Cannot lock %ws for direct access: the volume is not checked.\n", Opened->Name);
        return FatFailed;
    }
    Result = FatCheckVolume(Fat, Problems);
    if (!Control(Opened, FSCTL_UNLOCK_VOLUME))
        Result = FatFailed;
    return Result;
}

static VOID Tell(FAT_RESULT Result, ULONG Problems)
{
    static const PCWSTR Texts[] = { L"Windows has checked the file system and found no problems.\n",
                                    L"Windows has made corrections to the file system.\n",
                                    L"The type of the file system is not FAT32: it is not checked.\n",
                                    L"Windows could not check the file system.\n" };

    NativePrint(Texts[Result == FatRepaired && !Problems ? FatClean : Result]);
}

ULONG AutochkVolume(PCWSTR Name, PCWSTR Path, const AUTOCHK_OPTIONS *Options)
{
    static const PCWSTR Results[] = { L"clean", L"repaired", L"skipped", L"failed" };
    OPENED Opened = { .Name = Name };
    FAT_DEVICE Device = { .Context = &Opened, .Read = Read, .Write = Write, .Flush = Flush, .Allocate = Allocate,
                          .Free = Free, .Problem = Problem, .Stage = Stage };
    static FAT_VOLUME Fat;
    FAT_RESULT Result;
    BOOLEAN Dirty = FALSE;
    ULONG Problems = 0;

    if (!Open(Path, &Opened, &Device.Size))
        return Options->All ? EXIT_CLEAN : EXIT_FAILED;
    SetDate(&Device);
    NativePrint(L"Checking file system on %ws\n", Name);
    Result = FatOpenVolume(&Fat, &Device);
    Fat.Surface = Options->Surface;
    if (Result == FatClean && !FatIsDirty(&Fat, &Dirty))
        Result = FatFailed;
    RtlpClaim("autochk.volume.begin", "volume=%ws dirty=%u", Name, (ULONG)Dirty);
    if (Result == FatClean) {
        NativePrint(L"The type of the file system is FAT32.\n");
        if (Dirty)
            NativePrint(L"One of your disks needs to be checked for consistency.\n");
        if (Dirty || Options->Force)
            Result = CheckLocked(&Opened, &Fat, &Problems);
        else
            NativePrint(L"The volume is clean.\n");
    }
    if (Result != FatClean || Options->Force)
        Tell(Result, Problems);
    NtClose(Opened.Handle);
    RtlpClaim("autochk.volume.end", "volume=%ws result=%ws problems=%u", Name, Results[Result], Problems);
    if (Result == FatFailed)
        return Dirty && !Opened.Writable ? EXIT_NOT_CHECKED : EXIT_FAILED;
    return Result == FatRepaired ? EXIT_REPAIRED : EXIT_CLEAN;
}
