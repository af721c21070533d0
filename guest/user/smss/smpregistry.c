/* S11: the whole configuration, in one pass over the registry key `Session Manager`. */
#include "smss.h"

ULONG SmpProtectionMode, SmpAllowProtectedRenames;
ULONG SmpInitialSessions = 2;
LIST_ENTRY SmpBootExecuteList, SmpSetupExecuteList, SmpFileRenameList, SmpExcludeKnownDllList;
LIST_ENTRY SmpPagingFileList, SmpDosDevicesList, SmpKnownDllsList, SmpSubSystemsList;
LIST_ENTRY SmpRequiredList, SmpOptionalList, SmpExecuteList;
UNICODE_STRING SmpKmodePath, SmpS0InitialCommand;

VOID SmpInitializeLists(VOID)
{
    PLIST_ENTRY Lists[] = { &SmpBootExecuteList, &SmpSetupExecuteList, &SmpFileRenameList, &SmpExcludeKnownDllList,
                            &SmpPagingFileList, &SmpDosDevicesList, &SmpKnownDllsList, &SmpSubSystemsList,
                            &SmpRequiredList, &SmpOptionalList, &SmpExecuteList };

    for (ULONG i = 0; i < RTL_NUMBER_OF(Lists); i++)
        InitializeListHead(Lists[i]);
}

NTSTATUS SmpSaveValue(PLIST_ENTRY List, PCWSTR Name, PCWSTR Value)
{
    PSMP_REGISTRY_VALUE New = RtlAllocateHeap(RtlProcessHeap(), HEAP_ZERO_MEMORY, sizeof(*New));

    if (!New || !RtlCreateUnicodeString(&New->Name, Name) || (Value && !RtlCreateUnicodeString(&New->Value, Value)))
        return STATUS_NO_MEMORY;
    InsertTailList(List, &New->Link);
    return STATUS_SUCCESS;
}

PSMP_REGISTRY_VALUE SmpFindValue(PLIST_ENTRY List, PCUNICODE_STRING Name)
{
    for (PLIST_ENTRY Entry = List->Flink; Entry != List; Entry = Entry->Flink) {
        PSMP_REGISTRY_VALUE Value = CONTAINING_RECORD(Entry, SMP_REGISTRY_VALUE, Link);

        if (RtlEqualUnicodeString(&Value->Name, Name, TRUE))
            return Value;
    }
    return NULL;
}

/* An item of a REG_MULTI_SZ (or a single string) for the list in EntryContext. Empty items end no list. */
static NTSTATUS NTAPI ConfigureItem(PWSTR Name, ULONG Type, PVOID Data, ULONG Length, PVOID Context,
                                    PVOID EntryContext)
{
    UNREFERENCED_PARAMETER(Name);
    UNREFERENCED_PARAMETER(Length);
    UNREFERENCED_PARAMETER(Context);
    return Type == REG_SZ && *(PWSTR)Data ? SmpSaveValue(EntryContext, Data, NULL) : STATUS_SUCCESS;
}

/* Renames are pairs; an empty second half (delete this file) is part of one. */
static NTSTATUS NTAPI ConfigureRename(PWSTR Name, ULONG Type, PVOID Data, ULONG Length, PVOID Context,
                                      PVOID EntryContext)
{
    static PWSTR Source;
    NTSTATUS Status = STATUS_SUCCESS;

    UNREFERENCED_PARAMETER(Name);
    UNREFERENCED_PARAMETER(Context);
    if (Type != REG_SZ)
        return STATUS_SUCCESS;
    if (!Source) {
        Source = RtlAllocateHeap(RtlProcessHeap(), 0, Length);
        if (!Source)
            return STATUS_NO_MEMORY;
        memcpy(Source, Data, Length);
        return STATUS_SUCCESS;
    }
    Status = SmpSaveValue(EntryContext, Source, Data);
    RtlFreeHeap(RtlProcessHeap(), 0, Source);
    Source = NULL;
    return Status;
}

/* A named value of a key whose values are all wanted: DOS Devices, KnownDlls. */
static NTSTATUS NTAPI ConfigureNamed(PWSTR Name, ULONG Type, PVOID Data, ULONG Length, PVOID Context,
                                     PVOID EntryContext)
{
    UNREFERENCED_PARAMETER(Length);
    UNREFERENCED_PARAMETER(Context);
    return Type == REG_SZ ? SmpSaveValue(EntryContext, Name, Data) : STATUS_SUCCESS;
}

/* SubSystems: Required and Optional are lists, Kmode is a driver, all others are command lines. */
static NTSTATUS NTAPI ConfigureSubSystem(PWSTR Name, ULONG Type, PVOID Data, ULONG Length, PVOID Context,
                                         PVOID EntryContext)
{
    if (!_wcsicmp(Name, L"Required"))
        return ConfigureItem(Name, Type, Data, Length, Context, &SmpRequiredList);
    if (!_wcsicmp(Name, L"Optional"))
        return ConfigureItem(Name, Type, Data, Length, Context, &SmpOptionalList);
    if (Type != REG_SZ)
        return STATUS_SUCCESS;
    if (!_wcsicmp(Name, L"Kmode")) {
        RtlFreeUnicodeString(&SmpKmodePath);
        return RtlCreateUnicodeString(&SmpKmodePath, Data) ? STATUS_SUCCESS : STATUS_NO_MEMORY;
    }
    return SmpSaveValue(EntryContext, Name, Data);
}

static NTSTATUS NTAPI ConfigureS0InitialCommand(PWSTR Name, ULONG Type, PVOID Data, ULONG Length, PVOID Context,
                                                PVOID EntryContext)
{
    UNREFERENCED_PARAMETER(Name);
    UNREFERENCED_PARAMETER(Length);
    UNREFERENCED_PARAMETER(Context);
    UNREFERENCED_PARAMETER(EntryContext);
    if (Type != REG_SZ || !*(PWSTR)Data)
        return STATUS_SUCCESS;
    RtlFreeUnicodeString(&SmpS0InitialCommand);
    return RtlCreateUnicodeString(&SmpS0InitialCommand, Data) ? STATUS_SUCCESS : STATUS_NO_MEMORY;
}

static NTSTATUS NTAPI ConfigureProtectionMode(PWSTR Name, ULONG Type, PVOID Data, ULONG Length, PVOID Context,
                                              PVOID EntryContext)
{
    UNREFERENCED_PARAMETER(Name);
    UNREFERENCED_PARAMETER(Context);
    UNREFERENCED_PARAMETER(EntryContext);
    if (Type == REG_DWORD && Length == sizeof(ULONG) && *(PULONG)Data != SmpProtectionMode) {
        SmpProtectionMode = *(PULONG)Data;
        SmpCreateSecurityDescriptors();
    }
    return STATUS_SUCCESS;
}

#define LIST(name, list) { ConfigureItem, 0, name, &(list), REG_NONE, NULL, 0 }
#define SUBKEY(name) { NULL, RTL_QUERY_REGISTRY_SUBKEY, name, NULL, REG_NONE, NULL, 0 }
#define TOPKEY_DWORD(name, variable) \
    { NULL, RTL_QUERY_REGISTRY_TOPKEY | RTL_QUERY_REGISTRY_DIRECT, name, &(variable), REG_NONE, NULL, 0 }

static RTL_QUERY_REGISTRY_TABLE SubSystemsTable[] = {
    { ConfigureSubSystem, RTL_QUERY_REGISTRY_SUBKEY, L"SubSystems", &SmpSubSystemsList, REG_NONE, NULL, 0 },
    { ConfigureItem, RTL_QUERY_REGISTRY_TOPKEY, L"Execute", &SmpExecuteList, REG_NONE, NULL, 0 },
    { ConfigureS0InitialCommand, 0, L"S0InitialCommand", NULL, REG_SZ, L"wininit.exe", 0 },
    { NULL, 0, NULL, NULL, REG_NONE, NULL, 0 },
};

/* The order is part of the documented sequence. */
static RTL_QUERY_REGISTRY_TABLE ConfigurationTable[] = {
    { ConfigureProtectionMode, 0, L"ProtectionMode", NULL, REG_NONE, NULL, 0 },
    { NULL, RTL_QUERY_REGISTRY_DIRECT | RTL_QUERY_REGISTRY_DELETE, L"AllowProtectedRenames",
      &SmpAllowProtectedRenames, REG_NONE, NULL, 0 },
    { SmpConfigureObjectDirectory, 0, L"ObjectDirectories", NULL, REG_MULTI_SZ, L"\\Windows\0\\RPC Control\0", 0 },
    { ConfigureItem, 0, L"BootExecute", &SmpBootExecuteList, REG_MULTI_SZ, L"autocheck AutoChk.exe *\0", 0 },
    LIST(L"SetupExecute", SmpSetupExecuteList),
    { ConfigureRename, RTL_QUERY_REGISTRY_DELETE, L"PendingFileRenameOperations", &SmpFileRenameList, REG_NONE, NULL,
      0 },
    { ConfigureRename, RTL_QUERY_REGISTRY_DELETE, L"PendingFileRenameOperations2", &SmpFileRenameList, REG_NONE, NULL,
      0 },
    LIST(L"ExcludeFromKnownDlls", SmpExcludeKnownDllList),
    SUBKEY(L"Memory Management"),
    { ConfigureItem, 0, L"PagingFiles", &SmpPagingFileList, REG_MULTI_SZ, L"?:\\pagefile.sys\0", 0 },
    { ConfigureNamed, RTL_QUERY_REGISTRY_SUBKEY, L"DOS Devices", &SmpDosDevicesList, REG_NONE, NULL, 0 },
    { ConfigureNamed, RTL_QUERY_REGISTRY_SUBKEY, L"KnownDlls", &SmpKnownDllsList, REG_NONE, NULL, 0 },
    /* Not expanded here: each variable may use those that this very table has set before it. */
    { SmpConfigureEnvironment, RTL_QUERY_REGISTRY_SUBKEY | RTL_QUERY_REGISTRY_NOEXPAND, L"Environment", NULL, REG_NONE,
      NULL, 0 },
    TOPKEY_DWORD(L"NumberOfInitialSessions", SmpInitialSessions),
    { NULL, 0, NULL, NULL, REG_NONE, NULL, 0 },
};

/* Expansion uses the environment as it is when the call begins, so the subsystems come after the variables. */
NTSTATUS SmpLoadSubSystems(VOID)
{
    UNICODE_STRING Debug = RTL_CONSTANT_STRING(L"Debug"), Windows = RTL_CONSTANT_STRING(L"Windows");
    NTSTATUS Status;

    Status = RtlQueryRegistryValues(RTL_REGISTRY_CONTROL, L"Session Manager", SubSystemsTable, NULL,
                                    SmpDefaultEnvironment);
    if (NT_SUCCESS(Status) && IsListEmpty(&SmpRequiredList)) {
        Status = SmpSaveValue(&SmpRequiredList, Debug.Buffer, NULL);
        if (NT_SUCCESS(Status))
            Status = SmpSaveValue(&SmpRequiredList, Windows.Buffer, NULL);
    }
    return Status;
}

/* S11; S-049 */
VOID SmpLoadDataFromRegistry(VOID)
{
    RtlpClaim("smss.registry.begin", NULL);
    SMP_CHECK(RtlQueryRegistryValues(RTL_REGISTRY_CONTROL, L"Session Manager", ConfigurationTable, NULL, NULL),
              "Session Manager's registry values");
    SMP_CHECK(SmpLoadSubSystems(), "SubSystems' registry values");
    SmpInitialSessions = max(SmpInitialSessions, 1);
    RtlpClaim("smss.registry.end", NULL);
}
