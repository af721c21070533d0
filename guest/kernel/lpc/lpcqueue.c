/* Messages and the queues of receivers. */
#include "lpcp.h"

static ULONG LpcpLastMessageId;

ULONG LpcpNextMessageId(VOID)
{
    if (++LpcpLastMessageId == 0)
        ++LpcpLastMessageId;            /* 0 means: no reply is awaited */
    return LpcpLastMessageId;
}

PLPCP_MESSAGE LpcpAllocateMessage(const PORT_MESSAGE *Header, ULONG DataLength)
{
    PLPCP_MESSAGE Message = ExAllocatePoolWithTag(NonPagedPool, sizeof *Message + DataLength, LPCP_TAG);

    if (Message == NULL)
        return NULL;
    Message->ClientPort = NULL;
    Message->PortContext = NULL;
    Message->Header = *Header;
    Message->Header.u1.s1.DataLength = (CSHORT)DataLength;
    Message->Header.u1.s1.TotalLength = (CSHORT)(sizeof(PORT_MESSAGE) + DataLength);
    return Message;
}

VOID LpcpFreeMessage(PLPCP_MESSAGE Message)
{
    PLPCP_PORT_OBJECT ClientPort = Message->ClientPort;

    ExFreePoolWithTag(Message, LPCP_TAG);
    if (ClientPort != NULL)
        ObDereferenceObject(ClientPort);
}

PLPCP_PORT_OBJECT LpcpReceiverOfSender(PLPCP_PORT_OBJECT Port)
{
    if (Port->Kind == LpcpClientPort)
        return Port->ConnectedPort != NULL ? Port->ConnectionPort : NULL;
    return Port->Kind == LpcpServerPort ? Port->ConnectedPort : NULL;
}

PLPCP_PORT_OBJECT LpcpReceiverOfHandle(PLPCP_PORT_OBJECT Port)
{
    return Port->Kind == LpcpServerPort ? Port->ConnectionPort : Port;
}

NTSTATUS LpcpQueueMessage(PLPCP_PORT_OBJECT Receiver, PLPCP_MESSAGE Message)
{
    if (Receiver->Closed) {
        LpcpFreeMessage(Message);
        return STATUS_PORT_DISCONNECTED;
    }
    InsertTailList(&Receiver->MessageQueue, &Message->Entry);
    KeReleaseSemaphore(&Receiver->Semaphore, 1, 1, NULL);
    return STATUS_SUCCESS;
}

VOID LpcpQueueNotice(PLPCP_PORT_OBJECT Receiver, CSHORT Type, PVOID PortContext, CLIENT_ID Client, ULONG MessageId)
{
    PORT_MESSAGE Header = { 0 };
    PLPCP_MESSAGE Message;

    Header.u2.s2.Type = Type;
    Header.ClientId = Client;
    Header.MessageId = MessageId;
    /* Without memory the server does not hear of it; its next reply fails, which says the same. */
    Message = LpcpAllocateMessage(&Header, 0);
    if (Message == NULL)
        return;
    Message->PortContext = PortContext;
    LpcpQueueMessage(Receiver, Message);
}
