/* The session manager: which of its two roles this process has, and the master's way through its steps. */
#include "smss.h"

/* The kernel's smss has no argument; a session's has the session's number, eight hexadecimal digits. */
static BOOLEAN SessionFromArguments(PCUNICODE_STRING CommandLine, PULONG SessionId)
{
    UNICODE_STRING Argument = *CommandLine;

    while (Argument.Length && *Argument.Buffer != L' ') {
        Argument.Buffer++;
        Argument.Length -= sizeof(WCHAR);
    }
    while (Argument.Length && *Argument.Buffer == L' ') {
        Argument.Buffer++;
        Argument.Length -= sizeof(WCHAR);
    }
    return Argument.Length == 8 * sizeof(WCHAR) && NT_SUCCESS(RtlUnicodeStringToInteger(&Argument, 16, SessionId));
}

/* S1; S-027, S-030, S-111 */
VOID NTAPI NtProcessStartup(PPEB Peb)
{
    PRTL_USER_PROCESS_PARAMETERS Parameters = RtlNormalizeProcessParams(Peb->ProcessParameters);
    ULONG SessionId;

    SmpInitializeLists();
    if (SessionFromArguments(&Parameters->CommandLine, &SessionId))
        SmpChildMain(SessionId);
    RtlpClaim("smss.start", "role=master"); /* S1 */
    SmpRunSteps();
    SmpMonitor();
}

DECLSPEC_NORETURN VOID SmpTerminate(NTSTATUS Status, PCSTR Where)
{
    UNICODE_STRING Text = RTL_CONSTANT_STRING(L"Session Manager Initialization");
    ULONG_PTR Parameters[4] = { (ULONG_PTR)&Text, (ULONG)Status, 0, 0 };
    BOOLEAN WasEnabled;
    ULONG Response;

    DbgPrint("SMSS: %s failed with status 0x%X\n", Where, Status);
    RtlAdjustPrivilege(SE_SHUTDOWN_PRIVILEGE, TRUE, FALSE, &WasEnabled);
    NtRaiseHardError(STATUS_SYSTEM_PROCESS_TERMINATED, 4, 1, Parameters, OptionShutdownSystem, &Response);
    for (;;)
        NtTerminateProcess(NtCurrentProcess(), Status); /* critical: the kernel stops here at the latest */
}
