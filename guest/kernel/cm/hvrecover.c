/* Recovery: the log entries that make a hive whole whose writing was cut short.
 *
 * An entry counts when both of its hashes are right and everything in it lies inside; the first that does not ends its
 * log (a torn one was being written when the power went, and then the file itself had not been touched). Entries are
 * applied in the order of their sequence numbers, from the file's second sequence number on. */
#include "hive.h"

/* References and pages of an entry lie inside it, pages inside the hive that it makes. */
static BOOLEAN HvpCheckReferences(const UCHAR *Entry, ULONG Size, PULONG64 Logged)
{
    ULONG Count = CmpRead32(Entry + HV_ENTRY_COUNT), Length = CmpRead32(Entry + HV_ENTRY_LENGTH), Room;

    if (Count > (Size - HV_ENTRY_REFERENCES) / 8 || Length > HV_MAXIMUM_LENGTH)
        return FALSE;
    Room = Size - HV_ENTRY_REFERENCES - Count * 8;
    for (ULONG i = 0; i < Count; i++) {
        const UCHAR *Reference = Entry + HV_ENTRY_REFERENCES + 8 * i;
        ULONG Offset = CmpRead32(Reference), Bytes = CmpRead32(Reference + 4);

        if (Bytes == 0 || Bytes > Room || Bytes > Length || Offset > Length - Bytes)
            return FALSE;
        Room -= Bytes;
        *Logged += Bytes;
    }
    return TRUE;
}

/* The size of the entry at Entry with Left bytes from there to the end of the log; 0: it is none, or a torn one. */
static ULONG HvpCheckEntry(const UCHAR *Entry, SIZE_T Left, PULONG64 Logged)
{
    ULONG64 Bytes = 0;
    ULONG Size;

    if (Left < HV_SECTOR_SIZE || CmpRead32(Entry) != 0x454C7648u)       /* `HvLE` */
        return 0;
    Size = CmpRead32(Entry + HV_ENTRY_SIZE);
    if (Size < HV_SECTOR_SIZE || Size % HV_SECTOR_SIZE != 0 || Size > Left)
        return 0;
    if (CmpRead64(Entry + HV_ENTRY_HASH2) != HvpMarvin32(Entry, HV_ENTRY_HASH2) ||
        CmpRead64(Entry + HV_ENTRY_HASH1) != HvpMarvin32(Entry + HV_ENTRY_REFERENCES, Size - HV_ENTRY_REFERENCES) ||
        !HvpCheckReferences(Entry, Size, &Bytes))
        return 0;
    *Logged += Bytes;
    return Size;
}

typedef struct _HV_RUN {
    const UCHAR *Base;                  /* the log's base block; NULL: no log */
    const UCHAR *Entry;                 /* first entry that counts */
    ULONG First, Count;
    ULONG Length;                       /* of the bins after the last one */
    ULONG64 Logged;
} HV_RUN;

/* The entries of a log that follow one another, from number From on. */
static VOID HvpScanLog(const UCHAR *Log, SIZE_T Size, BOOLEAN AnyNumber, ULONG From, HV_RUN *Run)
{
    SIZE_T Offset = HV_SECTOR_SIZE;
    ULONG EntrySize;

    RtlZeroMemory(Run, sizeof *Run);
    if (Log == NULL || Size < 2 * HV_SECTOR_SIZE || !HvpCheckBaseBlock(Log) ||
        CmpRead32(Log + HV_BASE_TYPE) != HV_TYPE_LOG)
        return;
    Run->Base = Log;
    for (; Size - Offset >= HV_SECTOR_SIZE; Offset += EntrySize) {
        const UCHAR *Entry = Log + Offset;
        ULONG64 Logged = 0;
        ULONG Sequence;

        EntrySize = HvpCheckEntry(Entry, Size - Offset, &Logged);
        if (EntrySize == 0)
            return;
        Sequence = CmpRead32(Entry + HV_ENTRY_SEQUENCE);
        if (Run->Count != 0 ? Sequence != Run->First + Run->Count : !AnyNumber && (LONG)(Sequence - From) < 0) {
            if (Run->Count != 0)
                return;
            continue;                   /* older than the file */
        }
        if (Run->Count++ == 0) {
            Run->First = Sequence;
            Run->Entry = Entry;
        }
        Run->Length = CmpRead32(Entry + HV_ENTRY_LENGTH);
        Run->Logged += Logged;
    }
}

static VOID HvpTake(PHV_RECOVERY Recovery, ULONG Slot, HV_FILE Log, const HV_RUN *Run)
{
    Recovery->Entry[Slot] = Run->Entry;
    Recovery->Count[Slot] = Run->Count;
    Recovery->Log[Slot] = Log;
    Recovery->Last = Run->First + Run->Count - 1;
    Recovery->Length = Run->Length;
    Recovery->Logged += Run->Logged;
}

NTSTATUS HvpPlanRecovery(PUCHAR BaseBlock, const VOID *const Logs[2], const SIZE_T LogSizes[2],
                         PHV_RECOVERY Recovery)
{
    BOOLEAN Good = HvpCheckBaseBlock(BaseBlock);
    HV_RUN Runs[2], *First, *Second;

    for (ULONG i = 0; i < 2; i++)
        HvpScanLog(Logs != NULL ? Logs[i] : NULL, Logs != NULL ? LogSizes[i] : 0, !Good,
                   Good ? CmpRead32(BaseBlock + HV_BASE_SEQUENCE2) : 0, &Runs[i]);
    First = &Runs[0];
    Second = &Runs[1];
    if (First->Count == 0 || (Second->Count != 0 && (LONG)(Second->First - First->First) < 0)) {
        First = &Runs[1];
        Second = &Runs[0];
    }
    if (First->Count == 0)
        return STATUS_REGISTRY_CORRUPT;
    /* Without the file's own base block nothing says which of two logs that do not join is the right one: the later. */
    if (!Good && Second->Count != 0 && Second->First != First->First + First->Count) {
        First = Second;
        Second = First == &Runs[0] ? &Runs[1] : &Runs[0];
        Second->Count = 0;
    }
    Recovery->First = First->First;
    HvpTake(Recovery, 0, First == &Runs[0] ? HvLog1 : HvLog2, First);
    if (Second->Count != 0 && Second->First == First->First + First->Count)
        HvpTake(Recovery, 1, Second == &Runs[0] ? HvLog1 : HvLog2, Second);
    if (!Good) {
        RtlCopyMemory(BaseBlock, (Recovery->Count[1] != 0 ? Second : First)->Base, HV_SECTOR_SIZE);
        CmpWrite32(BaseBlock + HV_BASE_TYPE, HV_TYPE_PRIMARY);
        CmpWrite32(BaseBlock + HV_BASE_SEQUENCE1, Recovery->First + 1);
        CmpWrite32(BaseBlock + HV_BASE_SEQUENCE2, Recovery->First);
        HvpSetChecksum(BaseBlock);
        return STATUS_SUCCESS;
    }
    /* The first sequence number was raised after an entry had been made safe that leads there. */
    return (LONG)(CmpRead32(BaseBlock + HV_BASE_SEQUENCE1) - (Recovery->Last + 1)) > 0 ? STATUS_REGISTRY_CORRUPT
                                                                                      : STATUS_SUCCESS;
}

static VOID HvpApplyEntry(PCMHIVE Hive, const UCHAR *Entry)
{
    ULONG Count = CmpRead32(Entry + HV_ENTRY_COUNT);
    const UCHAR *Reference = Entry + HV_ENTRY_REFERENCES, *Data = Reference + 8 * Count;

    for (ULONG i = 0; i < Count; i++, Reference += 8) {
        ULONG Offset = CmpRead32(Reference), Bytes = CmpRead32(Reference + 4), Kept = Bytes;

        /* A later entry may have made the hive shorter. */
        if (Offset >= Hive->Length)
            Kept = 0;
        else if (Bytes > Hive->Length - Offset)
            Kept = Hive->Length - Offset;
        if (Kept != 0) {
            RtlCopyMemory(Hive->Storage + Offset, Data, Kept);
            HvpMarkDirty(Hive, Offset, Kept);
        }
        Data += Bytes;
    }
}

VOID HvpApplyRecovery(PCMHIVE Hive, const HV_RECOVERY *Recovery)
{
    for (ULONG Slot = 0; Slot < 2; Slot++) {
        const UCHAR *Entry = Recovery->Entry[Slot];

        for (ULONG i = 0; i < Recovery->Count[Slot]; i++) {
            HvpApplyEntry(Hive, Entry);
            Hive->LogNeeded = (LONG)Recovery->Log[Slot];
            Entry += CmpRead32(Entry + HV_ENTRY_SIZE);
        }
    }
    Hive->Sequence = Recovery->Last + 1;
}
