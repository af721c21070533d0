/* Host tests of the registry's hives: what the guest's side (hivetest.c) and the host's side (host.c) call of each
 * other. Plain types only: the two are compiled with different widths of wchar_t. */
#pragma once

/* host.c */
void *HostAllocate(unsigned long long Size);            /* zeroed; NULL when HostAllocationsLeft has run out */
void HostFree(void *Memory);
extern long HostAllocationsLeft;                        /* < 0: without limit */
void HostFail(const char *What);
void HostPrint(const char *Text);
void HostPrintHex(const void *Data, unsigned Length);
/* The files. Results are 0, or nonzero for a disk that fails. */
int HostWrite(int File, unsigned long long Offset, const void *Data, unsigned Length);
int HostSetSize(int File, unsigned long long Size);
int HostFlush(int File);
const void *HostContents(int File, unsigned long long *Size);   /* NULL: there is no such file */

/* hivetest.c. Text in and out is in hexadecimal digits of UTF-16; paths are below the hive's root. 0: done. */
unsigned TestLoad(void);
void TestUnload(void);
unsigned TestCreateKey(const void *Path, unsigned PathBytes, const void *Class, unsigned ClassBytes, int Volatile);
unsigned TestDeleteKey(const void *Path, unsigned PathBytes);
unsigned TestSetValue(const void *Path, unsigned PathBytes, const void *Name, unsigned NameBytes, unsigned Type,
                      const void *Data, unsigned DataBytes);
unsigned TestDeleteValue(const void *Path, unsigned PathBytes, const void *Name, unsigned NameBytes);
unsigned TestFlush(unsigned *Bytes);
void TestDump(void);
void TestCheck(void);                                   /* what must hold of the cells in memory */
unsigned long long TestMarvin(unsigned long long Seed, const void *Data, unsigned Length);
