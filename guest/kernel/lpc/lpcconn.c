/* The client's side of a connection. */
#include "lpcp.h"

/* What the client wants to tell the server with its request: captured, within the port's limit. */
static NTSTATUS LpcpMakeConnectionRequest(PLPCP_PORT_OBJECT ClientPort, PVOID Information, PULONG InformationLength,
                                          PLPCP_MESSAGE *Message)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    PORT_MESSAGE Header = { 0 };
    ULONG Length = 0;
    NTSTATUS Status = STATUS_SUCCESS;

    if (Information != NULL && InformationLength != NULL)
        Status = ExCopyFromMode(Mode, &Length, InformationLength, sizeof Length);
    if (!NT_SUCCESS(Status))
        return Status;
    if (Length > ClientPort->MaxConnectionInfoLength)
        return STATUS_PORT_MESSAGE_TOO_LONG;
    Header.u2.s2.Type = LPC_CONNECTION_REQUEST;
    Header.ClientId = PsGetCurrentThread()->Cid;
    Header.MessageId = LpcpNextMessageId();
    *Message = LpcpAllocateMessage(&Header, Length);
    if (*Message == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    Status = ExCopyFromMode(Mode, (*Message)->Data, Information, Length);
    if (!NT_SUCCESS(Status)) {
        LpcpFreeMessage(*Message);
        return Status;
    }
    ObReferenceObject(ClientPort);
    (*Message)->ClientPort = ClientPort;
    return STATUS_SUCCESS;
}

/* Hands the server's answer to the caller: its connection information and the longest message. */
static NTSTATUS LpcpReturnConnection(PLPCP_PORT_OBJECT ClientPort, const LPCP_MESSAGE *Reply, PULONG MaxMessageLength,
                                     PVOID Information, PULONG InformationLength)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    ULONG Length = Reply != NULL ? (USHORT)Reply->Header.u1.s1.DataLength : 0;
    ULONG Room = 0;
    NTSTATUS Status = STATUS_SUCCESS;

    if (MaxMessageLength != NULL)
        Status = ExCopyToMode(Mode, MaxMessageLength, &ClientPort->MaxMessageLength, sizeof(ULONG));
    if (!NT_SUCCESS(Status) || Information == NULL || InformationLength == NULL)
        return Status;
    Status = ExCopyFromMode(Mode, &Room, InformationLength, sizeof Room);
    if (!NT_SUCCESS(Status))
        return Status;
    if (Length > Room)
        Length = Room;
    if (Length != 0)
        Status = ExCopyToMode(Mode, Information, Reply->Data, Length);
    if (NT_SUCCESS(Status))
        Status = ExCopyToMode(Mode, InformationLength, &Length, sizeof Length);
    return Status;
}

static BOOLEAN LpcpServerIsWho(PLPCP_PORT_OBJECT ConnectionPort, PSID RequiredServerSid)
{
    UCHAR Buffer[SECURITY_MAX_SID_SIZE];
    ULONG Length;

    /* The revision, the count of sub-authorities and the authority come first; the count says how much follows. */
    if (!NT_SUCCESS(ExCopyFromMode(ExGetPreviousMode(), Buffer, RequiredServerSid, 8)) ||
        Buffer[1] > SID_MAX_SUB_AUTHORITIES)
        return FALSE;
    Length = 8 + Buffer[1] * sizeof(ULONG);
    if (!NT_SUCCESS(ExCopyFromMode(ExGetPreviousMode(), Buffer, RequiredServerSid, Length)))
        return FALSE;
    return RtlEqualSid(ConnectionPort->ServerToken->UserSid, (PSID)Buffer);
}

/* Sends the request and waits until the server has completed or refused the connection. */
static NTSTATUS LpcpConnect(PLPCP_PORT_OBJECT ConnectionPort, PULONG MaxMessageLength, PVOID Information,
                            PULONG InformationLength, PHANDLE PortHandle)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    PLPCP_PORT_OBJECT ClientPort;
    PLPCP_MESSAGE Message, Reply = NULL;
    HANDLE Handle;
    NTSTATUS Status = LpcpCreateCommunicationPort(LpcpClientPort, ConnectionPort, &ClientPort);

    if (!NT_SUCCESS(Status))
        return Status;
    Status = LpcpMakeConnectionRequest(ClientPort, Information, InformationLength, &Message);
    if (NT_SUCCESS(Status)) {
        if (ConnectionPort->Closed) {
            LpcpFreeMessage(Message);
            Status = STATUS_OBJECT_NAME_NOT_FOUND;
        } else {
            LpcpBeginReplyWait(ClientPort, ConnectionPort, Message->Header.MessageId);
            LpcpQueueMessage(ConnectionPort, Message);
            Status = LpcpAwaitReply(Mode, &Reply);
        }
    }
    if (NT_SUCCESS(Status))
        Status = LpcpReturnConnection(ClientPort, Reply, MaxMessageLength, Information, InformationLength);
    if (Reply != NULL)
        LpcpFreeMessage(Reply);
    if (!NT_SUCCESS(Status)) {
        ObDereferenceObject(ClientPort);
        return Status;
    }
    Status = ObInsertObject(ClientPort, NULL, PORT_ALL_ACCESS, 0, NULL, &Handle);
    return NT_SUCCESS(Status) ? ObReturnHandle(Mode, PortHandle, Handle, Status) : Status;
}

NTSTATUS NTAPI NtSecureConnectPort(PHANDLE PortHandle, PUNICODE_STRING PortName,
                                   PSECURITY_QUALITY_OF_SERVICE SecurityQos, PPORT_VIEW ClientView,
                                   PSID RequiredServerSid, PREMOTE_PORT_VIEW ServerView, PULONG MaxMessageLength,
                                   PVOID ConnectionInformation, PULONG ConnectionInformationLength)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    PLPCP_PORT_OBJECT ConnectionPort;
    UNICODE_STRING Name;
    NTSTATUS Status;

    UNREFERENCED_PARAMETER(SecurityQos);
    if (ClientView != NULL || ServerView != NULL)
        return STATUS_NOT_SUPPORTED;    /* messages only; no shared views */
    Status = ExCaptureUnicodeString(Mode, &Name, PortName);
    if (!NT_SUCCESS(Status))
        return Status;
    Status = ObReferenceObjectByName(&Name, OBJ_CASE_INSENSITIVE, NULL, PORT_CONNECT, LpcPortObjectType, Mode, NULL,
                                     (PVOID *)&ConnectionPort);
    ExFreeCapturedString(&Name);
    if (!NT_SUCCESS(Status))
        return Status;
    if (ConnectionPort->Kind != LpcpConnectionPort)
        Status = STATUS_INVALID_PORT_HANDLE;
    else if (RequiredServerSid != NULL && !LpcpServerIsWho(ConnectionPort, RequiredServerSid))
        Status = STATUS_SERVER_SID_MISMATCH;
    else
        Status = LpcpConnect(ConnectionPort, MaxMessageLength, ConnectionInformation, ConnectionInformationLength,
                             PortHandle);
    ObDereferenceObject(ConnectionPort);
    return Status;
}

NTSTATUS NTAPI NtConnectPort(PHANDLE PortHandle, PUNICODE_STRING PortName, PSECURITY_QUALITY_OF_SERVICE SecurityQos,
                             PPORT_VIEW ClientView, PREMOTE_PORT_VIEW ServerView, PULONG MaxMessageLength,
                             PVOID ConnectionInformation, PULONG ConnectionInformationLength)
{
    return NtSecureConnectPort(PortHandle, PortName, SecurityQos, ClientView, NULL, ServerView, MaxMessageLength,
                               ConnectionInformation, ConnectionInformationLength);
}
