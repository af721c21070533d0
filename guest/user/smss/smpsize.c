/* S17's arithmetic: entries of PagingFiles and the sizes that follow from them (docs/volume.md, section 10). */
#include "smpformat.h"

static PCWSTR SkipBlanks(PCWSTR At)
{
    while (*At == L' ' || *At == L'\t')
        At++;
    return At;
}

static BOOLEAN IsEndOfWord(WCHAR Character)
{
    return !Character || Character == L' ' || Character == L'\t';
}

/* A decimal number of at most 32 bits, and what follows it. */
static BOOLEAN ParseNumber(PCWSTR *At, PULONG64 Number)
{
    PCWSTR Start = *At;

    for (*Number = 0; **At >= L'0' && **At <= L'9'; ++*At) {
        *Number = *Number * 10 + (**At - L'0');
        if (*Number > MAXULONG)
            return FALSE;
    }
    return *At != Start && IsEndOfWord(**At);
}

static BOOLEAN IsPath(PCWSTR Path)
{
    WCHAR Letter = Path[0] | 0x20;

    return (Path[0] == L'?' || (Letter >= L'a' && Letter <= L'z')) && Path[1] == L':' && Path[2] == L'\\' && Path[3];
}

NTSTATUS SmpParsePagingFile(PCWSTR Entry, PSMP_PAGING_FILE File)
{
    ULONG64 Sizes[2] = { 0, 0 };
    ULONG Length = 0, Count = 0;

    Entry = SkipBlanks(Entry);
    for (; !IsEndOfWord(*Entry); Entry++) {
        if (Length + 1 >= SMP_PATH_LENGTH)
            return STATUS_OBJECT_NAME_INVALID;
        File->Path[Length++] = *Entry;
    }
    File->Path[Length] = UNICODE_NULL;
    if (Length < 4 || !IsPath(File->Path))
        return STATUS_OBJECT_NAME_INVALID;
    for (Entry = SkipBlanks(Entry); *Entry; Entry = SkipBlanks(Entry)) {
        if (Count == RTL_NUMBER_OF(Sizes) || !ParseNumber(&Entry, &Sizes[Count++]))
            return STATUS_INVALID_PARAMETER;
    }
    File->Managed = Sizes[0] == 0;
    File->Minimum = Sizes[0] * SMP_MB;
    File->Maximum = max(Sizes[0], Sizes[1]) * SMP_MB;
    return STATUS_SUCCESS;
}

VOID SmpResolvePagingFile(PSMP_PAGING_FILE File, ULONG64 MemoryBytes)
{
    ULONG64 Memory = ALIGN_UP_BY(MemoryBytes, 16 * SMP_MB);

    if (File->Managed) {
        File->Minimum = Memory >= 1024 * SMP_MB ? Memory : Memory + Memory / 2;
        File->Maximum = 3 * Memory;
    }
    File->Minimum = min(File->Minimum, SMP_PAGING_FILE_LIMIT);
    File->Maximum = min(File->Maximum, SMP_PAGING_FILE_LIMIT);
}

/* The largest Size - n * step that is at most Room; 0: there is none. */
static ULONG64 StepDown(ULONG64 Size, ULONG64 Room)
{
    ULONG64 Steps = Size <= Room ? 0 : (Size - Room + SMP_PAGING_FILE_STEP - 1) / SMP_PAGING_FILE_STEP;

    return Steps * SMP_PAGING_FILE_STEP < Size ? Size - Steps * SMP_PAGING_FILE_STEP : 0;
}

BOOLEAN SmpFitPagingFile(PSMP_PAGING_FILE File, ULONG64 Room)
{
    ULONG64 Minimum = StepDown(File->Minimum, Room);

    if (!Minimum)
        return FALSE;
    File->Minimum = Minimum;
    File->Maximum = max(Minimum, StepDown(File->Maximum, Room));
    return TRUE;
}

BOOLEAN SmpShrinkPagingFile(PSMP_PAGING_FILE File)
{
    if (File->Minimum <= SMP_PAGING_FILE_STEP)
        return FALSE;
    File->Minimum -= SMP_PAGING_FILE_STEP;
    return TRUE;
}

ULONG64 SmpVolumeRoom(ULONG64 Free, ULONG64 Present)
{
    return Free + Present > SMP_VOLUME_RESERVE ? Free + Present - SMP_VOLUME_RESERVE : 0;
}
