/* Process protection: who may touch whom. */
#include "psp.h"

/* What anybody may do to a protected process or thread. */
#define PSP_LIMITED_PROCESS (SYNCHRONIZE | READ_CONTROL | PROCESS_QUERY_LIMITED_INFORMATION)
#define PSP_LIMITED_THREAD  (SYNCHRONIZE | READ_CONTROL | THREAD_QUERY_LIMITED_INFORMATION)

/* A full protection stands above a light one, a signer above those with smaller numbers. */
BOOLEAN PspDominates(UCHAR Subject, UCHAR Target)
{
    PS_PROTECTION s = { .Level = Subject }, t = { .Level = Target };

    return t.Type == PsProtectedTypeNone || (s.Type >= t.Type && s.Signer >= t.Signer);
}

BOOLEAN PsTestProtection(PEPROCESS Subject, PEPROCESS Target)
{
    return Subject == Target || PspDominates(Subject->Protection, Target->Protection);
}

static NTSTATUS PspCheckOpen(PEPROCESS Target, ACCESS_MASK GrantedAccess, ACCESS_MASK Limited, PCSTR Type)
{
    PEPROCESS Subject = PsGetCurrentProcess();

    if (ExGetPreviousMode() == KernelMode || (GrantedAccess & ~Limited) == 0 || PsTestProtection(Subject, Target))
        return STATUS_SUCCESS;
    ExRecordFact("access.denied", "type=%s pid=%u name=%s desired=%x", Type,
                 HandleToUlong(Target->UniqueProcessId), Target->ImageFileName, GrantedAccess);
    return STATUS_ACCESS_DENIED;
}

NTSTATUS PspProcessOpen(OB_OPEN_REASON Reason, PEPROCESS Process, PVOID Object, ACCESS_MASK GrantedAccess,
                        ULONG HandleCount)
{
    UNREFERENCED_PARAMETER(Process);
    UNREFERENCED_PARAMETER(HandleCount);
    return Reason == ObOpenHandle ? PspCheckOpen(Object, GrantedAccess, PSP_LIMITED_PROCESS, "Process")
                                  : STATUS_SUCCESS;
}

NTSTATUS PspThreadOpen(OB_OPEN_REASON Reason, PEPROCESS Process, PVOID Object, ACCESS_MASK GrantedAccess,
                       ULONG HandleCount)
{
    UNREFERENCED_PARAMETER(Process);
    UNREFERENCED_PARAMETER(HandleCount);
    return Reason == ObOpenHandle ? PspCheckOpen(((PETHREAD)Object)->ThreadsProcess, GrantedAccess,
                                                 PSP_LIMITED_THREAD, "Thread")
                                  : STATUS_SUCCESS;
}
