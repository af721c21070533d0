/* RtlQueryRegistryValues: a table of values to read, with defaults, expansion, and callbacks per string. */
#include "ntdllp.h"

typedef struct _QUERY {
    HANDLE Top;                 /* the key that the caller named */
    HANDLE Key;                 /* where the current entry reads */
    PVOID Context;
    PVOID Environment;
    PKEY_VALUE_FULL_INFORMATION Info;
    ULONG InfoSize;
} QUERY;

/* A value for a caller that wants it at a place of its own (RTL_QUERY_REGISTRY_DIRECT). */
static NTSTATUS StoreDirect(PVOID Target, ULONG Type, PVOID Data, ULONG Length)
{
    PUNICODE_STRING String = Target;
    UNICODE_STRING Source;

    if (Type == REG_SZ || Type == REG_EXPAND_SZ || Type == REG_MULTI_SZ) {
        if (Length > UNICODE_STRING_MAX_BYTES)
            return STATUS_BUFFER_TOO_SMALL;
        Source.Buffer = Data;
        Source.Length = Source.MaximumLength = (USHORT)Length;
        if (Type != REG_MULTI_SZ && Length >= 2 && !Source.Buffer[Length / 2 - 1])
            Source.Length -= sizeof(WCHAR);
        if (!String->Buffer)
            return RtlDuplicateUnicodeString(RTL_DUPLICATE_UNICODE_STRING_NULL_TERMINATE, &Source, String);
        if (Source.Length > String->MaximumLength)
            return STATUS_BUFFER_TOO_SMALL;
        RtlCopyUnicodeString(String, &Source);
        return STATUS_SUCCESS;
    }
    if (Length <= sizeof(ULONG)) {
        memcpy(Target, Data, Length);
        return STATUS_SUCCESS;
    }
    /* A buffer that begins with its size, negative when type and length shall not be stored. */
    {
        PLONG Size = Target;
        ULONG Room = *Size < 0 ? (ULONG)-*Size : (ULONG)*Size, Header = *Size < 0 ? 0 : 2 * sizeof(ULONG);

        if (Room < Length + Header)
            return STATUS_BUFFER_TOO_SMALL;
        if (Header) {
            Size[0] = (LONG)Length;
            Size[1] = (LONG)Type;
        }
        memcpy((PUCHAR)Target + Header, Data, Length);
        return STATUS_SUCCESS;
    }
}

static NTSTATUS Deliver(const QUERY *Query, PRTL_QUERY_REGISTRY_TABLE Entry, PWSTR Name, ULONG Type, PVOID Data,
                        ULONG Length)
{
    if (Entry->Flags & RTL_QUERY_REGISTRY_DIRECT)
        return StoreDirect(Entry->EntryContext, Type, Data, Length);
    return Entry->QueryRoutine(Name, Type, Data, Length, Query->Context, Entry->EntryContext);
}

/* REG_EXPAND_SZ arrives expanded, as REG_SZ. */
static NTSTATUS DeliverExpanded(const QUERY *Query, PRTL_QUERY_REGISTRY_TABLE Entry, PWSTR Name, PVOID Data,
                                ULONG Length)
{
    UNICODE_STRING Source = { (USHORT)Length, (USHORT)Length, Data }, Result;
    ULONG Needed = 0;
    NTSTATUS Status;

    if (Length > UNICODE_STRING_MAX_BYTES)
        return STATUS_BUFFER_TOO_SMALL;
    while (Source.Length && !Source.Buffer[Source.Length / 2 - 1])
        Source.Length -= sizeof(WCHAR);
    RtlInitEmptyUnicodeString(&Result, NULL, 0);
    RtlExpandEnvironmentStrings_U(Query->Environment, &Source, &Result, &Needed);
    if (Needed > UNICODE_STRING_MAX_BYTES)
        return STATUS_BUFFER_TOO_SMALL;
    Result.Buffer = RtlAllocateHeap(RtlProcessHeap(), 0, Needed);
    if (!Result.Buffer)
        return STATUS_NO_MEMORY;
    Result.MaximumLength = (USHORT)Needed;
    Status = RtlExpandEnvironmentStrings_U(Query->Environment, &Source, &Result, NULL);
    if (NT_SUCCESS(Status))
        Status = Deliver(Query, Entry, Name, REG_SZ, Result.Buffer, Result.Length + sizeof(WCHAR));
    RtlFreeHeap(RtlProcessHeap(), 0, Result.Buffer);
    return Status;
}

/* REG_MULTI_SZ arrives item by item, as REG_SZ. The last NUL ends the list; an empty item in it is an item. */
static NTSTATUS DeliverItems(const QUERY *Query, PRTL_QUERY_REGISTRY_TABLE Entry, PWSTR Name, PWSTR Data, ULONG Length)
{
    PWSTR At = Data, End = Data + Length / sizeof(WCHAR);
    NTSTATUS Status = STATUS_SUCCESS;

    if (End > At && !End[-1])
        End--;
    while (NT_SUCCESS(Status) && At < End) {
        SIZE_T Count = wcsnlen(At, End - At);

        /* Data is followed by a NUL (QueryValue sees to it), so the last item is terminated too. */
        Status = Deliver(Query, Entry, Name, REG_SZ, At, (ULONG)((Count + 1) * sizeof(WCHAR)));
        At += Count + 1;
    }
    return Status;
}

static NTSTATUS Dispatch(const QUERY *Query, PRTL_QUERY_REGISTRY_TABLE Entry, PWSTR Name, ULONG Type, PVOID Data,
                         ULONG Length)
{
    NTSTATUS Status;

    if (Entry->Flags & RTL_QUERY_REGISTRY_NOEXPAND ||
        (Type == REG_MULTI_SZ && Entry->Flags & RTL_QUERY_REGISTRY_DIRECT))
        Status = Deliver(Query, Entry, Name, Type, Data, Length);
    else if (Type == REG_EXPAND_SZ)
        Status = DeliverExpanded(Query, Entry, Name, Data, Length);
    else if (Type == REG_MULTI_SZ)
        Status = DeliverItems(Query, Entry, Name, Data, Length);
    else
        Status = Deliver(Query, Entry, Name, Type, Data, Length);
    /* A caller's buffer that is too small is its own affair: NT goes on with the table. */
    return Status == STATUS_BUFFER_TOO_SMALL ? STATUS_SUCCESS : Status;
}

static NTSTATUS GrowBuffer(QUERY *Query, ULONG Needed)
{
    RtlFreeHeap(RtlProcessHeap(), 0, Query->Info);
    Query->InfoSize = Needed + 64;
    /* Two WCHARs more than the service may use: every string ends in NUL, whatever the hive has. */
    Query->Info = RtlAllocateHeap(RtlProcessHeap(), HEAP_ZERO_MEMORY, Query->InfoSize + 2 * sizeof(WCHAR));
    return Query->Info ? STATUS_SUCCESS : STATUS_NO_MEMORY;
}

/* Reads one value into Query->Info: by name, or by index when Name is NULL. Terminates name-sized text. */
static NTSTATUS QueryValue(QUERY *Query, PUNICODE_STRING Name, ULONG Index)
{
    ULONG Needed = 0;
    NTSTATUS Status;

    for (;;) {
        if (Name)
            Status = NtQueryValueKey(Query->Key, Name, KeyValueFullInformation, Query->Info, Query->InfoSize, &Needed);
        else
            Status = NtEnumerateValueKey(Query->Key, Index, KeyValueFullInformation, Query->Info, Query->InfoSize,
                                         &Needed);
        if (Status != STATUS_BUFFER_OVERFLOW && Status != STATUS_BUFFER_TOO_SMALL)
            break;
        Status = GrowBuffer(Query, Needed);
        if (!NT_SUCCESS(Status))
            return Status;
    }
    if (NT_SUCCESS(Status))
        memset((PUCHAR)Query->Info + Query->Info->DataOffset + Query->Info->DataLength, 0, 2 * sizeof(WCHAR));
    return Status;
}

static PVOID InfoData(const QUERY *Query)
{
    return (PUCHAR)Query->Info + Query->Info->DataOffset;
}

static NTSTATUS DeliverDefault(const QUERY *Query, PRTL_QUERY_REGISTRY_TABLE Entry)
{
    ULONG Length = Entry->DefaultLength;

    if (!Length && (Entry->DefaultType == REG_SZ || Entry->DefaultType == REG_EXPAND_SZ))
        Length = (ULONG)((wcslen(Entry->DefaultData) + 1) * sizeof(WCHAR));
    if (!Length && Entry->DefaultType == REG_MULTI_SZ) {
        PCWSTR At = Entry->DefaultData;

        while (*At)
            At += wcslen(At) + 1;
        Length = (ULONG)((PUCHAR)(At + 1) - (PUCHAR)Entry->DefaultData);
    }
    return Dispatch(Query, Entry, Entry->Name, Entry->DefaultType, Entry->DefaultData, Length);
}

static NTSTATUS ReadNamedValue(QUERY *Query, PRTL_QUERY_REGISTRY_TABLE Entry)
{
    UNICODE_STRING Name;
    NTSTATUS Status;

    RtlInitUnicodeString(&Name, Entry->Name);
    Status = QueryValue(Query, &Name, 0);
    if (Status == STATUS_OBJECT_NAME_NOT_FOUND) {
        if (Entry->Flags & RTL_QUERY_REGISTRY_REQUIRED)
            return Status;
        return Entry->DefaultType != REG_NONE ? DeliverDefault(Query, Entry) : STATUS_SUCCESS;
    }
    if (!NT_SUCCESS(Status))
        return Status;
    Status = Dispatch(Query, Entry, Entry->Name, Query->Info->Type, InfoData(Query), Query->Info->DataLength);
    if (NT_SUCCESS(Status) && Entry->Flags & RTL_QUERY_REGISTRY_DELETE)
        Status = NtDeleteValueKey(Query->Key, &Name);
    return Status;
}

/* Every value of the key, in the hive's order. */
static NTSTATUS ReadAllValues(QUERY *Query, PRTL_QUERY_REGISTRY_TABLE Entry)
{
    ULONG Index = 0;
    NTSTATUS Status;

    for (;;) {
        WCHAR Name[256];
        UNICODE_STRING Text = { 0, sizeof(Name), Name };
        ULONG Bytes;

        Status = QueryValue(Query, NULL, Index);
        if (Status == STATUS_NO_MORE_ENTRIES)
            break;
        if (!NT_SUCCESS(Status))
            return Status;
        Bytes = min(Query->Info->NameLength, sizeof(Name) - sizeof(WCHAR));
        memcpy(Name, Query->Info->Name, Bytes);
        Name[Bytes / sizeof(WCHAR)] = UNICODE_NULL;
        Text.Length = (USHORT)Bytes;
        Status = Dispatch(Query, Entry, Name, Query->Info->Type, InfoData(Query), Query->Info->DataLength);
        if (!NT_SUCCESS(Status))
            return Status;
        if (Entry->Flags & RTL_QUERY_REGISTRY_DELETE) {
            Status = NtDeleteValueKey(Query->Key, &Text);
            if (!NT_SUCCESS(Status))
                return Status;
        } else {
            Index++;
        }
    }
    return Index == 0 && Entry->Flags & RTL_QUERY_REGISTRY_REQUIRED ? STATUS_OBJECT_NAME_NOT_FOUND : STATUS_SUCCESS;
}

static VOID LeaveSubkey(QUERY *Query)
{
    if (Query->Key && Query->Key != Query->Top)
        NtClose(Query->Key);
    Query->Key = Query->Top;
}

static NTSTATUS EnterSubkey(QUERY *Query, PCWSTR Name)
{
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Path;
    HANDLE Key;
    NTSTATUS Status;

    LeaveSubkey(Query);
    RtlInitUnicodeString(&Path, Name);
    InitializeObjectAttributes(&Attributes, &Path, OBJ_CASE_INSENSITIVE, Query->Top, NULL);
    Status = NtOpenKey(&Key, KEY_READ | KEY_SET_VALUE, &Attributes);
    if (NT_SUCCESS(Status))
        Query->Key = Key;
    return Status;
}

static NTSTATUS RunEntry(QUERY *Query, PRTL_QUERY_REGISTRY_TABLE Entry)
{
    NTSTATUS Status = STATUS_SUCCESS;

    if (Entry->Flags & RTL_QUERY_REGISTRY_DIRECT && (!Entry->Name || Entry->Flags & RTL_QUERY_REGISTRY_SUBKEY ||
                                                     Entry->QueryRoutine))
        return STATUS_INVALID_PARAMETER;
    if (Entry->Flags & (RTL_QUERY_REGISTRY_TOPKEY | RTL_QUERY_REGISTRY_SUBKEY))
        LeaveSubkey(Query);
    if (Entry->Flags & RTL_QUERY_REGISTRY_SUBKEY) {
        Status = EnterSubkey(Query, Entry->Name);
        if (Status == STATUS_OBJECT_NAME_NOT_FOUND && !(Entry->Flags & RTL_QUERY_REGISTRY_REQUIRED)) {
            /* Its entries are read from nowhere: they get their defaults. */
            Query->Key = NULL;
            return STATUS_SUCCESS;
        }
        if (!NT_SUCCESS(Status))
            return Status;
        if (Entry->Flags & RTL_QUERY_REGISTRY_NOVALUE)
            return Entry->QueryRoutine ? Entry->QueryRoutine(NULL, REG_NONE, NULL, 0, Query->Context,
                                                             Entry->EntryContext)
                                       : STATUS_SUCCESS;
        return Entry->QueryRoutine ? ReadAllValues(Query, Entry) : STATUS_SUCCESS;
    }
    if (Entry->Flags & RTL_QUERY_REGISTRY_NOVALUE)
        return Entry->QueryRoutine ? Entry->QueryRoutine(NULL, REG_NONE, NULL, 0, Query->Context, Entry->EntryContext)
                                   : STATUS_SUCCESS;
    if (!Query->Key) {
        if (Entry->Flags & RTL_QUERY_REGISTRY_REQUIRED)
            return STATUS_OBJECT_NAME_NOT_FOUND;
        return Entry->Name && Entry->DefaultType != REG_NONE ? DeliverDefault(Query, Entry) : STATUS_SUCCESS;
    }
    if (!Entry->Name)
        return Entry->QueryRoutine ? ReadAllValues(Query, Entry) : STATUS_SUCCESS;
    return ReadNamedValue(Query, Entry);
}

NTSTATUS NTAPI RtlQueryRegistryValues(ULONG RelativeTo, PCWSTR Path, PRTL_QUERY_REGISTRY_TABLE QueryTable,
                                      PVOID Context, PVOID Environment)
{
    QUERY Query = { .Context = Context, .Environment = Environment };
    NTSTATUS Status;

    Status = RtlpGetRegistryHandle(RelativeTo, Path, KEY_READ | KEY_SET_VALUE, &Query.Top);
    if (!NT_SUCCESS(Status))
        return Status;
    Query.Key = Query.Top;
    Status = GrowBuffer(&Query, 512);
    for (; NT_SUCCESS(Status); QueryTable++) {
        BOOLEAN Empty = !QueryTable->QueryRoutine &&
                        !(QueryTable->Flags & (RTL_QUERY_REGISTRY_SUBKEY | RTL_QUERY_REGISTRY_DIRECT));

        if (Empty)
            break;
        Status = RunEntry(&Query, QueryTable);
    }
    LeaveSubkey(&Query);
    if (!(RelativeTo & RTL_REGISTRY_HANDLE))
        NtClose(Query.Top);
    RtlFreeHeap(RtlProcessHeap(), 0, Query.Info);
    return Status;
}
