/* The services that the tested parts of ntdll call: memory, one file, a small registry. */
#include "test.h"

void *HostAllocate(unsigned long long Size);
void HostFree(void *Memory);

PVOID TestTeb;
PCWSTR FakeFile;

static struct {
    WCHAR Key[64];
    WCHAR Name[64];
    ULONG Type;
    ULONG Length;
    UCHAR Data[256];
    BOOLEAN Used;
} Values[32];

void FakeValue(PCWSTR Key, PCWSTR Name, ULONG Type, const void *Data, ULONG Length)
{
    for (ULONG i = 0; i < RTL_NUMBER_OF(Values); i++) {
        if (Values[i].Used)
            continue;
        wcscpy(Values[i].Key, Key);
        wcscpy(Values[i].Name, Name);
        Values[i].Type = Type;
        Values[i].Length = Length;
        memcpy(Values[i].Data, Data, Length);
        Values[i].Used = TRUE;
        return;
    }
}

void FakeClearRegistry(void)
{
    memset(Values, 0, sizeof(Values));
}

static ULONG Find(PCWSTR Key, PCUNICODE_STRING Name)
{
    for (ULONG i = 0; i < RTL_NUMBER_OF(Values); i++) {
        UNICODE_STRING Text;

        RtlInitUnicodeString(&Text, Values[i].Name);
        if (Values[i].Used && !_wcsicmp(Values[i].Key, Key) && RtlEqualUnicodeString(&Text, Name, TRUE))
            return i;
    }
    return MAXULONG;
}

BOOLEAN FakeHasValue(PCWSTR Key, PCWSTR Name)
{
    UNICODE_STRING Text;

    RtlInitUnicodeString(&Text, Name);
    return Find(Key, &Text) != MAXULONG;
}

/* A handle is the key's name. */
NTSTATUS NTAPI NtOpenKey(PHANDLE KeyHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes)
{
    UNICODE_STRING Root = RTL_CONSTANT_STRING(L"\\Registry\\Machine\\System\\CurrentControlSet\\Control\\Session Manager");
    UNICODE_STRING Key = *ObjectAttributes->ObjectName;

    (void)DesiredAccess;
    if (!ObjectAttributes->RootDirectory) {
        *KeyHandle = (HANDLE)L"";
        return RtlEqualUnicodeString(&Key, &Root, TRUE) ? STATUS_SUCCESS : STATUS_OBJECT_NAME_NOT_FOUND;
    }
    for (ULONG i = 0; i < RTL_NUMBER_OF(Values); i++) {
        UNICODE_STRING Text;

        RtlInitUnicodeString(&Text, Values[i].Key);
        if (Values[i].Used && RtlEqualUnicodeString(&Text, &Key, TRUE)) {
            *KeyHandle = Values[i].Key;
            return STATUS_SUCCESS;
        }
    }
    return STATUS_OBJECT_NAME_NOT_FOUND;
}

static NTSTATUS Return(ULONG Index, PVOID Buffer, ULONG Length, PULONG ResultLength)
{
    PKEY_VALUE_FULL_INFORMATION Info = Buffer;
    ULONG NameLength = (ULONG)wcslen(Values[Index].Name) * sizeof(WCHAR);
    ULONG Offset = (ULONG)ALIGN_UP_BY(FIELD_OFFSET(KEY_VALUE_FULL_INFORMATION, Name) + NameLength, 4);

    *ResultLength = Offset + Values[Index].Length;
    if (Length < *ResultLength)
        return STATUS_BUFFER_OVERFLOW;
    Info->Type = Values[Index].Type;
    Info->NameLength = NameLength;
    Info->DataOffset = Offset;
    Info->DataLength = Values[Index].Length;
    memcpy(Info->Name, Values[Index].Name, NameLength);
    memcpy((PUCHAR)Info + Offset, Values[Index].Data, Values[Index].Length);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI NtQueryValueKey(HANDLE KeyHandle, PUNICODE_STRING ValueName, KEY_VALUE_INFORMATION_CLASS Class,
                               PVOID Information, ULONG Length, PULONG ResultLength)
{
    ULONG Index = Find(KeyHandle, ValueName);

    CHECK(Class == KeyValueFullInformation);
    return Index == MAXULONG ? STATUS_OBJECT_NAME_NOT_FOUND : Return(Index, Information, Length, ResultLength);
}

NTSTATUS NTAPI NtEnumerateValueKey(HANDLE KeyHandle, ULONG Index, KEY_VALUE_INFORMATION_CLASS Class, PVOID Information,
                                   ULONG Length, PULONG ResultLength)
{
    CHECK(Class == KeyValueFullInformation);
    for (ULONG i = 0; i < RTL_NUMBER_OF(Values); i++) {
        if (Values[i].Used && !_wcsicmp(Values[i].Key, KeyHandle) && Index-- == 0)
            return Return(i, Information, Length, ResultLength);
    }
    return STATUS_NO_MORE_ENTRIES;
}

NTSTATUS NTAPI NtDeleteValueKey(HANDLE KeyHandle, PUNICODE_STRING ValueName)
{
    ULONG Index = Find(KeyHandle, ValueName);

    if (Index == MAXULONG)
        return STATUS_OBJECT_NAME_NOT_FOUND;
    Values[Index].Used = FALSE;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI NtClose(HANDLE Handle)
{
    CHECK(Handle != NULL);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI NtQueryAttributesFile(POBJECT_ATTRIBUTES ObjectAttributes, PFILE_BASIC_INFORMATION FileInformation)
{
    UNICODE_STRING File;

    RtlInitUnicodeString(&File, FakeFile);
    FileInformation->FileAttributes = FILE_ATTRIBUTE_NORMAL;
    return RtlEqualUnicodeString(&File, ObjectAttributes->ObjectName, TRUE) ? STATUS_SUCCESS
                                                                            : STATUS_OBJECT_NAME_NOT_FOUND;
}

NTSTATUS NTAPI NtAllocateVirtualMemory(HANDLE ProcessHandle, PVOID *BaseAddress, ULONG_PTR ZeroBits, PSIZE_T RegionSize,
                                       ULONG AllocationType, ULONG Protect)
{
    (void)ProcessHandle, (void)ZeroBits, (void)AllocationType, (void)Protect;
    *BaseAddress = HostAllocate(*RegionSize);
    memset(*BaseAddress, 0, *RegionSize);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI NtFreeVirtualMemory(HANDLE ProcessHandle, PVOID *BaseAddress, PSIZE_T RegionSize, ULONG FreeType)
{
    (void)ProcessHandle, (void)RegionSize;
    CHECK(FreeType == MEM_RELEASE);
    HostFree(*BaseAddress);
    return STATUS_SUCCESS;
}

/* One thread: nobody ever waits. */
NTSTATUS NTAPI NtCreateEvent(PHANDLE EventHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                             EVENT_TYPE EventType, BOOLEAN InitialState)
{
    (void)EventHandle, (void)DesiredAccess, (void)ObjectAttributes, (void)EventType, (void)InitialState;
    return STATUS_NOT_IMPLEMENTED;
}

NTSTATUS NTAPI NtWaitForSingleObject(HANDLE Handle, BOOLEAN Alertable, PLARGE_INTEGER Timeout)
{
    (void)Handle, (void)Alertable, (void)Timeout;
    return STATUS_NOT_IMPLEMENTED;
}

NTSTATUS NTAPI NtSetEvent(HANDLE EventHandle, PLONG PreviousState)
{
    (void)EventHandle, (void)PreviousState;
    return STATUS_NOT_IMPLEMENTED;
}

DECLSPEC_NORETURN VOID NTAPI RtlAssert(PVOID FailedAssertion, PVOID FileName, ULONG LineNumber, PCSTR Message)
{
    (void)Message;
    TestFailed(FileName, (int)LineNumber, FailedAssertion);
    __builtin_trap();
}

PVOID RtlpAllocateMemory(SIZE_T Size, ULONG Tag)
{
    (void)Tag;
    return RtlAllocateHeap(RtlProcessHeap(), 0, Size);
}

VOID RtlpFreeMemory(PVOID Memory, ULONG Tag)
{
    (void)Tag;
    RtlFreeHeap(RtlProcessHeap(), 0, Memory);
}
