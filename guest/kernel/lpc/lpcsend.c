/* Sending: datagrams, and requests that wait for their reply. */
#include "lpcp.h"

NTSTATUS LpcpCaptureMessage(KPROCESSOR_MODE Mode, PPORT_MESSAGE Source, ULONG MaxMessageLength, CSHORT Type,
                            PLPCP_MESSAGE *Message)
{
    PORT_MESSAGE Header;
    ULONG DataLength, TotalLength;
    NTSTATUS Status = ExCopyFromMode(Mode, &Header, Source, sizeof Header);

    if (!NT_SUCCESS(Status))
        return Status;
    DataLength = (USHORT)Header.u1.s1.DataLength;
    TotalLength = (USHORT)Header.u1.s1.TotalLength;
    if (TotalLength < sizeof Header + DataLength)
        return STATUS_INVALID_PARAMETER;
    if (TotalLength > MaxMessageLength)
        return STATUS_PORT_MESSAGE_TOO_LONG;
    *Message = LpcpAllocateMessage(&Header, DataLength);
    if (*Message == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    (*Message)->Header.u2.s2.Type = Type;
    (*Message)->Header.u2.s2.DataInfoOffset = 0;
    Status = ExCopyFromMode(Mode, (*Message)->Data, Source + 1, DataLength);
    if (!NT_SUCCESS(Status)) {
        LpcpFreeMessage(*Message);
        *Message = NULL;
    }
    return Status;
}

NTSTATUS LpcpCopyMessageToCaller(KPROCESSOR_MODE Mode, PPORT_MESSAGE Target, const LPCP_MESSAGE *Message)
{
    NTSTATUS Status = ExCopyToMode(Mode, Target, &Message->Header, sizeof Message->Header);

    if (NT_SUCCESS(Status))
        Status = ExCopyToMode(Mode, Target + 1, Message->Data, (USHORT)Message->Header.u1.s1.DataLength);
    return Status;
}

/* Captures what the caller sends through Port and stamps it: who, and the id of the message. */
static NTSTATUS LpcpPrepareMessage(PLPCP_PORT_OBJECT Port, PPORT_MESSAGE Source, CSHORT Type, PLPCP_MESSAGE *Message)
{
    NTSTATUS Status = LpcpCaptureMessage(ExGetPreviousMode(), Source, Port->MaxMessageLength, Type, Message);

    if (!NT_SUCCESS(Status))
        return Status;
    (*Message)->Header.ClientId = PsGetCurrentThread()->Cid;
    (*Message)->Header.MessageId = LpcpNextMessageId();
    if (Port->Kind == LpcpClientPort && Port->ConnectedPort != NULL)
        (*Message)->PortContext = Port->ConnectedPort->PortContext;
    return STATUS_SUCCESS;
}

/* The receiver of what Port sends, referenced, so that it outlives a wait. */
static NTSTATUS LpcpReferenceReceiver(PLPCP_PORT_OBJECT Port, PLPCP_PORT_OBJECT *Receiver)
{
    if (Port->Kind == LpcpConnectionPort)
        return STATUS_INVALID_PORT_HANDLE;
    *Receiver = LpcpReceiverOfSender(Port);
    if (*Receiver == NULL || (*Receiver)->Closed)
        return STATUS_PORT_DISCONNECTED;
    ObReferenceObject(*Receiver);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI NtRequestPort(HANDLE PortHandle, PPORT_MESSAGE RequestMessage)
{
    PLPCP_PORT_OBJECT Port, Receiver;
    PLPCP_MESSAGE Message;
    NTSTATUS Status = LpcpReferencePort(PortHandle, &Port);

    if (!NT_SUCCESS(Status))
        return Status;
    Status = LpcpPrepareMessage(Port, RequestMessage, LPC_DATAGRAM, &Message);
    if (NT_SUCCESS(Status)) {
        Status = LpcpReferenceReceiver(Port, &Receiver);
        if (NT_SUCCESS(Status)) {
            Status = LpcpQueueMessage(Receiver, Message);
            ObDereferenceObject(Receiver);
        } else {
            LpcpFreeMessage(Message);
        }
    }
    ObDereferenceObject(Port);
    return Status;
}

NTSTATUS NTAPI NtRequestWaitReplyPort(HANDLE PortHandle, PPORT_MESSAGE RequestMessage, PPORT_MESSAGE ReplyMessage)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    PLPCP_PORT_OBJECT Port, Receiver;
    PLPCP_MESSAGE Message, Reply = NULL;
    NTSTATUS Status = LpcpReferencePort(PortHandle, &Port);

    if (!NT_SUCCESS(Status))
        return Status;
    Status = LpcpPrepareMessage(Port, RequestMessage, LPC_REQUEST, &Message);
    if (NT_SUCCESS(Status)) {
        Status = LpcpReferenceReceiver(Port, &Receiver);
        if (NT_SUCCESS(Status)) {
            LpcpBeginReplyWait(Port, Receiver, Message->Header.MessageId);
            LpcpQueueMessage(Receiver, Message);
            Status = LpcpAwaitReply(Mode, &Reply);
            ObDereferenceObject(Receiver);
        } else {
            LpcpFreeMessage(Message);
        }
    }
    if (NT_SUCCESS(Status)) {
        Status = LpcpCopyMessageToCaller(Mode, ReplyMessage, Reply);
        LpcpFreeMessage(Reply);
    }
    ObDereferenceObject(Port);
    return Status;
}
