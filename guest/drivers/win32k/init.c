/* win32k.sys: entry, once per session, in that session's space. */
#include "win32k.h"

WIN32K_SESSION gSession;

static const PVOID W32pServiceTable[] = { (PVOID)NtUserInitialize, (PVOID)NtUserProcessConnect };
static const UCHAR W32pArgumentTable[] = { 3, 3 };      /* arguments of each */
C_ASSERT(RTL_NUMBER_OF(W32pServiceTable) == RTL_NUMBER_OF(W32pArgumentTable));

NTSTATUS DriverEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath)
{
    UNREFERENCED_PARAMETER(Driver);
    UNREFERENCED_PARAMETER(RegistryPath);
    gSession.SessionId = PsGetProcessSessionId(IoGetCurrentProcess());
    return KeAddSystemServiceTable(W32pServiceTable, W32pArgumentTable, RTL_NUMBER_OF(W32pServiceTable),
                                   WIN32K_SERVICE_BASE)
               ? STATUS_SUCCESS
               : STATUS_INSUFFICIENT_RESOURCES;
}
