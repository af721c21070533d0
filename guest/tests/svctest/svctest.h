/* The services' test: a native program that stands in for smss.exe, uses the system services as a program of a stranger
 * would, and then as no program should. Each check prints one line, `ok <name>` or `FAILED <name> ...`; `done <failures>`
 * comes last, then the machine is switched off. */
#pragma once

#include <nt.h>
#include <nt_services.h>

#define CHECK(Name, Condition) TestCheck(Name, (Condition) ? TRUE : FALSE, 0)
#define CHECK_STATUS(Name, Value, Expected) TestCheckStatus(Name, Value, Expected)

VOID TestCheck(PCSTR Name, BOOLEAN Condition, ULONG64 Value);
VOID TestCheckStatus(PCSTR Name, NTSTATUS Value, NTSTATUS Expected);
/* A child that runs this program with another role; its first thread is suspended. Protection 0 for none. */
NTSTATUS TestCreateChild(PCWSTR Role, UCHAR Protection, PRTL_USER_PROCESS_INFORMATION Child);
/* The exit status of a process that is resumed and ends within the time; STATUS_TIMEOUT otherwise. */
NTSTATUS TestRunChild(PCWSTR Role, UCHAR Protection);
NTSTATUS TestWait(HANDLE Handle, ULONG Milliseconds);
VOID TestSleep(ULONG Milliseconds);
extern ULONG TestFailures;

VOID TestObjects(VOID);         /* objects.c */
VOID TestProcesses(VOID);       /* processes.c */
VOID TestPorts(VOID);           /* ports.c */
VOID TestSections(VOID);        /* sections.c */
VOID TestFiles(VOID);           /* files.c */
VOID TestRegistry(VOID);        /* registry.c */
VOID TestPaging(VOID);          /* paging.c */
VOID TestHostileCalls(VOID);    /* hostile.c: every service with every kind of bad argument */
DECLSPEC_NORETURN VOID RunRole(PCWSTR Role);    /* roles.c: what a child does */
