/* Processes and threads: made, watched, suspended, ended, protected. */
#include "svctest.h"

static volatile ULONG64 Counter;

static VOID NTAPI Count(PVOID Stop)
{
    while (!*(volatile BOOLEAN *)Stop)
        Counter++;
    RtlExitUserThread(0x77);
}

static VOID NTAPI WaitForEver(PVOID Event)
{
    NtWaitForSingleObject(Event, FALSE, NULL);
    RtlExitUserThread(STATUS_SUCCESS);
}

static VOID TestThreads(VOID)
{
    THREAD_BASIC_INFORMATION Basic;
    volatile BOOLEAN Stop = FALSE;
    ULONG64 Before;
    HANDLE Thread, Event;
    ULONG Previous;

    CHECK_STATUS("thread is made suspended",
                 RtlCreateUserThread(NtCurrentProcess(), NULL, TRUE, 0, 0, 0, Count, (PVOID)&Stop, &Thread, NULL), 0);
    TestSleep(20);
    CHECK("and does nothing", Counter == 0);
    NtResumeThread(Thread, &Previous);
    CHECK("it was suspended once", Previous == 1);
    TestSleep(50);
    CHECK("it is preempted and runs", Counter != 0);
    CHECK_STATUS("suspended while it runs", NtSuspendThread(Thread, &Previous), 0);
    Before = Counter;
    TestSleep(30);
    CHECK("it holds", Counter == Before);
    NtResumeThread(Thread, NULL);
    TestSleep(50);
    CHECK("it goes on", Counter != Before);
    Stop = TRUE;
    CHECK_STATUS("its end is seen", TestWait(Thread, 1000), 0);
    NtQueryInformationThread(Thread, ThreadBasicInformation, &Basic, sizeof Basic, NULL);
    CHECK_STATUS("with its status", Basic.ExitStatus, 0x77);
    NtClose(Thread);

    NtCreateEvent(&Event, EVENT_ALL_ACCESS, NULL, NotificationEvent, FALSE);
    RtlCreateUserThread(NtCurrentProcess(), NULL, FALSE, 0, 0, 0, WaitForEver, Event, &Thread, NULL);
    TestSleep(10);
    CHECK_STATUS("a waiting thread is ended", NtTerminateThread(Thread, 5), 0);
    CHECK_STATUS("and is gone", TestWait(Thread, 1000), 0);
    NtClose(Thread);
    NtClose(Event);
}

static VOID TestChildren(VOID)
{
    static const struct { PCWSTR Role; NTSTATUS Status; PCSTR Name; } Ends[] = {
        { L"exit", 0x1234, "a child's exit status" },
        { L"read-nothing", STATUS_ACCESS_VIOLATION, "a read of page 0 ends the process" },
        { L"read-kernel", STATUS_ACCESS_VIOLATION, "a read of kernel memory ends the process" },
        { L"write-code", STATUS_ACCESS_VIOLATION, "a write to code ends the process" },
        { L"run-stack", STATUS_ACCESS_VIOLATION, "code on the stack ends the process" },
        { L"make-code", STATUS_SUCCESS, "who gave up making code makes none" },
        { L"open-parent", STATUS_ACCESS_DENIED, "no right to end a protected process" },
        { L"read-parent", STATUS_ACCESS_DENIED, "no right to read a protected process" },
        { L"query-parent", STATUS_SUCCESS, "but to ask about it" },
        { L"protected-child", STATUS_ACCESS_DENIED, "no protected child without protection" },
    };
    RTL_USER_PROCESS_INFORMATION Child;
    PROCESS_BASIC_INFORMATION Basic;
    OBJECT_ATTRIBUTES Attributes;
    HANDLE Event;

    for (ULONG i = 0; i < RTL_NUMBER_OF(Ends); i++)
        CHECK_STATUS(Ends[i].Name, TestRunChild(Ends[i].Role, 0), Ends[i].Status);
    CHECK_STATUS("a protected child opens its parent", TestRunChild(L"open-parent", PS_PROTECTED_WINTCB_LIGHT), 0);

    InitializeObjectAttributes(&Attributes, NULL, OBJ_INHERIT, NULL, NULL);
    NtCreateEvent(&Event, EVENT_ALL_ACCESS, &Attributes, NotificationEvent, FALSE);
    CHECK_STATUS("an inherited handle works", TestRunChild(L"set-inherited", 0), 0);
    CHECK_STATUS("on the same event", TestWait(Event, 0), 0);
    NtClose(Event);

    TestCreateChild(L"spin", 0, &Child);
    NtResumeThread(Child.ThreadHandle, NULL);
    CHECK_STATUS("a spinning child goes on", TestWait(Child.ProcessHandle, 50), STATUS_TIMEOUT);
    CHECK_STATUS("it is ended", NtTerminateProcess(Child.ProcessHandle, 9), 0);
    CHECK_STATUS("and is gone", TestWait(Child.ProcessHandle, 1000), 0);
    NtQueryInformationProcess(Child.ProcessHandle, ProcessBasicInformation, &Basic, sizeof Basic, NULL);
    CHECK_STATUS("with the status given", Basic.ExitStatus, 9);
    CHECK("its memory is gone",
          !NT_SUCCESS(NtReadVirtualMemory(Child.ProcessHandle, Basic.PebBaseAddress, &Basic, 8, NULL)));
    NtClose(Child.ThreadHandle);
    NtClose(Child.ProcessHandle);

    TestCreateChild(L"exit", 0, &Child);
    CHECK_STATUS("a child that never ran is ended", NtTerminateProcess(Child.ProcessHandle, 3), 0);
    CHECK_STATUS("and is gone", TestWait(Child.ProcessHandle, 1000), 0);
    NtClose(Child.ThreadHandle);
    NtClose(Child.ProcessHandle);
}

/* A leak of a process's memory would use up all there is long before the last one. */
static VOID TestManyProcesses(VOID)
{
    ULONG Good = 0;

    while (Good < 300 && TestRunChild(L"exit", 0) == 0x1234)
        Good++;
    TestCheck("three hundred processes, one after the other", Good == 300, Good);
}

VOID TestProcesses(VOID)
{
    TestThreads();
    TestChildren();
    TestManyProcesses();
}
