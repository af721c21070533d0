/* services: the service control manager's process. No service starts by itself yet; its control port is served. */
#include <client.h>

typedef struct _SC_API_MSG {
    PORT_MESSAGE h;
    ULONG ApiNumber;
    NTSTATUS ReturnValue;
    ULONG RunningServices;
} SC_API_MSG;

enum { ScQueryStatusApi };

static NTSTATUS Dispatch(SC_API_MSG *Message)
{
    if (Message->ApiNumber != ScQueryStatusApi)
        return STATUS_NOT_IMPLEMENTED;
    Message->RunningServices = 0;
    return STATUS_SUCCESS;
}

static DECLSPEC_NORETURN VOID ServePort(HANDLE Port)
{
    SC_API_MSG Message, *Reply = NULL;

    for (;;) {
        NTSTATUS Status = NtReplyWaitReceivePort(Port, NULL, Reply ? &Reply->h : NULL, &Message.h);
        HANDLE Connection;

        if (!NT_SUCCESS(Status)) {
            if (!Reply)
                Fail(Status, "control port");
            Reply = NULL;
            continue;
        }
        Reply = NULL;
        if ((Message.h.u2.s2.Type & 0xFF) == LPC_CONNECTION_REQUEST) {
            if (NT_SUCCESS(NtAcceptConnectPort(&Connection, NULL, &Message.h, TRUE, NULL, NULL)))
                NtCompleteConnectPort(Connection);
        } else if ((Message.h.u2.s2.Type & 0xFF) == LPC_REQUEST) {
            Message.ReturnValue = Dispatch(&Message);
            Reply = &Message;
        }
    }
}

VOID NTAPI NtProcessStartup(PPEB Peb)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\RPC Control\\ntsvcs");
    OBJECT_ATTRIBUTES Attributes;
    SESSION Session;
    HANDLE Port, Complete;

    UNREFERENCED_PARAMETER(Peb);
    ConnectToSession(&Session);
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    CHECK(NtCreatePort(&Port, &Attributes, 0, sizeof(SC_API_MSG), 32 * sizeof(SC_API_MSG)), "control port");
    Complete = CreateSessionEvent(&Session, L"SC_AutoStartComplete", FALSE);
    RtlpClaim("services.ready", NULL); /* S-068 */
    CHECK(NtSetEvent(Complete, NULL), "SC_AutoStartComplete");
    ServePort(Port);
}
