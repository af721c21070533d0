/* What went wrong, as records of the system's event log \Windows\System32\config\SysEvent.Evt. */
#include "smss.h"

#define COMPUTER_NAME L"\\Registry\\Machine\\System\\CurrentControlSet\\Control\\ComputerName\\ComputerName"

typedef struct _RECORD {
    LIST_ENTRY Link;
    ULONG Id;
    NTSTATUS Status;
    WCHAR Text[1];
} RECORD, *PRECORD;

static LIST_ENTRY Records = { &Records, &Records }; /* not written yet */

VOID SmpLogEvent(ULONG Id, NTSTATUS Status, PCWSTR What, PCUNICODE_STRING Subject)
{
    ULONG Size = (ULONG)(wcslen(What) * sizeof(WCHAR) + Subject->Length + sizeof(WCHAR));
    PRECORD Record = RtlAllocateHeap(RtlProcessHeap(), 0, sizeof(RECORD) + Size);

    DbgPrint("SMSS: %ws%wZ: status 0x%X\n", What, Subject, Status);
    if (!Record)
        return; /* a record less is no reason to stop */
    Record->Id = Id;
    Record->Status = Status;
    wcscpy(Record->Text, What);
    memcpy(Record->Text + wcslen(What), Subject->Buffer, Subject->Length);
    Record->Text[Size / sizeof(WCHAR) - 1] = UNICODE_NULL;
    InsertTailList(&Records, &Record->Link);
}

/* 1 January 1970 in NT's time is 11,644,473,600 seconds. */
static ULONG SecondsSince1970(VOID)
{
    LARGE_INTEGER Time;

    return NT_SUCCESS(NtQuerySystemTime(&Time)) ? (ULONG)(Time.QuadPart / 10000000 - 11644473600ll) : 0;
}

/* The log that is there, or a new one; its size. */
static ULONG ReadLog(HANDLE File, PUCHAR Log)
{
    LARGE_INTEGER Start = { .QuadPart = 0 };
    IO_STATUS_BLOCK Io;
    ULONG Size = 0;

    if (NT_SUCCESS(NtReadFile(File, NULL, NULL, NULL, &Io, Log, SMP_EVENT_LOG_SIZE, &Start, NULL)))
        Size = SmpCheckEventLog(Log, (ULONG)Io.Information);
    return Size ? Size : SmpInitializeEventLog(Log);
}

static NTSTATUS WriteLog(HANDLE File, PUCHAR Log, ULONG Size)
{
    FILE_END_OF_FILE_INFORMATION End = { { .QuadPart = Size } };
    LARGE_INTEGER Start = { .QuadPart = 0 };
    IO_STATUS_BLOCK Io;
    NTSTATUS Status = NtWriteFile(File, NULL, NULL, NULL, &Io, Log, Size, &Start, NULL);

    return NT_SUCCESS(Status) ? NtSetInformationFile(File, &Io, &End, sizeof(End), FileEndOfFileInformation) : Status;
}

static NTSTATUS AppendRecords(HANDLE File)
{
    WCHAR Computer[64];
    PUCHAR Log = RtlAllocateHeap(RtlProcessHeap(), 0, SMP_EVENT_LOG_SIZE);
    NTSTATUS Status;
    ULONG Size;

    if (!Log)
        return STATUS_NO_MEMORY;
    SmpReadString(COMPUTER_NAME, L"ComputerName", Computer, sizeof(Computer));
    Size = ReadLog(File, Log);
    for (PLIST_ENTRY Link = Records.Flink; Link != &Records; Link = Link->Flink) {
        PRECORD Record = CONTAINING_RECORD(Link, RECORD, Link);
        SMP_EVENT Event = { Record->Id, Record->Status, SecondsSince1970(), Computer, Record->Text };

        Size = SmpAppendEvent(Log, Size, &Event);
    }
    Status = WriteLog(File, Log, Size);
    RtlFreeHeap(RtlProcessHeap(), 0, Log);
    return Status;
}

/* A record is claimed when it is in the file. Without a file system that takes it, it stays for the next time. */
VOID SmpWriteEventLog(VOID)
{
    UNICODE_STRING Path = RTL_CONSTANT_STRING(L"\\SystemRoot\\System32\\config\\SysEvent.Evt");
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Io;
    HANDLE File;
    NTSTATUS Status;

    if (IsListEmpty(&Records))
        return;
    InitializeObjectAttributes(&Attributes, &Path, OBJ_CASE_INSENSITIVE, NULL, NULL);
    Status = NtCreateFile(&File, FILE_READ_DATA | FILE_WRITE_DATA | SYNCHRONIZE, &Attributes, &Io, NULL,
                          FILE_ATTRIBUTE_NORMAL, FILE_SHARE_READ, FILE_OPEN_IF,
                          FILE_SYNCHRONOUS_IO_NONALERT | FILE_NON_DIRECTORY_FILE, NULL, 0);
    if (!NT_SUCCESS(Status))
        return;
    Status = AppendRecords(File);
    NtClose(File);
    while (NT_SUCCESS(Status) && !IsListEmpty(&Records)) {
        PRECORD Record = CONTAINING_RECORD(RemoveHeadList(&Records), RECORD, Link);

        RtlpClaim("smss.log", "source=smss id=%u status=%x text=%ws", Record->Id, Record->Status, Record->Text);
        RtlFreeHeap(RtlProcessHeap(), 0, Record);
    }
}
