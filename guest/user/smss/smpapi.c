/* S6 and S7: \SmApiPort and the workers that serve it. */
#include "smss.h"

#define API_WORKERS 2

HANDLE SmpApiPort;
static volatile LONG WorkersReady;
static HANDLE WorkersEvent;

/* S6; S-031 */
VOID SmpCreateApiPort(VOID)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(SM_API_PORT_NAME);
    OBJECT_ATTRIBUTES Attributes;

    RtlpClaim("smss.api-port.begin", "path=%wZ", &Name);
    InitializeObjectAttributes(&Attributes, &Name, 0, NULL, SmpApiPortSecurityDescriptor);
    SMP_CHECK(NtCreatePort(&SmpApiPort, &Attributes, sizeof(SB_CONNECTION_INFO), sizeof(SM_API_MSG),
                           32 * sizeof(SM_API_MSG)),
              "\\SmApiPort");
    RtlpClaim("smss.api-port.end", NULL);
}

static SMP_API NotImplemented, LoadDeferedSubsystem;

static NTSTATUS NotImplemented(PSMP_CLIENT_CONTEXT Client, PSM_API_MSG Message)
{
    UNREFERENCED_PARAMETER(Client);
    UNREFERENCED_PARAMETER(Message);
    return STATUS_NOT_IMPLEMENTED;
}

/* No subsystem is optional in this profile, so there is none to load later. */
static NTSTATUS LoadDeferedSubsystem(PSMP_CLIENT_CONTEXT Client, PSM_API_MSG Message)
{
    UNREFERENCED_PARAMETER(Client);
    UNREFERENCED_PARAMETER(Message);
    return STATUS_OBJECT_NAME_NOT_FOUND;
}

static SMP_API *CONST Apis[SmpMaxApiNumber] = {
    [SmpCreateForeignSessionApi] = NotImplemented,
    [SmpSessionCompleteApi] = SmpSessionComplete,
    [SmpTerminateForeignSessionApi] = NotImplemented,
    [SmpExecPgmApi] = SmpExecPgm,
    [SmpLoadDeferedSubsystemApi] = LoadDeferedSubsystem,
    [SmpStartCsrApi] = SmpStartCsr,
    [SmpStopCsrApi] = NotImplemented,
    [SmpShutdownApi] = SmpShutdown,
};

static VOID ReleaseClient(PSMP_CLIENT_CONTEXT Client)
{
    if (!Client)
        return;
    NtClose(Client->ServerPort);
    RtlFreeHeap(RtlProcessHeap(), 0, Client);
}

/* M3: answers requests for ever. A failure of the port itself is the end of the session manager. */
static VOID NTAPI SmpApiLoop(PVOID Parameter)
{
    PSM_API_MSG Reply = NULL;
    SM_API_MSG Message;

    UNREFERENCED_PARAMETER(Parameter);
    SMP_CHECK(RtlSetThreadIsCritical(TRUE, NULL, FALSE), "RtlSetThreadIsCritical");
    if (InterlockedIncrement(&WorkersReady) == API_WORKERS)
        NtSetEvent(WorkersEvent, NULL);
    for (;;) {
        PSMP_CLIENT_CONTEXT Client = NULL;
        NTSTATUS Status;

        Status = NtReplyWaitReceivePort(SmpApiPort, (PVOID *)&Client, Reply ? &Reply->h : NULL, &Message.h);
        if (!NT_SUCCESS(Status)) {
            /* The receiver of the reply is gone: that is its own affair. */
            if (!Reply)
                SMP_CHECK(Status, "NtReplyWaitReceivePort");
            Reply = NULL;
            continue;
        }
        Reply = NULL;
        switch (Message.h.u2.s2.Type & 0xFF) {
        case LPC_CONNECTION_REQUEST:
            SmpHandleConnectionRequest(&Message.h);
            break;
        case LPC_PORT_CLOSED:
            ReleaseClient(Client);
            break;
        case LPC_REQUEST:
            Message.ReturnValue = STATUS_NOT_IMPLEMENTED;
            if ((ULONG)Message.ApiNumber < SmpMaxApiNumber && Client)
                Message.ReturnValue = Apis[Message.ApiNumber](Client, &Message);
            Reply = &Message;
            break;
        }
    }
}

/* S7; S-031 */
VOID SmpCreateApiThreads(VOID)
{
    RtlpClaim("smss.api-threads.begin", "count=%u", API_WORKERS);
    SMP_CHECK(NtCreateEvent(&WorkersEvent, EVENT_ALL_ACCESS, NULL, NotificationEvent, FALSE), "workers' event");
    for (ULONG i = 0; i < API_WORKERS; i++)
        SMP_CHECK(RtlCreateUserThread(NtCurrentProcess(), NULL, FALSE, 0, 0, 0, SmpApiLoop, NULL, NULL, NULL),
                  "API worker");
    SMP_CHECK(NtWaitForSingleObject(WorkersEvent, FALSE, NULL), "API workers");
    NtClose(WorkersEvent);
    RtlpClaim("smss.api-threads.end", NULL);
}
