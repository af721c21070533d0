/* The server's side of a connection: accept or refuse, then complete. */
#include "lpcp.h"

/* Finds the connection request that ConnectionRequest names among those received and not answered, wherever the
 * caller's process listens, and takes it from its list. The client's thread must still wait for the answer. */
static PLPCP_MESSAGE LpcpTakePendingConnection(const PORT_MESSAGE *Request)
{
    PETHREAD Thread;
    PLPCP_PORT_OBJECT ClientPort;
    PLIST_ENTRY Entry;
    PLPCP_MESSAGE Found = NULL;

    if (!NT_SUCCESS(PsLookupThreadByThreadId(Request->ClientId.UniqueThread, &Thread)))
        return NULL;
    ClientPort = Thread->LpcReplyMessageId == Request->MessageId ? Thread->LpcWaitingOnPort : NULL;
    if (Request->MessageId != 0 && ClientPort != NULL && ClientPort->Kind == LpcpClientPort &&
        ClientPort->ConnectionPort->Creator.UniqueProcess == PsGetCurrentProcessId()) {
        PLIST_ENTRY Head = &ClientPort->ConnectionPort->PendingConnections;

        for (Entry = Head->Flink; Entry != Head && Found == NULL; Entry = Entry->Flink) {
            PLPCP_MESSAGE Message = CONTAINING_RECORD(Entry, LPCP_MESSAGE, Entry);

            if (Message->Header.MessageId == Request->MessageId && Message->ClientPort == ClientPort)
                Found = Message;
        }
    }
    if (Found != NULL)
        RemoveEntryList(&Found->Entry);
    ObDereferenceObject(Thread);
    return Found;
}

/* Ends the client's wait for the connection. Reply, if any, becomes the client's. */
static NTSTATUS LpcpAnswerClient(const LPCP_MESSAGE *Request, NTSTATUS Status, PLPCP_MESSAGE Reply)
{
    PETHREAD Thread = LpcpFindWaiter(Request->ClientPort->ConnectionPort, &Request->Header.ClientId,
                                     Request->Header.MessageId);

    if (Thread == NULL) {
        if (Reply != NULL)
            LpcpFreeMessage(Reply);
        return STATUS_REPLY_MESSAGE_MISMATCH;
    }
    LpcpEndReplyWait(Thread, Status, Reply);
    ObDereferenceObject(Thread);
    return STATUS_SUCCESS;
}

/* Makes the server's end and ties both ends together; on success Request is the new port's until
 * completion. */
static NTSTATUS LpcpMakeServerPort(PLPCP_MESSAGE Request, PVOID PortContext, PHANDLE PortHandle)
{
    PLPCP_PORT_OBJECT ServerPort;
    HANDLE Handle = NULL;
    NTSTATUS Status = LpcpCreateCommunicationPort(LpcpServerPort, Request->ClientPort->ConnectionPort, &ServerPort);

    if (!NT_SUCCESS(Status))
        return Status;
    Status = ObInsertObject(ServerPort, NULL, PORT_ALL_ACCESS, 1, NULL, &Handle);
    if (!NT_SUCCESS(Status))
        return Status;
    ServerPort->PortContext = PortContext != NULL ? PortContext : (PVOID)Handle;
    ServerPort->ConnectedPort = Request->ClientPort;
    Request->ClientPort->ConnectedPort = ServerPort;
    Status = ObReturnHandle(ExGetPreviousMode(), PortHandle, Handle, Status);
    if (NT_SUCCESS(Status))
        ServerPort->Accepted = Request;
    ObDereferenceObject(ServerPort);    /* the handle keeps it; without one, its close unties both ends */
    return Status;
}

NTSTATUS NTAPI NtAcceptConnectPort(PHANDLE PortHandle, PVOID PortContext, PPORT_MESSAGE ConnectionRequest,
                                   BOOLEAN AcceptConnection, PPORT_VIEW ServerView, PREMOTE_PORT_VIEW ClientView)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    PLPCP_MESSAGE Answer, Request;
    NTSTATUS Status;

    if (ServerView != NULL || ClientView != NULL)
        return STATUS_NOT_SUPPORTED;    /* messages only; no shared views */
    Status = LpcpCaptureMessage(Mode, ConnectionRequest, PORT_MAXIMUM_MESSAGE_LENGTH, LPC_REPLY, &Answer);
    if (!NT_SUCCESS(Status))
        return Status;
    Request = LpcpTakePendingConnection(&Answer->Header);
    if (Request == NULL) {
        LpcpFreeMessage(Answer);
        return STATUS_REPLY_MESSAGE_MISMATCH;
    }
    if (!AcceptConnection) {
        LpcpFreeMessage(Answer);
        Status = LpcpAnswerClient(Request, STATUS_PORT_CONNECTION_REFUSED, NULL);
        LpcpFreeMessage(Request);
        return Status;
    }
    /* The server may change the connection information; the client gets it on completion. */
    if ((ULONG)(USHORT)Answer->Header.u1.s1.DataLength <= (ULONG)(USHORT)Request->Header.u1.s1.DataLength) {
        Request->Header.u1.s1.DataLength = Answer->Header.u1.s1.DataLength;
        RtlCopyMemory(Request->Data, Answer->Data, (USHORT)Answer->Header.u1.s1.DataLength);
    }
    LpcpFreeMessage(Answer);
    Status = LpcpMakeServerPort(Request, PortContext, PortHandle);
    if (!NT_SUCCESS(Status)) {
        LpcpAnswerClient(Request, Status, NULL);
        LpcpFreeMessage(Request);
    }
    return Status;
}

/* The fact of a connection: both ends are there and the client is about to be woken. */
static VOID LpcpRecordConnection(PLPCP_PORT_OBJECT ConnectionPort, const LPCP_MESSAGE *Request)
{
    UNICODE_STRING Path;
    PEPROCESS Client;

    if (!NT_SUCCESS(PsLookupProcessByProcessId(Request->Header.ClientId.UniqueProcess, &Client)))
        return;
    if (NT_SUCCESS(ObGetObjectPath(ConnectionPort, &Path))) {
        ExRecordFact("port.connect", "port=%wZ client=%s server=%s session=%u", &Path, Client->ImageFileName,
                     PsGetCurrentProcess()->ImageFileName, PsGetProcessSessionId(Client));
        ObFreeObjectPath(&Path);
    }
    ObDereferenceObject(Client);
}

NTSTATUS NTAPI NtCompleteConnectPort(HANDLE PortHandle)
{
    PLPCP_PORT_OBJECT Port;
    PLPCP_MESSAGE Request, Reply;
    NTSTATUS Status = LpcpReferencePort(PortHandle, &Port);

    if (!NT_SUCCESS(Status))
        return Status;
    Request = Port->Accepted;
    if (Port->Kind != LpcpServerPort || Request == NULL) {
        ObDereferenceObject(Port);
        return STATUS_INVALID_PORT_HANDLE;
    }
    Port->Accepted = NULL;
    Reply = LpcpAllocateMessage(&Request->Header, (USHORT)Request->Header.u1.s1.DataLength);
    if (Reply == NULL) {
        Status = LpcpAnswerClient(Request, STATUS_INSUFFICIENT_RESOURCES, NULL);
    } else {
        RtlCopyMemory(Reply->Data, Request->Data, (USHORT)Request->Header.u1.s1.DataLength);
        LpcpRecordConnection(Port->ConnectionPort, Request);
        Status = LpcpAnswerClient(Request, STATUS_SUCCESS, Reply);
    }
    LpcpFreeMessage(Request);
    ObDereferenceObject(Port);
    return Status;
}
