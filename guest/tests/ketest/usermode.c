/* User mode: entry, services, page faults, exceptions, preemption, termination; page tables. */
#include "ketest.h"

static KPROCESS Process;

static VOID UserThread(PVOID Context) { KeEnterUserMode((PVOID)TEST_USER_CODE, (PVOID)(TEST_USER_DATA + 0xFF0), Context); }

static PKTHREAD Start(ULONG64 Mode, ULONG64 Teb)
{
    PKTHREAD Thread = TestCreateThread(UserThread, (PVOID)Mode, &Process, (PVOID)Teb);

    KeReadyThread(Thread);
    return Thread;
}

static VOID TestPageTables(VOID)
{
    PVOID Page = (PVOID)0xFFFFF88000800000ull;
    ULONG64 Physical = MmAllocatePage(TRUE) << PAGE_SHIFT, Found = 0;
    ULONG Flags = 0;

    CHECK("page-map", KiMapPage(MiKernelPageTableRoot, Page, Physical, KI_PAGE_WRITE));
    *(volatile ULONG *)Page = 0x5A5A5A5A;
    CHECK_EQUAL("page-direct-map", *(volatile ULONG *)(KSEG_BASE + Physical), 0x5A5A5A5A);
    CHECK("page-query", KiQueryPage(Process.DirectoryTableBase, Page, &Found, &Flags) && Found == Physical &&
                            (Flags & ~KI_PAGE_GLOBAL) == KI_PAGE_WRITE);
    CHECK("page-protect", KiProtectPage(MiKernelPageTableRoot, Page, 0) &&
                              KiQueryPage(MiKernelPageTableRoot, Page, NULL, &Flags) && !(Flags & KI_PAGE_WRITE));
    CHECK("page-unmap", KiUnmapPage(MiKernelPageTableRoot, Page, NULL) &&
                            !KiQueryPage(MiKernelPageTableRoot, Page, NULL, NULL));
    KiQueryPage(MiKernelPageTableRoot, (PVOID)&KiSystemStartup, NULL, &Flags);
    CHECK_EQUAL("kernel-code-is-read-execute", Flags & ~KI_PAGE_GLOBAL, KI_PAGE_EXECUTE);
    KiQueryPage(MiKernelPageTableRoot, &TestFailures, NULL, &Flags);
    CHECK_EQUAL("kernel-data-is-read-write", Flags & ~KI_PAGE_GLOBAL, KI_PAGE_WRITE);
    KiQueryPage(MiKernelPageTableRoot, (PVOID)(KSEG_BASE + Physical), &Found, &Flags);
    CHECK("direct-map-is-not-executable", Found == Physical && (Flags & ~KI_PAGE_GLOBAL) == KI_PAGE_WRITE);
    CHECK("no-user-half-left", !KiQueryPage(MiKernelPageTableRoot, (PVOID)0x200000, NULL, NULL));
}

VOID TestUserMode(VOID)
{
    LARGE_INTEGER Delay = { .QuadPart = -1000000 };         /* five quanta: 100 ms */
    PKTHREAD Spinners[2];
    ULONG64 Word;

    KeInitializeProcess(&Process, 8, KiCreatePageTableRoot());
    TestPageTables();
    for (ULONG64 Offset = 0; Offset < (ULONG64)(TestUserCodeEnd - TestUserCode); Offset += PAGE_SIZE)
        TestMapUserPage(&Process, TEST_USER_CODE + Offset, TestUserCode + Offset, KI_PAGE_EXECUTE);

    KeWaitForSingleObject(Start(TEST_MODE_CALL, TEST_USER_DATA), Executive, KernelMode, FALSE, NULL);
    CHECK_EQUAL("service-arguments", TestServiceSum, 2 + 3 + 4 + 5 + 6 + 7 + 8 + 9 + 10);
    CHECK_EQUAL("user-exceptions", TestUserExceptions, 1);
    CHECK_EQUAL("kernel-memory-is-closed", (ULONG)TestLastException, (ULONG)STATUS_ACCESS_VIOLATION);

    Spinners[0] = Start(TEST_MODE_SPIN, TEST_USER_DATA + 0x1000);
    Spinners[1] = Start(TEST_MODE_SPIN, TEST_USER_DATA + 0x2000);
    for (ULONG i = 0; i < 100 && min(Spinners[0]->ContextSwitches, Spinners[1]->ContextSwitches) < 3; i++)
        KeDelayExecutionThread(KernelMode, FALSE, &Delay);      /* a busy host may keep the time for itself */
    CHECK("preempted", min(Spinners[0]->ContextSwitches, Spinners[1]->ContextSwitches) >= 3);
    KeRequestTermination(Spinners[0]);
    KeRequestTermination(Spinners[1]);
    CHECK_EQUAL("terminated", KeWaitForMultipleObjects(2, (PVOID *)Spinners, WaitAll, Executive, KernelMode, FALSE, NULL, NULL),
                STATUS_SUCCESS);
    CHECK("copy-from-nowhere", !KiCopyUserMemory(&Word, (PVOID)0x666000, sizeof(Word)));
}
