/* What wininit, winlogon, services and lsass need of their session: its number, its csrss, its named objects. */
#pragma once

#include <nt.h>
#include <nt_services.h>
#include <csrapi.h>

typedef struct _SESSION {
    ULONG Id;
    HANDLE CsrPort;
    UNICODE_STRING NamedObjects; /* \BaseNamedObjects or \Sessions\<n>\BaseNamedObjects */
    WCHAR Buffer[64];
} SESSION, *PSESSION;

/* The process ends with the status of what failed. */
static inline DECLSPEC_NORETURN VOID Fail(NTSTATUS Status, PCSTR Where)
{
    DbgPrint("%wZ: %s failed with status 0x%X\n", &NtCurrentPeb()->ProcessParameters->ImagePathName, Where, Status);
    RtlExitUserProcess(Status);
}

#define CHECK(status, where)                 \
    do {                                     \
        NTSTATUS Check_ = (status);          \
        if (!NT_SUCCESS(Check_))             \
            Fail(Check_, where);             \
    } while (0)

static inline ULONG QuerySessionId(VOID)
{
    PROCESS_SESSION_INFORMATION Information;

    CHECK(NtQueryInformationProcess(NtCurrentProcess(), ProcessSessionInformation, &Information, sizeof(Information),
                                    NULL),
          "session");
    return Information.SessionId;
}

/* Connects to the session's csrss and asks it where the session's named objects are. */
static inline VOID ConnectToSession(PSESSION Session)
{
    SECURITY_QUALITY_OF_SERVICE Qos = { sizeof(Qos), SecurityImpersonation, SECURITY_DYNAMIC_TRACKING, TRUE };
    CSR_API_MSG Message = { .ApiNumber = CsrpClientConnectApi };
    UNICODE_STRING Port;
    WCHAR PortName[64];

    Session->Id = QuerySessionId();
    if (Session->Id)
        _snwprintf(PortName, RTL_NUMBER_OF(PortName), L"\\Sessions\\%u\\Windows\\ApiPort", Session->Id);
    else
        wcscpy(PortName, L"\\Windows\\ApiPort");
    RtlInitUnicodeString(&Port, PortName);
    CHECK(NtConnectPort(&Session->CsrPort, &Port, &Qos, NULL, NULL, NULL, NULL, NULL), "ApiPort");

    Message.h.u1.s1.TotalLength = sizeof(Message);
    Message.h.u1.s1.DataLength = sizeof(Message) - sizeof(PORT_MESSAGE);
    CHECK(NtRequestWaitReplyPort(Session->CsrPort, &Message.h, &Message.h), "client connect");
    CHECK(Message.ReturnValue, "client connect");
    RtlInitEmptyUnicodeString(&Session->NamedObjects, Session->Buffer, sizeof(Session->Buffer));
    Session->NamedObjects.Length = (USHORT)min(Message.u.ClientConnect.Length, sizeof(Session->Buffer));
    memcpy(Session->Buffer, Message.u.ClientConnect.NamedObjects, Session->NamedObjects.Length);
}

/* A notification event among the session's named objects; opened when it is there. */
static inline HANDLE CreateSessionEvent(PSESSION Session, PCWSTR Leaf, BOOLEAN InitialState)
{
    WCHAR Buffer[128];
    UNICODE_STRING Name = { 0, sizeof(Buffer), Buffer };
    OBJECT_ATTRIBUTES Attributes;
    HANDLE Event;

    RtlAppendUnicodeStringToString(&Name, &Session->NamedObjects);
    RtlAppendUnicodeToString(&Name, L"\\");
    RtlAppendUnicodeToString(&Name, Leaf);
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE | OBJ_OPENIF, NULL, NULL);
    CHECK(NtCreateEvent(&Event, EVENT_ALL_ACCESS, &Attributes, NotificationEvent, InitialState), "session event");
    return Event;
}

/* Serves a port for ever: accepts who connects, and answers each request by Dispatch, which turns it into its reply.
 * Message has room for the port's longest message. */
static inline DECLSPEC_NORETURN VOID ServePort(HANDLE Port, PPORT_MESSAGE Message, VOID (*Dispatch)(PPORT_MESSAGE))
{
    PPORT_MESSAGE Reply = NULL;

    for (;;) {
        NTSTATUS Status = NtReplyWaitReceivePort(Port, NULL, Reply, Message);
        HANDLE Connection;
        ULONG Type;

        if (!NT_SUCCESS(Status)) {
            if (!Reply)
                Fail(Status, "port");
            Reply = NULL; /* the client is gone; its reply with it */
            continue;
        }
        Reply = NULL;
        Type = Message->u2.s2.Type & 0xFF;
        if (Type == LPC_CONNECTION_REQUEST) {
            if (NT_SUCCESS(NtAcceptConnectPort(&Connection, NULL, Message, TRUE, NULL, NULL)))
                NtCompleteConnectPort(Connection);
        } else if (Type == LPC_REQUEST) {
            Dispatch(Message);
            Reply = Message;
        }
    }
}
