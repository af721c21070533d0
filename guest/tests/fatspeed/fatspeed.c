/* How fast a FAT file is: a native program that stands in for smss.exe. It reads and writes C:\speed.bin through fastfat, and the
 * same bytes of the disk without a file system; C:\speed.txt says where on the disk they are. Each transfer prints
 * `speed <what> <bytes> <microseconds>`; `done <failures>` comes last. */
#include <nt.h>
#include <nt_services.h>

#define CHUNK 0x10000u
#define BLOCK 4096u                 /* each begins with its number, plus what the writer adds */
#define ROUNDS 5u

static ULONG Failures;
static UCHAR Buffer[CHUNK];

static NTSTATUS Check(PCSTR Name, NTSTATUS Status)
{
    if (!NT_SUCCESS(Status)) {
        Failures++;
        DbgPrint("FAILED %s: 0x%X\n", Name, (ULONG)Status);
    }
    return Status;
}

static NTSTATUS Open(PCWSTR Path, ACCESS_MASK Access, PHANDLE Handle)
{
    UNICODE_STRING Name;
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Io;

    RtlInitUnicodeString(&Name, Path);
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    return NtOpenFile(Handle, Access | SYNCHRONIZE, &Attributes, &Io, FILE_SHARE_READ | FILE_SHARE_WRITE,
                      FILE_SYNCHRONOUS_IO_NONALERT);
}

/* Numbers the blocks of a chunk, or looks whether they are numbered so. */
static BOOLEAN Number(ULONG64 Offset, ULONG Added, BOOLEAN Set)
{
    BOOLEAN Right = TRUE;

    for (ULONG At = 0; At < CHUNK; At += BLOCK) {
        ULONG64 Wanted = (Offset + At) / BLOCK + Added;

        if (Set)
            *(PULONG64)(Buffer + At) = Wanted;
        Right &= *(PULONG64)(Buffer + At) == Wanted;
    }
    return Right;
}

static NTSTATUS Transfer(HANDLE Handle, BOOLEAN Write, ULONG64 Where, ULONG64 Offset, ULONG Added)
{
    LARGE_INTEGER At = { .QuadPart = (LONGLONG)(Where + Offset) };
    IO_STATUS_BLOCK Io = { 0 };
    NTSTATUS Status;

    if (Write) {
        Number(Offset, Added, TRUE);
        Status = NtWriteFile(Handle, NULL, NULL, NULL, &Io, Buffer, CHUNK, &At, NULL);
    } else {
        Status = NtReadFile(Handle, NULL, NULL, NULL, &Io, Buffer, CHUNK, &At, NULL);
    }
    if (NT_SUCCESS(Status) && (Io.Information != CHUNK || !Number(Offset, Added, FALSE)))
        Status = STATUS_DATA_ERROR;
    return Status;
}

/* All of it once, and written to the disk when it was written. */
static VOID Measure(PCSTR What, HANDLE Handle, BOOLEAN Write, ULONG64 Where, ULONG64 Bytes, ULONG Added)
{
    LARGE_INTEGER Began, Ended, Frequency;
    IO_STATUS_BLOCK Io;
    NTSTATUS Status = STATUS_SUCCESS;

    NtQueryPerformanceCounter(&Began, &Frequency);
    for (ULONG64 Offset = 0; Offset < Bytes && NT_SUCCESS(Status); Offset += CHUNK)
        Status = Transfer(Handle, Write, Where, Offset, Added);
    if (Write && NT_SUCCESS(Status))
        Status = NtFlushBuffersFile(Handle, &Io);
    NtQueryPerformanceCounter(&Ended, &Frequency);
    if (NT_SUCCESS(Check(What, Status)))
        DbgPrint("speed %s %I64u %I64u\n", What, Bytes,
                 (ULONG64)(Ended.QuadPart - Began.QuadPart) * 1000000 / (ULONG64)Frequency.QuadPart);
}

/* The text of C:\speed.txt: byte offset on the disk and number of bytes, in decimal. */
static NTSTATUS FindFile(PULONG64 Where, PULONG64 Bytes)
{
    PULONG64 Value = Where;
    LARGE_INTEGER Start = { 0 };
    IO_STATUS_BLOCK Io = { 0 };
    HANDLE Text;
    NTSTATUS Status = Open(L"\\??\\C:\\speed.txt", FILE_READ_DATA, &Text);

    if (!NT_SUCCESS(Status))
        return Status;
    Status = NtReadFile(Text, NULL, NULL, NULL, &Io, Buffer, 64, &Start, NULL);
    NtClose(Text);
    *Where = *Bytes = 0;
    for (ULONG_PTR i = 0; i < Io.Information; i++) {
        if (Buffer[i] >= '0' && Buffer[i] <= '9')
            *Value = *Value * 10 + (Buffer[i] - '0');
        else
            Value = Bytes;
    }
    return NT_SUCCESS(Status) && *Bytes == 0 ? STATUS_DATA_ERROR : Status;
}

static VOID MeasureAll(VOID)
{
    ULONG64 Where, Bytes;
    HANDLE File, Disk;

    if (!NT_SUCCESS(Check("speed.txt", FindFile(&Where, &Bytes))) ||
        !NT_SUCCESS(Check("file", Open(L"\\??\\C:\\speed.bin", FILE_READ_DATA | FILE_WRITE_DATA, &File))) ||
        !NT_SUCCESS(Check("disk", Open(L"\\??\\PhysicalDrive0", FILE_READ_DATA | FILE_WRITE_DATA, &Disk))))
        return;
    for (ULONG Round = 0; Round < ROUNDS; Round++) {
        Measure("raw-read", Disk, FALSE, Where, Bytes, 0);
        Measure("file-read", File, FALSE, 0, Bytes, 0);
    }
    /* The raw writes go around the cache, which has all of the file's own on the disk by then and reads none of it again. */
    for (ULONG Round = 0; Round < ROUNDS; Round++) {
        Measure("file-write", File, TRUE, 0, Bytes, 1 + Round);
        if (Round == 0)
            Measure("file-check", File, FALSE, 0, Bytes, 1);
        Measure("raw-write", Disk, TRUE, Where, Bytes, 100 + Round);
    }
    NtClose(File);
    NtClose(Disk);
}

VOID NTAPI NtProcessStartup(PPEB Peb);
VOID NTAPI NtProcessStartup(PPEB Peb)
{
    BOOLEAN Was;

    UNREFERENCED_PARAMETER(Peb);
    MeasureAll();
    DbgPrint("done %u\n", Failures);
    RtlAdjustPrivilege(SE_SHUTDOWN_PRIVILEGE, TRUE, FALSE, &Was);
    NtShutdownSystem(ShutdownPowerOff);
    RtlExitUserProcess(STATUS_UNSUCCESSFUL);
}
