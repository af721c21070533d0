/* Writing a hive back: log first, then in place, so that a power cut leaves the old or the new state.
 *
 *  1. the file gets its new length, if it grows         (old state: the base block does not speak of what is behind)
 *  2. the dirty pages as one entry in a log, flushed    (old state, whatever of the entry is there)
 *  3. the first sequence number is raised, flushed      (from here on: new state, by the log)
 *  4. the dirty pages to their places, flushed
 *  5. the base block with both numbers equal, flushed   (new state, the log is not needed any more)
 *
 * The log is .LOG1, written anew each time. Only when a write failed half-way is its entry still needed; the next try
 * then goes to .LOG2 (and so on), with an entry that covers everything since the file was last whole. */
#include "hive.h"

typedef struct _HV_WRITE {
    const HV_FILE_OPERATIONS *Operations;
    PVOID Context;
    PUCHAR Header;                      /* base block, entry header and references of the log */
    ULONG HeaderSize;
    ULONG Runs, Bytes;                  /* of dirty pages */
    ULONG Entry;                        /* size of the entry */
} HV_WRITE, *PHV_WRITE;

/* The next run of dirty pages from *Offset on that lie together in the file; FALSE: there is none. */
static BOOLEAN HvpNextRun(PCMHIVE Hive, PULONG Offset, PULONG Bytes)
{
    ULONG Pages = Hive->Length / HV_PAGE_SIZE, Page = *Offset / HV_PAGE_SIZE, End;

    while (Page < Pages && !Hive->Pages[Page].Dirty)
        Page++;
    for (End = Page; End < Pages && Hive->Pages[End].Dirty; End++)
        ;
    *Offset = Page * HV_PAGE_SIZE;
    *Bytes = (End - Page) * HV_PAGE_SIZE;
    return End != Page;
}

/* One run to a file. Memory of pages that lie together in the file need not lie together. */
static NTSTATUS HvpWriteRun(PCMHIVE Hive, PHV_WRITE Write, HV_FILE File, ULONG64 At, ULONG Offset, ULONG Bytes)
{
    NTSTATUS Status = STATUS_SUCCESS;

    while (Bytes != 0 && NT_SUCCESS(Status)) {
        PUCHAR Memory = HvpAddress(Hive, Offset);
        ULONG Part = HV_PAGE_SIZE;

        while (Part < Bytes && HvpAddress(Hive, Offset + Part) == Memory + Part)
            Part += HV_PAGE_SIZE;
        Status = Write->Operations->Write(Write->Context, File, At, Memory, Part);
        At += Part;
        Offset += Part;
        Bytes -= Part;
    }
    return Status;
}

static VOID HvpMeasure(PCMHIVE Hive, PHV_WRITE Write)
{
    ULONG Offset = 0, Bytes;

    for (; HvpNextRun(Hive, &Offset, &Bytes); Offset += Bytes) {
        Write->Runs++;
        Write->Bytes += Bytes;
    }
    Write->HeaderSize = HV_SECTOR_SIZE + HV_ENTRY_REFERENCES + 8 * Write->Runs;
    Write->Entry = (HV_ENTRY_REFERENCES + 8 * Write->Runs + Write->Bytes + HV_SECTOR_SIZE - 1) & ~(HV_SECTOR_SIZE - 1);
}

/* The log's base block and the entry up to its pages; both hashes need the pages. */
static VOID HvpMakeHeader(PCMHIVE Hive, PHV_WRITE Write)
{
    static const UCHAR Zero[HV_SECTOR_SIZE];
    PUCHAR Base = Write->Header, Entry = Base + HV_SECTOR_SIZE, Reference = Entry + HV_ENTRY_REFERENCES;
    ULONG Offset = 0, Bytes;
    HV_MARVIN Hash;

    RtlCopyMemory(Base, Hive->BaseBlock, HV_SECTOR_SIZE);
    CmpWrite32(Base + HV_BASE_TYPE, HV_TYPE_LOG);
    CmpWrite32(Base + HV_BASE_LENGTH, Hive->Length);
    CmpWrite32(Base + HV_BASE_SEQUENCE1, Hive->Sequence);
    CmpWrite32(Base + HV_BASE_SEQUENCE2, Hive->Sequence);
    HvpSetChecksum(Base);
    CmpWrite32(Entry, 0x454C7648u);     /* `HvLE` */
    CmpWrite32(Entry + HV_ENTRY_SIZE, Write->Entry);
    CmpWrite32(Entry + HV_ENTRY_FLAGS, CmpRead32(Hive->BaseBlock + HV_BASE_FLAGS));
    CmpWrite32(Entry + HV_ENTRY_SEQUENCE, Hive->Sequence);
    CmpWrite32(Entry + HV_ENTRY_LENGTH, Hive->Length);
    CmpWrite32(Entry + HV_ENTRY_COUNT, Write->Runs);
    for (; HvpNextRun(Hive, &Offset, &Bytes); Offset += Bytes, Reference += 8) {
        CmpWrite32(Reference, Offset);
        CmpWrite32(Reference + 4, Bytes);
    }
    HvpMarvinStart(&Hash, HV_MARVIN_SEED);
    HvpMarvinAppend(&Hash, Entry + HV_ENTRY_REFERENCES, 8 * Write->Runs);
    for (Offset = 0; HvpNextRun(Hive, &Offset, &Bytes); Offset += Bytes) {
        for (ULONG Page = 0; Page < Bytes; Page += HV_PAGE_SIZE)
            HvpMarvinAppend(&Hash, HvpAddress(Hive, Offset + Page), HV_PAGE_SIZE);
    }
    HvpMarvinAppend(&Hash, Zero, Write->Entry - HV_ENTRY_REFERENCES - 8 * Write->Runs - Write->Bytes);
    CmpWrite64(Entry + HV_ENTRY_HASH1, HvpMarvinFinish(&Hash));
    CmpWrite64(Entry + HV_ENTRY_HASH2, HvpMarvin32(Entry, HV_ENTRY_HASH2));
}

/* The entry, and a sector of zeros behind it: what an older, longer log left there is not to be read as its next. */
static NTSTATUS HvpWriteLog(PCMHIVE Hive, PHV_WRITE Write, HV_FILE Log)
{
    static const UCHAR Zero[2 * HV_SECTOR_SIZE];
    ULONG64 At = Write->HeaderSize;
    ULONG Offset = 0, Bytes;
    NTSTATUS Status;

    HvpMakeHeader(Hive, Write);
    Status = Write->Operations->Write(Write->Context, Log, 0, Write->Header, Write->HeaderSize);
    for (; NT_SUCCESS(Status) && HvpNextRun(Hive, &Offset, &Bytes); Offset += Bytes) {
        Status = HvpWriteRun(Hive, Write, Log, At, Offset, Bytes);
        At += Bytes;
    }
    if (NT_SUCCESS(Status))
        Status = Write->Operations->Write(Write->Context, Log, At, Zero,
                                          (ULONG)(2 * HV_SECTOR_SIZE + Write->Entry - At));
    return NT_SUCCESS(Status) ? Write->Operations->Flush(Write->Context, Log) : Status;
}

static NTSTATUS HvpWriteBase(PCMHIVE Hive, PHV_WRITE Write, ULONG Sequence1, ULONG Sequence2)
{
    NTSTATUS Status;

    CmpWrite32(Hive->BaseBlock + HV_BASE_SEQUENCE1, Sequence1);
    CmpWrite32(Hive->BaseBlock + HV_BASE_SEQUENCE2, Sequence2);
    HvpSetChecksum(Hive->BaseBlock);
    Status = Write->Operations->Write(Write->Context, HvPrimary, 0, Hive->BaseBlock, HV_SECTOR_SIZE);
    return NT_SUCCESS(Status) ? Write->Operations->Flush(Write->Context, HvPrimary) : Status;
}

/* Steps 3 to 5. */
static NTSTATUS HvpWriteInPlace(PCMHIVE Hive, PHV_WRITE Write)
{
    ULONG Offset = 0, Bytes;
    LARGE_INTEGER Now;
    NTSTATUS Status;

    Hive->Sequence++;
    Status = HvpWriteBase(Hive, Write, Hive->Sequence, Hive->Secondary);
    for (; NT_SUCCESS(Status) && HvpNextRun(Hive, &Offset, &Bytes); Offset += Bytes)
        Status = HvpWriteRun(Hive, Write, HvPrimary, (ULONG64)HV_PAGE_SIZE + Offset, Offset, Bytes);
    if (NT_SUCCESS(Status))
        Status = Write->Operations->Flush(Write->Context, HvPrimary);
    if (!NT_SUCCESS(Status))
        return Status;
    KeQuerySystemTime(&Now);
    CmpWrite64(Hive->BaseBlock + HV_BASE_TIME, (ULONG64)Now.QuadPart);
    CmpWrite32(Hive->BaseBlock + HV_BASE_LENGTH, Hive->Length);
    return HvpWriteBase(Hive, Write, Hive->Sequence, Hive->Sequence);
}

static NTSTATUS HvpGrowFile(PCMHIVE Hive, PHV_WRITE Write)
{
    ULONG64 Size = (ULONG64)HV_PAGE_SIZE + Hive->Length;
    NTSTATUS Status;

    if (Size <= Hive->FileSize)
        return STATUS_SUCCESS;
    Status = Write->Operations->SetSize(Write->Context, HvPrimary, Size);
    if (NT_SUCCESS(Status))
        Status = Write->Operations->Flush(Write->Context, HvPrimary);
    if (NT_SUCCESS(Status))
        Hive->FileSize = Size;
    return Status;
}

static VOID HvpMarkClean(PCMHIVE Hive)
{
    for (ULONG Page = 0; Page < Hive->Length / HV_PAGE_SIZE; Page++)
        Hive->Pages[Page].Dirty = FALSE;
    Hive->DirtyPages = 0;
}

NTSTATUS HvWriteHive(PCMHIVE Hive, const HV_FILE_OPERATIONS *Operations, PVOID Context, PULONG Bytes)
{
    HV_FILE Log = Hive->LogNeeded == HvLog1 ? HvLog2 : HvLog1;
    HV_WRITE Write = { .Operations = Operations, .Context = Context };
    NTSTATUS Status;

    *Bytes = 0;
    if (Hive->DirtyPages == 0 && Hive->LogNeeded == 0)
        return STATUS_SUCCESS;
    HvpMeasure(Hive, &Write);
    Write.Header = ExAllocatePoolWithTag(PagedPool, Write.HeaderSize, HV_TAG);
    if (Write.Header == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    Status = HvpGrowFile(Hive, &Write);
    if (NT_SUCCESS(Status))
        Status = HvpWriteLog(Hive, &Write, Log);
    if (NT_SUCCESS(Status)) {
        Hive->LogNeeded = (LONG)Log;
        Status = HvpWriteInPlace(Hive, &Write);
    }
    ExFreePoolWithTag(Write.Header, HV_TAG);
    if (!NT_SUCCESS(Status))
        return Status;
    *Bytes = Write.Bytes;
    Hive->Secondary = Hive->Sequence;
    Hive->LogNeeded = 0;
    HvpMarkClean(Hive);
    /* LOG2 was a way out. Readers that take both logs, whatever their numbers, shall find only the one that counts. */
    return Log == HvLog2 ? Operations->SetSize(Context, HvLog2, 0) : STATUS_SUCCESS;
}

NTSTATUS HvWriteNewFile(PCMHIVE Hive, const HV_FILE_OPERATIONS *Operations, PVOID Context)
{
    HV_WRITE Write = { .Operations = Operations, .Context = Context };
    static const UCHAR Zero[HV_PAGE_SIZE - HV_SECTOR_SIZE];
    NTSTATUS Status = Operations->Write(Context, HvPrimary, HV_SECTOR_SIZE, Zero, sizeof Zero);
    LARGE_INTEGER Now;

    if (NT_SUCCESS(Status))
        Status = HvpWriteRun(Hive, &Write, HvPrimary, HV_PAGE_SIZE, 0, Hive->Length);
    if (NT_SUCCESS(Status))
        Status = Operations->Flush(Context, HvPrimary);
    if (!NT_SUCCESS(Status))
        return Status;
    KeQuerySystemTime(&Now);
    CmpWrite64(Hive->BaseBlock + HV_BASE_TIME, (ULONG64)Now.QuadPart);
    CmpWrite32(Hive->BaseBlock + HV_BASE_LENGTH, Hive->Length);
    return HvpWriteBase(Hive, &Write, Hive->Sequence, Hive->Sequence);
}
