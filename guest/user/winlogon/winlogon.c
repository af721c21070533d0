/* winlogon: an interactive session's first program. Takes the request to switch off or restart and hands it to smss. */
#include <client.h>
#include <smapi.h>

/* The kernel's events: set when the power button is pressed or the operator's console asks. */
static CONST struct {
    PCWSTR Event;
    PCWSTR Name;
    SHUTDOWN_ACTION Action;
} Requests[] = {
    { L"\\KernelObjects\\SystemPowerOffRequest", L"poweroff", ShutdownPowerOff },
    { L"\\KernelObjects\\SystemRebootRequest", L"reset", ShutdownReboot },
};

static HANDLE OpenRequestEvent(PCWSTR Path)
{
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Name;
    HANDLE Event;

    RtlInitUnicodeString(&Name, Path);
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    CHECK(NtOpenEvent(&Event, SYNCHRONIZE, &Attributes), "power request event");
    return Event;
}

static HANDLE ConnectToSessionManager(VOID)
{
    SECURITY_QUALITY_OF_SERVICE Qos = { sizeof(Qos), SecurityIdentification, SECURITY_DYNAMIC_TRACKING, TRUE };
    UNICODE_STRING Name = RTL_CONSTANT_STRING(SM_API_PORT_NAME);
    SB_CONNECTION_INFO Info = { 0 };
    ULONG Length = sizeof(Info);
    HANDLE Port;

    CHECK(NtConnectPort(&Port, &Name, &Qos, NULL, NULL, NULL, &Info, &Length), "\\SmApiPort");
    return Port;
}

/* A line for whoever looks at the console, by the session's console server. */
static VOID Announce(PSESSION Session)
{
    CSR_API_MSG Message = { .ApiNumber = CsrpConsoleWriteApi };
    CSR_CONSOLE_WRITE_MSG *Write = &Message.u.ConsoleWrite;

    _snwprintf(Write->Text, RTL_NUMBER_OF(Write->Text), L"Session %u is ready.\r\n", Session->Id);
    Write->Length = (ULONG)(wcslen(Write->Text) * sizeof(WCHAR));
    SmpInitMessage(&Message.h, sizeof(Message));
    CHECK(NtRequestWaitReplyPort(Session->CsrPort, &Message.h, &Message.h), "console");
    CHECK(Message.ReturnValue, "console");
}

/* Z; S-095, S-101. Every session's winlogon hears the request; smss takes the first one. */
static VOID RequestShutdown(HANDLE Port, ULONG Request)
{
    SM_API_MSG Message;

    memset(&Message, 0, sizeof(Message));
    SmpInitMessage(&Message.h, sizeof(Message));
    Message.ApiNumber = SmpShutdownApi;
    Message.u.Shutdown.Action = Requests[Request].Action;
    RtlpClaim("winlogon.shutdown", "action=%ws", Requests[Request].Name);
    CHECK(NtRequestWaitReplyPort(Port, &Message.h, &Message.h), "shutdown request");
    if (!NT_SUCCESS(Message.ReturnValue))
        DbgPrint("winlogon: smss refused to shut down with status 0x%X\n", Message.ReturnValue);
}

VOID NTAPI NtProcessStartup(PPEB Peb)
{
    HANDLE Events[RTL_NUMBER_OF(Requests)], Port;
    SESSION Session;
    NTSTATUS Status;

    UNREFERENCED_PARAMETER(Peb);
    RtlpClaim("winlogon.start", "session=%u", QuerySessionId());
    ConnectToSession(&Session);
    Port = ConnectToSessionManager();
    for (ULONG i = 0; i < RTL_NUMBER_OF(Requests); i++)
        Events[i] = OpenRequestEvent(Requests[i].Event);
    Announce(&Session);
    RtlpClaim("winlogon.ready", "session=%u", Session.Id);

    Status = NtWaitForMultipleObjects(RTL_NUMBER_OF(Events), Events, WaitAny, FALSE, NULL);
    CHECK(Status, "wait for a power request");
    RequestShutdown(Port, (ULONG)Status);
    /* The system ends, or goes on without another request of this kind; the session needs its winlogon either way. */
    for (;;)
        NtWaitForSingleObject(NtCurrentProcess(), FALSE, NULL);
}
