/* S20: where the system was started from, for who installs things there. */
#include "smss.h"

#define SYSTEM_SETUP L"\\Registry\\Machine\\System\\Setup"
#define WINDOWS_SETUP L"\\Registry\\Machine\\Software\\Microsoft\\Windows\\CurrentVersion\\Setup"

/* The letter whose link in \?? leads to the device; an EFI system partition has none. */
static WCHAR LetterOf(PCUNICODE_STRING Device)
{
    for (WCHAR Letter = L'A'; Letter <= L'Z'; Letter++) {
        WCHAR Text[] = L"\\??\\?:", Buffer[SMP_PATH_LENGTH];
        UNICODE_STRING Name, Target = { 0, sizeof(Buffer), Buffer };
        OBJECT_ATTRIBUTES Attributes;
        BOOLEAN Found;
        HANDLE Link;

        Text[4] = Letter;
        RtlInitUnicodeString(&Name, Text);
        InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, NULL, NULL);
        if (!NT_SUCCESS(NtOpenSymbolicLinkObject(&Link, SYMBOLIC_LINK_QUERY, &Attributes)))
            continue;
        Found = NT_SUCCESS(NtQuerySymbolicLinkObject(Link, &Target, NULL)) &&
                RtlEqualUnicodeString(&Target, Device, TRUE);
        NtClose(Link);
        if (Found)
            return Letter;
    }
    return 0;
}

static NTSTATUS SetBootDir(PCWSTR BootDir)
{
    HANDLE Key;
    NTSTATUS Status = SmpOpenKey(WINDOWS_SETUP, KEY_SET_VALUE, &Key);

    if (!NT_SUCCESS(Status))
        return Status;
    Status = SmpSetString(Key, L"BootDir", BootDir);
    NtClose(Key);
    return Status;
}

/* S20: the I/O manager has found the partition; its letter, or that of the boot volume when it has none, is BootDir. */
VOID SmpSetSystemPartition(VOID)
{
    WCHAR Text[SMP_PATH_LENGTH] = L"", BootDir[] = L"?:\\";
    UNICODE_STRING Device;
    NTSTATUS Status;

    RtlpClaim("smss.system-partition.begin", NULL);
    Status = SmpReadString(SYSTEM_SETUP, L"SystemPartition", Text, sizeof(Text));
    RtlInitUnicodeString(&Device, Text);
    if (NT_SUCCESS(Status)) {
        *BootDir = LetterOf(&Device);
        if (!*BootDir)
            *BootDir = *(PCWSTR)USER_SHARED_DATA->NtSystemRoot;
        Status = SetBootDir(BootDir);
    }
    RtlpClaim("smss.system-partition.end", "device=%wZ status=%x", &Device, Status);
    if (!NT_SUCCESS(Status))
        SmpLogEvent(SMP_EVENT_SYSTEM_PARTITION, Status, L"BootDir was not set for the partition ", &Device);
}
