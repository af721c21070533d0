/* Checks, children, and the order of the tests. */
#include "svctest.h"

ULONG TestFailures;

VOID TestCheck(PCSTR Name, BOOLEAN Condition, ULONG64 Value)
{
    if (Condition) {
        DbgPrint("ok %s\n", Name);
        return;
    }
    TestFailures++;
    DbgPrint("FAILED %s (0x%I64X)\n", Name, Value);
}

VOID TestCheckStatus(PCSTR Name, NTSTATUS Value, NTSTATUS Expected)
{
    TestCheck(Name, Value == Expected, (ULONG)Value);
}

NTSTATUS TestWait(HANDLE Handle, ULONG Milliseconds)
{
    LARGE_INTEGER Timeout = { .QuadPart = -10000ll * Milliseconds };

    return NtWaitForSingleObject(Handle, FALSE, &Timeout);
}

VOID TestSleep(ULONG Milliseconds)
{
    LARGE_INTEGER Interval = { .QuadPart = -10000ll * Milliseconds };

    NtDelayExecution(FALSE, &Interval);
}

NTSTATUS TestCreateChild(PCWSTR Role, UCHAR Protection, PRTL_USER_PROCESS_INFORMATION Child)
{
    UNICODE_STRING Image = RTL_CONSTANT_STRING(L"\\SystemRoot\\System32\\smss.exe");
    PRTL_USER_PROCESS_PARAMETERS Parameters;
    UNICODE_STRING CommandLine;
    NTSTATUS Status;

    RtlInitUnicodeString(&CommandLine, Role);
    Status = RtlCreateProcessParameters(&Parameters, &Image, NULL, NULL, &CommandLine, NULL, NULL, NULL, NULL, NULL);
    if (!NT_SUCCESS(Status))
        return Status;
    Child->Length = sizeof *Child;
    Status = RtlpCreateUserProcess(&Image, Parameters, PROCESS_CREATE_FLAGS_INHERIT_HANDLES, Protection, Child);
    RtlDestroyProcessParameters(Parameters);
    return Status;
}

NTSTATUS TestRunChild(PCWSTR Role, UCHAR Protection)
{
    RTL_USER_PROCESS_INFORMATION Child;
    PROCESS_BASIC_INFORMATION Basic = { 0 };
    NTSTATUS Status = TestCreateChild(Role, Protection, &Child);

    if (!NT_SUCCESS(Status))
        return Status;
    NtResumeThread(Child.ThreadHandle, NULL);
    Status = TestWait(Child.ProcessHandle, 5000);
    if (Status == STATUS_SUCCESS) {
        Status = NtQueryInformationProcess(Child.ProcessHandle, ProcessBasicInformation, &Basic, sizeof Basic, NULL);
        if (NT_SUCCESS(Status))
            Status = Basic.ExitStatus;
    }
    NtClose(Child.ThreadHandle);
    NtClose(Child.ProcessHandle);
    return Status;
}

VOID NTAPI NtProcessStartup(PPEB Peb)
{
    PUNICODE_STRING CommandLine = &Peb->ProcessParameters->CommandLine;

    if (CommandLine->Length != 0 && CommandLine->Buffer[0] != L'\\')
        RunRole(CommandLine->Buffer);
    TestObjects();
    TestProcesses();
    TestPorts();
    TestSections();
    TestFiles();
    TestRegistry();
    TestPaging();
    TestHostileCalls();
    DbgPrint("done %u\n", TestFailures);
    RtlAdjustPrivilege(SE_SHUTDOWN_PRIVILEGE, TRUE, FALSE, &(BOOLEAN){ 0 });
    NtShutdownSystem(ShutdownPowerOff);
    RtlExitUserProcess(STATUS_UNSUCCESSFUL);
}
