/* A session's transient smss: S21 kernel subsystem, S22 csrss, S24 initial command, S25 detach, C4 exit. */
#include "smss.h"

#define SUBSYSTEM_TIMEOUT_SECONDS 60 /* session 0 waits for ever */

static HANDLE MasterPort;

static NTSTATUS ConnectToMaster(VOID)
{
    SECURITY_QUALITY_OF_SERVICE Qos = { sizeof(Qos), SecurityIdentification, SECURITY_DYNAMIC_TRACKING, TRUE };
    UNICODE_STRING Name = RTL_CONSTANT_STRING(SM_API_PORT_NAME);
    SB_CONNECTION_INFO Info = { 0 };
    ULONG Length = sizeof(Info);

    return NtConnectPort(&MasterPort, &Name, &Qos, NULL, NULL, NULL, &Info, &Length);
}

static NTSTATUS CallMaster(PSM_API_MSG Message, SM_API_NUMBER ApiNumber)
{
    NTSTATUS Status;

    SmpInitMessage(&Message->h, sizeof(*Message));
    Message->ApiNumber = ApiNumber;
    Status = NtRequestWaitReplyPort(MasterPort, &Message->h, &Message->h);
    return NT_SUCCESS(Status) ? Message->ReturnValue : Status;
}

/* S21; S-060: win32k.sys into the session's own space. */
static VOID LoadKernelSubsystem(ULONG SessionId)
{
    BOOLEAN WasEnabled;

    if (!SmpKmodePath.Length && !RtlCreateUnicodeString(&SmpKmodePath, L"\\SystemRoot\\System32\\win32k.sys"))
        SmpTerminate(STATUS_NO_MEMORY, "Kmode");
    RtlpClaim("smss.kernel-subsystem.begin", "path=%wZ session=%u", &SmpKmodePath, SessionId);
    SMP_CHECK(RtlAdjustPrivilege(SE_LOAD_DRIVER_PRIVILEGE, TRUE, FALSE, &WasEnabled), "SeLoadDriverPrivilege");
    SMP_CHECK(NtSetSystemInformation(SystemExtendServiceTableInformation, &SmpKmodePath, sizeof(SmpKmodePath)),
              "kernel subsystem");
    if (!WasEnabled)
        RtlAdjustPrivilege(SE_LOAD_DRIVER_PRIVILEGE, FALSE, FALSE, &WasEnabled);
    RtlpClaim("smss.kernel-subsystem.end", NULL);
}

/* The master learns which process the subsystem is before it can run; the reply has the event to wait for. */
static HANDLE RegisterSubsystem(PCUNICODE_STRING Name, ULONG SessionId, HANDLE ProcessId)
{
    SM_API_MSG Message;

    memset(&Message, 0, sizeof(Message));
    Message.u.StartCsr.MuSessionId = SessionId;
    Message.u.StartCsr.Length = min(Name->Length, sizeof(Message.u.StartCsr.Buffer));
    memcpy(Message.u.StartCsr.Buffer, Name->Buffer, Message.u.StartCsr.Length);
    Message.u.StartCsr.WindowsSubSysProcessId = ProcessId;
    SMP_CHECK(CallMaster(&Message, SmpStartCsrApi), "StartCsr");
    return Message.u.StartCsr.ConnectedEvent;
}

/* S22; S-062, S-074 */
static VOID StartSubsystem(PSMP_REGISTRY_VALUE Subsystem, ULONG SessionId)
{
    LARGE_INTEGER Timeout = { .QuadPart = -10000000ll * SUBSYSTEM_TIMEOUT_SECONDS };
    PROCESS_SESSION_INFORMATION SessionInformation = { SessionId };
    RTL_USER_PROCESS_INFORMATION Process;
    UNICODE_STRING Image;
    HANDLE Handles[2];
    NTSTATUS Status;

    RtlpClaim("smss.subsystem.begin", "name=%wZ session=%u", &Subsystem->Name, SessionId);
    SMP_CHECK(SmpFindImage(&Subsystem->Value, &Image, NULL), "subsystem's image");
    SMP_CHECK(SmpExecuteImage(&Image, &Subsystem->Value, 0, 0, &Process), "subsystem");
    SMP_CHECK(NtSetInformationProcess(Process.ProcessHandle, ProcessSessionInformation, &SessionInformation,
                                      sizeof(SessionInformation)),
              "subsystem's session");
    Handles[0] = RegisterSubsystem(&Subsystem->Name, SessionId, Process.ClientId.UniqueProcess);
    Handles[1] = Process.ProcessHandle;
    SMP_CHECK(NtResumeThread(Process.ThreadHandle, NULL), "subsystem");
    Status = NtWaitForMultipleObjects(2, Handles, WaitAny, FALSE, SessionId ? &Timeout : NULL);
    if (Status == STATUS_WAIT_1)
        Status = SmpExitStatus(Process.ProcessHandle);
    if (Status != STATUS_WAIT_0)
        SmpTerminate(Status, "subsystem");
    NtClose(Handles[0]);
    NtClose(Process.ThreadHandle);
    NtClose(Process.ProcessHandle);
    RtlFreeUnicodeString(&Image);
    RtlpClaim("smss.subsystem.end", NULL);
}

/* Each Required name with a command line; Debug's is empty, it is part of this session manager. */
static VOID StartRequiredSubsystems(ULONG SessionId)
{
    for (PLIST_ENTRY Link = SmpRequiredList.Flink; Link != &SmpRequiredList; Link = Link->Flink) {
        PSMP_REGISTRY_VALUE Required = CONTAINING_RECORD(Link, SMP_REGISTRY_VALUE, Link);
        PSMP_REGISTRY_VALUE Subsystem = SmpFindValue(&SmpSubSystemsList, &Required->Name);

        if (Subsystem && Subsystem->Value.Length)
            StartSubsystem(Subsystem, SessionId);
    }
}

/* S24, C3; S-018, S-046: session 0's own program, or the last of Execute (winlogon.exe). */
static UNICODE_STRING InitialCommand(ULONG SessionId)
{
    UNICODE_STRING Default = RTL_CONSTANT_STRING(L"winlogon.exe");

    if (SessionId == 0)
        return SmpS0InitialCommand;
    if (IsListEmpty(&SmpExecuteList))
        return Default;
    return CONTAINING_RECORD(SmpExecuteList.Blink, SMP_REGISTRY_VALUE, Link)->Name;
}

static VOID StartInitialCommand(ULONG SessionId)
{
    UNICODE_STRING CommandLine, Image, FileName;
    SM_API_MSG Message;

    memset(&Message, 0, sizeof(Message));
    SMP_CHECK(SmpExpand(InitialCommand(SessionId).Buffer, &CommandLine), "initial command");
    SMP_CHECK(SmpFindImage(&CommandLine, &Image, &FileName), "initial command's image");
    RtlpClaim("smss.initial-command.begin", "name=%wZ session=%u", &FileName, SessionId);
    SMP_CHECK(SmpExecuteImage(&Image, &CommandLine, 0, 0, &Message.u.ExecPgm.ProcessInformation), "initial command");
    SMP_CHECK(CallMaster(&Message, SmpExecPgmApi), "ExecPgm");
    RtlpClaim("smss.initial-command.end", NULL);
}

/* S25; S-110 */
static VOID DetachSession(ULONG SessionId)
{
    RtlpClaim("smss.detach.begin", NULL);
    SMP_CHECK(NtSetSystemInformation(SystemSessionDetach, &SessionId, sizeof(SessionId)), "SystemSessionDetach");
    RtlpClaim("smss.detach.end", NULL);
}

DECLSPEC_NORETURN VOID SmpChildMain(ULONG SessionId)
{
    SM_API_MSG Message;

    RtlpClaim("smss.start", "role=session"); /* S1 */
    SMP_CHECK(RtlCreateEnvironment(TRUE, &SmpDefaultEnvironment), "RtlCreateEnvironment");
    SMP_CHECK(SmpLoadSubSystems(), "SubSystems' registry values");
    SMP_CHECK(ConnectToMaster(), "\\SmApiPort");
    LoadKernelSubsystem(SessionId);
    StartRequiredSubsystems(SessionId);
    StartInitialCommand(SessionId);
    DetachSession(SessionId);

    memset(&Message, 0, sizeof(Message));
    Message.u.SessionComplete.SessionId = SessionId;
    Message.u.SessionComplete.SessionStatus = STATUS_SUCCESS;
    SMP_CHECK(CallMaster(&Message, SmpSessionCompleteApi), "SessionComplete");
    RtlpClaim("smss.session-child-exit", "session=%u", SessionId); /* C4; S-026, S-110 */
    RtlExitUserProcess(STATUS_SUCCESS);
}
