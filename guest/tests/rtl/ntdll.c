/* ntdll without a kernel: heap, environment, registry queries, paths, process parameters. */
#include "test.h"

static PEB Peb;
static TEB Teb;
static RTL_USER_PROCESS_PARAMETERS Parameters;
static RTL_CRITICAL_SECTION PebLock;

static BOOLEAN Is(PCUNICODE_STRING String, PCWSTR Text)
{
    UNICODE_STRING Expected;

    RtlInitUnicodeString(&Expected, Text);
    return RtlEqualUnicodeString(String, &Expected, FALSE);
}

/* Random sizes and orders against a shadow: contents stay, the heap's own check holds, everything comes back. */
void TestHeap(void)
{
    static struct {
        PUCHAR Memory;
        ULONG Size;
    } Shadow[256];
    PVOID Heap = RtlCreateHeap(HEAP_GROWABLE, NULL, 0, 0, NULL, NULL);
    ULONG Seed = 12345;

    CHECK(RtlCreateTagHeap(Heap, 0, L"T!", L"ONE\0TWO\0") == 1u << HEAP_TAG_SHIFT);
    for (ULONG Round = 0; Round < 20000; Round++) {
        ULONG i;

        Seed = Seed * 1664525 + 1013904223;
        i = Seed >> 24;
        if (Shadow[i].Memory) {
            for (ULONG k = 0; k < Shadow[i].Size; k++) {
                if (Shadow[i].Memory[k] != (UCHAR)i)
                    CHECK(!"a block was overwritten");
            }
            CHECK(RtlSizeHeap(Heap, 0, Shadow[i].Memory) == Shadow[i].Size);
            RtlFreeHeap(Heap, 0, Shadow[i].Memory);
            Shadow[i].Memory = NULL;
        } else {
            Shadow[i].Size = (Seed >> 8 & 0xFF) == 0 ? 100000 : Seed >> 8 & 0x7FF;
            Shadow[i].Memory = RtlAllocateHeap(Heap, Seed & 1 ? HEAP_ZERO_MEMORY : 0, Shadow[i].Size);
            CHECK(Shadow[i].Memory && (ULONG_PTR)Shadow[i].Memory % 16 == 0);
            if (Seed & 1 && Shadow[i].Size)
                CHECK(Shadow[i].Memory[0] == 0 && Shadow[i].Memory[Shadow[i].Size - 1] == 0);
            memset(Shadow[i].Memory, (int)i, Shadow[i].Size);
        }
        if (Round % 500 == 0)
            CHECK(RtlValidateHeap(Heap, 0, NULL));
    }
    for (ULONG i = 0; i < RTL_NUMBER_OF(Shadow); i++)
        RtlFreeHeap(Heap, 0, Shadow[i].Memory);
    CHECK(RtlValidateHeap(Heap, 0, NULL) && RtlDestroyHeap(Heap) == NULL);
    Heap = RtlCreateHeap(0, NULL, 0, 0, NULL, NULL);
    CHECK(RtlAllocateHeap(Heap, 0, 10000000) == NULL && RtlDestroyHeap(Heap) == NULL);
}

static NTSTATUS Set(PVOID *Environment, PCWSTR Name, PCWSTR Value)
{
    UNICODE_STRING NameString, ValueString;

    RtlInitUnicodeString(&NameString, Name);
    RtlInitUnicodeString(&ValueString, Value);
    return RtlSetEnvironmentVariable(Environment, &NameString, Value ? &ValueString : NULL);
}

static BOOLEAN Expands(PVOID Environment, PCWSTR Text, PCWSTR Expected)
{
    WCHAR Buffer[64];
    UNICODE_STRING Source, Result = { 0, sizeof(Buffer), Buffer };
    ULONG Length;

    RtlInitUnicodeString(&Source, Text);
    return NT_SUCCESS(RtlExpandEnvironmentStrings_U(Environment, &Source, &Result, &Length)) && Is(&Result, Expected) &&
           Length == (wcslen(Expected) + 1) * sizeof(WCHAR);
}

void TestEnvironment(void)
{
    WCHAR Buffer[16];
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"path"), Value = { 0, sizeof(Buffer), Buffer }, Long, Small;
    PVOID Environment;
    ULONG Length;

    CHECK(NT_SUCCESS(RtlCreateEnvironment(FALSE, &Environment)) && RtlpEnvironmentSize(Environment) == 2);
    CHECK(NT_SUCCESS(Set(&Environment, L"SystemRoot", L"C:\\Windows")));
    CHECK(NT_SUCCESS(Set(&Environment, L"Path", L"old")) && NT_SUCCESS(Set(&Environment, L"PATH", L"new")));
    CHECK(NT_SUCCESS(Set(&Environment, L"A", L"")) && NT_SUCCESS(Set(&Environment, L"=C:", L"C:\\")));
    CHECK(Set(&Environment, L"A=B", L"x") == STATUS_INVALID_PARAMETER && Set(&Environment, L"", L"x") != STATUS_SUCCESS);
    CHECK(!memcmp(Environment, L"=C:=C:\\\0A=\0PATH=new\0SystemRoot=C:\\Windows\0", 80));
    CHECK(NT_SUCCESS(RtlQueryEnvironmentVariable_U(Environment, &Name, &Value)) && Is(&Value, L"new"));
    CHECK(NT_SUCCESS(Set(&Environment, L"pAtH", NULL)));
    CHECK(RtlQueryEnvironmentVariable_U(Environment, &Name, &Value) == STATUS_VARIABLE_NOT_FOUND);

    CHECK(Expands(Environment, L"%systemroot%\\system32;%A%", L"C:\\Windows\\system32;"));
    CHECK(Expands(Environment, L"%no such%\\x %% 100%", L"%no such%\\x %% 100%"));
    CHECK(Expands(Environment, L"50% of %SystemRoot%", L"50% of C:\\Windows"));
    RtlInitUnicodeString(&Long, L"%SystemRoot%%SystemRoot%");
    RtlInitEmptyUnicodeString(&Small, Buffer, sizeof(Buffer));
    CHECK(RtlExpandEnvironmentStrings_U(Environment, &Long, &Small, &Length) == STATUS_BUFFER_TOO_SMALL);
    CHECK(Length == 21 * sizeof(WCHAR));
    RtlDestroyEnvironment(Environment);
}

static WCHAR Seen[512];

static NTSTATUS NTAPI Record(PWSTR Name, ULONG Type, PVOID Data, ULONG Length, PVOID Context, PVOID EntryContext)
{
    WCHAR Item[128];

    CHECK(Context == Seen && EntryContext == &Peb);
    if (Type == REG_DWORD)
        _snwprintf(Item, RTL_NUMBER_OF(Item), L"%s=%u/%u;", Name, *(PULONG)Data, Length);
    else
        _snwprintf(Item, RTL_NUMBER_OF(Item), L"%s:%u=%s/%u;", Name ? Name : L"-", Type, Data ? Data : L"", Length);
    wcscat(Seen, Item);
    return STATUS_SUCCESS;
}

static NTSTATUS Query(PRTL_QUERY_REGISTRY_TABLE Table, PVOID Environment)
{
    Seen[0] = 0;
    return RtlQueryRegistryValues(RTL_REGISTRY_CONTROL, L"Session Manager", Table, Seen, Environment);
}

#define ENTRY(flags, name) { Record, flags, name, &Peb, REG_NONE, NULL, 0 }
#define END { NULL, 0, NULL, NULL, REG_NONE, NULL, 0 }

void TestRegistry(void)
{
    ULONG Number = 42, Missing = 7;
    PVOID Environment;
    RTL_QUERY_REGISTRY_TABLE Plain[] = { ENTRY(0, L"Number"), ENTRY(0, L"Expand"), ENTRY(0, L"Multi"),
                                         ENTRY(RTL_QUERY_REGISTRY_NOEXPAND, L"Expand"), END };
    RTL_QUERY_REGISTRY_TABLE Defaults[] = {
        { Record, 0, L"None", &Peb, REG_SZ, L"text", 0 },
        { Record, 0, L"None", &Peb, REG_MULTI_SZ, L"a\0\0", 0 },
        { NULL, RTL_QUERY_REGISTRY_DIRECT, L"None", &Missing, REG_DWORD, &Number, sizeof(Number) }, END };
    RTL_QUERY_REGISTRY_TABLE Keys[] = { ENTRY(RTL_QUERY_REGISTRY_SUBKEY, L"Devices"),
                                        { NULL, RTL_QUERY_REGISTRY_SUBKEY, L"Absent", NULL, REG_NONE, NULL, 0 },
                                        { Record, 0, L"Number", &Peb, REG_SZ, L"default", 0 },
                                        ENTRY(RTL_QUERY_REGISTRY_TOPKEY, L"Number"),
                                        ENTRY(RTL_QUERY_REGISTRY_NOVALUE, L"Ignored"), END };
    RTL_QUERY_REGISTRY_TABLE Deletes[] = { ENTRY(RTL_QUERY_REGISTRY_DELETE, L"Number"), END };
    RTL_QUERY_REGISTRY_TABLE Needs[] = { ENTRY(RTL_QUERY_REGISTRY_REQUIRED, L"None"), END };
    RTL_QUERY_REGISTRY_TABLE NeedsKey[] = {
        { NULL, RTL_QUERY_REGISTRY_SUBKEY | RTL_QUERY_REGISTRY_REQUIRED, L"Absent", NULL, REG_NONE, NULL, 0 }, END };

    RtlCreateEnvironment(FALSE, &Environment);
    Set(&Environment, L"X", L"value");
    FakeValue(L"", L"Number", REG_DWORD, &Number, 4);
    FakeValue(L"", L"Expand", REG_EXPAND_SZ, L"%X%!", 10);
    FakeValue(L"", L"Multi", REG_MULTI_SZ, L"one\0\0three\0", 24); /* an empty item in the middle */
    FakeValue(L"Devices", L"NUL", REG_SZ, L"\\Device\\Null", 26);
    FakeValue(L"Devices", L"AUX", REG_SZ, L"COM1", 8); /* no terminator in the hive */

    CHECK(NT_SUCCESS(Query(Plain, Environment)));
    CHECK(!wcscmp(Seen, L"Number=42/4;Expand:1=value!/14;Multi:1=one/8;Multi:1=/2;Multi:1=three/12;Expand:2=%X%!/10;"));
    CHECK(NT_SUCCESS(Query(Defaults, Environment)) && Missing == 42);
    CHECK(!wcscmp(Seen, L"None:1=text/10;None:1=a/4;"));
    CHECK(NT_SUCCESS(Query(Keys, Environment)));
    CHECK(!wcscmp(Seen, L"NUL:1=\\Device\\Null/26;AUX:1=COM1/8;Number:1=default/16;Number=42/4;-:0=/0;"));
    CHECK(NT_SUCCESS(Query(Deletes, Environment)) && !FakeHasValue(L"", L"Number"));
    CHECK(Query(Needs, Environment) == STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK(Query(NeedsKey, Environment) == STATUS_OBJECT_NAME_NOT_FOUND);
    FakeClearRegistry();
    RtlDestroyEnvironment(Environment);
}

static BOOLEAN NtPathIs(PCWSTR Dos, PCWSTR Expected)
{
    UNICODE_STRING Path;
    BOOLEAN Same;

    if (!RtlDosPathNameToNtPathName_U(Dos, &Path, NULL, NULL))
        return Expected == NULL;
    Same = Expected && Is(&Path, Expected);
    RtlFreeUnicodeString(&Path);
    return Same;
}

void TestPaths(void)
{
    UNICODE_STRING Image = RTL_CONSTANT_STRING(L"\\SystemRoot\\System32\\x.exe");
    PRTL_USER_PROCESS_PARAMETERS New;
    WCHAR Found[64], *FilePart;

    RtlInitUnicodeString(&Parameters.CurrentDirectory.DosPath, L"C:\\Windows");
    CHECK(NtPathIs(L"c:\\a\\.\\b\\..\\c", L"\\??\\C:\\a\\c") && NtPathIs(L"C:\\..\\..\\x", L"\\??\\C:\\x"));
    CHECK(NtPathIs(L"System32/y", L"\\??\\C:\\Windows\\System32\\y") && NtPathIs(L"\\z", L"\\??\\C:\\z"));
    CHECK(NtPathIs(L"C:\\", L"\\??\\C:\\") && NtPathIs(L"\\\\srv\\share\\f", L"\\??\\UNC\\srv\\share\\f"));
    CHECK(NtPathIs(L"\\\\.\\pipe\\p", L"\\??\\pipe\\p") && NtPathIs(L"\\\\?\\C:\\..\\f", L"\\??\\C:\\..\\f"));
    CHECK(NtPathIs(L"", NULL));

    FakeFile = L"\\??\\C:\\Windows\\System32\\smss.exe";
    CHECK(RtlDosSearchPath_U(L"C:\\;;C:\\Windows\\system32", L"smss", L".exe", sizeof(Found), Found, &FilePart) == 56);
    CHECK(!wcscmp(Found, L"C:\\Windows\\system32\\smss.exe") && !wcscmp(FilePart, L"smss.exe"));
    CHECK(RtlDosSearchPath_U(L"C:\\Windows\\system32", L"smss", L".exe", 20, Found, NULL) > 20);
    CHECK(RtlDosSearchPath_U(L"C:\\Windows", L"smss.exe", NULL, sizeof(Found), Found, NULL) == 0);

    CHECK(NT_SUCCESS(RtlCreateProcessParameters(&New, &Image, NULL, NULL, NULL, L"A=b\0", NULL, NULL, NULL, NULL)));
    CHECK(!(New->Flags & RTL_USER_PROC_PARAMS_NORMALIZED) && (ULONG_PTR)New->CommandLine.Buffer < New->Length);
    RtlNormalizeProcessParams(New);
    CHECK(Is(&New->CommandLine, Image.Buffer) && Is(&New->CurrentDirectory.DosPath, L"C:\\Windows"));
    CHECK(New->EnvironmentSize == 10 && !memcmp(New->Environment, L"A=b\0", 10));
    RtlDestroyProcessParameters(New);
    CHECK(RtlValidateHeap(RtlProcessHeap(), 0, NULL));
}

int TestMain(const char *Image, unsigned Checksum);

int TestMain(const char *Image, unsigned Checksum)
{
    extern PVOID TestTeb;

    TestTeb = &Teb;
    Teb.ProcessEnvironmentBlock = &Peb;
    Teb.ClientId.UniqueThread = (HANDLE)4;
    Peb.ProcessParameters = &Parameters;
    Peb.FastPebLock = &PebLock;
    RtlInitializeCriticalSection(&PebLock);
    Peb.ProcessHeap = RtlCreateHeap(HEAP_GROWABLE, NULL, 0, 0, NULL, NULL);
    TestHeap();
    TestStrings();
    TestMemory();
    TestFormat();
    TestSecurity();
    TestImage(Image, Checksum);
    TestEnvironment();
    TestRegistry();
    TestPaths();
    return 0;
}
