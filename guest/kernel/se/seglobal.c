/* Well-known SIDs, default descriptors, and the Token type. */
#include "sep.h"

POBJECT_TYPE SeTokenObjectType;
PSID SeLocalSystemSid, SeAliasAdminsSid, SeWorldSid, SeAuthenticatedUsersSid, SeSystemMandatorySid;
PSECURITY_DESCRIPTOR SePublicDefaultSd, SeSystemDefaultSd;

static PSID SepMakeSid(UCHAR Authority, UCHAR Count, ULONG First, ULONG Second)
{
    SID_IDENTIFIER_AUTHORITY Identifier = { { 0, 0, 0, 0, 0, Authority } };
    PSID Sid = ExAllocatePoolWithTag(PagedPool, RtlLengthRequiredSid(Count), SEP_TAG);

    if (Sid == NULL)
        return NULL;
    RtlInitializeSid(Sid, &Identifier, Count);
    *RtlSubAuthoritySid(Sid, 0) = First;
    if (Count > 1)
        *RtlSubAuthoritySid(Sid, 1) = Second;
    return Sid;
}

/* Owner and group SYSTEM; up to three allowed entries. */
static PSECURITY_DESCRIPTOR SepMakeDescriptor(ULONG Count, const ACCESS_MASK *Masks, PSID *Sids)
{
    UCHAR AclBuffer[256];
    PACL Dacl = (PACL)AclBuffer;
    SEP_PARTS Parts = { SE_DACL_PRESENT, SeLocalSystemSid, SeLocalSystemSid, NULL, Dacl };
    PSECURITY_DESCRIPTOR Descriptor = NULL;
    ULONG Size = sizeof(ACL);

    for (ULONG i = 0; i < Count; i++)
        Size += sizeof(ACCESS_ALLOWED_ACE) - sizeof(ULONG) + RtlLengthSid(Sids[i]);
    if (!NT_SUCCESS(RtlCreateAcl(Dacl, Size, ACL_REVISION)))
        return NULL;
    for (ULONG i = 0; i < Count; i++) {
        if (!NT_SUCCESS(RtlAddAccessAllowedAce(Dacl, ACL_REVISION, Masks[i], Sids[i])))
            return NULL;
    }
    SepAssemble(&Parts, &Descriptor, NULL);
    return Descriptor;
}

BOOLEAN SeInitGlobals(VOID)
{
    static const ACCESS_MASK Masks[] = { GENERIC_ALL, GENERIC_READ | GENERIC_EXECUTE | READ_CONTROL,
                                         GENERIC_READ | GENERIC_EXECUTE };
    static const ACCESS_MASK PublicMasks[] = { GENERIC_ALL, GENERIC_ALL, GENERIC_READ | GENERIC_EXECUTE };
    PSID Sids[3];

    SeLocalSystemSid = SepMakeSid(5, 1, SECURITY_LOCAL_SYSTEM_RID, 0);
    SeAliasAdminsSid = SepMakeSid(5, 2, SECURITY_BUILTIN_DOMAIN_RID, DOMAIN_ALIAS_RID_ADMINS);
    SeWorldSid = SepMakeSid(1, 1, SECURITY_WORLD_RID, 0);
    SeAuthenticatedUsersSid = SepMakeSid(5, 1, SECURITY_AUTHENTICATED_USER_RID, 0);
    SeSystemMandatorySid = SepMakeSid(16, 1, SECURITY_MANDATORY_SYSTEM_RID, 0);
    if (!SeLocalSystemSid || !SeAliasAdminsSid || !SeWorldSid || !SeAuthenticatedUsersSid || !SeSystemMandatorySid)
        return FALSE;
    Sids[0] = SeLocalSystemSid;
    Sids[1] = SeAliasAdminsSid;
    Sids[2] = SeWorldSid;
    SeSystemDefaultSd = SepMakeDescriptor(2, Masks, Sids);
    SePublicDefaultSd = SepMakeDescriptor(3, PublicMasks, Sids);
    return SeSystemDefaultSd != NULL && SePublicDefaultSd != NULL;
}

BOOLEAN SeInitSystem(VOID)
{
    static UNICODE_STRING Name = RTL_CONSTANT_STRING(L"Token");
    OBJECT_TYPE_INITIALIZER Token = { .Length = sizeof Token, .PoolType = PagedPool, .SecurityRequired = TRUE,
        .ValidAccessMask = TOKEN_ALL_ACCESS,
        .GenericMapping = { STANDARD_RIGHTS_READ | TOKEN_QUERY,
                            STANDARD_RIGHTS_WRITE | TOKEN_ADJUST_PRIVILEGES | TOKEN_ADJUST_GROUPS |
                                TOKEN_ADJUST_DEFAULT,
                            STANDARD_RIGHTS_EXECUTE | TOKEN_IMPERSONATE, TOKEN_ALL_ACCESS } };

    return NT_SUCCESS(ObCreateObjectType(&Name, &Token, NULL, &SeTokenObjectType));
}
