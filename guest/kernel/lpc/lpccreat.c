/* Making ports. */
#include "lpcp.h"

static VOID LpcpInitializePort(PLPCP_PORT_OBJECT Port, LPCP_PORT_KIND Kind)
{
    Port->Kind = Kind;
    Port->Creator = PsGetCurrentThread()->Cid;
    KeInitializeSemaphore(&Port->Semaphore, 0, 0x7FFFFFFF);
    InitializeListHead(&Port->MessageQueue);
    InitializeListHead(&Port->PendingConnections);
    InitializeListHead(&Port->ReplyChain);
}

NTSTATUS LpcpCreateCommunicationPort(LPCP_PORT_KIND Kind, PLPCP_PORT_OBJECT ConnectionPort,
                                     PLPCP_PORT_OBJECT *Port)
{
    NTSTATUS Status = ObCreateObject(KernelMode, LpcPortObjectType, NULL, KernelMode, NULL, sizeof **Port, 0, 0,
                                     (PVOID *)Port);

    if (!NT_SUCCESS(Status))
        return Status;
    LpcpInitializePort(*Port, Kind);
    ObReferenceObject(ConnectionPort);
    (*Port)->ConnectionPort = ConnectionPort;
    (*Port)->MaxMessageLength = ConnectionPort->MaxMessageLength;
    (*Port)->MaxConnectionInfoLength = ConnectionPort->MaxConnectionInfoLength;
    return STATUS_SUCCESS;
}

NTSTATUS LpcpReferencePort(HANDLE Handle, PLPCP_PORT_OBJECT *Port)
{
    return ObReferenceObjectByHandle(Handle, 0, LpcPortObjectType, ExGetPreviousMode(), (PVOID *)Port, NULL);
}

NTSTATUS NTAPI NtCreatePort(PHANDLE PortHandle, POBJECT_ATTRIBUTES ObjectAttributes, ULONG MaxConnectionInfoLength,
                            ULONG MaxMessageLength, ULONG MaxPoolUsage)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    PLPCP_PORT_OBJECT Port;
    HANDLE Handle = NULL;
    NTSTATUS Status;

    UNREFERENCED_PARAMETER(MaxPoolUsage);   /* NT keeps it for compatibility only */
    if (MaxMessageLength > PORT_MAXIMUM_MESSAGE_LENGTH || MaxMessageLength < sizeof(PORT_MESSAGE) ||
        MaxConnectionInfoLength > LPCP_MAXIMUM_DATA)
        return STATUS_INVALID_PARAMETER;
    Status = ObCreateObject(Mode, LpcPortObjectType, ObjectAttributes, Mode, NULL, sizeof *Port, 0, 0,
                            (PVOID *)&Port);
    if (!NT_SUCCESS(Status))
        return Status;
    LpcpInitializePort(Port, LpcpConnectionPort);
    Port->MaxMessageLength = MaxMessageLength;
    Port->MaxConnectionInfoLength = MaxConnectionInfoLength;
    Port->ServerToken = PsGetCurrentProcess()->Token;
    ObReferenceObject(Port->ServerToken);
    Status = ObInsertObject(Port, NULL, PORT_ALL_ACCESS, 0, NULL, &Handle);
    if (!NT_SUCCESS(Status))
        return Status;
    return ObReturnHandle(Mode, PortHandle, Handle, Status);
}
