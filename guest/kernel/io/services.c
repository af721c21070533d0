/* What the registry says of drivers: one key below Services each, and the order in which they start. */
#include "iop.h"
#include "cm.h"
#include "ps.h"

#define CONTROL_SET           L"\\Registry\\Machine\\SYSTEM\\CurrentControlSet\\"
#define SERVICES              CONTROL_SET L"Services"
#define SERVICE_GROUP_ORDER   CONTROL_SET L"Control\\ServiceGroupOrder"
#define GROUP_ORDER_LIST      CONTROL_SET L"Control\\GroupOrderList"
#define SERVICE_KERNEL_DRIVER 1u
#define SERVICE_FILE_SYSTEM_DRIVER 2u
#define IOP_IN_NO_LIST        ~0u
#define IOP_OTHER_TAGS        (1ull << 32)  /* behind all places of a list */
#define IOP_NO_TAG            ~0ull
#define IOP_VALUE_LIMIT       0x4000u       /* bytes of a list or string that are looked at */

/* A value in pool, with two zero characters behind it; NULL: not there, another type, too long. */
static PVOID IopQueryValue(PCWSTR Key, PCWSTR Value, ULONG Type, ULONG OtherType, PULONG Length)
{
    ULONG Found;
    PVOID Data;
    NTSTATUS Status;

    *Length = 0;
    Status = CmQueryValue(Key, Value, &Found, NULL, Length);
    if ((Status != STATUS_BUFFER_TOO_SMALL && !NT_SUCCESS(Status)) || *Length > IOP_VALUE_LIMIT)
        return NULL;
    Data = ExAllocatePoolWithTag(PagedPool, *Length + 2 * sizeof(WCHAR), IOP_TAG);      /* zeros */
    if (Data == NULL)
        return NULL;
    Status = CmQueryValue(Key, Value, &Found, Data, Length);
    if (NT_SUCCESS(Status) && (Found == Type || Found == OtherType))
        return Data;
    ExFreePoolWithTag(Data, IOP_TAG);
    return NULL;
}

static BOOLEAN IopQueryNumber(PCWSTR Key, PCWSTR Value, PULONG Number)
{
    ULONG Type, Length = sizeof *Number;

    return NT_SUCCESS(CmQueryValue(Key, Value, &Type, Number, &Length)) && Type == REG_DWORD && Length == sizeof *Number;
}

/* Three parts put together, from pool, with a zero at the end. */
static NTSTATUS IopJoin(PCWSTR First, PCUNICODE_STRING Second, PCWSTR Third, PUNICODE_STRING Joined)
{
    SIZE_T Size = (wcslen(First) + wcslen(Third) + 1) * sizeof(WCHAR) + Second->Length;

    if (Size > UNICODE_STRING_MAX_BYTES)
        return STATUS_NAME_TOO_LONG;
    Joined->Buffer = ExAllocatePoolWithTag(PagedPool, Size, IOP_TAG);
    if (Joined->Buffer == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    Joined->Length = 0;
    Joined->MaximumLength = (USHORT)Size;
    RtlAppendUnicodeToString(Joined, First);
    RtlAppendUnicodeStringToString(Joined, Second);
    RtlAppendUnicodeToString(Joined, Third);
    return STATUS_SUCCESS;
}

/* A path without a root is relative to \SystemRoot; without a path it is the service's name among the drivers. */
static NTSTATUS IopReadImagePath(PIOP_SERVICE Service, PCUNICODE_STRING Name)
{
    ULONG Length;
    PWSTR Text = IopQueryValue(Service->RegistryPath.Buffer, L"ImagePath", REG_EXPAND_SZ, REG_SZ, &Length);
    UNICODE_STRING Path;
    NTSTATUS Status;

    if (Text == NULL || *Text == 0) {
        Status = IopJoin(L"\\SystemRoot\\System32\\drivers\\", Name, L".sys", &Service->ImagePath);
    } else {
        RtlInitUnicodeString(&Path, Text);
        Status = IopJoin(*Text == OBJ_NAME_PATH_SEPARATOR ? L"" : L"\\SystemRoot\\", &Path, L"", &Service->ImagePath);
    }
    if (Text != NULL)
        ExFreePoolWithTag(Text, IOP_TAG);
    return Status;
}

/* The place of a group in ServiceGroupOrder. */
static ULONG IopFindGroup(PCWSTR Group)
{
    ULONG Length, Place = 0;
    PWSTR List = IopQueryValue(SERVICE_GROUP_ORDER, L"List", REG_MULTI_SZ, REG_MULTI_SZ, &Length);
    PWSTR Name = List;

    for (; Name != NULL && *Name != 0 && _wcsicmp(Name, Group) != 0; Name += wcslen(Name) + 1)
        Place++;
    if (Name == NULL || *Name == 0)
        Place = IOP_IN_NO_LIST;
    if (List != NULL)
        ExFreePoolWithTag(List, IOP_TAG);
    return Place;
}

/* The place of a tag in its group's list: a count, then the tags. */
static ULONG64 IopFindTag(PCWSTR Group, ULONG Tag)
{
    ULONG64 Place = IOP_OTHER_TAGS | Tag;
    ULONG Length;
    PULONG List = IopQueryValue(GROUP_ORDER_LIST, Group, REG_BINARY, REG_BINARY, &Length);

    for (ULONG i = 1; List != NULL && i < Length / sizeof(ULONG) && i <= List[0]; i++)
        if (List[i] == Tag) {
            Place = i;
            break;
        }
    if (List != NULL)
        ExFreePoolWithTag(List, IOP_TAG);
    return Place;
}

static VOID IopReadOrder(PIOP_SERVICE Service)
{
    ULONG Length, Tag;
    PWSTR Group = IopQueryValue(Service->RegistryPath.Buffer, L"Group", REG_SZ, REG_EXPAND_SZ, &Length);

    Service->Group = Group != NULL ? IopFindGroup(Group) : IOP_IN_NO_LIST;
    Service->Tag = IOP_NO_TAG;
    if (IopQueryNumber(Service->RegistryPath.Buffer, L"Tag", &Tag))
        Service->Tag = IopFindTag(Group != NULL ? Group : L"", Tag);
    if (Group != NULL)
        ExFreePoolWithTag(Group, IOP_TAG);
}

VOID IopFreeService(PIOP_SERVICE Service)
{
    UNICODE_STRING *Strings[] = { &Service->RegistryPath, &Service->ImagePath, &Service->DriverName };

    for (ULONG i = 0; i < RTL_NUMBER_OF(Strings); i++)
        if (Strings[i]->Buffer != NULL)
            ExFreePool(Strings[i]->Buffer);
    ExFreePoolWithTag(Service, IOP_TAG);
}

NTSTATUS IopReadService(PCUNICODE_STRING RegistryPath, PIOP_SERVICE *Result)
{
    PIOP_SERVICE Service = ExAllocatePoolWithTag(PagedPool, sizeof *Service, IOP_TAG);
    UNICODE_STRING Name = *RegistryPath;
    NTSTATUS Status;

    if (Service == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    for (USHORT i = RegistryPath->Length / sizeof(WCHAR); i > 0 && RegistryPath->Buffer[i - 1] != L'\\'; i--) {
        Name.Buffer = RegistryPath->Buffer + i - 1;
        Name.Length = (USHORT)(RegistryPath->Length - (i - 1) * sizeof(WCHAR));
    }
    Status = IopJoin(L"", RegistryPath, L"", &Service->RegistryPath);
    if (NT_SUCCESS(Status) && !IopQueryNumber(Service->RegistryPath.Buffer, L"Type", &Service->Type))
        Status = STATUS_OBJECT_NAME_NOT_FOUND;
    if (NT_SUCCESS(Status) && Service->Type != SERVICE_KERNEL_DRIVER && Service->Type != SERVICE_FILE_SYSTEM_DRIVER)
        Status = STATUS_OBJECT_TYPE_MISMATCH;       /* a program's service */
    if (NT_SUCCESS(Status) && !IopQueryNumber(Service->RegistryPath.Buffer, L"Start", &Service->Start))
        Status = STATUS_OBJECT_NAME_NOT_FOUND;
    if (NT_SUCCESS(Status))
        Status = IopReadImagePath(Service, &Name);
    if (NT_SUCCESS(Status))
        Status = IopJoin(Service->Type == SERVICE_KERNEL_DRIVER ? L"\\Driver\\" : L"\\FileSystem\\", &Name, L"",
                         &Service->DriverName);
    if (!NT_SUCCESS(Status)) {
        IopFreeService(Service);
        return Status;
    }
    IopReadOrder(Service);
    *Result = Service;
    return STATUS_SUCCESS;
}

/* Behind all that start before it or at the same place: what is equal keeps the registry's order. */
static VOID IopInsertService(PLIST_ENTRY Services, PIOP_SERVICE New)
{
    PLIST_ENTRY Entry = Services->Flink;

    for (; Entry != Services; Entry = Entry->Flink) {
        PIOP_SERVICE Service = CONTAINING_RECORD(Entry, IOP_SERVICE, Entry);

        if (Service->Group > New->Group || (Service->Group == New->Group && Service->Tag > New->Tag))
            break;
    }
    InsertTailList(Entry, &New->Entry);
}

VOID IopFindServices(ULONG Start, PLIST_ENTRY Services)
{
    static UNICODE_STRING KeyName = RTL_CONSTANT_STRING(SERVICES);
    UCHAR Buffer[sizeof(KEY_BASIC_INFORMATION) + 256 * sizeof(WCHAR)];
    PKEY_BASIC_INFORMATION Key = (PKEY_BASIC_INFORMATION)Buffer;
    OBJECT_ATTRIBUTES Attributes;
    HANDLE Handle;
    ULONG Length;

    InitializeListHead(Services);
    InitializeObjectAttributes(&Attributes, &KeyName, OBJ_CASE_INSENSITIVE, NULL, NULL);
    if (!NT_SUCCESS(NtOpenKey(&Handle, KEY_ENUMERATE_SUB_KEYS, &Attributes)))
        return;
    for (ULONG i = 0;; i++) {
        NTSTATUS Status = NtEnumerateKey(Handle, i, KeyBasicInformation, Key, sizeof Buffer, &Length);
        UNICODE_STRING Name = { (USHORT)Key->NameLength, (USHORT)Key->NameLength, Key->Name }, Path;
        PIOP_SERVICE Service;

        if (Status == STATUS_BUFFER_OVERFLOW)
            continue;                       /* longer than any key's name may be */
        if (!NT_SUCCESS(Status) || !NT_SUCCESS(IopJoin(SERVICES L"\\", &Name, L"", &Path)))
            break;
        if (NT_SUCCESS(IopReadService(&Path, &Service))) {
            if (Service->Start == Start)
                IopInsertService(Services, Service);
            else
                IopFreeService(Service);
        }
        ExFreePoolWithTag(Path.Buffer, IOP_TAG);
    }
    NtClose(Handle);
}
