/* S23, the session manager's side: who may connect to \SmApiPort, and the connection back to a subsystem. */
#include "smss.h"

/* Connects to the port that the subsystem serves; S-031. */
static NTSTATUS ConnectBack(PSB_CONNECTION_INFO Info, PHANDLE SbApiPort)
{
    SECURITY_QUALITY_OF_SERVICE Qos = { sizeof(Qos), SecurityIdentification, SECURITY_DYNAMIC_TRACKING, TRUE };
    UNICODE_STRING Name;

    Info->SbApiPortName[RTL_NUMBER_OF(Info->SbApiPortName) - 1] = UNICODE_NULL;
    RtlInitUnicodeString(&Name, Info->SbApiPortName);
    return NtConnectPort(SbApiPort, &Name, &Qos, NULL, NULL, NULL, NULL, NULL);
}

/* The registered subsystem is connected in one direction; the other one, and its waiter hears of it. Takes and drops
   SmpSessionLock. */
static VOID CompleteSubsystem(HANDLE ProcessId, PSB_CONNECTION_INFO Info)
{
    PSMP_SESSION Session;
    HANDLE SbApiPort;
    NTSTATUS Status = ConnectBack(Info, &SbApiPort);

    if (!NT_SUCCESS(Status)) {
        DbgPrint("SMSS: connection back to process %u failed with status 0x%X\n", HandleToUlong(ProcessId), Status);
        return;
    }
    RtlEnterCriticalSection(&SmpSessionLock);
    Session = SmpLookupSessionBySubsystem(ProcessId);
    if (Session && !Session->SbApiPort) {
        Session->SbApiPort = SbApiPort;
        RtlpClaim("smss.subsystem-connected", "session=%u", Session->SessionId);
        NtSetEvent(Session->ConnectedEvent, NULL);
    } else {
        NtClose(SbApiPort);
    }
    RtlLeaveCriticalSection(&SmpSessionLock);
}

/* A subsystem must have been registered by the smss that created it. Other clients only make requests; what they may
   ask is decided there. Takes and drops SmpSessionLock. */
static BOOLEAN MayConnect(HANDLE ProcessId, PSB_CONNECTION_INFO Info)
{
    PSMP_SESSION Session;
    BOOLEAN Known;

    if (Info->SubsystemType == IMAGE_SUBSYSTEM_UNKNOWN)
        return TRUE;
    RtlEnterCriticalSection(&SmpSessionLock);
    Session = SmpLookupSessionBySubsystem(ProcessId);
    Known = Session && !Session->SbApiPort;
    RtlLeaveCriticalSection(&SmpSessionLock);
    return Known;
}

VOID SmpHandleConnectionRequest(PPORT_MESSAGE Request)
{
    PSMP_CLIENT_CONTEXT Client = RtlAllocateHeap(RtlProcessHeap(), HEAP_ZERO_MEMORY, sizeof(*Client));
    SB_CONNECTION_INFO Info = { 0 };
    BOOLEAN Accept;
    HANDLE Port;
    NTSTATUS Status;

    memcpy(&Info, Request + 1, min((ULONG)Request->u1.s1.DataLength, sizeof(Info)));
    Accept = Client && MayConnect(Request->ClientId.UniqueProcess, &Info);
    if (Client)
        Client->ClientId = Request->ClientId;
    Status = NtAcceptConnectPort(&Port, Client, Request, Accept, NULL, NULL);
    if (!NT_SUCCESS(Status) || !Accept) {
        RtlFreeHeap(RtlProcessHeap(), 0, Client);
        return;
    }
    Client->ServerPort = Port;
    Status = NtCompleteConnectPort(Port);
    if (NT_SUCCESS(Status) && Info.SubsystemType != IMAGE_SUBSYSTEM_UNKNOWN)
        CompleteSubsystem(Request->ClientId.UniqueProcess, &Info);
}
