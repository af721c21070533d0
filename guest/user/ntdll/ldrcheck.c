/* Checks of image files, and the options that the registry has for an image. */
#include "ntdllp.h"

/* Calls back for each DLL that a file in memory imports. */
static NTSTATUS ReportImports(PVOID View, SIZE_T ViewSize, PLDR_IMPORT_MODULE_CALLBACK Callback, PVOID Parameter)
{
    PIMAGE_NT_HEADERS Nt = RtlImageNtHeader(View);
    PIMAGE_SECTION_HEADER Last = NULL;
    PIMAGE_IMPORT_DESCRIPTOR Import;
    PUCHAR End = (PUCHAR)View + ViewSize;
    ULONG Size;

    Import = RtlImageDirectoryEntryToData(View, FALSE, IMAGE_DIRECTORY_ENTRY_IMPORT, &Size);
    for (; Import && (PUCHAR)(Import + 1) <= End && Import->Name && Import->FirstThunk; Import++) {
        PCHAR Name = RtlImageRvaToVa(Nt, View, Import->Name, &Last);

        if (!Name || Name < (PCHAR)View || Name >= (PCHAR)End || !memchr(Name, 0, (PCHAR)End - Name))
            return STATUS_INVALID_IMAGE_FORMAT;
        Callback(Parameter, Name);
    }
    return STATUS_SUCCESS;
}

/* The whole file in new memory of this process; freed with NtFreeVirtualMemory. */
static NTSTATUS ReadWholeFile(HANDLE File, PVOID *Data, PULONG Size)
{
    FILE_STANDARD_INFORMATION Standard;
    LARGE_INTEGER Start = { .QuadPart = 0 };
    IO_STATUS_BLOCK Io;
    SIZE_T RegionSize;
    NTSTATUS Status;

    Status = NtQueryInformationFile(File, &Io, &Standard, sizeof(Standard), FileStandardInformation);
    if (!NT_SUCCESS(Status))
        return Status;
    if (Standard.EndOfFile.QuadPart <= 0 || Standard.EndOfFile.QuadPart > MAXLONG)
        return STATUS_INVALID_IMAGE_FORMAT;
    *Size = (ULONG)Standard.EndOfFile.QuadPart;
    *Data = NULL;
    RegionSize = *Size;
    Status = NtAllocateVirtualMemory(NtCurrentProcess(), Data, 0, &RegionSize, MEM_RESERVE | MEM_COMMIT,
                                     PAGE_READWRITE);
    if (!NT_SUCCESS(Status))
        return Status;
    Status = NtReadFile(File, NULL, NULL, NULL, &Io, *Data, *Size, &Start, NULL);
    if (NT_SUCCESS(Status) && Io.Information != *Size)
        Status = STATUS_END_OF_FILE;
    if (!NT_SUCCESS(Status)) {
        RegionSize = 0;
        NtFreeVirtualMemory(NtCurrentProcess(), Data, &RegionSize, MEM_RELEASE);
    }
    return Status;
}

/* Bit 0 of the handle: an image without a checksum counts as good, as NT has it for user-mode images. */
NTSTATUS NTAPI LdrVerifyImageMatchesChecksum(HANDLE ImageFileHandle, PLDR_IMPORT_MODULE_CALLBACK Callback,
                                             PVOID CallbackParameter, PUSHORT ImageCharacteristics)
{
    HANDLE File = (HANDLE)((ULONG_PTR)ImageFileHandle & ~(ULONG_PTR)1);
    BOOLEAN MayLack = ((ULONG_PTR)ImageFileHandle & 1) != 0;
    PIMAGE_NT_HEADERS Nt;
    SIZE_T RegionSize = 0;
    ULONG Size;
    PVOID Data;
    NTSTATUS Status = ReadWholeFile(File, &Data, &Size);

    if (!NT_SUCCESS(Status))
        return Status;
    Status = RtlImageNtHeaderEx(0, Data, Size, &Nt);
    if (NT_SUCCESS(Status) && !(MayLack && Nt->OptionalHeader.CheckSum == 0) &&
        Nt->OptionalHeader.CheckSum != RtlpImageChecksum(Data, Size))
        Status = STATUS_IMAGE_CHECKSUM_MISMATCH;
    if (NT_SUCCESS(Status) && ImageCharacteristics)
        *ImageCharacteristics = Nt->FileHeader.Characteristics;
    if (NT_SUCCESS(Status) && Callback)
        Status = ReportImports(Data, Size, Callback, CallbackParameter);
    NtFreeVirtualMemory(NtCurrentProcess(), &Data, &RegionSize, MEM_RELEASE);
    return Status;
}

/* A value below `Image File Execution Options\<image>`. ValueType REG_DWORD also takes a number as text. */
NTSTATUS NTAPI LdrQueryImageFileExecutionOptions(PUNICODE_STRING SubKey, PCWSTR ValueName, ULONG ValueType,
                                                 PVOID Buffer, ULONG BufferSize, PULONG ReturnedLength)
{
    WCHAR PathBuffer[256];
    UNICODE_STRING Path = { 0, sizeof(PathBuffer), PathBuffer }, Name, Image = *SubKey;
    UCHAR Value[512] DECLSPEC_ALIGN(8);
    PKEY_VALUE_PARTIAL_INFORMATION Info = (PVOID)Value;
    OBJECT_ATTRIBUTES Attributes;
    ULONG Length;
    HANDLE Key;
    NTSTATUS Status;

    for (ULONG i = SubKey->Length / sizeof(WCHAR); i > 0; i--) {
        if (SubKey->Buffer[i - 1] == L'\\') {
            Image.Buffer += i;
            Image.Length -= (USHORT)(i * sizeof(WCHAR));
            break;
        }
    }
    RtlAppendUnicodeToString(&Path, L"\\Registry\\Machine\\Software\\Microsoft\\Windows NT\\CurrentVersion\\"
                                    L"Image File Execution Options\\");
    Status = RtlAppendUnicodeStringToString(&Path, &Image);
    if (!NT_SUCCESS(Status))
        return STATUS_NAME_TOO_LONG;
    InitializeObjectAttributes(&Attributes, &Path, OBJ_CASE_INSENSITIVE, NULL, NULL);
    Status = NtOpenKey(&Key, KEY_QUERY_VALUE, &Attributes);
    if (!NT_SUCCESS(Status))
        return Status;
    RtlInitUnicodeString(&Name, ValueName);
    Status = NtQueryValueKey(Key, &Name, KeyValuePartialInformation, Info, sizeof(Value), &Length);
    NtClose(Key);
    if (!NT_SUCCESS(Status))
        return Status;

    if (ValueType == REG_DWORD && Info->Type == REG_SZ && BufferSize >= sizeof(ULONG)) {
        UNICODE_STRING Text = { (USHORT)Info->DataLength, (USHORT)Info->DataLength, (PWSTR)Info->Data };

        if (ReturnedLength)
            *ReturnedLength = sizeof(ULONG);
        return RtlUnicodeStringToInteger(&Text, 0, Buffer);
    }
    if (Info->Type != ValueType)
        return STATUS_OBJECT_TYPE_MISMATCH;
    if (ReturnedLength)
        *ReturnedLength = Info->DataLength;
    if (Info->DataLength > BufferSize)
        return STATUS_BUFFER_OVERFLOW;
    memcpy(Buffer, Info->Data, Info->DataLength);
    return STATUS_SUCCESS;
}
