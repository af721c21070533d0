/* Keys and values written by the path of a key below one of the roots RTL_REGISTRY_*. */
#include "ntdllp.h"

/* The key, made when it is the last component alone that is missing. */
static NTSTATUS CreateRegistryHandle(ULONG RelativeTo, PCWSTR Path, ACCESS_MASK Access, PHANDLE Key)
{
    WCHAR Buffer[RTLP_REGISTRY_PATH];
    UNICODE_STRING Name = { 0, sizeof(Buffer), Buffer };
    OBJECT_ATTRIBUTES Attributes;
    NTSTATUS Status;

    if (RelativeTo & RTL_REGISTRY_HANDLE) {
        *Key = (HANDLE)Path;
        return STATUS_SUCCESS;
    }
    Status = RtlpBuildRegistryPath(RelativeTo, Path, &Name);
    if (!NT_SUCCESS(Status))
        return Status;
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    return NtCreateKey(Key, Access, &Attributes, 0, NULL, REG_OPTION_NON_VOLATILE, NULL);
}

static VOID LeaveKey(ULONG RelativeTo, HANDLE Key)
{
    if (!(RelativeTo & RTL_REGISTRY_HANDLE))
        NtClose(Key);
}

NTSTATUS NTAPI RtlWriteRegistryValue(ULONG RelativeTo, PCWSTR Path, PCWSTR ValueName, ULONG ValueType, PVOID ValueData,
                                     ULONG ValueLength)
{
    UNICODE_STRING Name;
    HANDLE Key;
    NTSTATUS Status = CreateRegistryHandle(RelativeTo, Path, KEY_SET_VALUE, &Key);

    if (!NT_SUCCESS(Status))
        return Status;
    RtlInitUnicodeString(&Name, ValueName);
    Status = NtSetValueKey(Key, &Name, 0, ValueType, ValueData, ValueLength);
    LeaveKey(RelativeTo, Key);
    return Status;
}

NTSTATUS NTAPI RtlCreateRegistryKey(ULONG RelativeTo, PWSTR Path)
{
    HANDLE Key;
    NTSTATUS Status = CreateRegistryHandle(RelativeTo, Path, KEY_READ, &Key);

    if (NT_SUCCESS(Status))
        LeaveKey(RelativeTo, Key);
    return Status;
}

NTSTATUS NTAPI RtlCheckRegistryKey(ULONG RelativeTo, PWSTR Path)
{
    HANDLE Key;
    NTSTATUS Status = RtlpGetRegistryHandle(RelativeTo, Path, KEY_READ, &Key);

    if (NT_SUCCESS(Status))
        LeaveKey(RelativeTo, Key);
    return Status;
}
