/* The event log's file in its documented format (EVENTLOGRECORD; "Event Log File Format"), built in memory. */
#include "smpformat.h"

#define ELF_LOG_SIGNATURE 0x654C664Cu /* LfLe */
#define EVENTLOG_ERROR_TYPE 1
#define EVENTLOG_INFORMATION_TYPE 4

typedef struct _ELF_LOGFILE_HEADER {
    ULONG HeaderSize;
    ULONG Signature;
    ULONG MajorVersion;
    ULONG MinorVersion;
    ULONG StartOffset; /* the oldest record */
    ULONG EndOffset;   /* the end record */
    ULONG CurrentRecordNumber; /* the next one */
    ULONG OldestRecordNumber;  /* 0: the log is empty */
    ULONG MaxSize;
    ULONG Flags;
    ULONG Retention;
    ULONG EndHeaderSize;
} ELF_LOGFILE_HEADER;
C_ASSERT(sizeof(ELF_LOGFILE_HEADER) == 0x30);

typedef struct _EVENTLOGRECORD {
    ULONG Length;
    ULONG Reserved; /* the signature */
    ULONG RecordNumber;
    ULONG TimeGenerated;
    ULONG TimeWritten;
    ULONG EventID;
    USHORT EventType;
    USHORT NumStrings;
    USHORT EventCategory;
    USHORT ReservedFlags;
    ULONG ClosingRecordNumber;
    ULONG StringOffset;
    ULONG UserSidLength;
    ULONG UserSidOffset;
    ULONG DataLength;
    ULONG DataOffset;
} EVENTLOGRECORD;
C_ASSERT(sizeof(EVENTLOGRECORD) == 0x38);

typedef struct _ELF_EOF_RECORD {
    ULONG RecordSizeBeginning;
    ULONG One, Two, Three, Four;
    ULONG BeginRecord;
    ULONG EndRecord;
    ULONG CurrentRecordNumber;
    ULONG OldestRecordNumber;
    ULONG RecordSizeEnd;
} ELF_EOF_RECORD;
C_ASSERT(sizeof(ELF_EOF_RECORD) == 0x28);

#define FIRST_RECORD ((ULONG)sizeof(ELF_LOGFILE_HEADER))

/* The end record, after the header was brought up to date; the size of the log. */
static ULONG Finish(PUCHAR Log)
{
    ELF_LOGFILE_HEADER *Header = (PVOID)Log;
    ELF_EOF_RECORD End = { sizeof(End), 0x11111111, 0x22222222, 0x33333333, 0x44444444, Header->StartOffset,
                           Header->EndOffset, Header->CurrentRecordNumber, Header->OldestRecordNumber, sizeof(End) };

    memcpy(Log + Header->EndOffset, &End, sizeof(End));
    return Header->EndOffset + (ULONG)sizeof(End);
}

ULONG SmpInitializeEventLog(PUCHAR Log)
{
    ELF_LOGFILE_HEADER Header = { sizeof(Header), ELF_LOG_SIGNATURE, 1, 1, FIRST_RECORD, FIRST_RECORD, 1, 0,
                                  SMP_EVENT_LOG_SIZE, 0, 0, sizeof(Header) };

    memcpy(Log, &Header, sizeof(Header));
    return Finish(Log);
}

/* The length of the record at Offset of a log that ends at End; 0: it is none. */
static ULONG RecordLength(CONST UCHAR *Log, ULONG Offset, ULONG End)
{
    EVENTLOGRECORD Record;
    ULONG Last;

    if (End - Offset < sizeof(Record) + sizeof(ULONG))
        return 0;
    memcpy(&Record, Log + Offset, sizeof(Record));
    if (Record.Reserved != ELF_LOG_SIGNATURE || Record.Length < sizeof(Record) + sizeof(ULONG) || Record.Length % 4 ||
        Record.Length > End - Offset)
        return 0;
    memcpy(&Last, Log + Offset + Record.Length - sizeof(Last), sizeof(Last));
    return Last == Record.Length ? Record.Length : 0;
}

/* A log that wraps, or was not closed, is not one of this program's. */
ULONG SmpCheckEventLog(CONST UCHAR *Log, ULONG Size)
{
    ELF_LOGFILE_HEADER Header;
    ULONG Count = 0;

    if (Size < sizeof(Header) + sizeof(ELF_EOF_RECORD) || Size > SMP_EVENT_LOG_SIZE)
        return 0;
    memcpy(&Header, Log, sizeof(Header));
    if (Header.HeaderSize != sizeof(Header) || Header.Signature != ELF_LOG_SIGNATURE || Header.Flags ||
        Header.StartOffset != FIRST_RECORD || Header.EndOffset < FIRST_RECORD ||
        Header.EndOffset > Size - sizeof(ELF_EOF_RECORD))
        return 0;
    for (ULONG Offset = FIRST_RECORD, Length; Offset < Header.EndOffset; Offset += Length, Count++) {
        Length = RecordLength(Log, Offset, Header.EndOffset);
        if (!Length)
            return 0;
    }
    if (Count ? Header.OldestRecordNumber + Count != Header.CurrentRecordNumber : Header.OldestRecordNumber)
        return 0;
    return Header.EndOffset + (ULONG)sizeof(ELF_EOF_RECORD);
}

static VOID DropOldest(PUCHAR Log)
{
    ELF_LOGFILE_HEADER *Header = (PVOID)Log;
    ULONG Length = ((EVENTLOGRECORD *)(PVOID)(Log + FIRST_RECORD))->Length;

    memmove(Log + FIRST_RECORD, Log + FIRST_RECORD + Length, Header->EndOffset - FIRST_RECORD - Length);
    Header->EndOffset -= Length;
    Header->OldestRecordNumber = Header->EndOffset == FIRST_RECORD ? 0 : Header->OldestRecordNumber + 1;
}

/* Strings and data behind a record's fixed part. */
static ULONG Put(PUCHAR Record, ULONG Offset, CONST VOID *Data, SIZE_T Size)
{
    memcpy(Record + Offset, Data, Size);
    return Offset + (ULONG)Size;
}

ULONG SmpAppendEvent(PUCHAR Log, ULONG Size, CONST SMP_EVENT *Event)
{
    static CONST WCHAR Source[] = L"smss";
    ELF_LOGFILE_HEADER *Header = (PVOID)Log;
    ULONG ComputerSize = (ULONG)((wcslen(Event->Computer) + 1) * sizeof(WCHAR));
    ULONG TextSize = (ULONG)((wcslen(Event->Text) + 1) * sizeof(WCHAR));
    ULONG Strings = (ULONG)ALIGN_UP_BY(sizeof(EVENTLOGRECORD) + sizeof(Source) + ComputerSize, sizeof(ULONG));
    ULONG Data = Strings + TextSize;
    ULONG Length = (ULONG)ALIGN_UP_BY(Data + sizeof(Event->Status), sizeof(ULONG)) + (ULONG)sizeof(ULONG);
    EVENTLOGRECORD Record = { .Length = Length, .Reserved = ELF_LOG_SIGNATURE, .TimeGenerated = Event->Seconds,
                              .TimeWritten = Event->Seconds, .EventID = Event->Id, .NumStrings = 1,
                              .StringOffset = Strings, .UserSidOffset = Strings, .DataLength = sizeof(Event->Status),
                              .DataOffset = Data };
    PUCHAR At;

    if (Length > SMP_EVENT_LOG_SIZE / 4)
        return Size; /* no text of this program's is so long */
    while (Header->EndOffset + Length + sizeof(ELF_EOF_RECORD) > SMP_EVENT_LOG_SIZE)
        DropOldest(Log);
    At = Log + Header->EndOffset;
    Record.RecordNumber = Header->CurrentRecordNumber++;
    Record.EventType = NT_SUCCESS(Event->Status) ? EVENTLOG_INFORMATION_TYPE : EVENTLOG_ERROR_TYPE;
    memset(At, 0, Length);
    Put(At, Put(At, Put(At, 0, &Record, sizeof(Record)), Source, sizeof(Source)), Event->Computer, ComputerSize);
    Put(At, Put(At, Strings, Event->Text, TextSize), &Event->Status, sizeof(Event->Status));
    Put(At, Length - (ULONG)sizeof(ULONG), &Length, sizeof(Length));
    Header->EndOffset += Length;
    if (!Header->OldestRecordNumber)
        Header->OldestRecordNumber = Record.RecordNumber;
    return Finish(Log);
}
