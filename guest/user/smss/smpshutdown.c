/* Z: the end of the system, asked for by winlogon: the sessions end, and then, by document B, the system. */
#include "smss.h"

static volatile LONG ShutdownStarted;

/* Takes and drops SmpSessionLock. */
static BOOLEAN IsInitialCommand(HANDLE ProcessId)
{
    BOOLEAN Found = FALSE;

    RtlEnterCriticalSection(&SmpSessionLock);
    for (PLIST_ENTRY Link = SmpSessionList.Flink; Link != &SmpSessionList; Link = Link->Flink)
        Found |= CONTAINING_RECORD(Link, SMP_SESSION, Link)->InitialCommandId == ProcessId;
    RtlLeaveCriticalSection(&SmpSessionLock);
    return Found;
}

/* Users' sessions first, newest first; session 0 with its services is the oldest. A subsystem that fails to answer
   does not keep the system from ending. Takes and drops SmpSessionLock for each. */
static VOID TerminateSessions(VOID)
{
    for (ULONG SessionId = SmpNextSessionId; SessionId-- > 0;) {
        SB_API_MSG Message;
        PSMP_SESSION Session;
        HANDLE SbApiPort = NULL;
        NTSTATUS Status;

        RtlEnterCriticalSection(&SmpSessionLock);
        Session = SmpLookupSession(SessionId);
        if (Session)
            SbApiPort = Session->SbApiPort;
        RtlLeaveCriticalSection(&SmpSessionLock);
        if (!SbApiPort)
            continue;
        memset(&Message, 0, sizeof(Message));
        SmpInitMessage(&Message.h, sizeof(Message));
        Message.ApiNumber = SbTerminateSessionApi;
        Message.u.TerminateSession.SessionId = SessionId;
        Status = SmpCallSubsystem(SbApiPort, &Message);
        if (!NT_SUCCESS(Status))
            DbgPrint("SMSS: session %u did not end: status 0x%X\n", SessionId, Status);
    }
}

/* Z; S-095 to S-104 */
NTSTATUS SmpShutdown(PSMP_CLIENT_CONTEXT Client, PSM_API_MSG Message)
{
    SHUTDOWN_ACTION Action = (SHUTDOWN_ACTION)Message->u.Shutdown.Action;
    BOOLEAN WasEnabled;
    NTSTATUS Status;

    if (!IsInitialCommand(Client->ClientId.UniqueProcess))
        return STATUS_ACCESS_DENIED;
    if (Action != ShutdownPowerOff && Action != ShutdownReboot)
        return STATUS_INVALID_PARAMETER;
    if (InterlockedExchange(&ShutdownStarted, 1))
        return STATUS_SHUTDOWN_IN_PROGRESS;
    RtlpClaim("smss.shutdown.begin", "action=%ws", Action == ShutdownReboot ? L"reset" : L"poweroff");
    TerminateSessions();
    if (!SmpEndsSystem) {
        RtlpClaim("smss.shutdown.end", NULL);
        return STATUS_SUCCESS; /* the rest is the caller's */
    }
    Status = RtlAdjustPrivilege(SE_SHUTDOWN_PRIVILEGE, TRUE, FALSE, &WasEnabled);
    if (NT_SUCCESS(Status)) {
        RtlpClaim("smss.shutdown.end", NULL);
        Status = NtShutdownSystem(Action);
    }
    InterlockedExchange(&ShutdownStarted, 0);
    return Status;
}
