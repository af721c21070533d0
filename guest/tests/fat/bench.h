/* The bench of fastfat: the driver and the block cache compiled for the host, on a disk that loses power when told to.
 * bench.c is the guest's side (NT's types), disk.c and host.c the host's (its C library); these cross over. */
#pragma once

/* disk.c; sectors of 512 bytes. 0: done, 1: the power is off. */
int DiskRead(unsigned long long Sector, unsigned Count, void *Buffer);
int DiskWrite(unsigned long long Sector, unsigned Count, const void *Buffer);
int DiskFlush(void);
unsigned long long DiskSectors(void);
void DiskOpen(const char *Path);
void DiskSave(const char *Path);        /* what survived, as a sparse copy */
void DiskArm(unsigned long long Writes);        /* the power goes off before sector write number Writes from now; 0: never */
void DiskCrash(unsigned Seed);          /* power off and on: of what was not flushed, some is there and some is not */
unsigned long long DiskWrites(void);    /* sector writes so far */

/* host.c */
void *HostAllocate(unsigned long long Size);
void HostFree(void *Memory);
void HostSay(const char *Format, ...);
char *HostWord(void);                   /* the next word of the command line; NULL: none */
unsigned long long HostNumber(void);
void HostRecord(const char *Event, const char *Text);

/* bench.c: one command; 0: no such command */
int BenchCommand(const char *Command);
