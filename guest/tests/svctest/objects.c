/* Names, links, handles, events. */
#include "svctest.h"

static OBJECT_ATTRIBUTES Attributes;
static UNICODE_STRING Name;

static POBJECT_ATTRIBUTES Named(PCWSTR Path, ULONG Flags)
{
    RtlInitUnicodeString(&Name, Path);
    InitializeObjectAttributes(&Attributes, &Name, Flags, NULL, NULL);
    return &Attributes;
}

static VOID TestNames(VOID)
{
    UNICODE_STRING Target;
    HANDLE Directory, Event, Link, Again;

    CHECK_STATUS("directory is made", NtCreateDirectoryObject(&Directory, DIRECTORY_ALL_ACCESS, Named(L"\\T", 0)), 0);
    CHECK_STATUS("its name is taken", NtCreateDirectoryObject(&Again, DIRECTORY_ALL_ACCESS, Named(L"\\t", 0)),
                 STATUS_OBJECT_NAME_COLLISION);
    CHECK_STATUS("OBJ_OPENIF opens it",
                 NtCreateDirectoryObject(&Again, DIRECTORY_ALL_ACCESS, Named(L"\\T", OBJ_OPENIF)),
                 STATUS_OBJECT_NAME_EXISTS);
    NtClose(Again);
    CHECK_STATUS("another type does not open",
                 NtCreateEvent(&Again, EVENT_ALL_ACCESS, Named(L"\\T", OBJ_OPENIF), NotificationEvent, FALSE),
                 STATUS_OBJECT_TYPE_MISMATCH);
    CHECK_STATUS("event in it", NtCreateEvent(&Event, EVENT_ALL_ACCESS, Named(L"\\T\\E", 0), NotificationEvent, FALSE),
                 0);
    RtlInitUnicodeString(&Target, L"\\T");
    CHECK_STATUS("link to it", NtCreateSymbolicLinkObject(&Link, 1, Named(L"\\L", 0), &Target), 0);
    CHECK_STATUS("open through the link", NtOpenEvent(&Again, EVENT_ALL_ACCESS, Named(L"\\L\\e", 0)), 0);
    NtClose(Again);
    NtClose(Event);
    CHECK_STATUS("the name goes with the last handle", NtOpenEvent(&Again, EVENT_ALL_ACCESS, Named(L"\\T\\E", 0)),
                 STATUS_OBJECT_NAME_NOT_FOUND);
    NtClose(Directory);
    CHECK_STATUS("a path through nothing", NtOpenEvent(&Again, EVENT_ALL_ACCESS, Named(L"\\L\\E", 0)),
                 STATUS_OBJECT_PATH_NOT_FOUND);
    CHECK_STATUS("a relative path without root", NtOpenEvent(&Again, EVENT_ALL_ACCESS, Named(L"E", 0)),
                 STATUS_OBJECT_PATH_SYNTAX_BAD);
    RtlInitUnicodeString(&Target, L"\\Loop");
    NtCreateSymbolicLinkObject(&Again, 1, Named(L"\\Loop", 0), &Target);
    CHECK("a loop of links ends", !NT_SUCCESS(NtOpenEvent(&Event, EVENT_ALL_ACCESS, Named(L"\\Loop\\x", 0))));
    NtClose(Again);
    NtClose(Link);
}

/* Takes the mutant that it is given, and ends with it. */
static VOID NTAPI TakeAndLeave(PVOID Mutant)
{
    RtlExitUserThread(NtWaitForSingleObject(Mutant, FALSE, NULL));
}

static VOID TestMutants(VOID)
{
    MUTANT_BASIC_INFORMATION Basic;
    HANDLE Mutant, Again, Thread;
    LONG Count;

    CHECK_STATUS("mutant is made and owned", NtCreateMutant(&Mutant, MUTANT_ALL_ACCESS, Named(L"\\M", 0), TRUE), 0);
    CHECK_STATUS("taken again by its owner", TestWait(Mutant, 5), 0);
    CHECK_STATUS("asked", NtQueryMutant(Mutant, MutantBasicInformation, &Basic, sizeof Basic, NULL), 0);
    CHECK("owned twice by the caller", Basic.CurrentCount == -1 && Basic.OwnedByCaller && !Basic.AbandonedState);
    CHECK_STATUS("released", NtReleaseMutant(Mutant, &Count), 0);
    CHECK("from twice", Count == -1);
    RtlCreateUserThread(NtCurrentProcess(), NULL, FALSE, 0, 0, 0, TakeAndLeave, Mutant, &Thread, NULL);
    CHECK_STATUS("another thread waits", TestWait(Thread, 20), STATUS_TIMEOUT);
    CHECK_STATUS("released for good", NtReleaseMutant(Mutant, NULL), 0);
    CHECK_STATUS("the other thread took it and ended", TestWait(Thread, 1000), 0);
    CHECK_STATUS("not the caller's to release", NtReleaseMutant(Mutant, NULL), STATUS_MUTANT_NOT_OWNED);
    CHECK_STATUS("left by a thread that ended", TestWait(Mutant, 5), STATUS_ABANDONED_WAIT_0);
    CHECK_STATUS("opened by name", NtOpenMutant(&Again, MUTANT_QUERY_STATE, Named(L"\\m", 0)), 0);
    CHECK_STATUS("without the right to wait", TestWait(Again, 5), STATUS_ACCESS_DENIED);
    NtClose(Again);
    NtClose(Mutant); /* while it is owned */
    NtClose(Thread);
    CHECK_STATUS("gone with its handle", NtOpenMutant(&Again, MUTANT_ALL_ACCESS, Named(L"\\M", 0)),
                 STATUS_OBJECT_NAME_NOT_FOUND);
}

static VOID TestHandles(VOID)
{
    HANDLE Event, Weak, Stale;
    LONG Previous;

    NtCreateEvent(&Event, EVENT_ALL_ACCESS, NULL, SynchronizationEvent, FALSE);
    CHECK_STATUS("a duplicate with less access",
                 NtDuplicateObject(NtCurrentProcess(), Event, NtCurrentProcess(), &Weak, SYNCHRONIZE, 0, 0), 0);
    CHECK_STATUS("cannot do more", NtSetEvent(Weak, NULL), STATUS_ACCESS_DENIED);
    CHECK_STATUS("wait times out", TestWait(Weak, 5), STATUS_TIMEOUT);
    CHECK_STATUS("set", NtSetEvent(Event, &Previous), 0);
    CHECK("previous state", Previous == 0);
    CHECK_STATUS("wait is satisfied", TestWait(Weak, 5), 0);
    CHECK_STATUS("and consumed it", TestWait(Weak, 5), STATUS_TIMEOUT);
    Stale = Weak;
    NtClose(Weak);
    CHECK_STATUS("a closed handle", NtClose(Stale), STATUS_INVALID_HANDLE);
    CHECK_STATUS("a kernel handle", NtClose((HANDLE)0xFFFFFFFF80000004ull), STATUS_INVALID_HANDLE);
    CHECK_STATUS("a wrong type", NtResumeThread(Event, NULL), STATUS_OBJECT_TYPE_MISMATCH);
    NtClose(Event);
}

/* A process with its own `\??` still finds the global devices behind it. */
static VOID TestDeviceMap(VOID)
{
    PROCESS_DEVICEMAP_INFORMATION Map;
    UNICODE_STRING Target;
    HANDLE Directory, Link;

    NtCreateDirectoryObject(&Directory, DIRECTORY_ALL_ACCESS, Named(L"\\Own", 0));
    CHECK_STATUS("a device map of one's own", NtSetInformationProcess(NtCurrentProcess(), ProcessDeviceMap, &Directory,
                                                                      sizeof Directory), 0);
    RtlInitUnicodeString(&Target, L"\\Device\\Null");
    CHECK_STATUS("a drive in it", NtCreateSymbolicLinkObject(&Link, 1, Named(L"\\??\\X:", 0), &Target), 0);
    NtQueryInformationProcess(NtCurrentProcess(), ProcessDeviceMap, &Map, sizeof Map.Query, NULL);
    CHECK("drives C and X", Map.Query.DriveMap == (1u << 2 | 1u << 23));
    NtClose(Link);
    CHECK("the global one shows through",
          NT_SUCCESS(NtOpenSymbolicLinkObject(&Link, 1, Named(L"\\??\\C:", 0))));
    NtClose(Link);
    CHECK_STATUS("but is not in it", NtOpenSymbolicLinkObject(&Link, 1, Named(L"\\Own\\C:", 0)),
                 STATUS_OBJECT_NAME_NOT_FOUND);
    NtClose(Directory);
}

VOID TestObjects(VOID)
{
    TestNames();
    TestMutants();
    TestDeviceMap();
    TestHandles();
}
