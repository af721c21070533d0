/* Between the loader's world (16-bit wchar_t, guest headers) and the host's C library. */
#pragma once

void HostSay(const char *Text);
void HostFail(const char *Text) __attribute__((noreturn));
void FindDrivers(const void *Hive, unsigned long long Size);
