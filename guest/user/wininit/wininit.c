/* wininit: session 0's first program. Starts the service control manager and the local security authority (C3). */
#include <client.h>
#include <power.h>

typedef struct _CHILD {
    PCWSTR Image;
    PCWSTR ReadyEvent;
    UCHAR Protection;
    HANDLE Process;
} CHILD;

/* The service control manager is protected as wininit is; lsass becomes so only by a setting that nobody has made. */
static CHILD Children[] = {
    { L"\\SystemRoot\\System32\\services.exe", L"SC_AutoStartComplete", PS_PROTECTED_WINTCB_LIGHT, NULL },
    { L"\\SystemRoot\\System32\\lsass.exe", L"LSA_RPC_SERVER_ACTIVE", 0, NULL },
};

/* S-047, S-068 */
static VOID StartChild(CHILD *Child)
{
    UNICODE_STRING Image, FileName;
    PRTL_USER_PROCESS_PARAMETERS Parameters;
    RTL_USER_PROCESS_INFORMATION Process;

    RtlInitUnicodeString(&Image, Child->Image);
    RtlInitUnicodeString(&FileName, wcsrchr(Child->Image, L'\\') + 1);
    CHECK(RtlCreateProcessParametersEx(&Parameters, &Image, NULL, NULL, &FileName, NULL, NULL, NULL, NULL, NULL, 0),
          "process parameters");
    CHECK(RtlpCreateUserProcess(&Image, Parameters, 0, Child->Protection, &Process), "child process");
    RtlDestroyProcessParameters(Parameters);
    CHECK(NtResumeThread(Process.ThreadHandle, NULL), "child process");
    NtClose(Process.ThreadHandle);
    Child->Process = Process.ProcessHandle;
}

/* The child sets the event; it must not end before. */
static VOID WaitUntilReady(PSESSION Session, CHILD *Child)
{
    HANDLE Handles[2] = { CreateSessionEvent(Session, Child->ReadyEvent, FALSE), Child->Process };
    NTSTATUS Status = NtWaitForMultipleObjects(2, Handles, WaitAny, FALSE, NULL);

    if (Status != STATUS_WAIT_0)
        Fail(Status == STATUS_WAIT_1 ? STATUS_PROCESS_IS_TERMINATING : Status, "child process");
    NtClose(Handles[0]);
}

/* Is there a session with a person in it, whose winlogon takes power requests? Each has a directory by its number. */
static BOOLEAN HasInteractiveSession(VOID)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Sessions\\1");
    OBJECT_ATTRIBUTES Attributes;
    HANDLE Directory;
    NTSTATUS Status;

    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    Status = NtOpenDirectoryObject(&Directory, DIRECTORY_QUERY, &Attributes);
    if (NT_SUCCESS(Status))
        NtClose(Directory);
    return Status != STATUS_OBJECT_NAME_NOT_FOUND;
}

/* Neither child may end while the system runs: this process is critical, so its own end stops the system. */
static DECLSPEC_NORETURN VOID WatchChildren(VOID)
{
    HANDLE Handles[RTL_NUMBER_OF(Children) + PowerRequestCount];
    HANDLE Port = PowerConnectToSmss();
    ULONG Count = RTL_NUMBER_OF(Handles), Index;

    for (ULONG i = 0; i < RTL_NUMBER_OF(Children); i++)
        Handles[i] = Children[i].Process;
    PowerOpenEvents(Handles + RTL_NUMBER_OF(Children));
    for (;;) {
        Index = PowerWait(Count, Handles);
        if (Index < RTL_NUMBER_OF(Children))
            Fail(STATUS_PROCESS_IS_TERMINATING, "child process");
        if (!HasInteractiveSession() && PowerTakeRequest())
            PowerSendRequest(Port, Index - RTL_NUMBER_OF(Children));
        Count = RTL_NUMBER_OF(Children); /* the events stay set */
    }
}

VOID NTAPI NtProcessStartup(PPEB Peb)
{
    SESSION Session;

    UNREFERENCED_PARAMETER(Peb);
    RtlpClaim("wininit.start", "session=%u", QuerySessionId());
    CHECK(RtlSetProcessIsCritical(TRUE, NULL, FALSE), "RtlSetProcessIsCritical");
    ConnectToSession(&Session);
    for (ULONG i = 0; i < RTL_NUMBER_OF(Children); i++)
        StartChild(&Children[i]);
    for (ULONG i = 0; i < RTL_NUMBER_OF(Children); i++)
        WaitUntilReady(&Session, &Children[i]);
    RtlpClaim("wininit.ready", "session=%u", Session.Id);
    WatchChildren();
}
