/* The registry's test on a disk: a native program that stands in for smss.exe. Each boot counts itself in SYSTEM and
 * SOFTWARE, prints `boots <SYSTEM> <SOFTWARE>` as it found them, changes and deletes, and switches the machine off.
 * With `Wait` set in SYSTEM it leaves the end to the lazy writer, prints `written`, and waits for the power to go. */
#include <nt.h>
#include <nt_services.h>

#define SYSTEM L"\\Registry\\Machine\\SYSTEM\\RegTest"
#define SOFTWARE L"\\Registry\\Machine\\SOFTWARE\\RegTest"

static ULONG Failures;

static VOID Check(PCSTR What, NTSTATUS Status)
{
    if (NT_SUCCESS(Status))
        return;
    DbgPrint("FAILED %s 0x%X\n", What, (ULONG)Status);
    Failures++;
}

static ULONG Number(PCWSTR Path, PCWSTR Name)
{
    RTL_QUERY_REGISTRY_TABLE Table[2] = { { 0 } };
    ULONG Value = 0;

    Table[0].Flags = RTL_QUERY_REGISTRY_DIRECT;
    Table[0].Name = (PWSTR)Name;
    Table[0].EntryContext = &Value;
    RtlQueryRegistryValues(RTL_REGISTRY_ABSOLUTE, Path, Table, NULL, NULL);
    return Value;
}

static VOID Count(PCWSTR Path, PULONG Boots)
{
    ULONG Next;

    *Boots = Number(Path, L"Boots");
    Next = *Boots + 1;
    Check("count", RtlWriteRegistryValue(RTL_REGISTRY_ABSOLUTE, Path, L"Boots", REG_DWORD, &Next, sizeof Next));
}

/* A key per boot with data of every kind of cell; the one of the boot before the last goes. */
static VOID Change(ULONG Boots)
{
    static UCHAR Data[40000];
    WCHAR Path[64];
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Name;
    HANDLE Key;

    for (ULONG i = 0; i < sizeof Data; i++)
        Data[i] = (UCHAR)(i + Boots);
    _snwprintf(Path, 64, SOFTWARE L"\\Boot%u", Boots);
    Check("key", RtlCreateRegistryKey(RTL_REGISTRY_ABSOLUTE, Path));
    Check("big", RtlWriteRegistryValue(RTL_REGISTRY_ABSOLUTE, Path, L"Big", REG_BINARY, Data, sizeof Data));
    Check("cell", RtlWriteRegistryValue(RTL_REGISTRY_ABSOLUTE, Path, L"Cell", REG_BINARY, Data, 1000));
    if (Boots < 2)
        return;
    _snwprintf(Path, 64, SOFTWARE L"\\Boot%u", Boots - 2);
    RtlInitUnicodeString(&Name, Path);
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    Check("open", NtOpenKey(&Key, KEY_ALL_ACCESS, &Attributes));
    Check("delete", NtDeleteKey(Key));
    NtClose(Key);
}

static POBJECT_ATTRIBUTES Named(PCWSTR Path, ULONG Slot)
{
    static OBJECT_ATTRIBUTES Attributes[2];
    static UNICODE_STRING Names[2];

    RtlInitUnicodeString(&Names[Slot], Path);
    InitializeObjectAttributes(&Attributes[Slot], &Names[Slot], OBJ_CASE_INSENSITIVE, NULL, NULL);
    return &Attributes[Slot];
}

/* A part of SOFTWARE is saved, loaded elsewhere, changed there, unloaded, and loaded again with the change. */
static VOID SaveAndLoad(ULONG Boots)
{
    static const PCWSTR Saved = L"\\SystemRoot\\Temp\\saved.hiv", Loaded = L"\\Registry\\Machine\\Loaded";
    IO_STATUS_BLOCK Io;
    HANDLE Key, File;
    ULONG Number7 = 7;

    RtlAdjustPrivilege(SE_BACKUP_PRIVILEGE, TRUE, FALSE, &(BOOLEAN){ 0 });
    RtlAdjustPrivilege(SE_RESTORE_PRIVILEGE, TRUE, FALSE, &(BOOLEAN){ 0 });
    Check("open to save", NtOpenKey(&Key, KEY_READ, Named(SOFTWARE, 0)));
    Check("file to save to", NtCreateFile(&File, FILE_WRITE_DATA | SYNCHRONIZE, Named(Saved, 0), &Io, NULL,
                                          FILE_ATTRIBUTE_NORMAL, 0, FILE_SUPERSEDE, FILE_SYNCHRONOUS_IO_NONALERT, NULL,
                                          0));
    Check("save", NtSaveKey(Key, File));
    NtClose(File);
    NtClose(Key);
    Check("load", NtLoadKey(Named(Loaded, 0), Named(Saved, 1)));
    Check("set", RtlWriteRegistryValue(RTL_REGISTRY_ABSOLUTE, Loaded, L"Seven", REG_DWORD, &Number7, sizeof Number7));
    Check("count is there", Number(Loaded, L"Boots") == Boots + 1 ? 0 : STATUS_UNSUCCESSFUL);
    Check("unload", NtUnloadKey(Named(Loaded, 0)));
    Check("gone", RtlCheckRegistryKey(RTL_REGISTRY_ABSOLUTE, (PWSTR)Loaded) == STATUS_OBJECT_NAME_NOT_FOUND
                      ? 0 : STATUS_UNSUCCESSFUL);
    Check("load again", NtLoadKey(Named(Loaded, 0), Named(Saved, 1)));
    Check("kept", Number(Loaded, L"Seven") == 7 ? 0 : STATUS_UNSUCCESSFUL);
    Check("open below", NtOpenKey(&Key, KEY_READ, Named(Boots % 2 ? L"\\Registry\\Machine\\Loaded\\Boot1"
                                                                 : L"\\Registry\\Machine\\Loaded\\Boot0", 0)));
    Check("not while it is open", NtUnloadKey(Named(Loaded, 0)) == STATUS_CANNOT_DELETE ? 0 : STATUS_UNSUCCESSFUL);
    NtClose(Key);
    Check("unload again", NtUnloadKey(Named(Loaded, 0)));
    DbgPrint("saved\n");
}

VOID NTAPI NtProcessStartup(PPEB Peb)
{
    LARGE_INTEGER Delay = { .QuadPart = -70000000 };
    ULONG System, Software;

    UNREFERENCED_PARAMETER(Peb);
    Check("initialize", NtInitializeRegistry(CM_BOOT_FLAG_SMSS));
    Count(SYSTEM, &System);
    Count(SOFTWARE, &Software);
    DbgPrint("boots %u %u\n", System, Software);
    Change(Software);
    if (Software < 2 && Number(SYSTEM, L"Save"))
        SaveAndLoad(Software);
    if (Number(SYSTEM, L"Wait")) {
        NtDelayExecution(FALSE, &Delay);
        DbgPrint("written\n");
        Delay.QuadPart = -10000000000ll;
        NtDelayExecution(FALSE, &Delay);
    }
    DbgPrint("done %u\n", Failures);
    RtlAdjustPrivilege(SE_SHUTDOWN_PRIVILEGE, TRUE, FALSE, &(BOOLEAN){ 0 });
    NtShutdownSystem(ShutdownPowerOff);
    RtlExitUserProcess(STATUS_UNSUCCESSFUL);
}
