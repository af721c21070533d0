/* services: the service control manager's process. No service starts by itself yet; its control port is served. */
#include <client.h>

typedef struct _SC_API_MSG {
    PORT_MESSAGE h;
    ULONG ApiNumber;
    NTSTATUS ReturnValue;
    ULONG RunningServices;
} SC_API_MSG;

enum { ScQueryStatusApi };

static VOID Dispatch(PPORT_MESSAGE Request)
{
    SC_API_MSG *Message = (SC_API_MSG *)Request;

    Message->ReturnValue = Message->ApiNumber == ScQueryStatusApi ? STATUS_SUCCESS : STATUS_NOT_IMPLEMENTED;
    Message->RunningServices = 0;
}

VOID NTAPI NtProcessStartup(PPEB Peb)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\RPC Control\\ntsvcs");
    OBJECT_ATTRIBUTES Attributes;
    SC_API_MSG Message;
    SESSION Session;
    HANDLE Port, Complete;

    UNREFERENCED_PARAMETER(Peb);
    ConnectToSession(&Session);
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    CHECK(NtCreatePort(&Port, &Attributes, 0, sizeof(SC_API_MSG), 32 * sizeof(SC_API_MSG)), "control port");
    Complete = CreateSessionEvent(&Session, L"SC_AutoStartComplete", FALSE);
    RtlpClaim("services.ready", NULL); /* S-068 */
    CHECK(NtSetEvent(Complete, NULL), "SC_AutoStartComplete");
    ServePort(Port, &Message.h, Dispatch);
}
