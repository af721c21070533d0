/* The wait for a reply: one per thread, in the chain of the receiver that owes the reply. */
#include "lpcp.h"

VOID LpcInitializeThread(PETHREAD Thread)
{
    KeInitializeSemaphore(&Thread->LpcReplySemaphore, 0, 1);
    InitializeListHead(&Thread->LpcReplyChain);
    Thread->LpcReplyMessage = NULL;
    Thread->LpcReplyMessageId = 0;
    Thread->LpcWaitingOnPort = NULL;
}

VOID LpcpBeginReplyWait(PLPCP_PORT_OBJECT Port, PLPCP_PORT_OBJECT Receiver, ULONG MessageId)
{
    PETHREAD Thread = PsGetCurrentThread();

    ObReferenceObject(Port);
    Thread->LpcWaitingOnPort = Port;
    Thread->LpcReplyMessage = NULL;
    Thread->LpcReplyStatus = STATUS_SUCCESS;
    Thread->LpcReplyMessageId = MessageId;
    InsertTailList(&Receiver->ReplyChain, &Thread->LpcReplyChain);
}

VOID LpcpEndReplyWait(PETHREAD Thread, NTSTATUS Status, PLPCP_MESSAGE Reply)
{
    RemoveEntryList(&Thread->LpcReplyChain);
    InitializeListHead(&Thread->LpcReplyChain);
    Thread->LpcReplyMessageId = 0;
    Thread->LpcReplyStatus = Status;
    Thread->LpcReplyMessage = Reply;
    KeReleaseSemaphore(&Thread->LpcReplySemaphore, 1, 1, NULL);
}

/* Takes back what the thread sent if nobody has received it yet; else the server is told that nobody waits. */
static VOID LpcpWithdrawRequest(PETHREAD Thread, PLPCP_PORT_OBJECT Port, ULONG MessageId)
{
    PLPCP_PORT_OBJECT Receiver = Port->Kind == LpcpServerPort ? Port->ConnectedPort : Port->ConnectionPort;
    PLIST_ENTRY Entry;

    if (Receiver == NULL)
        return;
    for (Entry = Receiver->MessageQueue.Flink; Entry != &Receiver->MessageQueue; Entry = Entry->Flink) {
        PLPCP_MESSAGE Message = CONTAINING_RECORD(Entry, LPCP_MESSAGE, Entry);

        if (Message->Header.MessageId == MessageId) {
            /* The semaphore stays one too high: a receiver that finds no message waits again. */
            RemoveEntryList(Entry);
            LpcpFreeMessage(Message);
            return;
        }
    }
    LpcpQueueNotice(Receiver, LPC_CLIENT_DIED,
                    Port->ConnectedPort != NULL ? Port->ConnectedPort->PortContext : NULL, Thread->Cid, MessageId);
}

/* Leaves the chain if the thread is still in it. Drops the wait's reference to the port. */
static VOID LpcpAbandonReplyWait(PETHREAD Thread)
{
    PLPCP_PORT_OBJECT Port = Thread->LpcWaitingOnPort;
    ULONG MessageId = Thread->LpcReplyMessageId;

    if (MessageId != 0) {
        RemoveEntryList(&Thread->LpcReplyChain);
        InitializeListHead(&Thread->LpcReplyChain);
        Thread->LpcReplyMessageId = 0;
        LpcpWithdrawRequest(Thread, Port, MessageId);
    }
    if (Thread->LpcReplyMessage != NULL) {
        LpcpFreeMessage(Thread->LpcReplyMessage);
        Thread->LpcReplyMessage = NULL;
    }
    Thread->LpcWaitingOnPort = NULL;
    ObDereferenceObject(Port);
}

NTSTATUS LpcpAwaitReply(KPROCESSOR_MODE Mode, PLPCP_MESSAGE *Reply)
{
    PETHREAD Thread = PsGetCurrentThread();
    NTSTATUS Status = KeWaitForSingleObject(&Thread->LpcReplySemaphore, WrLpcReply, Mode, FALSE, NULL);

    if (Status == STATUS_SUCCESS)
        Status = Thread->LpcReplyStatus;
    if (NT_SUCCESS(Status)) {
        *Reply = Thread->LpcReplyMessage;
        Thread->LpcReplyMessage = NULL;
    }
    LpcpAbandonReplyWait(Thread);
    return Status;
}

PETHREAD LpcpFindWaiter(PLPCP_PORT_OBJECT Receiver, const CLIENT_ID *Client, ULONG MessageId)
{
    PLIST_ENTRY Entry;

    for (Entry = Receiver->ReplyChain.Flink; Entry != &Receiver->ReplyChain; Entry = Entry->Flink) {
        PETHREAD Thread = CONTAINING_RECORD(Entry, ETHREAD, LpcReplyChain);

        if (Thread->LpcReplyMessageId == MessageId && Thread->Cid.UniqueThread == Client->UniqueThread &&
            Thread->Cid.UniqueProcess == Client->UniqueProcess) {
            ObReferenceObject(Thread);
            return Thread;
        }
    }
    return NULL;
}

VOID LpcpFailWaiters(PLPCP_PORT_OBJECT Receiver, PLPCP_PORT_OBJECT Port, NTSTATUS Status)
{
    PLIST_ENTRY Entry = Receiver->ReplyChain.Flink;

    while (Entry != &Receiver->ReplyChain) {
        PETHREAD Thread = CONTAINING_RECORD(Entry, ETHREAD, LpcReplyChain);

        Entry = Entry->Flink;
        if (Port == NULL || Thread->LpcWaitingOnPort == Port)
            LpcpEndReplyWait(Thread, Status, NULL);
    }
}

VOID LpcExitThread(PETHREAD Thread)
{
    if (Thread->LpcWaitingOnPort != NULL)
        LpcpAbandonReplyWait(Thread);
}
