/* C1: one transient smss for each initial session; M2: the master's last wait. */
#include "smss.h"

static PSMP_SESSION CreateSessionRecord(ULONG SessionId)
{
    PSMP_SESSION Session = RtlAllocateHeap(RtlProcessHeap(), HEAP_ZERO_MEMORY, sizeof(*Session));

    if (!Session)
        SmpTerminate(STATUS_NO_MEMORY, "session");
    Session->SessionId = SessionId;
    Session->CompleteStatus = STATUS_PENDING;
    SMP_CHECK(NtCreateEvent(&Session->CompleteEvent, EVENT_ALL_ACCESS, NULL, NotificationEvent, FALSE),
              "session event");
    SMP_CHECK(NtCreateEvent(&Session->ConnectedEvent, EVENT_ALL_ACCESS, NULL, NotificationEvent, FALSE),
              "csrss event");
    return Session;
}

/* C1; S-002, S-070, S-080, S-117: the kernel makes the session with the process. The caller owns SmpSessionLock. */
static VOID StartSession(VOID)
{
    UNICODE_STRING Image = RTL_CONSTANT_STRING(L"\\SystemRoot\\System32\\smss.exe"), CommandLine;
    PSMP_SESSION Session = CreateSessionRecord(SmpNextSessionId++);
    PROCESS_SESSION_INFORMATION Actual;
    RTL_USER_PROCESS_INFORMATION Child;
    WCHAR Buffer[64];

    RtlpClaim("smss.session.begin", "session=%u", Session->SessionId);
    _snwprintf(Buffer, RTL_NUMBER_OF(Buffer), L"%wZ %08x", &Image, Session->SessionId);
    RtlInitUnicodeString(&CommandLine, Buffer);
    SMP_CHECK(SmpExecuteImage(&Image, &CommandLine, PROCESS_CREATE_FLAGS_CREATE_SESSION, 0, &Child), "session's smss");
    SMP_CHECK(NtQueryInformationProcess(Child.ProcessHandle, ProcessSessionInformation, &Actual, sizeof(Actual), NULL),
              "session's number");
    if (Actual.SessionId != Session->SessionId)
        SmpTerminate(STATUS_UNSUCCESSFUL, "session's number");
    Session->ChildProcess = Child.ProcessHandle;
    Session->ChildProcessId = Child.ClientId.UniqueProcess;

    InsertTailList(&SmpSessionList, &Session->Link);
    SMP_CHECK(NtResumeThread(Child.ThreadHandle, NULL), "session's smss");
    NtClose(Child.ThreadHandle);
}

/* A child that ends without SessionComplete has failed. */
static VOID WaitForSession(PSMP_SESSION Session)
{
    HANDLE Handles[2] = { Session->CompleteEvent, Session->ChildProcess };
    NTSTATUS Status = NtWaitForMultipleObjects(2, Handles, WaitAny, FALSE, NULL);

    if (Status == STATUS_WAIT_1)
        SmpTerminate(SmpExitStatus(Session->ChildProcess), "session's smss");
    SMP_CHECK(Status, "session's smss");
    SMP_CHECK(Session->CompleteStatus, "session");
}

/* No child gets an answer before all of them have been created: the lock keeps the API workers waiting. */
VOID SmpStartInitialSessions(VOID)
{
    RtlEnterCriticalSection(&SmpSessionLock);
    for (ULONG i = 0; i < SmpInitialSessions; i++)
        StartSession();
    RtlLeaveCriticalSection(&SmpSessionLock);
    for (PLIST_ENTRY Link = SmpSessionList.Flink; Link != &SmpSessionList; Link = Link->Flink)
        WaitForSession(CONTAINING_RECORD(Link, SMP_SESSION, Link));
}

/* Takes and drops SmpSessionLock.
   M2; S-010, S-088, S-118: csrss of session 0 is critical, so this wait ends only with the system. */
DECLSPEC_NORETURN VOID SmpMonitor(VOID)
{
    PSMP_SESSION Session;
    NTSTATUS Status;

    RtlEnterCriticalSection(&SmpSessionLock);
    Session = SmpLookupSession(0);
    RtlLeaveCriticalSection(&SmpSessionLock);
    RtlpClaim("smss.monitor", "process=csrss.exe session=%u", Session->SessionId);
    Status = NtWaitForSingleObject(Session->SubsystemProcess, FALSE, NULL);
    SmpTerminate(NT_SUCCESS(Status) ? STATUS_PROCESS_IS_TERMINATING : Status, "Windows SubSystem");
}
