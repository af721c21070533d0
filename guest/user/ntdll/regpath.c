/* The roots of RTL_REGISTRY_*, and single values. */
#include "ntdllp.h"

static PCWSTR const Roots[] = {
    [RTL_REGISTRY_ABSOLUTE] = L"",
    [RTL_REGISTRY_SERVICES] = L"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\",
    [RTL_REGISTRY_CONTROL] = L"\\Registry\\Machine\\System\\CurrentControlSet\\Control\\",
    [RTL_REGISTRY_WINDOWS_NT] = L"\\Registry\\Machine\\Software\\Microsoft\\Windows NT\\CurrentVersion\\",
    [RTL_REGISTRY_DEVICEMAP] = L"\\Registry\\Machine\\Hardware\\DeviceMap\\",
    [RTL_REGISTRY_USER] = L"\\Registry\\User\\.Default\\",
};

NTSTATUS RtlpBuildRegistryPath(ULONG RelativeTo, PCWSTR Path, PUNICODE_STRING Name)
{
    NTSTATUS Status;

    RelativeTo &= ~RTL_REGISTRY_OPTIONAL;
    if (RelativeTo >= RTL_NUMBER_OF(Roots))
        return STATUS_INVALID_PARAMETER;
    RtlAppendUnicodeToString(Name, Roots[RelativeTo]);
    Status = RtlAppendUnicodeToString(Name, Path ? Path : L"");
    if (!NT_SUCCESS(Status))
        return STATUS_NAME_TOO_LONG;
    if (Name->Length && Name->Buffer[Name->Length / sizeof(WCHAR) - 1] == L'\\')
        Name->Length -= sizeof(WCHAR);
    return STATUS_SUCCESS;
}

NTSTATUS RtlpGetRegistryHandle(ULONG RelativeTo, PCWSTR Path, ACCESS_MASK Access, PHANDLE Key)
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
    return NtOpenKey(Key, Access, &Attributes);
}

NTSTATUS NTAPI RtlDeleteRegistryValue(ULONG RelativeTo, PCWSTR Path, PCWSTR ValueName)
{
    UNICODE_STRING Name;
    HANDLE Key;
    NTSTATUS Status = RtlpGetRegistryHandle(RelativeTo, Path, KEY_SET_VALUE, &Key);

    if (!NT_SUCCESS(Status))
        return Status;
    RtlInitUnicodeString(&Name, ValueName);
    Status = NtDeleteValueKey(Key, &Name);
    if (!(RelativeTo & RTL_REGISTRY_HANDLE))
        NtClose(Key);
    return Status;
}
