/* The Port object type, and what happens when a port's last handle goes. */
#include "lpcp.h"

POBJECT_TYPE LpcPortObjectType;

/* A connection port goes: nobody will answer what is queued or was received there. */
static VOID LpcpCloseReceiver(PLPCP_PORT_OBJECT Port)
{
    Port->Closed = TRUE;
    while (!IsListEmpty(&Port->MessageQueue))
        LpcpFreeMessage(CONTAINING_RECORD(RemoveHeadList(&Port->MessageQueue), LPCP_MESSAGE, Entry));
    while (!IsListEmpty(&Port->PendingConnections))
        LpcpFreeMessage(CONTAINING_RECORD(RemoveHeadList(&Port->PendingConnections), LPCP_MESSAGE, Entry));
    LpcpFailWaiters(Port, NULL, STATUS_PORT_DISCONNECTED);
}

/* One end of a connection goes: the other one hears of it, and who waits for this end does so no longer. */
static VOID LpcpDisconnect(PLPCP_PORT_OBJECT Port)
{
    PLPCP_PORT_OBJECT Peer = Port->ConnectedPort;

    if (Peer == NULL)
        return;
    Port->ConnectedPort = NULL;
    Peer->ConnectedPort = NULL;
    if (Port->Kind == LpcpClientPort) {
        LpcpQueueNotice(Port->ConnectionPort, LPC_PORT_CLOSED, Peer->PortContext, Port->Creator, 0);
    } else {
        LpcpQueueNotice(Peer, LPC_PORT_CLOSED, NULL, Port->Creator, 0);
        LpcpFailWaiters(Port->ConnectionPort, Peer, STATUS_PORT_DISCONNECTED);
    }
}

static VOID NTAPI LpcpClosePort(PEPROCESS Process, PVOID Object, ACCESS_MASK GrantedAccess, ULONG HandleCount)
{
    PLPCP_PORT_OBJECT Port = Object;

    UNREFERENCED_PARAMETER(Process);
    UNREFERENCED_PARAMETER(GrantedAccess);
    if (HandleCount != 0 || Port->Closed)
        return;
    if (Port->Kind != LpcpServerPort)
        LpcpCloseReceiver(Port);
    Port->Closed = TRUE;
    if (Port->Kind != LpcpConnectionPort)
        LpcpDisconnect(Port);
}

/* A port may go without ever having had a handle, so what its close does may be left to do here. */
static VOID NTAPI LpcpDeletePort(PVOID Object)
{
    PLPCP_PORT_OBJECT Port = Object;

    if (Port->Kind == 0)
        return;                         /* creation failed before the body was filled */
    LpcpClosePort(NULL, Port, 0, 0);
    if (Port->Accepted != NULL)
        LpcpFreeMessage(Port->Accepted);
    if (Port->ServerToken != NULL)
        ObDereferenceObject(Port->ServerToken);
    if (Port->ConnectionPort != NULL)
        ObDereferenceObject(Port->ConnectionPort);
}

BOOLEAN LpcInitSystem(VOID)
{
    static UNICODE_STRING TypeName = RTL_CONSTANT_STRING(L"Port");
    OBJECT_TYPE_INITIALIZER Type = { 0 };

    Type.Length = sizeof Type;
    Type.GenericMapping.GenericRead = READ_CONTROL | PORT_CONNECT;
    Type.GenericMapping.GenericWrite = DELETE | PORT_CONNECT;
    Type.GenericMapping.GenericExecute = 0;
    Type.GenericMapping.GenericAll = PORT_ALL_ACCESS;
    Type.ValidAccessMask = PORT_ALL_ACCESS;
    Type.PoolType = NonPagedPool;
    Type.CloseProcedure = LpcpClosePort;
    Type.DeleteProcedure = LpcpDeletePort;
    if (!NT_SUCCESS(ObCreateObjectType(&TypeName, &Type, NULL, &LpcPortObjectType)))
        return FALSE;
    /* A port is waitable: signalled while a message is there. */
    LpcPortObjectType->DefaultDispatcherOffset = FIELD_OFFSET(LPCP_PORT_OBJECT, Semaphore);
    return TRUE;
}
