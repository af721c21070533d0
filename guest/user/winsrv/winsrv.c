/* winsrv: the window manager's and the console's servers of a session. */
#include <nt.h>
#include <nt_services.h>
#include <csrapi.h>

/* The session manager has loaded the kernel's half of the window manager into this session. Asking for it once more must
   find it there; nothing in user mode can do its work. */
static NTSTATUS CheckKernelSubsystem(VOID)
{
    WCHAR Buffer[128];
    UNICODE_STRING Kmode = { 0, sizeof(Buffer), Buffer };
    RTL_QUERY_REGISTRY_TABLE Table[] = {
        { NULL, RTL_QUERY_REGISTRY_DIRECT, L"Kmode", &Kmode, REG_SZ, L"\\SystemRoot\\System32\\win32k.sys", 0 },
        { NULL, 0, NULL, NULL, REG_NONE, NULL, 0 },
    };
    BOOLEAN WasEnabled;
    NTSTATUS Status;

    Status = RtlQueryRegistryValues(RTL_REGISTRY_CONTROL, L"Session Manager\\SubSystems", Table, NULL, NULL);
    if (NT_SUCCESS(Status))
        Status = RtlAdjustPrivilege(SE_LOAD_DRIVER_PRIVILEGE, TRUE, FALSE, &WasEnabled);
    if (!NT_SUCCESS(Status))
        return Status;
    Status = NtSetSystemInformation(SystemExtendServiceTableInformation, &Kmode, sizeof(Kmode));
    if (!WasEnabled)
        RtlAdjustPrivilege(SE_LOAD_DRIVER_PRIVILEGE, FALSE, FALSE, &WasEnabled);
    if (Status == STATUS_IMAGE_ALREADY_LOADED)
        return STATUS_SUCCESS;
    return NT_SUCCESS(Status) ? STATUS_UNSUCCESSFUL : Status;
}

NTSTATUS NTAPI UserServerDllInitialization(PCSR_SERVER_DLL Server)
{
    Server->Dispatch = NULL; /* its callers are in the kernel */
    return CheckKernelSubsystem();
}

static NTSTATUS NTAPI ConsoleDispatch(ULONG ApiNumber, PCSR_API_MSG Message)
{
    CSR_CONSOLE_WRITE_MSG *Write = &Message->u.ConsoleWrite;
    UNICODE_STRING Text;

    if (ApiNumber != CsrpConsoleWriteApi)
        return STATUS_NOT_IMPLEMENTED;
    if (Write->Length > sizeof(Write->Text) || Write->Length % sizeof(WCHAR))
        return STATUS_INVALID_PARAMETER;
    Text.Buffer = Write->Text;
    Text.Length = Text.MaximumLength = (USHORT)Write->Length;
    return NtDisplayString(&Text);
}

NTSTATUS NTAPI ConServerDllInitialization(PCSR_SERVER_DLL Server)
{
    Server->Dispatch = ConsoleDispatch;
    return STATUS_SUCCESS;
}
