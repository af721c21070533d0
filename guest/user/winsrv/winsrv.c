/* winsrv: the window manager's and the console's servers of a session. */
#include <nt.h>
#include <nt_services.h>
#include <ntuser.h>
#include <csrapi.h>

/* The session manager has loaded win32k.sys into this session. This process becomes its server, and asks it whether it
   agrees on the session: what one session's win32k knows, another one's must not. */
NTSTATUS NTAPI UserServerDllInitialization(PCSR_SERVER_DLL Server)
{
    USERCONNECT Connect = { .Version = USER_VERSION };
    NTSTATUS Status = NtUserInitialize(USER_VERSION, NULL, NULL);

    if (NT_SUCCESS(Status))
        Status = NtUserProcessConnect(NtCurrentProcess(), sizeof(Connect), &Connect);
    if (!NT_SUCCESS(Status))
        return Status;
    if (Connect.SessionId != Server->SessionId ||
        Connect.ServerProcessId != NtCurrentTeb()->ClientId.UniqueProcess)
        return STATUS_INTERNAL_ERROR;
    Server->Dispatch = NULL; /* its callers use win32k's services */
    return STATUS_SUCCESS;
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
