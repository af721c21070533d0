/* S9: the mutex of the renames, the processors as they are, and no code that was not there at the start. */
#include "smss.h"

HANDLE SmpRenameMutex;

/* S9; S-056: who changes the list of pending renames while the system runs takes this mutex. */
VOID SmpCreateRenameMutex(VOID)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\PendingRenameMutex");
    OBJECT_ATTRIBUTES Attributes;

    RtlpClaim("smss.rename-mutex.begin", "path=%wZ", &Name);
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE | OBJ_PERMANENT, NULL,
                               SmpPrimarySecurityDescriptor);
    SMP_CHECK(NtCreateMutant(&SmpRenameMutex, MUTANT_ALL_ACCESS, &Attributes, FALSE), "\\PendingRenameMutex");
    RtlpClaim("smss.rename-mutex.end", NULL);
}

/* S9: the affinity of this process becomes that of all active processors of all nodes. A failure leaves it as it is. */
VOID SmpConfigureProcessors(VOID)
{
    static SYSTEM_NUMA_INFORMATION Map;
    SYSTEM_BASIC_INFORMATION Basic;
    KAFFINITY Affinity = 0;
    NTSTATUS Status;

    RtlpClaim("smss.processors.begin", NULL);
    Status = NtQuerySystemInformation(SystemBasicInformation, &Basic, sizeof(Basic), NULL);
    if (NT_SUCCESS(Status))
        Status = NtQuerySystemInformation(SystemNumaProcessorMap, &Map, sizeof(Map), NULL);
    if (!NT_SUCCESS(Status))
        return;
    for (ULONG i = 0; i <= Map.HighestNodeNumber && i < MAXIMUM_NUMA_NODES; i++)
        Affinity |= Map.ActiveProcessorsGroupAffinity[i].Mask;
    Affinity &= Basic.ActiveProcessorsAffinityMask;
    Status = NtSetInformationProcess(NtCurrentProcess(), ProcessAffinityMask, &Affinity, sizeof(Affinity));
    if (NT_SUCCESS(Status))
        RtlpClaim("smss.processors.end", "processors=%u nodes=%u affinity=%x", (ULONG)Basic.NumberOfProcessors,
                  Map.HighestNodeNumber + 1, (ULONG)Affinity);
}

/* S9: from here on no memory of this process becomes executable. */
VOID SmpProhibitDynamicCode(VOID)
{
    PROCESS_MITIGATION_POLICY_INFORMATION Policy;

    memset(&Policy, 0, sizeof(Policy));
    Policy.Policy = ProcessDynamicCodePolicy;
    Policy.DynamicCodePolicy.ProhibitDynamicCode = 1;
    RtlpClaim("smss.mitigation.begin", "policy=dynamic-code");
    SMP_CHECK(NtSetInformationProcess(NtCurrentProcess(), ProcessMitigationPolicy, &Policy, sizeof(Policy)),
              "ProcessMitigationPolicy");
    RtlpClaim("smss.mitigation.end", NULL);
}
