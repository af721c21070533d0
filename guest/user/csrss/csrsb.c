/* SbApiPort: the session manager gives this subsystem its session's programs, and takes the session away again. */
#include "csrss.h"

static HANDLE SbApiPort;
static HANDLE SessionManagerPort; /* kept open: its end would mean that smss is gone */

/* S24: the program has been created by the session's smss; here it starts to run. */
static NTSTATUS SbCreateSession(PSB_API_MSG Message)
{
    SB_CREATE_SESSION_MSG *Create = &Message->u.CreateSession;
    NTSTATUS Status;

    if (Create->SessionId != CsrSessionId)
        return STATUS_INVALID_PARAMETER;
    Status = NtResumeThread(Create->ProcessInformation.ThreadHandle, NULL);
    NtClose(Create->ProcessInformation.ThreadHandle);
    NtClose(Create->ProcessInformation.ProcessHandle);
    return Status;
}

static NTSTATUS SbTerminateSession(PSB_API_MSG Message)
{
    if (Message->u.TerminateSession.SessionId != CsrSessionId)
        return STATUS_INVALID_PARAMETER;
    return RtlpClaim("csrss.terminate-session", "session=%u", CsrSessionId);
}

static NTSTATUS Dispatch(PSB_API_MSG Message)
{
    switch (Message->ApiNumber) {
    case SbCreateSessionApi:
        return SbCreateSession(Message);
    case SbTerminateSessionApi:
        return SbTerminateSession(Message);
    default:
        return STATUS_NOT_IMPLEMENTED;
    }
}

/* Programs that run as SYSTEM may connect: the port's descriptor admits nobody else. */
static VOID AcceptSessionManager(PPORT_MESSAGE Request)
{
    HANDLE Port;
    NTSTATUS Status = NtAcceptConnectPort(&Port, NULL, Request, TRUE, NULL, NULL);

    if (NT_SUCCESS(Status))
        NtCompleteConnectPort(Port);
}

static DECLSPEC_NORETURN VOID NTAPI CsrSbApiRequestThread(PVOID Parameter)
{
    PSB_API_MSG Reply = NULL;
    SB_API_MSG Message;

    UNREFERENCED_PARAMETER(Parameter);
    for (;;) {
        NTSTATUS Status = NtReplyWaitReceivePort(SbApiPort, NULL, Reply ? &Reply->h : NULL, &Message.h);

        if (!NT_SUCCESS(Status)) {
            if (!Reply)
                CsrFail(Status, "SbApiPort");
            Reply = NULL;
            continue;
        }
        Reply = NULL;
        if ((Message.h.u2.s2.Type & 0xFF) == LPC_CONNECTION_REQUEST) {
            AcceptSessionManager(&Message.h);
        } else if ((Message.h.u2.s2.Type & 0xFF) == LPC_REQUEST) {
            Message.ReturnValue = Dispatch(&Message);
            Reply = &Message;
        }
    }
}

VOID CsrStartSbApiPort(PUNICODE_STRING PortName)
{
    CSR_CHECK(CsrCreatePort(L"SbApiPort", sizeof(SB_CONNECTION_INFO), sizeof(SB_API_MSG), 0, PortName, &SbApiPort),
              "SbApiPort");
    CSR_CHECK(RtlCreateUserThread(NtCurrentProcess(), NULL, FALSE, 0, 0, 0, CsrSbApiRequestThread, NULL, NULL, NULL),
              "SbApiPort's thread");
}

/* S23; S-031 */
VOID CsrConnectToSessionManager(PUNICODE_STRING SbApiPortName)
{
    SECURITY_QUALITY_OF_SERVICE Qos = { sizeof(Qos), SecurityIdentification, SECURITY_DYNAMIC_TRACKING, TRUE };
    UNICODE_STRING Name = RTL_CONSTANT_STRING(SM_API_PORT_NAME);
    SB_CONNECTION_INFO Info = { .SubsystemType = IMAGE_SUBSYSTEM_WINDOWS_GUI };
    ULONG Length = sizeof(Info);

    memcpy(Info.SbApiPortName, SbApiPortName->Buffer, min(SbApiPortName->Length, sizeof(Info.SbApiPortName) - 2));
    CSR_CHECK(NtConnectPort(&SessionManagerPort, &Name, &Qos, NULL, NULL, NULL, &Info, &Length), "\\SmApiPort");
}
