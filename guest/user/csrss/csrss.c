/* The Windows subsystem's process: one for each session (S23). */
#include "csrss.h"

ULONG CsrSessionId;
UNICODE_STRING CsrObjectDirectory = RTL_CONSTANT_STRING(L"\\Windows");

DECLSPEC_NORETURN VOID CsrFail(NTSTATUS Status, PCSTR Where)
{
    DbgPrint("CSRSS: %s failed with status 0x%X\n", Where, Status);
    RtlExitUserProcess(Status);
}

static VOID FirstPass(PCUNICODE_STRING Name, PCUNICODE_STRING Value)
{
    static UNICODE_STRING ObjectDirectory = RTL_CONSTANT_STRING(L"ObjectDirectory");
    static WCHAR Buffer[64];

    if (!RtlEqualUnicodeString(Name, &ObjectDirectory, TRUE))
        return;
    /* Session 0 has the directory itself, every other session one of the same name of its own. */
    RtlInitEmptyUnicodeString(&CsrObjectDirectory, Buffer, sizeof(Buffer));
    if (CsrSessionId)
        _snwprintf(Buffer, RTL_NUMBER_OF(Buffer), L"\\Sessions\\%u", CsrSessionId);
    CsrObjectDirectory.Length = (USHORT)(wcslen(Buffer) * sizeof(WCHAR));
    CSR_CHECK(RtlAppendUnicodeStringToString(&CsrObjectDirectory, Value), "ObjectDirectory");
}

/* SharedSection, Windows, SubSystemType, ProfileControl and MaxRequestThreads tune what this subsystem has none of. */
static VOID SecondPass(PCUNICODE_STRING Name, PCUNICODE_STRING Value)
{
    static UNICODE_STRING ServerDll = RTL_CONSTANT_STRING(L"ServerDll");

    if (RtlEqualUnicodeString(Name, &ServerDll, TRUE))
        CSR_CHECK(CsrLoadServerDll(Value), "server DLL");
}

/* S23; S-062, S-074 */
VOID NTAPI NtProcessStartup(PPEB Peb)
{
    PUNICODE_STRING CommandLine = &Peb->ProcessParameters->CommandLine;
    PROCESS_SESSION_INFORMATION Session;
    WCHAR Buffer[96];
    UNICODE_STRING SbApiPortName = { 0, sizeof(Buffer), Buffer };

    CSR_CHECK(NtQueryInformationProcess(NtCurrentProcess(), ProcessSessionInformation, &Session, sizeof(Session), NULL),
              "session");
    CsrSessionId = Session.SessionId;
    RtlpClaim("csrss.start.begin", "session=%u", CsrSessionId);
    CsrForEachArgument(CommandLine, FirstPass);
    CsrCreateSessionObjects();
    CsrForEachArgument(CommandLine, SecondPass);
    CsrStartApiPort();
    CsrStartSbApiPort(&SbApiPortName);
    CsrConnectToSessionManager(&SbApiPortName);
    CSR_CHECK(RtlSetProcessIsCritical(TRUE, NULL, FALSE), "RtlSetProcessIsCritical");
    RtlpClaim("csrss.start.end", NULL);
    RtlExitUserThread(STATUS_SUCCESS); /* the ports' threads stay */
}
