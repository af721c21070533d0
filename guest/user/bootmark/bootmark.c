/* bootmark TEXT FILE: leaves the digest of its first argument in a file, so that who looks at the disk afterwards can tell
 * that a program of BootExecute ran, with which argument, and that its write reached the disk. */
#include <native.h>

#include "sha256.h"

static VOID MakeMark(PCWSTR Text, PCHAR Hex)
{
    static const CHAR Digits[] = "0123456789abcdef";
    CHAR Bytes[3 * 1024];
    UCHAR Digest[SHA256_SIZE];
    ULONG Length = 0;

    RtlUnicodeToUTF8N(Bytes, sizeof(Bytes), &Length, Text, (ULONG)wcslen(Text) * sizeof(WCHAR));
    Sha256(Bytes, Length, Digest);
    for (ULONG i = 0; i < SHA256_SIZE; i++) {
        Hex[2 * i] = Digits[Digest[i] >> 4];
        Hex[2 * i + 1] = Digits[Digest[i] & 15];
    }
}

static NTSTATUS WriteMark(PCWSTR Path, PCHAR Hex, ULONG Length)
{
    LARGE_INTEGER Start = { .QuadPart = 0 };
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Name;
    IO_STATUS_BLOCK Io;
    HANDLE File;
    NTSTATUS Status;

    RtlInitUnicodeString(&Name, Path);
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    Status = NtCreateFile(&File, FILE_WRITE_DATA | SYNCHRONIZE, &Attributes, &Io, NULL, FILE_ATTRIBUTE_NORMAL, 0,
                          FILE_OVERWRITE_IF, FILE_SYNCHRONOUS_IO_NONALERT | FILE_NON_DIRECTORY_FILE, NULL, 0);
    if (!NT_SUCCESS(Status))
        return Status;
    Status = NtWriteFile(File, NULL, NULL, NULL, &Io, Hex, Length, &Start, NULL);
    if (NT_SUCCESS(Status) && Io.Information != Length)
        Status = STATUS_DISK_FULL;
    if (NT_SUCCESS(Status))
        Status = NtFlushBuffersFile(File, &Io);
    NtClose(File);
    return Status;
}

static NTSTATUS Mark(const NATIVE_ARGUMENTS_LIST *List)
{
    CHAR Hex[2 * SHA256_SIZE];
    WCHAR Wide[2 * SHA256_SIZE + 1];
    PCWSTR Path;
    NTSTATUS Status;

    if (List->Count != 2) {
        NativePrint(L"usage: bootmark TEXT FILE\n");
        return STATUS_INVALID_PARAMETER;
    }
    Path = List->Word[1];
    MakeMark(List->Word[0], Hex);
    Status = WriteMark(Path, Hex, sizeof(Hex));
    if (!NT_SUCCESS(Status)) {
        NativePrint(L"bootmark: %ws: status 0x%X\n", Path, Status);
        return Status;
    }
    for (ULONG i = 0; i <= sizeof(Hex); i++)
        Wide[i] = i < sizeof(Hex) ? (WCHAR)Hex[i] : UNICODE_NULL;
    RtlpClaim("bootmark.mark", "file=%ws argument=%ws digest=%ws", wcsncmp(Path, L"\\??\\", 4) ? Path : Path + 4,
              List->Word[0], Wide);
    return STATUS_SUCCESS;
}

VOID NTAPI NtProcessStartup(PPEB Peb)
{
    static NATIVE_ARGUMENTS_LIST List;

    NativeArguments(&Peb->ProcessParameters->CommandLine, &List);
    NtTerminateProcess(NtCurrentProcess(), Mark(&List));
}
