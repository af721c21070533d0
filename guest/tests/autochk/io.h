/* Between the checker's world (16-bit wchar_t, guest headers) and the host's C library. */
#pragma once

int HostTransfer(int Write, unsigned long long Offset, void *Buffer, unsigned Length);
int HostFlush(void);
void *HostAllocate(unsigned long long Size);
void HostFree(void *Memory);
void HostProblem(const char *Kind, unsigned Cluster, const char *Path);
const char *CheckImage(unsigned long long Size, int Force, unsigned *Problems);
