/* Host tests of guest/rtl and of ntdll's parts that need no kernel. */
#pragma once

#include <nt.h>
#include <nt_services.h>

extern int TestFailures;
void TestFailed(const char *File, int Line, const char *What);
#define CHECK(e) ((e) ? (void)0 : TestFailed(__FILE_NAME__, __LINE__, #e))

void TestMemory(void);
void TestStrings(void);
void TestFormat(void);
void TestSecurity(void);
void TestImage(const char *Path, unsigned Checksum);
void TestHeap(void);
void TestEnvironment(void);
void TestRegistry(void);
void TestPaths(void);

/* fake.c: the services behind ntdll. A value of the fake registry; Key is below `Session Manager`, "" for itself. */
void FakeValue(PCWSTR Key, PCWSTR Name, ULONG Type, const void *Data, ULONG Length);
void FakeClearRegistry(void);
BOOLEAN FakeHasValue(PCWSTR Key, PCWSTR Name);
extern PCWSTR FakeFile; /* the one file that exists, as an NT path */
