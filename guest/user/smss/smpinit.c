/* S2 to S4: what the session manager does to itself before it does anything for the system. */
#include "smss.h"

LIST_ENTRY SmpSessionList;
RTL_CRITICAL_SECTION SmpSessionLock;
ULONG SmpNextSessionId;

/* S2; S-008, S-020: the system stops when this process or its main thread ends. */
VOID SmpMakeCritical(VOID)
{
    RtlpClaim("smss.critical.begin", NULL);
    SMP_CHECK(RtlSetProcessIsCritical(TRUE, NULL, FALSE), "RtlSetProcessIsCritical");
    SMP_CHECK(RtlSetThreadIsCritical(TRUE, NULL, FALSE), "RtlSetThreadIsCritical");
    RtlpClaim("smss.critical.end", NULL);
}

/* S3; S-030: above what it starts, so that it is not held up by its own children. */
VOID SmpSetPriority(VOID)
{
    KPRIORITY Priority = 11;

    RtlpClaim("smss.priority.begin", "priority=%u", Priority);
    SMP_CHECK(NtSetInformationProcess(NtCurrentProcess(), ProcessBasePriority, &Priority, sizeof(Priority)),
              "ProcessBasePriority");
    RtlpClaim("smss.priority.end", NULL);
}

/* S4; S-030 */
VOID SmpInit(VOID)
{
    ULONG HardErrorsOn = 1;

    RtlpClaim("smss.init.begin", NULL);
    SMP_CHECK(NtSetInformationProcess(NtCurrentProcess(), ProcessDefaultHardErrorMode, &HardErrorsOn,
                                      sizeof(HardErrorsOn)),
              "ProcessDefaultHardErrorMode");
    RtlInitializeCriticalSection(&SmpSessionLock);
    InitializeListHead(&SmpSessionList);
    SmpNextSessionId = 0;
    RtlpClaim("smss.init.end", NULL);
}
