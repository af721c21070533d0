/* The registry's start: the SYSTEM hive of the boot modules at \Registry\Machine\SYSTEM (K1). */
#include "cmp.h"
#include "io.h"

CMHIVE CmpSystemHive;

static PCM_KEY_NODE CmpCreateNamedNode(PCM_KEY_NODE Parent, PCWSTR Text)
{
    UNICODE_STRING Name;

    RtlInitUnicodeString(&Name, Text);
    return CmpCreateNode(Parent, &Name);
}

/* CurrentControlSet stands for the control set that Select\Current numbers. */
static NTSTATUS CmpLinkCurrentControlSet(PCMHIVE Hive, PCM_KEY_NODE System)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"Select");
    WCHAR Set[] = L"ControlSet000";
    PCM_KEY_NODE Select = CmpFindSubKey(System, &Name), Target, Link;
    PCM_VALUE Value;
    ULONG Current = 0;

    RtlInitUnicodeString(&Name, L"Current");
    Value = Select != NULL ? CmpFindValue(Select, &Name) : NULL;
    if (Value != NULL && Value->Type == REG_DWORD && Value->Length == sizeof Current)
        RtlCopyMemory(&Current, Value->Data, sizeof Current);
    if (Current == 0 || Current > 999)
        return HvDamaged(Hive, CmpNoControlSet, Current);
    Set[10] += (WCHAR)(Current / 100);
    Set[11] += (WCHAR)(Current / 10 % 10);
    Set[12] += (WCHAR)(Current % 10);
    RtlInitUnicodeString(&Name, Set);
    Target = CmpFindSubKey(System, &Name);
    if (Target == NULL)
        return HvDamaged(Hive, CmpNoControlSet, Current);
    Link = CmpCreateNamedNode(System, L"CurrentControlSet");
    if (Link == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    Link->LinkTarget = Target;
    Target->IsLinkTarget = TRUE;
    return STATUS_SUCCESS;
}

/* The hive and, when there are any, its logs are boot modules: no disk can be read yet. */
static NTSTATUS CmpMountSystemHive(PCMHIVE Hive, PCM_KEY_NODE Machine, PSIZE_T Size)
{
    PCM_KEY_NODE System = CmpCreateNamedNode(Machine, L"SYSTEM");
    PVOID File, Modules[2];
    const VOID *Logs[2] = { NULL, NULL };
    SIZE_T LogSizes[2] = { 0, 0 };
    NTSTATUS Status;

    if (System == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    Status = IoFindBootModule("Windows/System32/config/SYSTEM", &File, Size);
    if (!NT_SUCCESS(Status))
        return Status;
    if (NT_SUCCESS(IoFindBootModule("Windows/System32/config/SYSTEM.LOG1", &Modules[0], &LogSizes[0])))
        Logs[0] = Modules[0];
    if (NT_SUCCESS(IoFindBootModule("Windows/System32/config/SYSTEM.LOG2", &Modules[1], &LogSizes[1])))
        Logs[1] = Modules[1];
    Status = HvOpen(Hive, File, *Size, Logs, LogSizes);
    if (NT_SUCCESS(Status))
        Status = CmpLoadHive(Hive, System);
    if (NT_SUCCESS(Status))
        InsertTailList(&CmpHives, &Hive->HiveList);
    return NT_SUCCESS(Status) ? CmpLinkCurrentControlSet(Hive, System) : Status;
}

/* Control\SystemStartOptions, as in NT: the loader's command line, from which programs learn how the system was
   started. A hive without Control has no room for it. */
static NTSTATUS CmpStoreStartOptions(PCSTR CommandLine)
{
    UNICODE_STRING KeyName = RTL_CONSTANT_STRING(L"\\Registry\\Machine\\SYSTEM\\CurrentControlSet\\Control");
    UNICODE_STRING ValueName = RTL_CONSTANT_STRING(L"SystemStartOptions"), Text;
    OBJECT_ATTRIBUTES Attributes;
    HANDLE Key;
    NTSTATUS Status;

    InitializeObjectAttributes(&Attributes, &KeyName, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    Status = NtOpenKey(&Key, KEY_SET_VALUE, &Attributes);
    if (!NT_SUCCESS(Status))
        return STATUS_SUCCESS;
    Status = STATUS_NO_MEMORY;
    if (RtlCreateUnicodeStringFromAsciiz(&Text, CommandLine != NULL ? CommandLine : "")) {
        Status = NtSetValueKey(Key, &ValueName, 0, REG_SZ, Text.Buffer, Text.Length + sizeof(WCHAR));
        RtlFreeUnicodeString(&Text);
    }
    NtClose(Key);
    return Status;
}

BOOLEAN CmInitSystem(PLOADER_PARAMETER_BLOCK LoaderBlock)
{
    PCM_KEY_NODE Machine;
    SIZE_T Size = 0;
    NTSTATUS Status;

    InitializeListHead(&CmpHives);
    CmpRegistryRoot = CmpCreateNamedNode(NULL, L"Registry");
    if (CmpRegistryRoot == NULL)
        return FALSE;
    Machine = CmpCreateNamedNode(CmpRegistryRoot, L"Machine");
    if (Machine == NULL || CmpCreateNamedNode(CmpRegistryRoot, L"User") == NULL)
        return FALSE;
    Status = CmpMountSystemHive(&CmpSystemHive, Machine, &Size);
    if (!NT_SUCCESS(Status))
        KeBugCheckEx(BAD_SYSTEM_CONFIG_INFO, CmpSystemHive.Damage, CmpSystemHive.DamagedCell, Size,
                     (ULONG_PTR)(ULONG)Status);
    if (!NT_SUCCESS(CmpCreateKeyType()) || !NT_SUCCESS(CmpInsertRegistryRoot()))
        return FALSE;
    ExRecordFact("kernel.hive", "path=%s bytes=%u", "\\Registry\\Machine\\SYSTEM", (ULONG)Size);
    return NT_SUCCESS(CmpStoreStartOptions(LoaderBlock->CommandLine));
}

NTSTATUS CmQueryValue(PCWSTR KeyPath, PCWSTR ValueName, PULONG Type, PVOID Data, PULONG Length)
{
    static const UNICODE_STRING Prefix = RTL_CONSTANT_STRING(L"\\Registry");
    UNICODE_STRING Path, Name;
    PCM_KEY_NODE Node;
    PCM_VALUE Value;
    ULONG Room = *Length;

    RtlInitUnicodeString(&Path, KeyPath);
    RtlInitUnicodeString(&Name, ValueName);
    if (!RtlPrefixUnicodeString(&Prefix, &Path, TRUE))
        return STATUS_OBJECT_PATH_SYNTAX_BAD;
    Path.Buffer += Prefix.Length / sizeof(WCHAR);
    Path.Length -= Prefix.Length;
    Node = CmpWalk(CmpRegistryRoot, &Path);
    Value = Node != NULL ? CmpFindValue(Node, &Name) : NULL;
    if (Value == NULL)
        return STATUS_OBJECT_NAME_NOT_FOUND;
    *Type = Value->Type;
    *Length = Value->Length;
    if (Value->Length > Room)
        return STATUS_BUFFER_TOO_SMALL;
    RtlCopyMemory(Data, Value->Data, Value->Length);
    return STATUS_SUCCESS;
}
