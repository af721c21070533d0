/* S12: the DOS device names, as symbolic links in \??. */
#include "smss.h"

static NTSTATUS CreateLink(PHANDLE Link, HANDLE Directory, PUNICODE_STRING Name, PUNICODE_STRING Target)
{
    OBJECT_ATTRIBUTES Attributes;

    InitializeObjectAttributes(&Attributes, Name, OBJ_CASE_INSENSITIVE | OBJ_PERMANENT | OBJ_OPENIF, Directory,
                               SmpPrimarySecurityDescriptor);
    return NtCreateSymbolicLinkObject(Link, SYMBOLIC_LINK_ALL_ACCESS | DELETE, &Attributes, Target);
}

/* A link that is there already gives way to the registry's. */
static NTSTATUS ReplaceLink(PHANDLE Link, HANDLE Directory, PUNICODE_STRING Name, PUNICODE_STRING Target)
{
    NTSTATUS Status = CreateLink(Link, Directory, Name, Target);

    if (Status != STATUS_OBJECT_NAME_EXISTS)
        return Status;
    Status = NtMakeTemporaryObject(*Link);
    NtClose(*Link);
    return NT_SUCCESS(Status) ? CreateLink(Link, Directory, Name, Target) : Status;
}

/* S12; S-024, S-058, S-112 */
VOID SmpInitializeDosDevices(VOID)
{
    UNICODE_STRING DirectoryName = RTL_CONSTANT_STRING(L"\\??");
    OBJECT_ATTRIBUTES Attributes;
    HANDLE Directory;
    ULONG Count = 0;

    RtlpClaim("smss.dos-devices.begin", NULL);
    InitializeObjectAttributes(&Attributes, &DirectoryName, OBJ_CASE_INSENSITIVE, NULL, NULL);
    SMP_CHECK(NtOpenDirectoryObject(&Directory, DIRECTORY_ALL_ACCESS, &Attributes), "\\??");
    for (PLIST_ENTRY Entry = SmpDosDevicesList.Flink; Entry != &SmpDosDevicesList; Entry = Entry->Flink) {
        PSMP_REGISTRY_VALUE Device = CONTAINING_RECORD(Entry, SMP_REGISTRY_VALUE, Link);
        WCHAR Buffer[260];
        UNICODE_STRING Target = { 0, sizeof(Buffer), Buffer };
        HANDLE Link;

        SMP_CHECK(ReplaceLink(&Link, Directory, &Device->Name, &Device->Value), "DOS device");
        SMP_CHECK(NtQuerySymbolicLinkObject(Link, &Target, NULL), "DOS device's target");
        NtClose(Link);
        RtlpClaim("smss.dos-device", "name=%wZ target=%wZ", &Device->Name, &Target);
        Count++;
    }
    NtClose(Directory);
    RtlpClaim("smss.dos-devices.end", "count=%u", Count);
}
