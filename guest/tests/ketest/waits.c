/* Dispatcher objects, waits, timeouts, mutexes, DPCs. */
#include "ketest.h"

static KEVENT Notification, Synchronization;
static KSEMAPHORE Semaphore;
static KMUTANT Mutant;
static KGUARDED_MUTEX Mutex;
static ULONG InsideMutex, MostInsideMutex, Released, DpcRuns;
static KIRQL DpcIrql;

static LARGE_INTEGER Milliseconds(LONG Count) { return (LARGE_INTEGER){ .QuadPart = -10000ll * Count }; }

/* Waits for the event, spends 2 ms inside the mutex, says so, takes the mutant and ends without giving it back. */
static VOID Worker(PVOID Context)
{
    LARGE_INTEGER Delay = Milliseconds(2);

    UNREFERENCED_PARAMETER(Context);
    KeWaitForSingleObject(&Notification, Executive, KernelMode, FALSE, NULL);
    KeAcquireGuardedMutex(&Mutex);
    InsideMutex++;
    MostInsideMutex = max(MostInsideMutex, InsideMutex);
    KeDelayExecutionThread(KernelMode, FALSE, &Delay);
    InsideMutex--;
    KeReleaseGuardedMutex(&Mutex);
    KeReleaseSemaphore(&Semaphore, 0, 1, NULL);
    KeWaitForSingleObject(&Mutant, Executive, KernelMode, FALSE, NULL);
    KeTerminateThread();
}

/* Takes one signal of a synchronization event. */
static VOID Taker(PVOID Context)
{
    UNREFERENCED_PARAMETER(Context);
    KeWaitForSingleObject(&Synchronization, Executive, KernelMode, FALSE, NULL);
    Released++;
    KeTerminateThread();
}

static VOID CountDpc(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    UNREFERENCED_PARAMETER(Dpc);
    UNREFERENCED_PARAMETER(Context);
    DpcIrql = KeGetCurrentIrql();
    if (Argument1 == (PVOID)1 || Argument2 == NULL)
        DpcRuns++;
}

static VOID TestTimeouts(VOID)
{
    LARGE_INTEGER Timeout = Milliseconds(5), Zero = { .QuadPart = 0 }, Now, Then;
    ULONG64 Start = KeQueryBootTimeNs(), Took;
    NTSTATUS Status = KeWaitForSingleObject(&Synchronization, Executive, KernelMode, FALSE, &Timeout);

    Took = KeQueryBootTimeNs() - Start;
    CHECK_EQUAL("timeout-status", Status, STATUS_TIMEOUT);
    CHECK_EQUAL("timeout-not-early", Took >= 5000000, TRUE);
    CHECK_EQUAL("timeout-zero", KeWaitForSingleObject(&Synchronization, Executive, KernelMode, FALSE, &Zero), STATUS_TIMEOUT);
    KeQuerySystemTime(&Now);
    CHECK("clock-of-this-century", Now.QuadPart > 125911584000000000ll);    /* 2000-01-01 */
    Then.QuadPart = Now.QuadPart + 30000;
    Status = KeWaitForSingleObject(&Synchronization, Executive, KernelMode, FALSE, &Then);
    KeQuerySystemTime(&Now);
    CHECK("timeout-absolute", Status == STATUS_TIMEOUT && Now.QuadPart >= Then.QuadPart);
}

static VOID TestWorkers(VOID)
{
    PKTHREAD A = TestCreateThread(Worker, NULL, KeGetCurrentProcess(), NULL);
    PKTHREAD B = TestCreateThread(Worker, NULL, KeGetCurrentProcess(), NULL);
    PVOID Both[2] = { A, B };
    LARGE_INTEGER Zero = { .QuadPart = 0 };

    KeReadyThread(A);
    KeReadyThread(B);
    KeYieldExecution();
    CHECK("event-blocks", A->State == Waiting && B->State == Waiting && A->WaitBlockList->Object == &Notification);
    KeSetEvent(&Notification, 0, FALSE);
    KeWaitForSingleObject(&Semaphore, Executive, KernelMode, FALSE, NULL);
    KeWaitForSingleObject(&Semaphore, Executive, KernelMode, FALSE, NULL);
    CHECK_EQUAL("mutex-excludes", MostInsideMutex, 1);
    CHECK_EQUAL("wait-all", KeWaitForMultipleObjects(2, Both, WaitAll, Executive, KernelMode, FALSE, NULL, NULL), STATUS_SUCCESS);
    CHECK_EQUAL("threads-switched-away", TestSwitchedAway, 2);
    CHECK_EQUAL("mutant-abandoned", KeWaitForSingleObject(&Mutant, Executive, KernelMode, FALSE, NULL), STATUS_ABANDONED);
    CHECK_EQUAL("mutant-recursive", KeWaitForSingleObject(&Mutant, Executive, KernelMode, FALSE, &Zero), STATUS_SUCCESS);
    KeReleaseMutant(&Mutant, 0, FALSE, NULL);
    KeReleaseMutant(&Mutant, 0, FALSE, NULL);
    CHECK_EQUAL("mutant-not-owned", KeReleaseMutant(&Mutant, 0, FALSE, NULL), STATUS_MUTANT_NOT_OWNED);
}

static VOID TestManyObjects(VOID)
{
    PKTHREAD A = TestCreateThread(Taker, NULL, KeGetCurrentProcess(), NULL);
    PKTHREAD B = TestCreateThread(Taker, NULL, KeGetCurrentProcess(), NULL);
    PVOID Objects[3] = { &Synchronization, &Semaphore, &Notification };
    LARGE_INTEGER Short = Milliseconds(1);
    BOOLEAN Exceeded;

    KeReadyThread(A);
    KeReadyThread(B);
    KeYieldExecution();
    KeSetEvent(&Synchronization, 0, FALSE);
    KeYieldExecution();
    CHECK_EQUAL("synchronization-releases-one", Released, 1);
    KeSetEvent(&Synchronization, 0, FALSE);
    KeWaitForSingleObject(A, Executive, KernelMode, FALSE, NULL);
    KeWaitForSingleObject(B, Executive, KernelMode, FALSE, NULL);
    CHECK_EQUAL("synchronization-releases-both", Released, 2);

    CHECK_EQUAL("wait-any-index", KeWaitForMultipleObjects(3, Objects, WaitAny, Executive, KernelMode, FALSE, NULL, NULL), 2);
    KeResetEvent(&Notification);
    CHECK_EQUAL("wait-any-timeout", KeWaitForMultipleObjects(3, Objects, WaitAny, Executive, KernelMode, FALSE, &Short, NULL),
                STATUS_TIMEOUT);
    KeReleaseSemaphore(&Semaphore, 0, 1, &Exceeded);
    CHECK_EQUAL("wait-all-takes-nothing", KeWaitForMultipleObjects(3, Objects, WaitAll, Executive, KernelMode, FALSE, &Short, NULL),
                STATUS_TIMEOUT);
    CHECK_EQUAL("semaphore-kept", KeReadStateSemaphore(&Semaphore), 1);
    KeReleaseSemaphore(&Semaphore, 0, 100, &Exceeded);
    CHECK("semaphore-limit", Exceeded && KeReadStateSemaphore(&Semaphore) == 1);
}

static VOID TestTimersAndDpcs(VOID)
{
    static KDPC Dpc;
    static KTIMER Timer;
    KIRQL OldIrql;
    LARGE_INTEGER Due = Milliseconds(1), Far = Milliseconds(1000000);
    PVOID Wait = &Timer;

    KeInitializeDpc(&Dpc, CountDpc, NULL);
    KeRaiseIrql(DISPATCH_LEVEL, &OldIrql);
    KeInsertQueueDpc(&Dpc, (PVOID)1, NULL);
    CHECK_EQUAL("dpc-held-back", DpcRuns, 0);
    KeLowerIrql(OldIrql);
    CHECK_EQUAL("dpc-runs-when-lowered", DpcRuns, 1);
    CHECK_EQUAL("dpc-at-dispatch", DpcIrql, DISPATCH_LEVEL);
    KeInitializeTimer(&Timer);
    KeSetTimerEx(&Timer, Due, 1, &Dpc);
    while (DpcRuns < 4) {
        KeWaitForSingleObject(Wait, Executive, KernelMode, FALSE, NULL);
        Timer.Header.SignalState = 0;
    }
    CHECK("timer-periodic", KeCancelTimer(&Timer));
    CHECK("timer-replaced", !KeSetTimer(&Timer, Far, NULL) && KeSetTimer(&Timer, Due, NULL));
    CHECK_EQUAL("timer-once", KeWaitForSingleObject(Wait, Executive, KernelMode, FALSE, NULL), STATUS_SUCCESS);
}

static VOID SignalDevice(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    UNREFERENCED_PARAMETER(Dpc);
    UNREFERENCED_PARAMETER(Argument1);
    UNREFERENCED_PARAMETER(Argument2);
    KeSetEvent(Context, 0, FALSE);
}

/* The processor is kept: a thread that became ready meanwhile runs only afterwards. */
static VOID TestDeviceWaits(VOID)
{
    static KEVENT Answer;
    static KDPC Dpc;
    static KTIMER Timer;
    PKTHREAD Other = TestCreateThread(Taker, NULL, KeGetCurrentProcess(), NULL);
    ULONG64 Start = KeQueryBootTimeNs();
    ULONG Before = Released;

    KeInitializeEvent(&Answer, SynchronizationEvent, FALSE);
    KeInitializeDpc(&Dpc, SignalDevice, &Answer);
    KeInitializeTimer(&Timer);
    KeSetEvent(&Synchronization, 0, FALSE);         /* what the other thread asks for */
    KeReadyThread(Other);
    CHECK_EQUAL("device-timeout", KeWaitForDevice(&Answer, 25), STATUS_TIMEOUT);
    CHECK("device-timeout-not-early", KeQueryBootTimeNs() - Start >= 25000000);
    KeSetTimer(&Timer, Milliseconds(2), &Dpc);
    CHECK_EQUAL("device-answers", KeWaitForDevice(&Answer, 10000), STATUS_SUCCESS);
    CHECK("device-answers-at-once", KeQueryBootTimeNs() - Start < 5000000000ull);
    CHECK_EQUAL("device-event-taken", KeReadStateEvent(&Answer), 0);
    CHECK_EQUAL("device-wait-keeps-processor", Released, Before);
    CHECK_EQUAL("device-wait-irql", KeGetCurrentIrql(), PASSIVE_LEVEL);
    KeWaitForSingleObject(Other, Executive, KernelMode, FALSE, NULL);
    CHECK_EQUAL("device-wait-over", Released, Before + 1);
}

VOID TestWaits(VOID)
{
    KeInitializeEvent(&Notification, NotificationEvent, FALSE);
    KeInitializeEvent(&Synchronization, SynchronizationEvent, FALSE);
    KeInitializeSemaphore(&Semaphore, 0, 10);
    KeInitializeMutant(&Mutant, FALSE);
    KeInitializeGuardedMutex(&Mutex);
    TestTimeouts();
    TestWorkers();
    TestManyObjects();
    TestTimersAndDpcs();
    TestDeviceWaits();
}
