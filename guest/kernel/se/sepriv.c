/* Privileges: their names, the checks, and the service that switches them. */
#include "sep.h"

static const PCSTR SepPrivilegeNames[SE_MAX_WELL_KNOWN_PRIVILEGE + 1] = {
    [SE_CREATE_TOKEN_PRIVILEGE] = "SeCreateTokenPrivilege",
    [SE_ASSIGNPRIMARYTOKEN_PRIVILEGE] = "SeAssignPrimaryTokenPrivilege",
    [SE_LOCK_MEMORY_PRIVILEGE] = "SeLockMemoryPrivilege",
    [SE_INCREASE_QUOTA_PRIVILEGE] = "SeIncreaseQuotaPrivilege",
    [SE_MACHINE_ACCOUNT_PRIVILEGE] = "SeMachineAccountPrivilege",
    [SE_TCB_PRIVILEGE] = "SeTcbPrivilege",
    [SE_SECURITY_PRIVILEGE] = "SeSecurityPrivilege",
    [SE_TAKE_OWNERSHIP_PRIVILEGE] = "SeTakeOwnershipPrivilege",
    [SE_LOAD_DRIVER_PRIVILEGE] = "SeLoadDriverPrivilege",
    [SE_SYSTEM_PROFILE_PRIVILEGE] = "SeSystemProfilePrivilege",
    [SE_SYSTEMTIME_PRIVILEGE] = "SeSystemtimePrivilege",
    [SE_PROF_SINGLE_PROCESS_PRIVILEGE] = "SeProfileSingleProcessPrivilege",
    [SE_INC_BASE_PRIORITY_PRIVILEGE] = "SeIncreaseBasePriorityPrivilege",
    [SE_CREATE_PAGEFILE_PRIVILEGE] = "SeCreatePagefilePrivilege",
    [SE_CREATE_PERMANENT_PRIVILEGE] = "SeCreatePermanentPrivilege",
    [SE_BACKUP_PRIVILEGE] = "SeBackupPrivilege",
    [SE_RESTORE_PRIVILEGE] = "SeRestorePrivilege",
    [SE_SHUTDOWN_PRIVILEGE] = "SeShutdownPrivilege",
    [SE_DEBUG_PRIVILEGE] = "SeDebugPrivilege",
    [SE_AUDIT_PRIVILEGE] = "SeAuditPrivilege",
    [SE_SYSTEM_ENVIRONMENT_PRIVILEGE] = "SeSystemEnvironmentPrivilege",
    [SE_CHANGE_NOTIFY_PRIVILEGE] = "SeChangeNotifyPrivilege",
    [SE_REMOTE_SHUTDOWN_PRIVILEGE] = "SeRemoteShutdownPrivilege",
    [SE_UNDOCK_PRIVILEGE] = "SeUndockPrivilege",
    [SE_SYNC_AGENT_PRIVILEGE] = "SeSyncAgentPrivilege",
    [SE_ENABLE_DELEGATION_PRIVILEGE] = "SeEnableDelegationPrivilege",
    [SE_MANAGE_VOLUME_PRIVILEGE] = "SeManageVolumePrivilege",
    [SE_IMPERSONATE_PRIVILEGE] = "SeImpersonatePrivilege",
    [SE_CREATE_GLOBAL_PRIVILEGE] = "SeCreateGlobalPrivilege",
    [SE_TRUSTED_CREDMAN_ACCESS_PRIVILEGE] = "SeTrustedCredManAccessPrivilege",
    [SE_RELABEL_PRIVILEGE] = "SeRelabelPrivilege",
    [SE_INC_WORKING_SET_PRIVILEGE] = "SeIncreaseWorkingSetPrivilege",
    [SE_TIME_ZONE_PRIVILEGE] = "SeTimeZonePrivilege",
    [SE_CREATE_SYMBOLIC_LINK_PRIVILEGE] = "SeCreateSymbolicLinkPrivilege",
    [SE_DELEGATE_SESSION_USER_IMPERSONATE_PRIVILEGE] = "SeDelegateSessionUserImpersonatePrivilege",
};

PCSTR SePrivilegeName(ULONG Privilege)
{
    return Privilege <= SE_MAX_WELL_KNOWN_PRIVILEGE && SepPrivilegeNames[Privilege] != NULL
               ? SepPrivilegeNames[Privilege]
               : "unknown";
}

static PLUID_AND_ATTRIBUTES SepFindPrivilege(PTOKEN Token, LUID Luid)
{
    for (ULONG i = 0; i < Token->PrivilegeCount; i++) {
        if (Token->Privileges[i].Luid.LowPart == Luid.LowPart && Token->Privileges[i].Luid.HighPart == Luid.HighPart)
            return &Token->Privileges[i];
    }
    return NULL;
}

BOOLEAN SePrivilegeCheckToken(PACCESS_TOKEN Token, ULONG Privilege)
{
    LUID Luid = { Privilege, 0 };
    PLUID_AND_ATTRIBUTES Found = SepFindPrivilege(Token != NULL ? Token : SepEffectiveToken(), Luid);

    return Found != NULL && (Found->Attributes & SE_PRIVILEGE_ENABLED) != 0;
}

BOOLEAN NTAPI SeSinglePrivilegeCheck(LUID PrivilegeValue, KPROCESSOR_MODE PreviousMode)
{
    return PreviousMode == KernelMode ||
           (PrivilegeValue.HighPart == 0 && SePrivilegeCheckToken(NULL, PrivilegeValue.LowPart));
}

/* Switches one privilege; the fact is recorded when it really changes. TRUE: it did. */
static BOOLEAN SepAdjustOne(PLUID_AND_ATTRIBUTES Privilege, ULONG Wanted)
{
    BOOLEAN Enable = (Wanted & SE_PRIVILEGE_ENABLED) != 0;

    if (((Privilege->Attributes & SE_PRIVILEGE_ENABLED) != 0) == Enable)
        return FALSE;
    Privilege->Attributes = (Privilege->Attributes & ~(ULONG)SE_PRIVILEGE_ENABLED) |
                            (Enable ? SE_PRIVILEGE_ENABLED : 0);
    ExRecordFact("privilege.adjust", "pid=%u name=%s enabled=%u", HandleToUlong(PsGetCurrentProcessId()),
                 SePrivilegeName(Privilege->Luid.LowPart), (ULONG)Enable);
    return TRUE;
}

typedef struct _SEP_ADJUSTMENT {
    ULONG PrivilegeCount;
    LUID_AND_ATTRIBUTES Privileges[SE_MAX_PRIVILEGES];
} SEP_ADJUSTMENT;

static NTSTATUS SepAdjust(PTOKEN Token, BOOLEAN DisableAll, const SEP_ADJUSTMENT *Wanted, SEP_ADJUSTMENT *Previous)
{
    NTSTATUS Status = STATUS_SUCCESS;
    ULONG Count = DisableAll ? Token->PrivilegeCount : Wanted->PrivilegeCount;

    Previous->PrivilegeCount = 0;
    for (ULONG i = 0; i < Count; i++) {
        PLUID_AND_ATTRIBUTES Privilege =
            DisableAll ? &Token->Privileges[i] : SepFindPrivilege(Token, Wanted->Privileges[i].Luid);
        LUID_AND_ATTRIBUTES Before;

        if (Privilege == NULL) {
            Status = STATUS_NOT_ALL_ASSIGNED;
            continue;
        }
        Before = *Privilege;
        if (SepAdjustOne(Privilege, DisableAll ? 0 : Wanted->Privileges[i].Attributes))
            Previous->Privileges[Previous->PrivilegeCount++] = Before;
    }
    if (Previous->PrivilegeCount != 0)
        Token->ModifiedId = SepAllocateLuid();
    return Status;
}

NTSTATUS NTAPI NtAdjustPrivilegesToken(HANDLE TokenHandle, BOOLEAN DisableAllPrivileges, PTOKEN_PRIVILEGES NewState,
                                       ULONG BufferLength, PTOKEN_PRIVILEGES PreviousState, PULONG ReturnLength)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    SEP_ADJUSTMENT Wanted = { 0 }, Previous;
    ACCESS_MASK Access = TOKEN_ADJUST_PRIVILEGES | (PreviousState != NULL ? TOKEN_QUERY : 0);
    ULONG Size;
    PTOKEN Token;
    NTSTATUS Status = STATUS_SUCCESS, Result;

    if (!DisableAllPrivileges) {
        Status = ExCopyFromMode(Mode, &Wanted.PrivilegeCount, NewState, sizeof(ULONG));
        if (NT_SUCCESS(Status) && Wanted.PrivilegeCount > SE_MAX_PRIVILEGES)
            Status = STATUS_INVALID_PARAMETER;
        if (NT_SUCCESS(Status))
            Status = ExCopyFromMode(Mode, Wanted.Privileges, (PUCHAR)NewState + sizeof(ULONG),
                                    Wanted.PrivilegeCount * sizeof(LUID_AND_ATTRIBUTES));
        if (!NT_SUCCESS(Status))
            return Status;
    }
    Status = ObReferenceObjectByHandle(TokenHandle, Access, SeTokenObjectType, Mode, (PVOID *)&Token, NULL);
    if (!NT_SUCCESS(Status))
        return Status;
    Size = sizeof(ULONG) + (DisableAllPrivileges ? Token->PrivilegeCount : Wanted.PrivilegeCount) *
                               sizeof(LUID_AND_ATTRIBUTES);
    if (PreviousState != NULL && BufferLength < Size) {
        ObDereferenceObject(Token);
        Status = ExCopyToMode(Mode, ReturnLength, &Size, sizeof Size);
        return NT_SUCCESS(Status) ? STATUS_BUFFER_TOO_SMALL : Status;
    }
    Result = SepAdjust(Token, DisableAllPrivileges, &Wanted, &Previous);
    ObDereferenceObject(Token);
    if (PreviousState != NULL) {
        Size = sizeof(ULONG) + Previous.PrivilegeCount * sizeof(LUID_AND_ATTRIBUTES);
        Status = ExCopyToMode(Mode, PreviousState, &Previous, Size);
        if (NT_SUCCESS(Status) && ReturnLength != NULL)
            Status = ExCopyToMode(Mode, ReturnLength, &Size, sizeof Size);
    }
    return NT_SUCCESS(Status) ? Result : Status;
}
