/* The SM APIs that a session's smss calls: StartCsr, ExecPgm, SessionComplete. */
#include "smss.h"

PSMP_SESSION SmpLookupSession(ULONG SessionId)
{
    for (PLIST_ENTRY Link = SmpSessionList.Flink; Link != &SmpSessionList; Link = Link->Flink) {
        PSMP_SESSION Session = CONTAINING_RECORD(Link, SMP_SESSION, Link);

        if (Session->SessionId == SessionId)
            return Session;
    }
    return NULL;
}

PSMP_SESSION SmpLookupSessionByChild(HANDLE ProcessId)
{
    for (PLIST_ENTRY Link = SmpSessionList.Flink; Link != &SmpSessionList; Link = Link->Flink) {
        PSMP_SESSION Session = CONTAINING_RECORD(Link, SMP_SESSION, Link);

        if (Session->ChildProcessId == ProcessId)
            return Session;
    }
    return NULL;
}

PSMP_SESSION SmpLookupSessionBySubsystem(HANDLE ProcessId)
{
    for (PLIST_ENTRY Link = SmpSessionList.Flink; Link != &SmpSessionList; Link = Link->Flink) {
        PSMP_SESSION Session = CONTAINING_RECORD(Link, SMP_SESSION, Link);

        if (Session->SubsystemProcessId == ProcessId)
            return Session;
    }
    return NULL;
}

/* S22: the child has created its csrss and says which process that is. Takes and drops SmpSessionLock. */
NTSTATUS SmpStartCsr(PSMP_CLIENT_CONTEXT Client, PSM_API_MSG Message)
{
    SM_START_CSR_MSG *Start = &Message->u.StartCsr;
    CLIENT_ID SubsystemId = { Start->WindowsSubSysProcessId, NULL };
    OBJECT_ATTRIBUTES Attributes;
    PSMP_SESSION Session;
    NTSTATUS Status = STATUS_ACCESS_DENIED;

    RtlEnterCriticalSection(&SmpSessionLock);
    Session = SmpLookupSessionByChild(Client->ClientId.UniqueProcess);
    if (Session && Session->SessionId == Start->MuSessionId && !Session->SubsystemProcess) {
        InitializeObjectAttributes(&Attributes, NULL, 0, NULL, NULL);
        Status = NtOpenProcess(&Session->SubsystemProcess, PROCESS_DUP_HANDLE | PROCESS_QUERY_INFORMATION | SYNCHRONIZE,
                               &Attributes, &SubsystemId);
        if (NT_SUCCESS(Status))
            Status = NtDuplicateObject(NtCurrentProcess(), Session->ConnectedEvent, Session->ChildProcess,
                                       &Start->ConnectedEvent, SYNCHRONIZE, 0, 0);
        if (NT_SUCCESS(Status))
            Session->SubsystemProcessId = SubsystemId.UniqueProcess;
    }
    RtlLeaveCriticalSection(&SmpSessionLock);
    return Status;
}

NTSTATUS SmpCallSubsystem(HANDLE SbApiPort, PSB_API_MSG Message)
{
    SB_API_MSG Reply;
    NTSTATUS Status = NtRequestWaitReplyPort(SbApiPort, &Message->h, &Reply.h);

    return NT_SUCCESS(Status) ? Reply.ReturnValue : Status;
}

/* A handle of the child becomes one of the subsystem. */
static NTSTATUS HandOver(PSMP_SESSION Session, HANDLE Handle, PHANDLE Theirs)
{
    return NtDuplicateObject(Session->ChildProcess, Handle, Session->SubsystemProcess, Theirs, 0, 0,
                             DUPLICATE_SAME_ACCESS);
}

/* S24: the child's initial command goes to the session's csrss, which resumes it; S-018, S-046. Takes SmpSessionLock,
   and drops it before it calls csrss. */
NTSTATUS SmpExecPgm(PSMP_CLIENT_CONTEXT Client, PSM_API_MSG Message)
{
    RTL_USER_PROCESS_INFORMATION *Program = &Message->u.ExecPgm.ProcessInformation;
    SB_API_MSG Create;
    PSMP_SESSION Session;
    HANDLE SbApiPort = NULL;
    NTSTATUS Status;

    memset(&Create, 0, sizeof(Create));
    SmpInitMessage(&Create.h, sizeof(Create));
    Create.ApiNumber = SbCreateSessionApi;
    Create.u.CreateSession.ProcessInformation = *Program;

    RtlEnterCriticalSection(&SmpSessionLock);
    Session = SmpLookupSessionByChild(Client->ClientId.UniqueProcess);
    Status = Session && Session->SbApiPort ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
    if (NT_SUCCESS(Status))
        Status = HandOver(Session, Program->ProcessHandle, &Create.u.CreateSession.ProcessInformation.ProcessHandle);
    if (NT_SUCCESS(Status))
        Status = HandOver(Session, Program->ThreadHandle, &Create.u.CreateSession.ProcessInformation.ThreadHandle);
    if (NT_SUCCESS(Status)) {
        Create.u.CreateSession.SessionId = Session->SessionId;
        Session->InitialCommandId = Program->ClientId.UniqueProcess;
        SbApiPort = Session->SbApiPort;
    }
    RtlLeaveCriticalSection(&SmpSessionLock);
    return NT_SUCCESS(Status) ? SmpCallSubsystem(SbApiPort, &Create) : Status;
}

/* C1 ends: the child has nothing left to do. Takes and drops SmpSessionLock. */
NTSTATUS SmpSessionComplete(PSMP_CLIENT_CONTEXT Client, PSM_API_MSG Message)
{
    SM_SESSION_COMPLETE_MSG *Complete = &Message->u.SessionComplete;
    PSMP_SESSION Session;

    RtlEnterCriticalSection(&SmpSessionLock);
    Session = SmpLookupSessionByChild(Client->ClientId.UniqueProcess);
    if (Session && Session->SessionId != Complete->SessionId)
        Session = NULL;
    if (Session) {
        Session->CompleteStatus = Complete->SessionStatus;
        if (NT_SUCCESS(Complete->SessionStatus))
            RtlpClaim("smss.session.end", "session=%u", Session->SessionId);
        NtSetEvent(Session->CompleteEvent, NULL);
    }
    RtlLeaveCriticalSection(&SmpSessionLock);
    return Session ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
}
