/* NtInitializeRegistry: the hives that need the system volume, and from then on changes go to the disk. */
#include "cmp.h"

static BOOLEAN CmpInitialized;

/* The hives of the system volume's config folder, as NT mounts and lists them. */
static const struct {
    PCWSTR Parent, Name;                /* below \Registry */
    PCWSTR File;                        /* as it is opened, so as hivelist shows it */
    PCWSTR Listed;                      /* its value's name in hivelist */
} CmpSystemHives[] = {
    { L"Machine", L"SYSTEM", L"\\SystemRoot\\System32\\config\\SYSTEM", L"\\REGISTRY\\MACHINE\\SYSTEM" },
    { L"Machine", L"SOFTWARE", L"\\SystemRoot\\System32\\config\\SOFTWARE", L"\\REGISTRY\\MACHINE\\SOFTWARE" },
    { L"Machine", L"SAM", L"\\SystemRoot\\System32\\config\\SAM", L"\\REGISTRY\\MACHINE\\SAM" },
    { L"Machine", L"SECURITY", L"\\SystemRoot\\System32\\config\\SECURITY", L"\\REGISTRY\\MACHINE\\SECURITY" },
    { L"User", L".DEFAULT", L"\\SystemRoot\\System32\\config\\DEFAULT", L"\\REGISTRY\\USER\\.DEFAULT" },
};
#define CMP_CONFIG_FOLDER 21u           /* where `config` begins in File */

/* Control\hivelist, volatile as in NT. NULL: no memory, or the hive's own Control is not there. */
static PCM_KEY_NODE CmpMakeHiveList(VOID)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"Machine\\SYSTEM\\CurrentControlSet\\Control");
    PCM_KEY_NODE Control = CmpWalk(CmpRegistryRoot, &Name), List;

    RtlInitUnicodeString(&Name, L"hivelist");
    if (Control == NULL)
        return NULL;
    List = CmpFindSubKey(Control, &Name);
    if (List == NULL && !NT_SUCCESS(CmpCreateSubKey(Control, &Name, NULL, TRUE, &List)))
        return NULL;
    return List;
}

/* One value of hivelist: the file that the hive is written to. */
static VOID CmpListHive(PCM_KEY_NODE List, PCWSTR Listed, PCMHIVE Hive)
{
    UNICODE_STRING Name, Path;
    PWSTR Data;

    if (List == NULL || Hive->File == NULL || !NT_SUCCESS(CmpGetFilePath(Hive->File, &Path)))
        return;
    RtlInitUnicodeString(&Name, Listed);
    Data = ExAllocatePoolWithTag(PagedPool, Path.Length + sizeof(WCHAR), CMP_TAG);
    if (Data != NULL) {
        RtlCopyMemory(Data, Path.Buffer, Path.Length);
        Data[Path.Length / sizeof(WCHAR)] = 0;
        CmpSetValue(List, &Name, REG_SZ, Data, Path.Length + sizeof(WCHAR));
    }
    ExFreeCapturedString(&Path);
}

static NTSTATUS CmpBringHive(ULONG Index, PCMHIVE *Hive)
{
    UNICODE_STRING Name, Path;
    PCM_KEY_NODE Parent;

    RtlInitUnicodeString(&Path, CmpSystemHives[Index].File);
    if (Index == 0) {
        *Hive = &CmpSystemHive;
        return CmpAttachSystemFile(&Path);
    }
    RtlInitUnicodeString(&Name, CmpSystemHives[Index].Parent);
    Parent = CmpFindSubKey(CmpRegistryRoot, &Name);
    RtlInitUnicodeString(&Name, CmpSystemHives[Index].Name);
    if (CmpFindSubKey(Parent, &Name) != NULL)
        return STATUS_OBJECT_NAME_COLLISION;
    return CmpMountHive(Parent, &Name, &Path, Hive);
}

/* The fact names the folder as NT's documents do. */
static VOID CmpRecordSystemLoad(ULONG Index, PCMHIVE Hive)
{
    WCHAR Text[64];
    UNICODE_STRING File = { 0, sizeof Text, Text };

    RtlAppendUnicodeToString(&File, CmpSystemHives[Index].File);
    Text[CMP_CONFIG_FOLDER] = L'C';
    CmpRecordLoad(Hive, &File);
}

static VOID CmpRecordLoadFailure(ULONG Index, NTSTATUS Status)
{
    UNICODE_STRING Parent, Name;

    RtlInitUnicodeString(&Parent, CmpSystemHives[Index].Parent);
    RtlInitUnicodeString(&Name, CmpSystemHives[Index].Name);
    ExRecordFact("hive.load-failed", "path=\\Registry\\%wZ\\%wZ status=%x", &Parent, &Name, (ULONG)Status);
}

/* An image without a disk has no hives but SYSTEM, and that only to read: nothing is missing there. */
static BOOLEAN CmpIsDiskless(VOID)
{
    CHAR Value[64];

    return !ExCommandLineValue("systempartition", Value, sizeof Value);
}

static VOID CmpBringHives(VOID)
{
    PCM_KEY_NODE List = CmpMakeHiveList();
    PCMHIVE Hive;

    for (ULONG i = 0; i < RTL_NUMBER_OF(CmpSystemHives); i++) {
        NTSTATUS Status = CmpBringHive(i, &Hive);

        if (NT_SUCCESS(Status) && (i != 0 || Hive->File != NULL)) {
            CmpRecordSystemLoad(i, Hive);
            CmpListHive(List, CmpSystemHives[i].Listed, Hive);
        } else if (NT_SUCCESS(Status)) {
            continue;                   /* SYSTEM of the modules alone: kernel.hive told of it */
        } else if (Status == STATUS_REGISTRY_CORRUPT || !CmpIsDiskless()) {
            CmpRecordLoadFailure(i, Status);
        }
    }
}

NTSTATUS NTAPI NtInitializeRegistry(USHORT BootCondition)
{
    NTSTATUS Status;

    if (BootCondition != CM_BOOT_FLAG_SMSS && BootCondition != CM_BOOT_FLAG_SETUP)
        return STATUS_INVALID_PARAMETER;
    if (CmpInitialized)
        return STATUS_ACCESS_DENIED;
    CmpInitialized = TRUE;
    CmpBringHives();
    Status = CmpStartLazyWriter();
    if (!NT_SUCCESS(Status))
        return Status;
    CmpWriteEnabled = TRUE;
    ExRecordFact("registry.write-enable", "");
    return CmpFlushAll();
}
