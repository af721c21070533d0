/* S8, S11 (ObjectDirectories), S13 and S25: the named objects that the master makes, other than DOS devices. */
#include "smss.h"

static HANDLE VolumesEvent;
static UNICODE_STRING VolumesEventName = RTL_CONSTANT_STRING(L"\\Device\\VolumesSafeForWriteAccess");

/* S8; S-057. A failure is no reason to stop: nobody waits for this event in a boot without a disk. */
VOID SmpCreateVolumesEvent(VOID)
{
    OBJECT_ATTRIBUTES Attributes;

    RtlpClaim("smss.volumes-event.begin", "path=%wZ", &VolumesEventName);
    InitializeObjectAttributes(&Attributes, &VolumesEventName, OBJ_CASE_INSENSITIVE | OBJ_PERMANENT, NULL,
                               SmpPrimarySecurityDescriptor);
    if (NT_SUCCESS(NtCreateEvent(&VolumesEvent, EVENT_ALL_ACCESS, &Attributes, NotificationEvent, FALSE)))
        RtlpClaim("smss.volumes-event.end", NULL);
}

/* S25; S-057: with the registry and the volumes in their final state, writing is safe. */
VOID SmpSignalVolumesWritable(VOID)
{
    if (VolumesEvent && NT_SUCCESS(NtSetEvent(VolumesEvent, NULL)))
        RtlpClaim("smss.volumes-writable", "path=%wZ", &VolumesEventName);
}

static NTSTATUS CreateDirectory(PUNICODE_STRING Path)
{
    OBJECT_ATTRIBUTES Attributes;
    HANDLE Directory;
    NTSTATUS Status;

    InitializeObjectAttributes(&Attributes, Path, OBJ_CASE_INSENSITIVE | OBJ_PERMANENT | OBJ_OPENIF, NULL,
                               SmpLiberalSecurityDescriptor);
    Status = NtCreateDirectoryObject(&Directory, DIRECTORY_ALL_ACCESS, &Attributes);
    if (NT_SUCCESS(Status))
        NtClose(Directory);
    return Status;
}

/* S11; S-049: an entry that cannot be made, or is there, does not hold the rest up. */
NTSTATUS NTAPI SmpConfigureObjectDirectory(PWSTR Name, ULONG Type, PVOID Data, ULONG Length, PVOID Context,
                                           PVOID EntryContext)
{
    UNICODE_STRING Path;

    UNREFERENCED_PARAMETER(Name);
    UNREFERENCED_PARAMETER(Length);
    UNREFERENCED_PARAMETER(Context);
    UNREFERENCED_PARAMETER(EntryContext);
    RtlInitUnicodeString(&Path, Data);
    if (Type == REG_SZ && Path.Length && CreateDirectory(&Path) == STATUS_SUCCESS)
        RtlpClaim("smss.object-directory", "path=%wZ", &Path);
    return STATUS_SUCCESS;
}

/* S13; S-087 */
VOID SmpCreateSessionsDirectory(VOID)
{
    UNICODE_STRING Path = RTL_CONSTANT_STRING(L"\\Sessions");

    RtlpClaim("smss.sessions-directory.begin", "path=%wZ", &Path);
    SMP_CHECK(CreateDirectory(&Path), "\\Sessions");
    RtlpClaim("smss.sessions-directory.end", NULL);
}
