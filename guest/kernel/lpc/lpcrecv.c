/* Receiving and replying. */
#include "lpcp.h"

/* Gives the caller's reply to the thread that awaits it from this handle's receiver. */
static NTSTATUS LpcpReply(PLPCP_PORT_OBJECT Port, PPORT_MESSAGE ReplyMessage)
{
    PLPCP_PORT_OBJECT Receiver = LpcpReceiverOfHandle(Port);
    PLPCP_MESSAGE Reply;
    PETHREAD Thread;
    NTSTATUS Status = LpcpCaptureMessage(ExGetPreviousMode(), ReplyMessage, Port->MaxMessageLength, LPC_REPLY, &Reply);

    if (!NT_SUCCESS(Status))
        return Status;
    Thread = LpcpFindWaiter(Receiver, &Reply->Header.ClientId, Reply->Header.MessageId);
    if (Thread == NULL) {
        LpcpFreeMessage(Reply);
        return STATUS_REPLY_MESSAGE_MISMATCH;
    }
    Reply->Header.ClientId = PsGetCurrentThread()->Cid;     /* who answered */
    LpcpEndReplyWait(Thread, STATUS_SUCCESS, Reply);
    ObDereferenceObject(Thread);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI NtReplyPort(HANDLE PortHandle, PPORT_MESSAGE ReplyMessage)
{
    PLPCP_PORT_OBJECT Port;
    NTSTATUS Status = LpcpReferencePort(PortHandle, &Port);

    if (!NT_SUCCESS(Status))
        return Status;
    Status = LpcpReply(Port, ReplyMessage);
    ObDereferenceObject(Port);
    return Status;
}

/* The next message of the queue; waits for one. */
static NTSTATUS LpcpDequeueMessage(PLPCP_PORT_OBJECT Receiver, KPROCESSOR_MODE Mode, PLARGE_INTEGER Timeout,
                                   PLPCP_MESSAGE *Message)
{
    for (;;) {
        NTSTATUS Status = KeWaitForSingleObject(&Receiver->Semaphore, WrLpcReceive, Mode, FALSE, Timeout);

        if (Status != STATUS_SUCCESS)
            return Status;
        if (Receiver->Closed)
            return STATUS_PORT_DISCONNECTED;
        if (!IsListEmpty(&Receiver->MessageQueue)) {
            *Message = CONTAINING_RECORD(RemoveHeadList(&Receiver->MessageQueue), LPCP_MESSAGE, Entry);
            return STATUS_SUCCESS;
        }
        /* The message was withdrawn by its sender. */
    }
}

/* Copies a message to the caller; what could not be copied goes back to the head of the queue. */
static NTSTATUS LpcpDeliver(PLPCP_PORT_OBJECT Receiver, KPROCESSOR_MODE Mode, PVOID *PortContext,
                            PPORT_MESSAGE Target, PLPCP_MESSAGE Message)
{
    NTSTATUS Status = LpcpCopyMessageToCaller(Mode, Target, Message);

    if (NT_SUCCESS(Status) && PortContext != NULL)
        Status = ExCopyToMode(Mode, PortContext, &Message->PortContext, sizeof Message->PortContext);
    if (!NT_SUCCESS(Status)) {
        InsertHeadList(&Receiver->MessageQueue, &Message->Entry);
        KeReleaseSemaphore(&Receiver->Semaphore, 0, 1, NULL);
    } else if (Message->Header.u2.s2.Type == LPC_CONNECTION_REQUEST) {
        InsertTailList(&Receiver->PendingConnections, &Message->Entry);
    } else {
        LpcpFreeMessage(Message);
    }
    return Status;
}

static NTSTATUS LpcpReceive(PLPCP_PORT_OBJECT Port, PVOID *PortContext, PPORT_MESSAGE ReceiveMessage,
                            PLARGE_INTEGER Timeout)
{
    PLPCP_PORT_OBJECT Receiver = LpcpReceiverOfHandle(Port);
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    PLPCP_MESSAGE Message;
    NTSTATUS Status = LpcpDequeueMessage(Receiver, Mode, Timeout, &Message);

    return Status == STATUS_SUCCESS ? LpcpDeliver(Receiver, Mode, PortContext, ReceiveMessage, Message) : Status;
}

NTSTATUS NTAPI NtReplyWaitReceivePortEx(HANDLE PortHandle, PVOID *PortContext, PPORT_MESSAGE ReplyMessage,
                                        PPORT_MESSAGE ReceiveMessage, PLARGE_INTEGER Timeout)
{
    LARGE_INTEGER Storage;
    PLARGE_INTEGER Limit;
    PLPCP_PORT_OBJECT Port;
    NTSTATUS Status = ExCaptureTimeout(ExGetPreviousMode(), Timeout, &Storage, &Limit);

    if (!NT_SUCCESS(Status))
        return Status;
    Status = LpcpReferencePort(PortHandle, &Port);
    if (!NT_SUCCESS(Status))
        return Status;
    if (ReplyMessage != NULL)
        Status = LpcpReply(Port, ReplyMessage);
    if (NT_SUCCESS(Status))
        Status = LpcpReceive(Port, PortContext, ReceiveMessage, Limit);
    ObDereferenceObject(Port);
    return Status;
}

NTSTATUS NTAPI NtReplyWaitReceivePort(HANDLE PortHandle, PVOID *PortContext, PPORT_MESSAGE ReplyMessage,
                                      PPORT_MESSAGE ReceiveMessage)
{
    return NtReplyWaitReceivePortEx(PortHandle, PortContext, ReplyMessage, ReceiveMessage, NULL);
}

/* Receives until a client asks to connect; other messages have no place on a port that only listens. */
NTSTATUS NTAPI NtListenPort(HANDLE PortHandle, PPORT_MESSAGE ConnectionRequest)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    PLPCP_PORT_OBJECT Port;
    PLPCP_MESSAGE Message;
    NTSTATUS Status = LpcpReferencePort(PortHandle, &Port);

    if (!NT_SUCCESS(Status))
        return Status;
    if (Port->Kind != LpcpConnectionPort)
        Status = STATUS_INVALID_PORT_HANDLE;
    while (NT_SUCCESS(Status)) {
        Status = LpcpDequeueMessage(Port, Mode, NULL, &Message);
        if (Status != STATUS_SUCCESS)
            break;
        if (Message->Header.u2.s2.Type == LPC_CONNECTION_REQUEST) {
            Status = LpcpDeliver(Port, Mode, NULL, ConnectionRequest, Message);
            break;
        }
        LpcpFreeMessage(Message);
    }
    ObDereferenceObject(Port);
    return Status;
}
