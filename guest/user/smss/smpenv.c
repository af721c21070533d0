/* S10, S11 (Environment) and S19: the environment that every child of the session manager gets. */
#include "smss.h"

PVOID SmpDefaultEnvironment;
BOOLEAN SmpMiniNTBoot;

#define ENVIRONMENT_KEY L"\\Registry\\Machine\\System\\CurrentControlSet\\Control\\Session Manager\\Environment"

/* S10; S-004: what the kernel gave us, without an option of an earlier safe boot. */
VOID SmpCreateEnvironmentTemplate(VOID)
{
    UNICODE_STRING SafeBoot = RTL_CONSTANT_STRING(L"SAFEBOOT_OPTION");
    HANDLE Key;

    RtlpClaim("smss.environment-template.begin", NULL);
    SMP_CHECK(RtlCreateEnvironment(TRUE, &SmpDefaultEnvironment), "RtlCreateEnvironment");
    if (NT_SUCCESS(SmpOpenKey(L"\\Registry\\Machine\\System\\CurrentControlSet\\Control\\MiniNT", KEY_READ, &Key))) {
        SmpMiniNTBoot = TRUE;
        NtClose(Key);
    }
    if (NT_SUCCESS(SmpOpenKey(ENVIRONMENT_KEY, KEY_SET_VALUE, &Key))) {
        NtDeleteValueKey(Key, &SafeBoot); /* most boots have none */
        NtClose(Key);
    }
    RtlpClaim("smss.environment-template.end", NULL);
}

NTSTATUS SmpExpand(PCWSTR Text, PUNICODE_STRING Expanded)
{
    UNICODE_STRING Source;
    ULONG Needed = 0;
    NTSTATUS Status = RtlInitUnicodeStringEx(&Source, Text);

    if (!NT_SUCCESS(Status))
        return Status;
    RtlInitEmptyUnicodeString(Expanded, NULL, 0);
    RtlExpandEnvironmentStrings_U(SmpDefaultEnvironment, &Source, Expanded, &Needed);
    if (Needed > UNICODE_STRING_MAX_BYTES)
        return STATUS_NAME_TOO_LONG;
    Expanded->Buffer = RtlAllocateHeap(RtlProcessHeap(), 0, Needed);
    if (!Expanded->Buffer)
        return STATUS_NO_MEMORY;
    Expanded->MaximumLength = (USHORT)Needed;
    return RtlExpandEnvironmentStrings_U(SmpDefaultEnvironment, &Source, Expanded, NULL);
}

NTSTATUS SmpSetVariable(PCWSTR Name, PUNICODE_STRING Value)
{
    UNICODE_STRING NameString;

    RtlInitUnicodeString(&NameString, Name);
    return RtlSetEnvironmentVariable(&SmpDefaultEnvironment, &NameString, Value);
}

/* What the environment holds now, into a claim. */
static NTSTATUS ClaimVariable(PCSTR Event, PCWSTR Name)
{
    static WCHAR Buffer[1024];
    UNICODE_STRING NameString, Value = { 0, sizeof(Buffer), Buffer };
    NTSTATUS Status;

    RtlInitUnicodeString(&NameString, Name);
    Status = RtlQueryEnvironmentVariable_U(SmpDefaultEnvironment, &NameString, &Value);
    return NT_SUCCESS(Status) ? RtlpClaim(Event, "name=%wZ value=%wZ", &NameString, &Value) : Status;
}

/* S11; S-004, S-022, S-052. REG_EXPAND_SZ is expanded with the variables that were set before it. */
NTSTATUS NTAPI SmpConfigureEnvironment(PWSTR Name, ULONG Type, PVOID Data, ULONG Length, PVOID Context,
                                       PVOID EntryContext)
{
    UNICODE_STRING Value;
    NTSTATUS Status;

    UNREFERENCED_PARAMETER(Length);
    UNREFERENCED_PARAMETER(Context);
    UNREFERENCED_PARAMETER(EntryContext);
    if (Type != REG_SZ && Type != REG_EXPAND_SZ)
        return STATUS_SUCCESS;
    if (Type == REG_SZ) {
        RtlInitUnicodeString(&Value, Data);
        Status = SmpSetVariable(Name, &Value);
    } else {
        Status = SmpExpand(Data, &Value);
        if (NT_SUCCESS(Status)) {
            Status = SmpSetVariable(Name, &Value);
            RtlFreeUnicodeString(&Value);
        }
    }
    return NT_SUCCESS(Status) ? ClaimVariable("smss.environment-variable", Name) : Status;
}

static VOID SetDynamic(HANDLE Key, PCWSTR Name, PCWSTR Text)
{
    UNICODE_STRING Value;

    RtlInitUnicodeString(&Value, Text);
    SMP_CHECK(SmpSetVariable(Name, &Value), "dynamic environment");
    SMP_CHECK(SmpSetString(Key, Name, Text), "dynamic environment in the registry");
    SMP_CHECK(ClaimVariable("smss.environment-dynamic", Name), "dynamic environment");
}

/* S19; S-004, S-022: what only this boot on this machine knows, for the children and for who reads the registry. */
VOID SmpSetDynamicEnvironment(VOID)
{
    SYSTEM_PROCESSOR_INFORMATION Processor;
    SYSTEM_BASIC_INFORMATION Basic;
    BOOLEAN Arm;
    ULONG Model, Stepping;
    WCHAR Text[80];
    HANDLE Key;

    RtlpClaim("smss.environment.begin", NULL);
    SMP_CHECK(NtQuerySystemInformation(SystemProcessorInformation, &Processor, sizeof(Processor), NULL),
              "SystemProcessorInformation");
    SMP_CHECK(NtQuerySystemInformation(SystemBasicInformation, &Basic, sizeof(Basic), NULL), "SystemBasicInformation");
    SMP_CHECK(SmpOpenKey(ENVIRONMENT_KEY, KEY_SET_VALUE, &Key), "dynamic environment in the registry");
    Arm = Processor.ProcessorArchitecture == PROCESSOR_ARCHITECTURE_ARM64;
    Model = Processor.ProcessorRevision >> 8;
    Stepping = Processor.ProcessorRevision & 0xFF;

    SetDynamic(Key, L"OS", L"Windows_NT");
    SetDynamic(Key, L"PROCESSOR_ARCHITECTURE", Arm ? L"ARM64" : L"AMD64");
    _snwprintf(Text, RTL_NUMBER_OF(Text), L"%u", Processor.ProcessorLevel);
    SetDynamic(Key, L"PROCESSOR_LEVEL", Text);
    _snwprintf(Text, RTL_NUMBER_OF(Text),
               Arm ? L"ARMv8 (64-bit) Family %u Model %X Revision %X" : L"AMD64 Family %u Model %u Stepping %u",
               Processor.ProcessorLevel, Model, Stepping);
    SetDynamic(Key, L"PROCESSOR_IDENTIFIER", Text);
    _snwprintf(Text, RTL_NUMBER_OF(Text), L"%04x", Processor.ProcessorRevision);
    SetDynamic(Key, L"PROCESSOR_REVISION", Text);
    _snwprintf(Text, RTL_NUMBER_OF(Text), L"%u", (ULONG)Basic.NumberOfProcessors);
    SetDynamic(Key, L"NUMBER_OF_PROCESSORS", Text);
    if (USER_SHARED_DATA->SafeBootMode)
        SetDynamic(Key, L"SAFEBOOT_OPTION", USER_SHARED_DATA->SafeBootMode == 1 ? L"MINIMAL" : L"NETWORK");
    NtClose(Key);
    RtlpClaim("smss.environment.end", NULL);
}
