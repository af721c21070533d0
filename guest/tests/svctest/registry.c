/* Keys and values that are made, set, enumerated and deleted. */
#include "svctest.h"

#define SYSTEM L"\\Registry\\Machine\\SYSTEM"

static OBJECT_ATTRIBUTES Attributes;
static UNICODE_STRING Name;
static UCHAR Buffer[512];

static POBJECT_ATTRIBUTES Named(PCWSTR Path, HANDLE Root)
{
    RtlInitUnicodeString(&Name, Path);
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, Root, NULL);
    return &Attributes;
}

static NTSTATUS Create(PHANDLE Key, PCWSTR Path, HANDLE Root, ULONG Options, PULONG Disposition)
{
    return NtCreateKey(Key, KEY_ALL_ACCESS, Named(Path, Root), 0, NULL, Options, Disposition);
}

static NTSTATUS Set(HANDLE Key, PCWSTR Value, ULONG Type, PVOID Data, ULONG Size)
{
    RtlInitUnicodeString(&Name, Value);
    return NtSetValueKey(Key, &Name, 0, Type, Data, Size);
}

/* Is the value there with just these data? */
static BOOLEAN Has(HANDLE Key, PCWSTR Value, ULONG Type, PVOID Data, ULONG Size)
{
    PKEY_VALUE_PARTIAL_INFORMATION Found = (PVOID)Buffer;
    ULONG Length;

    RtlInitUnicodeString(&Name, Value);
    return NT_SUCCESS(NtQueryValueKey(Key, &Name, KeyValuePartialInformation, Found, sizeof Buffer, &Length)) &&
           Found->Type == Type && Found->DataLength == Size && RtlEqualMemory(Found->Data, Data, Size);
}

static VOID TestValues(HANDLE Key)
{
    static UCHAR Data[300] = "data of a value";
    PKEY_FULL_INFORMATION Full = (PVOID)Buffer;
    ULONG Length;

    CHECK_STATUS("a value is set", Set(Key, L"Long", REG_BINARY, Data, sizeof Data), 0);
    CHECK("and read", Has(Key, L"LONG", REG_BINARY, Data, sizeof Data));
    CHECK_STATUS("a short one", Set(Key, L"Long", REG_DWORD, Data, 4), 0);
    CHECK("in its place", Has(Key, L"Long", REG_DWORD, Data, 4));
    CHECK_STATUS("the default value", Set(Key, L"", REG_SZ, Data, 8), 0);
    CHECK_STATUS("an empty one", Set(Key, L"Empty", REG_NONE, NULL, 0), 0);
    CHECK("of no bytes", Has(Key, L"Empty", REG_NONE, Data, 0));
    CHECK_STATUS("data that are not there", Set(Key, L"Bad", REG_BINARY, (PVOID)0x1000, 16), STATUS_ACCESS_VIOLATION);
    CHECK_STATUS("data without end", Set(Key, L"Bad", REG_BINARY, Data, 0x7FFFFFFF), STATUS_INVALID_PARAMETER);
    CHECK_STATUS("the key says", NtQueryKey(Key, KeyFullInformation, Full, sizeof Buffer, &Length), 0);
    CHECK("that it has three values", Full->Values == 3 && Full->MaxValueNameLen == 10 && Full->MaxValueDataLen == 8);
    RtlInitUnicodeString(&Name, L"Empty");
    CHECK_STATUS("a value is deleted", NtDeleteValueKey(Key, &Name), 0);
    CHECK_STATUS("once", NtDeleteValueKey(Key, &Name), STATUS_OBJECT_NAME_NOT_FOUND);
}

/* Subkeys come in the order of their names, whatever the order in which they were made; volatile ones last. */
static VOID TestEnumeration(HANDLE Key)
{
    static const PCWSTR Made[] = { L"m", L"B", L"z", L"a" }, Sorted[] = { L"a", L"B", L"z", L"m" };
    PKEY_BASIC_INFORMATION Basic = (PVOID)Buffer;
    BOOLEAN Right = TRUE;
    HANDLE Sub[4];
    ULONG Length;

    for (ULONG i = 0; i < 4; i++)
        Right &= NT_SUCCESS(Create(&Sub[i], Made[i], Key, i == 0 ? REG_OPTION_VOLATILE : 0, NULL));
    for (ULONG i = 0; i < 4; i++)
        Right &= NT_SUCCESS(NtEnumerateKey(Key, i, KeyBasicInformation, Basic, sizeof Buffer, &Length)) &&
                 Basic->NameLength == 2 && Basic->Name[0] == Sorted[i][0];
    CHECK("subkeys are sorted", Right);
    CHECK_STATUS("and end", NtEnumerateKey(Key, 4, KeyBasicInformation, Basic, sizeof Buffer, &Length),
                 STATUS_NO_MORE_ENTRIES);
    CHECK_STATUS("a key with subkeys stays", NtDeleteKey(Key), STATUS_CANNOT_DELETE);
    for (ULONG i = 0; i < 4; i++) {
        Right &= NT_SUCCESS(NtDeleteKey(Sub[i]));
        NtClose(Sub[i]);
    }
    CHECK("subkeys are deleted", Right);
}

static VOID TestKeys(VOID)
{
    UNICODE_STRING Class = RTL_CONSTANT_STRING(L"a class");
    PKEY_FULL_INFORMATION Full = (PVOID)Buffer;
    HANDLE Key, Again, Sub;
    ULONG Disposition = 0, Length;

    CHECK_STATUS("a key is made", Create(&Key, SYSTEM L"\\Test", NULL, 0, &Disposition), 0);
    CHECK("a new one", Disposition == REG_CREATED_NEW_KEY);
    CHECK_STATUS("it is opened", Create(&Again, SYSTEM L"\\TEST", NULL, 0, &Disposition), 0);
    CHECK("the old one", Disposition == REG_OPENED_EXISTING_KEY);
    CHECK_STATUS("no key between is made", Create(&Sub, L"x\\y", Key, 0, NULL), STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK_STATUS("a key of a class", NtCreateKey(&Sub, KEY_ALL_ACCESS, Named(L"c", Key), 0, &Class, 0, NULL), 0);
    CHECK("has it", NT_SUCCESS(NtQueryKey(Sub, KeyFullInformation, Full, sizeof Buffer, &Length)) &&
                        Full->ClassLength == Class.Length &&
                        RtlEqualMemory((PUCHAR)Full + Full->ClassOffset, Class.Buffer, Class.Length));
    NtDeleteKey(Sub);
    NtClose(Sub);
    TestValues(Key);
    TestEnumeration(Key);
    CHECK_STATUS("a volatile key", Create(&Sub, L"v", Key, REG_OPTION_VOLATILE, NULL), 0);
    CHECK_STATUS("has no others below", Create(&Again, L"w", Sub, 0, NULL), STATUS_CHILD_MUST_BE_VOLATILE);
    NtDeleteKey(Sub);
    NtClose(Sub);
    CHECK_STATUS("a key is deleted", NtDeleteKey(Key), 0);
    CHECK_STATUS("its handle is of no use", Set(Key, L"x", REG_DWORD, &Length, 4), STATUS_KEY_DELETED);
    CHECK_STATUS("nor below it", Create(&Sub, L"x", Key, 0, NULL), STATUS_KEY_DELETED);
    CHECK_STATUS("nor another handle", NtDeleteKey(Again), STATUS_KEY_DELETED);
    NtClose(Again);
    NtClose(Key);
    CHECK_STATUS("and it is not found", NtOpenKey(&Key, KEY_READ, Named(SYSTEM L"\\Test", NULL)),
                 STATUS_OBJECT_NAME_NOT_FOUND);
}

static VOID TestRules(VOID)
{
    static WCHAR Long[300];
    HANDLE Key, Read;
    ULONG Length = 0;

    for (ULONG i = 0; i < 256; i++)
        Long[i] = L'n';
    CHECK_STATUS("a hive stays", NtOpenKey(&Key, KEY_ALL_ACCESS, Named(SYSTEM, NULL)), 0);
    CHECK_STATUS("where it is", NtDeleteKey(Key), STATUS_CANNOT_DELETE);
    CHECK_STATUS("a name that is too long", Create(&Read, Long, Key, 0, NULL), STATUS_OBJECT_NAME_INVALID);
    CHECK_STATUS("a value's name that is too long", Set(Key, Long, REG_DWORD, &Length, 4), STATUS_INVALID_PARAMETER);
    CHECK_STATUS("an option that is none", Create(&Read, L"o", Key, 0x100, NULL), STATUS_INVALID_PARAMETER);
    NtClose(Key);
    CHECK_STATUS("between the hives nothing lasts", Create(&Key, L"\\Registry\\Machine\\X", NULL, 0, NULL),
                 STATUS_CHILD_MUST_BE_VOLATILE);
    CHECK_STATUS("a handle to read", NtOpenKey(&Read, KEY_READ, Named(SYSTEM, NULL)), 0);
    CHECK_STATUS("does not write", Set(Read, L"x", REG_DWORD, &Length, 4), STATUS_ACCESS_DENIED);
    CHECK_STATUS("nor delete", NtDeleteKey(Read), STATUS_ACCESS_DENIED);
    CHECK_STATUS("but flush", NtFlushKey(Read), 0);
    NtClose(Read);
}

/* On an image without a disk. */
static VOID TestInitialization(VOID)
{
    ULONG Number = 7;

    CHECK_STATUS("an unknown boot", NtInitializeRegistry(2), STATUS_INVALID_PARAMETER);
    CHECK_STATUS("the registry is initialized", NtInitializeRegistry(CM_BOOT_FLAG_SMSS), 0);
    CHECK_STATUS("once", NtInitializeRegistry(CM_BOOT_FLAG_SMSS), STATUS_ACCESS_DENIED);
    CHECK_STATUS("hivelist is there", RtlCheckRegistryKey(RTL_REGISTRY_CONTROL, L"hivelist"), 0);
    CHECK_STATUS("a value by its path", RtlWriteRegistryValue(RTL_REGISTRY_CONTROL, L"ByPath", L"Seven", REG_DWORD,
                                                              &Number, sizeof Number), 0);
    CHECK_STATUS("a key by its path", RtlCreateRegistryKey(RTL_REGISTRY_CONTROL, L"ByPath\\Sub"), 0);
    CHECK_STATUS("is there", RtlCheckRegistryKey(RTL_REGISTRY_CONTROL, L"ByPath\\Sub"), 0);
    CHECK_STATUS("the value goes", RtlDeleteRegistryValue(RTL_REGISTRY_CONTROL, L"ByPath", L"Seven"), 0);
    CHECK_STATUS("a hive needs a privilege", NtLoadKey(Named(L"\\Registry\\Machine\\L", NULL), &Attributes),
                 STATUS_PRIVILEGE_NOT_HELD);
    RtlAdjustPrivilege(SE_RESTORE_PRIVILEGE, TRUE, FALSE, &(BOOLEAN){ 0 });
    CHECK("and a file", !NT_SUCCESS(NtLoadKey(Named(L"\\Registry\\Machine\\L", NULL), &Attributes)));
    CHECK_STATUS("SYSTEM is not unloaded", NtUnloadKey(Named(SYSTEM, NULL)), STATUS_ACCESS_DENIED);
}

VOID TestRegistry(VOID)
{
    TestKeys();
    TestRules();
    TestInitialization();
}
