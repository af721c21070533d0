/* winlogon: an interactive session's first program. Takes the request to switch off or restart and hands it to smss. */
#include <client.h>
#include <power.h>

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

VOID NTAPI NtProcessStartup(PPEB Peb)
{
    HANDLE Events[PowerRequestCount], Port;
    SESSION Session;
    ULONG Request;

    UNREFERENCED_PARAMETER(Peb);
    RtlpClaim("winlogon.start", "session=%u", QuerySessionId());
    ConnectToSession(&Session);
    Port = PowerConnectToSmss();
    PowerOpenEvents(Events);
    Announce(&Session);
    RtlpClaim("winlogon.ready", "session=%u", Session.Id);

    Request = PowerWait(PowerRequestCount, Events);
    /* Every session's winlogon hears the request; one of them takes it. Z; S-095, S-101 */
    if (PowerTakeRequest()) {
        RtlpClaim("winlogon.shutdown", "action=%ws", PowerRequests[Request].Name);
        PowerSendRequest(Port, Request);
    }
    /* The session needs its winlogon until the system ends. */
    for (;;)
        NtWaitForSingleObject(NtCurrentProcess(), FALSE, NULL);
}
