/* The self-testing kernel: guest/boot, arch, hal and ke as they are, with the smallest memory manager, executive and
 * process manager that they can run on. Each check prints one line, `ok <name>` or `FAILED <name> ...`. */
#pragma once

#include <ex.h>
#include <hal.h>
#include <ke.h>
#include <loader.h>
#include <mm.h>
#include <ps.h>

#define CHECK(Name, Condition) TestCheck(Name, (Condition) ? TRUE : FALSE, 0)
#define CHECK_EQUAL(Name, Value, Expected)                                  \
    do {                                                                    \
        ULONG64 Value_ = (ULONG64)(Value);                                  \
        TestCheck(Name, Value_ == (ULONG64)(Expected), Value_);             \
    } while (0)

VOID TestCheck(PCSTR Name, BOOLEAN Condition, ULONG64 Value);

/* stubs.c */
VOID TestInitializeMemory(PLOADER_PARAMETER_BLOCK LoaderBlock);
PKTHREAD TestCreateThread(PKSTART_ROUTINE Routine, PVOID Context, PKPROCESS Process, PVOID Teb);
VOID TestMapUserPage(PKPROCESS Process, ULONG64 Address, const VOID *Contents, ULONG Flags);
extern ULONG TestFailures, TestSwitchedAway, TestUserExceptions, TestServiceSum;
extern NTSTATUS TestLastException;
extern KEVENT TestPowerEvent;
extern POWER_REQUEST_ACTION TestPowerAction;

/* waits.c, usermode.c: in the phase-1 thread */
VOID TestWaits(VOID);
VOID TestUserMode(VOID);

/* user_<arch>.S: what runs in user mode; see there */
extern UCHAR TestUserCode[], TestUserCodeEnd[];
#define TEST_USER_CODE  0x400000ull
#define TEST_USER_DATA  0x500000ull         /* comes by page fault */
#define TEST_MODE_CALL  0x77                /* a service with ten arguments, then a read of kernel memory */
#define TEST_MODE_SPIN  1                   /* for ever */
