/* The loader's search for boot-start drivers, over a hive in memory. */
#include "efiload.h"

#include "io.h"

static VOID Found(PVOID Context, PCSTR Name)
{
    UNREFERENCED_PARAMETER(Context);
    HostSay(Name);
}

VOID BootFail(PCSTR Reason) { HostFail(Reason); }
VOID EfiFailFile(PCSTR Reason, PCSTR Name)
{
    UNREFERENCED_PARAMETER(Name);
    HostFail(Reason);
}

void FindDrivers(const void *Hive, unsigned long long Size) { EfiFindDrivers(Hive, Size, Found, NULL); }
