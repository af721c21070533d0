/* wininit: session 0's first program. Starts the service control manager and the local security authority (C3). */
#include <client.h>

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

VOID NTAPI NtProcessStartup(PPEB Peb)
{
    HANDLE Handles[RTL_NUMBER_OF(Children)];
    SESSION Session;
    NTSTATUS Status;

    UNREFERENCED_PARAMETER(Peb);
    RtlpClaim("wininit.start", "session=%u", QuerySessionId());
    CHECK(RtlSetProcessIsCritical(TRUE, NULL, FALSE), "RtlSetProcessIsCritical");
    ConnectToSession(&Session);
    for (ULONG i = 0; i < RTL_NUMBER_OF(Children); i++)
        StartChild(&Children[i]);
    for (ULONG i = 0; i < RTL_NUMBER_OF(Children); i++)
        WaitUntilReady(&Session, &Children[i]);
    RtlpClaim("wininit.ready", "session=%u", Session.Id);

    /* Neither child may end while the system runs; this process is critical, so its own end stops the system. */
    for (ULONG i = 0; i < RTL_NUMBER_OF(Children); i++)
        Handles[i] = Children[i].Process;
    Status = NtWaitForMultipleObjects(RTL_NUMBER_OF(Children), Handles, WaitAny, FALSE, NULL);
    Fail(NT_SUCCESS(Status) ? STATUS_PROCESS_IS_TERMINATING : Status, "child process");
}
