/* Every service with every kind of bad argument: each call must come back, and the system must stand. Left out are the
 * services that end, change or hold the caller itself when they are called with its own pseudo handles, and the one that
 * would start threads in it anywhere. */
#include "svctest.h"

typedef NTSTATUS SERVICE(ULONG64, ULONG64, ULONG64, ULONG64, ULONG64, ULONG64, ULONG64, ULONG64, ULONG64, ULONG64,
                         ULONG64);
#define S(Name) { (SERVICE *)(ULONG_PTR)Name, #Name },
static const struct {
    SERVICE *Service;
    PCSTR Name;
} Services[] = {
    S(NtClose) S(NtDuplicateObject) S(NtMakeTemporaryObject) S(NtMakePermanentObject) S(NtQueryObject)
    S(NtSetInformationObject) S(NtQuerySecurityObject) S(NtSetSecurityObject) S(NtCreateDirectoryObject)
    S(NtOpenDirectoryObject) S(NtQueryDirectoryObject) S(NtCreateSymbolicLinkObject) S(NtOpenSymbolicLinkObject)
    S(NtQuerySymbolicLinkObject) S(NtWaitForSingleObject) S(NtWaitForMultipleObjects)
    S(NtSignalAndWaitForSingleObject) S(NtCreateEvent) S(NtOpenEvent) S(NtSetEvent) S(NtResetEvent)
    S(NtClearEvent) S(NtQueryEvent) S(NtQuerySystemInformation) S(NtSetSystemInformation) S(NtQuerySystemTime)
    S(NtQueryPerformanceCounter) S(NtDelayExecution) S(NtYieldExecution) S(NtSetDefaultHardErrorPort)
    S(NtTraceEvent) S(NtCreateUserProcess) S(NtOpenProcess) S(NtOpenThread)
    S(NtResumeThread) S(NtQueryInformationProcess) S(NtQueryInformationThread) S(NtTestAlert) S(NtAlertThread)
    S(NtOpenProcessToken) S(NtOpenThreadToken) S(NtQueryInformationToken) S(NtDuplicateToken) S(NtCreatePort)
    S(NtConnectPort) S(NtSecureConnectPort) S(NtListenPort) S(NtAcceptConnectPort) S(NtCompleteConnectPort)
    S(NtRequestPort) S(NtRequestWaitReplyPort) S(NtReplyPort) S(NtReplyWaitReceivePort)
    S(NtReplyWaitReceivePortEx) S(NtAllocateVirtualMemory) S(NtQueryVirtualMemory) S(NtReadVirtualMemory)
    S(NtWriteVirtualMemory) S(NtCreateSection) S(NtOpenSection) S(NtMapViewOfSection) S(NtQuerySection)
    S(NtCreateFile) S(NtOpenFile) S(NtReadFile) S(NtQueryInformationFile) S(NtQueryAttributesFile)
    S(NtWriteFile) S(NtSetInformationFile) S(NtQueryDirectoryFile) S(NtQueryVolumeInformationFile)
    S(NtSetVolumeInformationFile) S(NtFlushBuffersFile) S(NtFsControlFile) S(NtDeviceIoControlFile) S(NtDeleteFile)
    S(NtCancelIoFile) S(NtQueryFullAttributesFile)
    S(NtOpenKey) S(NtQueryKey) S(NtEnumerateKey) S(NtQueryValueKey) S(NtEnumerateValueKey)
    S(NtDeleteValueKey) S(NtSetValueKey) S(NtCreateKey) S(NtDeleteKey) S(NtFlushKey) S(NtInitializeRegistry)
    S(NtLoadKey) S(NtUnloadKey) S(NtSaveKey) S(NtCreateMutant) S(NtOpenMutant) S(NtReleaseMutant) S(NtQueryMutant)
};

static UCHAR Page[0x4000] DECLSPEC_ALIGN(4096);

/* What an argument may be: nothing, small numbers, pseudo handles, odd, kernel, non-canonical and good addresses. */
static ULONG64 Value(ULONG Kind, ULONG Round)
{
    static const ULONG64 Values[] = { 0, 1, 4, 8, 0xFFFFFFFF, 0x7FFFFFFF, (ULONG64)-1, (ULONG64)-2, 0xFFFFFFFF80000004,
                                      0x1000, 0x1001, 0x7FFE0000, 0x7FFFFFFEFFFF, 0x7FFFFFFF0000, 0x800000000000,
                                      0xFFFF800000000000, 0xFFFFF80000001000, 0xFFFFFA8000000000, 0x4141414141414141 };

    Kind %= RTL_NUMBER_OF(Values) + 2;
    if (Kind < RTL_NUMBER_OF(Values))
        return Values[Kind];
    return (ULONG64)Page + (Kind == RTL_NUMBER_OF(Values) ? 0 : Round % 4096);
}

/* A small generator: the same sequence on every machine. */
static ULONG Random(VOID)
{
    static ULONG State = 0x5EED;

    State = State * 1664525u + 1013904223u;
    return State >> 8;
}

static VOID FillPage(VOID)
{
    for (ULONG i = 0; i < sizeof Page / sizeof(ULONG64); i++)
        ((ULONG64 *)Page)[i] = Value(Random(), Random());
    *(LARGE_INTEGER *)Page = (LARGE_INTEGER){ .QuadPart = -1 };    /* a timeout that ends at once */
}

/* Waits with a NULL timeout would wait for ever, rightly. */
static BOOLEAN MayWaitForEver(PCSTR Name)
{
    static const PCSTR Waits[] = { "NtWaitFor", "NtSignalAndWait", "NtDelay", "NtListenPort", "NtReplyWaitReceive" };

    for (ULONG w = 0; w < RTL_NUMBER_OF(Waits); w++) {
        ULONG i = 0;

        while (Waits[w][i] != 0 && Waits[w][i] == Name[i])
            i++;
        if (Waits[w][i] == 0)
            return TRUE;
    }
    return FALSE;
}

VOID TestHostileCalls(VOID)
{
    ULONG Calls = 0;

    for (ULONG s = 0; s < RTL_NUMBER_OF(Services); s++) {
        if (MayWaitForEver(Services[s].Name))
            continue;
        for (ULONG Round = 0; Round < 300; Round++, Calls++) {
            ULONG64 a[11];

            FillPage();
            for (ULONG i = 0; i < 11; i++)
                a[i] = Value(Round < 25 ? Round : Random(), Random());
            Services[s].Service(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9], a[10]);
        }
    }
    TestCheck("hostile calls come back", Calls > 10000, Calls);
    CHECK_STATUS("and a process still runs after them", TestRunChild(L"exit", 0), 0x1234);
}
