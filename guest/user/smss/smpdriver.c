/* C4 of the documents: the drivers that start with the system (Start=1), in the order of their groups and tags. */
#include "smss.h"

#define SERVICES L"\\Registry\\Machine\\System\\CurrentControlSet\\Services"
#define GROUP_ORDER L"\\Registry\\Machine\\System\\CurrentControlSet\\Control\\ServiceGroupOrder"
#define GROUP_TAGS L"\\Registry\\Machine\\System\\CurrentControlSet\\Control\\GroupOrderList"
#define SERVICE_KERNEL_DRIVER 1
#define SERVICE_FILE_SYSTEM_DRIVER 2
#define SERVICE_SYSTEM_START 1

typedef struct _DRIVER {
    LIST_ENTRY Link;
    UNICODE_STRING Name;
    UNICODE_STRING Path;
    ULONG Group; /* position in ServiceGroupOrder; MAXULONG: in none */
    ULONG64 Tag; /* position in its group's list of tags; behind them the other tags by their number; last: no tag */
} DRIVER, *PDRIVER;

static LIST_ENTRY Groups, Drivers;
static HANDLE TagLists; /* GroupOrderList, or NULL */

static NTSTATUS NTAPI SaveGroup(PWSTR Name, ULONG Type, PVOID Data, ULONG Length, PVOID Context, PVOID EntryContext)
{
    UNREFERENCED_PARAMETER(Name);
    UNREFERENCED_PARAMETER(Length);
    UNREFERENCED_PARAMETER(Context);
    return Type == REG_SZ && *(PWSTR)Data ? SmpSaveValue(EntryContext, Data, NULL) : STATUS_SUCCESS;
}

static VOID ReadGroups(VOID)
{
    RTL_QUERY_REGISTRY_TABLE Table[] = { { SaveGroup, 0, L"List", &Groups, REG_NONE, NULL, 0 },
                                         { NULL, 0, NULL, NULL, REG_NONE, NULL, 0 } };

    InitializeListHead(&Groups);
    RtlQueryRegistryValues(RTL_REGISTRY_ABSOLUTE, GROUP_ORDER, Table, NULL, NULL); /* none: no groups */
}

static ULONG GroupPosition(PCWSTR Group)
{
    UNICODE_STRING Name;
    ULONG Position = 0;

    RtlInitUnicodeString(&Name, Group);
    for (PLIST_ENTRY Link = Groups.Flink; Name.Length && Link != &Groups; Link = Link->Flink, Position++) {
        if (RtlEqualUnicodeString(&CONTAINING_RECORD(Link, SMP_REGISTRY_VALUE, Link)->Name, &Name, TRUE))
            return Position;
    }
    return MAXULONG;
}

/* The list is a count, then the tags. */
static ULONG64 TagPosition(HANDLE Key, PCWSTR Group)
{
    ULONG Tags[SMP_VALUE_SIZE / sizeof(ULONG)], Size = 0, Tag;

    if (!NT_SUCCESS(SmpQueryNumber(Key, L"Tag", &Tag)))
        return ~0ull;
    if (*Group && TagLists && !NT_SUCCESS(SmpQueryBinary(TagLists, Group, Tags, sizeof(Tags), &Size)))
        Size = 0;
    for (ULONG i = 1; i < Size / sizeof(ULONG) && i <= Tags[0]; i++) {
        if (Tags[i] == Tag)
            return i;
    }
    return 1ull << 32 | Tag;
}

/* An ImagePath without a root is one below \SystemRoot; none is the driver's name in the usual folder. */
static BOOLEAN MakePath(PCWSTR ServiceName, PCWSTR ImagePath, PUNICODE_STRING Path)
{
    WCHAR Buffer[SMP_VALUE_SIZE / sizeof(WCHAR) + 64];

    if (!*ImagePath)
        _snwprintf(Buffer, RTL_NUMBER_OF(Buffer), L"\\SystemRoot\\System32\\drivers\\%ws.sys", ServiceName);
    else
        _snwprintf(Buffer, RTL_NUMBER_OF(Buffer), L"%ws%ws", *ImagePath == L'\\' ? L"" : L"\\SystemRoot\\", ImagePath);
    return RtlCreateUnicodeString(Path, Buffer);
}

/* Behind all that come before it or are its equals: the registry's order decides among equals. */
static VOID InsertInOrder(PDRIVER New)
{
    PLIST_ENTRY Link = Drivers.Blink;

    while (Link != &Drivers) {
        PDRIVER Other = CONTAINING_RECORD(Link, DRIVER, Link);

        if (Other->Group < New->Group || (Other->Group == New->Group && Other->Tag <= New->Tag))
            break;
        Link = Link->Blink;
    }
    InsertHeadList(Link, &New->Link);
}

static VOID ConsiderService(PCWSTR Name, HANDLE Key)
{
    WCHAR Text[SMP_VALUE_SIZE / sizeof(WCHAR)];
    ULONG Type = 0, Start = MAXULONG;
    PDRIVER New;

    SmpQueryNumber(Key, L"Type", &Type);
    SmpQueryNumber(Key, L"Start", &Start);
    if (Start != SERVICE_SYSTEM_START || (Type != SERVICE_KERNEL_DRIVER && Type != SERVICE_FILE_SYSTEM_DRIVER))
        return;
    New = RtlAllocateHeap(RtlProcessHeap(), HEAP_ZERO_MEMORY, sizeof(*New));
    if (!New)
        SmpTerminate(STATUS_NO_MEMORY, "drivers");
    SmpQueryString(Key, L"Group", Text, sizeof(Text));
    New->Group = GroupPosition(Text);
    New->Tag = TagPosition(Key, Text);
    SmpQueryString(Key, L"ImagePath", Text, sizeof(Text));
    if (!RtlCreateUnicodeString(&New->Name, Name) || !MakePath(Name, Text, &New->Path))
        SmpTerminate(STATUS_NO_MEMORY, "drivers");
    InsertInOrder(New);
}

static VOID FindDrivers(VOID)
{
    UCHAR Buffer[sizeof(KEY_BASIC_INFORMATION) + 260 * sizeof(WCHAR)] DECLSPEC_ALIGN(8);
    PKEY_BASIC_INFORMATION Info = (PVOID)Buffer;
    HANDLE Services, Key;
    ULONG Length;

    InitializeListHead(&Drivers);
    if (!NT_SUCCESS(SmpOpenKey(SERVICES, KEY_ENUMERATE_SUB_KEYS, &Services)))
        return;
    if (!NT_SUCCESS(SmpOpenKey(GROUP_TAGS, KEY_QUERY_VALUE, &TagLists)))
        TagLists = NULL;
    for (ULONG i = 0;; i++) {
        NTSTATUS Status = NtEnumerateKey(Services, i, KeyBasicInformation, Info, sizeof(Buffer) - sizeof(WCHAR),
                                         &Length);
        OBJECT_ATTRIBUTES Attributes;
        UNICODE_STRING Name;

        if (Status == STATUS_BUFFER_OVERFLOW || Status == STATUS_BUFFER_TOO_SMALL)
            continue; /* a name that no service has */
        if (!NT_SUCCESS(Status))
            break;
        Info->Name[Info->NameLength / sizeof(WCHAR)] = UNICODE_NULL;
        RtlInitUnicodeString(&Name, Info->Name);
        InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, Services, NULL);
        if (!NT_SUCCESS(NtOpenKey(&Key, KEY_QUERY_VALUE, &Attributes)))
            continue;
        ConsiderService(Info->Name, Key);
        NtClose(Key);
    }
    if (TagLists)
        NtClose(TagLists);
    NtClose(Services);
}

static VOID LoadDriver(PDRIVER Driver)
{
    WCHAR Buffer[RTL_NUMBER_OF(SERVICES) + 264];
    UNICODE_STRING Service;
    NTSTATUS Status;

    _snwprintf(Buffer, RTL_NUMBER_OF(Buffer), L"%ws\\%wZ", SERVICES, &Driver->Name);
    RtlInitUnicodeString(&Service, Buffer);
    Status = NtLoadDriver(&Service);
    RtlpClaim("smss.driver", "name=%wZ path=%wZ status=%x", &Driver->Name, &Driver->Path, Status);
    if (!NT_SUCCESS(Status))
        SmpLogEvent(SMP_EVENT_DRIVER, Status, L"A driver did not load: ", &Driver->Name);
}

/* S-017; a driver that fails does not hold the boot up. */
VOID SmpLoadSystemDrivers(VOID)
{
    BOOLEAN WasEnabled;
    ULONG Count = 0;

    RtlpClaim("smss.drivers.begin", NULL);
    ReadGroups();
    FindDrivers();
    SMP_CHECK(RtlAdjustPrivilege(SE_LOAD_DRIVER_PRIVILEGE, TRUE, FALSE, &WasEnabled), "SeLoadDriverPrivilege");
    for (PLIST_ENTRY Link = Drivers.Flink; Link != &Drivers; Link = Link->Flink, Count++)
        LoadDriver(CONTAINING_RECORD(Link, DRIVER, Link));
    if (!WasEnabled)
        RtlAdjustPrivilege(SE_LOAD_DRIVER_PRIVILEGE, FALSE, FALSE, &WasEnabled);
    RtlpClaim("smss.drivers.end", "count=%u", Count);
}
