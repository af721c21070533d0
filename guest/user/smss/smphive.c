/* S18: the registry becomes whole and lasting. */
#include "smss.h"

/* S18: SOFTWARE, SAM, SECURITY and DEFAULT are loaded, and what changes is written back from now on. Without a volume
   the registry stays in memory, and the boot goes on. */
VOID SmpInitializeRegistry(VOID)
{
    UNICODE_STRING Nothing = RTL_CONSTANT_STRING(L"");
    NTSTATUS Status;

    RtlpClaim("smss.registry-ready.begin", NULL);
    Status = NtInitializeRegistry(0);
    RtlpClaim("smss.registry-ready.end", "status=%x", Status);
    if (!NT_SUCCESS(Status))
        SmpLogEvent(SMP_EVENT_REGISTRY, Status, L"The registry was not initialized.", &Nothing);
}
