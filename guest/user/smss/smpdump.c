/* S17: a crash dump in the boot volume's paging file is saved before the file is used again. */
#include "smss.h"

#define CRASH_CONTROL L"\\Registry\\Machine\\System\\CurrentControlSet\\Control\\CrashControl"
#define COPY_SIZE 0x10000

/* The head of a 64-bit dump (DUMP_HEADER64), as far as it is needed. */
#define DUMP_SIGNATURE 0x45474150u /* PAGE */
#define DUMP_VALID_DUMP64 0x34365544u /* DU64 */
#define DUMP_HEADER_SIZE 0x2000u
#define DUMP_VALID_OFFSET 4
#define DUMP_BUGCHECK_OFFSET 0x38
#define DUMP_PARAMETERS_OFFSET 0x40
#define DUMP_REQUIRED_SPACE_OFFSET 0xFA0

typedef struct _DUMP {
    HANDLE File;     /* the paging file */
    ULONG64 Size;    /* of the dump in it */
    ULONG BugCheckCode;
    ULONG64 Parameters[4];
} DUMP;

static NTSTATUS ReadAt(HANDLE File, ULONG64 Offset, PVOID Buffer, ULONG Length)
{
    LARGE_INTEGER At = { .QuadPart = (LONGLONG)Offset };
    IO_STATUS_BLOCK Io;
    NTSTATUS Status = NtReadFile(File, NULL, NULL, NULL, &Io, Buffer, Length, &At, NULL);

    return NT_SUCCESS(Status) && Io.Information != Length ? STATUS_END_OF_FILE : Status;
}

static NTSTATUS WriteAt(HANDLE File, ULONG64 Offset, CONST VOID *Buffer, ULONG Length)
{
    LARGE_INTEGER At = { .QuadPart = (LONGLONG)Offset };
    IO_STATUS_BLOCK Io;

    return NtWriteFile(File, NULL, NULL, NULL, &Io, (PVOID)Buffer, Length, &At, NULL);
}

/* The paging file is left open when it has a dump. */
static BOOLEAN FindDump(PCWSTR PagingFile, DUMP *Dump)
{
    static UCHAR Header[0x1000];
    FILE_STANDARD_INFORMATION Standard;
    UNICODE_STRING Path;
    IO_STATUS_BLOCK Io;
    ULONG Words[2];
    NTSTATUS Status;

    if (!RtlDosPathNameToNtPathName_U(PagingFile, &Path, NULL, NULL))
        return FALSE;
    Status = SmpOpenFile(&Path, FILE_READ_DATA | FILE_WRITE_DATA, FILE_NON_DIRECTORY_FILE, &Dump->File);
    RtlFreeUnicodeString(&Path);
    if (!NT_SUCCESS(Status))
        return FALSE;
    Status = NtQueryInformationFile(Dump->File, &Io, &Standard, sizeof(Standard), FileStandardInformation);
    if (NT_SUCCESS(Status))
        Status = ReadAt(Dump->File, 0, Header, sizeof(Header));
    if (NT_SUCCESS(Status)) {
        memcpy(Words, Header, sizeof(Words));
        memcpy(&Dump->BugCheckCode, Header + DUMP_BUGCHECK_OFFSET, sizeof(Dump->BugCheckCode));
        memcpy(Dump->Parameters, Header + DUMP_PARAMETERS_OFFSET, sizeof(Dump->Parameters));
        memcpy(&Dump->Size, Header + DUMP_REQUIRED_SPACE_OFFSET, sizeof(Dump->Size));
        if (Words[0] == DUMP_SIGNATURE && Words[1] == DUMP_VALID_DUMP64 && Dump->Size >= DUMP_HEADER_SIZE &&
            Dump->Size <= (ULONG64)Standard.EndOfFile.QuadPart)
            return TRUE;
    }
    NtClose(Dump->File);
    return FALSE;
}

static NTSTATUS CopyContents(HANDLE From, HANDLE To, ULONG64 Size)
{
    PVOID Buffer = RtlAllocateHeap(RtlProcessHeap(), 0, COPY_SIZE);
    NTSTATUS Status = Buffer ? STATUS_SUCCESS : STATUS_NO_MEMORY;

    for (ULONG64 Offset = 0; NT_SUCCESS(Status) && Offset < Size; Offset += COPY_SIZE) {
        ULONG Length = (ULONG)min(Size - Offset, (ULONG64)COPY_SIZE);

        Status = ReadAt(From, Offset, Buffer, Length);
        if (NT_SUCCESS(Status))
            Status = WriteAt(To, Offset, Buffer, Length);
    }
    if (Buffer)
        RtlFreeHeap(RtlProcessHeap(), 0, Buffer);
    return Status;
}

/* A copy that is not whole is none: it goes again. */
static NTSTATUS SaveDump(CONST DUMP *Dump, PCUNICODE_STRING Target, BOOLEAN Overwrite)
{
    FILE_DISPOSITION_INFORMATION Disposition = { TRUE };
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Path;
    IO_STATUS_BLOCK Io;
    HANDLE File;
    NTSTATUS Status;

    if (!RtlDosPathNameToNtPathName_U(Target->Buffer, &Path, NULL, NULL))
        return STATUS_OBJECT_NAME_INVALID;
    InitializeObjectAttributes(&Attributes, &Path, OBJ_CASE_INSENSITIVE, NULL, NULL);
    Status = NtCreateFile(&File, FILE_WRITE_DATA | DELETE | SYNCHRONIZE, &Attributes, &Io, NULL, FILE_ATTRIBUTE_NORMAL,
                          0, Overwrite ? FILE_OVERWRITE_IF : FILE_CREATE,
                          FILE_SYNCHRONOUS_IO_NONALERT | FILE_NON_DIRECTORY_FILE, NULL, 0);
    RtlFreeUnicodeString(&Path);
    if (!NT_SUCCESS(Status))
        return Status;
    Status = CopyContents(Dump->File, File, Dump->Size);
    if (!NT_SUCCESS(Status))
        NtSetInformationFile(File, &Io, &Disposition, sizeof(Disposition), FileDispositionInformation);
    NtClose(File);
    return Status;
}

/* CrashControl\DumpFile, expanded; a terminated string. */
static NTSTATUS TargetPath(PUNICODE_STRING Target)
{
    static WCHAR Text[SMP_VALUE_SIZE / sizeof(WCHAR)];

    if (!NT_SUCCESS(SmpReadString(CRASH_CONTROL, L"DumpFile", Text, sizeof(Text))) || !*Text)
        wcscpy(Text, L"%SystemRoot%\\MEMORY.DMP");
    return SmpExpand(Text, Target);
}

/* As the event log of NT tells of it, after the restart. */
static VOID LogBugCheck(CONST DUMP *Dump, NTSTATUS Status, PCUNICODE_STRING Target)
{
    UNICODE_STRING Nowhere = RTL_CONSTANT_STRING(L"");
    WCHAR Text[224];

    _snwprintf(Text, RTL_NUMBER_OF(Text),
               L"The computer has rebooted from a bugcheck. The bugcheck was: 0x%08x (0x%016I64x, 0x%016I64x, "
               L"0x%016I64x, 0x%016I64x). %ws",
               Dump->BugCheckCode, Dump->Parameters[0], Dump->Parameters[1], Dump->Parameters[2], Dump->Parameters[3],
               NT_SUCCESS(Status) ? L"A dump was saved in: " : L"No dump was saved.");
    Text[RTL_NUMBER_OF(Text) - 1] = UNICODE_NULL;
    SmpLogEvent(SMP_EVENT_BUGCHECK, Status, Text, NT_SUCCESS(Status) ? Target : &Nowhere);
}

static NTSTATUS TakeDump(CONST DUMP *Dump, PUNICODE_STRING Target)
{
    ULONG Overwrite = 1;
    HANDLE Key;
    NTSTATUS Status = TargetPath(Target);

    if (NT_SUCCESS(SmpOpenKey(CRASH_CONTROL, KEY_QUERY_VALUE, &Key))) {
        SmpQueryNumber(Key, L"Overwrite", &Overwrite);
        NtClose(Key);
    }
    return NT_SUCCESS(Status) ? SaveDump(Dump, Target, Overwrite != 0) : Status;
}

/* S17; S-051 */
VOID SmpCheckForCrashDump(VOID)
{
    ULONG NoDump = DUMP_SIGNATURE; /* not DU64 any more: it is found once */
    UNICODE_STRING Target = RTL_CONSTANT_STRING(L""), Path;
    WCHAR PagingFile[SMP_PATH_LENGTH];
    NTSTATUS Status;
    DUMP Dump;

    SmpBootPagingFile(PagingFile);
    RtlInitUnicodeString(&Path, PagingFile);
    RtlpClaim("smss.crash-dump.begin", "path=%wZ", &Path);
    if (!FindDump(PagingFile, &Dump)) {
        RtlpClaim("smss.crash-dump.end", "found=0 dump=%wZ bytes=0", &Target);
        return;
    }
    Status = TakeDump(&Dump, &Target);
    WriteAt(Dump.File, DUMP_VALID_OFFSET, &NoDump, sizeof(NoDump));
    NtClose(Dump.File);
    LogBugCheck(&Dump, Status, &Target);
    if (!NT_SUCCESS(Status))
        RtlInitUnicodeString(&Target, L"");
    RtlpClaim("smss.crash-dump.end", "found=1 dump=%wZ bytes=%u", &Target,
              NT_SUCCESS(Status) ? (ULONG)Dump.Size : 0);
}
