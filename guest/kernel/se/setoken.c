/* Tokens: made, copied for children and impersonation, opened. */
#include "sep.h"

static const struct {
    UCHAR Privilege;
    BOOLEAN Enabled;
} SepSystemPrivileges[] = {     /* LocalSystem's, with NT's defaults */
    { SE_CREATE_TOKEN_PRIVILEGE, FALSE }, { SE_ASSIGNPRIMARYTOKEN_PRIVILEGE, FALSE },
    { SE_LOCK_MEMORY_PRIVILEGE, TRUE }, { SE_INCREASE_QUOTA_PRIVILEGE, FALSE }, { SE_TCB_PRIVILEGE, TRUE },
    { SE_SECURITY_PRIVILEGE, FALSE }, { SE_TAKE_OWNERSHIP_PRIVILEGE, FALSE }, { SE_LOAD_DRIVER_PRIVILEGE, FALSE },
    { SE_SYSTEM_PROFILE_PRIVILEGE, TRUE }, { SE_SYSTEMTIME_PRIVILEGE, FALSE },
    { SE_PROF_SINGLE_PROCESS_PRIVILEGE, TRUE }, { SE_INC_BASE_PRIORITY_PRIVILEGE, TRUE },
    { SE_CREATE_PAGEFILE_PRIVILEGE, TRUE }, { SE_CREATE_PERMANENT_PRIVILEGE, TRUE }, { SE_BACKUP_PRIVILEGE, FALSE },
    { SE_RESTORE_PRIVILEGE, FALSE }, { SE_SHUTDOWN_PRIVILEGE, FALSE }, { SE_DEBUG_PRIVILEGE, TRUE },
    { SE_AUDIT_PRIVILEGE, TRUE }, { SE_SYSTEM_ENVIRONMENT_PRIVILEGE, FALSE }, { SE_CHANGE_NOTIFY_PRIVILEGE, TRUE },
    { SE_UNDOCK_PRIVILEGE, FALSE }, { SE_MANAGE_VOLUME_PRIVILEGE, FALSE }, { SE_IMPERSONATE_PRIVILEGE, TRUE },
    { SE_CREATE_GLOBAL_PRIVILEGE, TRUE }, { SE_INC_WORKING_SET_PRIVILEGE, TRUE }, { SE_TIME_ZONE_PRIVILEGE, TRUE },
    { SE_CREATE_SYMBOLIC_LINK_PRIVILEGE, TRUE },
};
C_ASSERT(RTL_NUMBER_OF(SepSystemPrivileges) <= SE_MAX_PRIVILEGES);

LUID SepAllocateLuid(VOID)
{
    static ULONG Next = 0x1000;         /* below are the well-known ones */
    LUID Luid = { Next++, 0 };

    return Luid;
}

NTSTATUS SepCreateToken(PTOKEN *Token)
{
    NTSTATUS Status = ObCreateObject(KernelMode, SeTokenObjectType, NULL, KernelMode, NULL, sizeof(TOKEN), 0, 0,
                                     (PVOID *)Token);

    if (!NT_SUCCESS(Status))
        return Status;
    RtlZeroMemory(*Token, sizeof(TOKEN));
    (*Token)->TokenId = SepAllocateLuid();
    return ObInsertObject(*Token, NULL, 0, 1, NULL, NULL);
}

static PSID SepAddSid(PTOKEN Token, PSID Sid)
{
    PSID Copy = Token->SidArea + Token->SidAreaUsed;
    ULONG Length = RtlLengthSid(Sid);

    RtlCopyMemory(Copy, Sid, Length);
    Token->SidAreaUsed += Length;
    return Copy;
}

static VOID SepAddGroup(PTOKEN Token, PSID Sid, ULONG Attributes)
{
    Token->Groups[Token->GroupCount].Sid = SepAddSid(Token, Sid);
    Token->Groups[Token->GroupCount++].Attributes = Attributes;
}

PACCESS_TOKEN SeMakeSystemToken(VOID)
{
    const ULONG Mandatory = SE_GROUP_MANDATORY | SE_GROUP_ENABLED_BY_DEFAULT | SE_GROUP_ENABLED;
    static const LUID SystemLuid = SYSTEM_LUID;
    PTOKEN Token;

    if (!NT_SUCCESS(SepCreateToken(&Token)))
        return NULL;
    Token->AuthenticationId = SystemLuid;
    Token->ModifiedId = Token->TokenId;
    Token->TokenType = TokenPrimary;
    Token->UserSid = SepAddSid(Token, SeLocalSystemSid);
    SepAddGroup(Token, SeAliasAdminsSid, SE_GROUP_ENABLED_BY_DEFAULT | SE_GROUP_ENABLED | SE_GROUP_OWNER);
    SepAddGroup(Token, SeWorldSid, Mandatory);
    SepAddGroup(Token, SeAuthenticatedUsersSid, Mandatory);
    SepAddGroup(Token, SeSystemMandatorySid, SE_GROUP_INTEGRITY);
    Token->OwnerSid = Token->Groups[0].Sid;
    Token->IntegritySid = Token->Groups[3].Sid;
    for (ULONG i = 0; i < RTL_NUMBER_OF(SepSystemPrivileges); i++) {
        Token->Privileges[i].Luid.LowPart = SepSystemPrivileges[i].Privilege;
        Token->Privileges[i].Attributes =
            SepSystemPrivileges[i].Enabled ? SE_PRIVILEGE_ENABLED | SE_PRIVILEGE_ENABLED_BY_DEFAULT : 0;
    }
    Token->PrivilegeCount = RTL_NUMBER_OF(SepSystemPrivileges);
    return Token;
}

static PSID SepMoveSid(PTOKEN From, PTOKEN To, PSID Sid)
{
    return Sid == NULL ? NULL : To->SidArea + ((PUCHAR)Sid - From->SidArea);
}

/* The copy has one reference. */
NTSTATUS SepDuplicateToken(PTOKEN Source, TOKEN_TYPE Type, SECURITY_IMPERSONATION_LEVEL Level, PTOKEN *Token)
{
    PTOKEN Copy;
    LUID Id;
    NTSTATUS Status = SepCreateToken(&Copy);

    if (!NT_SUCCESS(Status))
        return Status;
    Id = Copy->TokenId;
    *Copy = *Source;
    Copy->TokenId = Id;
    Copy->TokenType = Type;
    Copy->ImpersonationLevel = Level;
    Copy->UserSid = SepMoveSid(Source, Copy, Source->UserSid);
    Copy->OwnerSid = SepMoveSid(Source, Copy, Source->OwnerSid);
    Copy->IntegritySid = SepMoveSid(Source, Copy, Source->IntegritySid);
    for (ULONG i = 0; i < Copy->GroupCount; i++)
        Copy->Groups[i].Sid = SepMoveSid(Source, Copy, Source->Groups[i].Sid);
    *Token = Copy;
    return STATUS_SUCCESS;
}

NTSTATUS SeSubProcessToken(PACCESS_TOKEN Parent, ULONG SessionId, PACCESS_TOKEN *NewToken)
{
    NTSTATUS Status = SepDuplicateToken(Parent, TokenPrimary, SecurityAnonymous, NewToken);

    if (NT_SUCCESS(Status))
        (*NewToken)->SessionId = SessionId;
    return Status;
}

ULONG SeTokenSessionId(PACCESS_TOKEN Token)
{
    return Token->SessionId;
}

static NTSTATUS SepOpenToken(PTOKEN Token, ACCESS_MASK DesiredAccess, PHANDLE TokenHandle)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    HANDLE Handle;
    NTSTATUS Status = ObOpenObjectByPointer(Token, 0, NULL, DesiredAccess, SeTokenObjectType, Mode, &Handle);

    return NT_SUCCESS(Status) ? ObReturnHandle(Mode, TokenHandle, Handle, Status) : Status;
}

NTSTATUS NTAPI NtOpenProcessToken(HANDLE ProcessHandle, ACCESS_MASK DesiredAccess, PHANDLE TokenHandle)
{
    PEPROCESS Process;
    NTSTATUS Status = ObReferenceObjectByHandle(ProcessHandle, PROCESS_QUERY_INFORMATION, PsProcessType,
                                                ExGetPreviousMode(), (PVOID *)&Process, NULL);

    if (NT_SUCCESS(Status)) {
        Status = SepOpenToken(Process->Token, DesiredAccess, TokenHandle);
        ObDereferenceObject(Process);
    }
    return Status;
}

NTSTATUS NTAPI NtOpenThreadToken(HANDLE ThreadHandle, ACCESS_MASK DesiredAccess, BOOLEAN OpenAsSelf,
                                 PHANDLE TokenHandle)
{
    PTOKEN Own = PsGetCurrentThread()->ImpersonationToken;
    PETHREAD Thread;
    NTSTATUS Status = ObReferenceObjectByHandle(ThreadHandle, THREAD_QUERY_INFORMATION, PsThreadType,
                                                ExGetPreviousMode(), (PVOID *)&Thread, NULL);

    if (!NT_SUCCESS(Status))
        return Status;
    if (Thread->ImpersonationToken == NULL) {
        Status = STATUS_NO_TOKEN;
    } else {
        PTOKEN Target = Thread->ImpersonationToken;

        if (OpenAsSelf)                 /* checked against the process, not against who is impersonated */
            PsGetCurrentThread()->ImpersonationToken = NULL;
        Status = SepOpenToken(Target, DesiredAccess, TokenHandle);
        PsGetCurrentThread()->ImpersonationToken = Own;
    }
    ObDereferenceObject(Thread);
    return Status;
}

NTSTATUS NTAPI NtDuplicateToken(HANDLE ExistingTokenHandle, ACCESS_MASK DesiredAccess,
                                POBJECT_ATTRIBUTES ObjectAttributes, BOOLEAN EffectiveOnly, TOKEN_TYPE TokenType,
                                PHANDLE NewTokenHandle)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    SECURITY_IMPERSONATION_LEVEL Level = SecurityAnonymous;
    OBJECT_HANDLE_INFORMATION Information;
    SECURITY_QUALITY_OF_SERVICE Qos;
    OBJECT_ATTRIBUTES Attributes;
    PTOKEN Token, Copy;
    HANDLE Handle;
    NTSTATUS Status = STATUS_SUCCESS;

    if (TokenType != TokenPrimary && TokenType != TokenImpersonation)
        return STATUS_INVALID_PARAMETER;
    if (ObjectAttributes != NULL) {
        Status = ExCopyFromMode(Mode, &Attributes, ObjectAttributes, sizeof Attributes);
        if (NT_SUCCESS(Status) && Attributes.SecurityQualityOfService != NULL) {
            Status = ExCopyFromMode(Mode, &Qos, Attributes.SecurityQualityOfService, sizeof Qos);
            Level = Qos.ImpersonationLevel;
        }
        if (!NT_SUCCESS(Status))
            return Status;
    }
    Status = ObReferenceObjectByHandle(ExistingTokenHandle, TOKEN_DUPLICATE, SeTokenObjectType, Mode,
                                       (PVOID *)&Token, &Information);
    if (!NT_SUCCESS(Status))
        return Status;
    if (Token->TokenType == TokenImpersonation &&
        (Level > Token->ImpersonationLevel ||
         (TokenType == TokenPrimary && Token->ImpersonationLevel < SecurityImpersonation)))
        Status = STATUS_BAD_IMPERSONATION_LEVEL;
    else
        Status = SepDuplicateToken(Token, TokenType, Level, &Copy);
    ObDereferenceObject(Token);
    if (!NT_SUCCESS(Status))
        return Status;
    for (ULONG i = 0; EffectiveOnly && i < Copy->PrivilegeCount;) {
        if ((Copy->Privileges[i].Attributes & SE_PRIVILEGE_ENABLED) == 0)
            Copy->Privileges[i] = Copy->Privileges[--Copy->PrivilegeCount];
        else
            i++;
    }
    Status = ObOpenObjectByPointer(Copy, 0, NULL, DesiredAccess != 0 ? DesiredAccess : Information.GrantedAccess,
                                   SeTokenObjectType, Mode, &Handle);
    ObDereferenceObject(Copy);
    return NT_SUCCESS(Status) ? ObReturnHandle(Mode, NewTokenHandle, Handle, Status) : Status;
}
