/* Single registry values, files and names: what several steps need. */
#include "smss.h"

NTSTATUS SmpOpenKey(PCWSTR KeyPath, ACCESS_MASK Access, PHANDLE Key)
{
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Path;

    RtlInitUnicodeString(&Path, KeyPath);
    InitializeObjectAttributes(&Attributes, &Path, OBJ_CASE_INSENSITIVE, NULL, NULL);
    return NtOpenKey(Key, Access, &Attributes);
}

/* At most Room bytes of data; how many there are comes back. */
static NTSTATUS QueryValue(HANDLE Key, PCWSTR ValueName, PULONG Type, PVOID Data, ULONG Room, PULONG Size)
{
    UCHAR Buffer[sizeof(KEY_VALUE_PARTIAL_INFORMATION) + SMP_VALUE_SIZE] DECLSPEC_ALIGN(8);
    PKEY_VALUE_PARTIAL_INFORMATION Info = (PVOID)Buffer;
    UNICODE_STRING Name;
    ULONG Length;
    NTSTATUS Status;

    RtlInitUnicodeString(&Name, ValueName);
    Status = NtQueryValueKey(Key, &Name, KeyValuePartialInformation, Info, sizeof(Buffer), &Length);
    if (!NT_SUCCESS(Status))
        return Status;
    if (Info->DataLength > Room)
        return STATUS_BUFFER_TOO_SMALL;
    memcpy(Data, Info->Data, Info->DataLength);
    *Size = Info->DataLength;
    *Type = Info->Type;
    return STATUS_SUCCESS;
}

NTSTATUS SmpQueryNumber(HANDLE Key, PCWSTR ValueName, PULONG Number)
{
    ULONG Type, Size, Value;
    NTSTATUS Status = QueryValue(Key, ValueName, &Type, &Value, sizeof(Value), &Size);

    if (NT_SUCCESS(Status) && (Type != REG_DWORD || Size != sizeof(Value)))
        Status = STATUS_OBJECT_TYPE_MISMATCH;
    if (NT_SUCCESS(Status))
        *Number = Value;
    return Status;
}

NTSTATUS SmpQueryBinary(HANDLE Key, PCWSTR ValueName, PVOID Buffer, ULONG BufferSize, PULONG Size)
{
    ULONG Type;
    NTSTATUS Status = QueryValue(Key, ValueName, &Type, Buffer, BufferSize, Size);

    return NT_SUCCESS(Status) && Type != REG_BINARY ? STATUS_OBJECT_TYPE_MISMATCH : Status;
}

NTSTATUS SmpQueryString(HANDLE Key, PCWSTR ValueName, PWSTR Buffer, ULONG BufferSize)
{
    ULONG Type, Size;
    NTSTATUS Status = QueryValue(Key, ValueName, &Type, Buffer, BufferSize - sizeof(WCHAR), &Size);

    if (NT_SUCCESS(Status) && Type != REG_SZ && Type != REG_EXPAND_SZ)
        Status = STATUS_OBJECT_TYPE_MISMATCH;
    Buffer[NT_SUCCESS(Status) ? Size / sizeof(WCHAR) : 0] = UNICODE_NULL;
    return Status;
}

NTSTATUS SmpReadString(PCWSTR KeyPath, PCWSTR ValueName, PWSTR Buffer, ULONG BufferSize)
{
    HANDLE Key;
    NTSTATUS Status = SmpOpenKey(KeyPath, KEY_QUERY_VALUE, &Key);

    *Buffer = UNICODE_NULL;
    if (!NT_SUCCESS(Status))
        return Status;
    Status = SmpQueryString(Key, ValueName, Buffer, BufferSize);
    NtClose(Key);
    return Status;
}

NTSTATUS SmpSetString(HANDLE Key, PCWSTR ValueName, PCWSTR Text)
{
    UNICODE_STRING Name;

    RtlInitUnicodeString(&Name, ValueName);
    return NtSetValueKey(Key, &Name, 0, REG_SZ, (PVOID)Text, (ULONG)((wcslen(Text) + 1) * sizeof(WCHAR)));
}

UNICODE_STRING SmpDosName(PCUNICODE_STRING NtPath)
{
    static CONST WCHAR Prefix[] = L"\\??\\";
    UNICODE_STRING Name = *NtPath;

    if (Name.Length >= sizeof(Prefix) - sizeof(WCHAR) && !wcsncmp(Name.Buffer, Prefix, wcslen(Prefix))) {
        Name.Buffer += wcslen(Prefix);
        Name.Length -= sizeof(Prefix) - sizeof(WCHAR);
        Name.MaximumLength = Name.Length;
    }
    return Name;
}

NTSTATUS SmpOpenFile(PCUNICODE_STRING NtPath, ACCESS_MASK Access, ULONG Options, PHANDLE File)
{
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Io;

    InitializeObjectAttributes(&Attributes, (PUNICODE_STRING)NtPath, OBJ_CASE_INSENSITIVE, NULL, NULL);
    return NtOpenFile(File, Access | SYNCHRONIZE, &Attributes, &Io,
                      FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, Options | FILE_SYNCHRONOUS_IO_NONALERT);
}
