/* S5: the four security descriptors of everything that the session manager makes. */
#include "smss.h"

PSECURITY_DESCRIPTOR SmpPrimarySecurityDescriptor, SmpLiberalSecurityDescriptor;
PSECURITY_DESCRIPTOR SmpKnownDllsSecurityDescriptor, SmpApiPortSecurityDescriptor;

static PSID SystemSid, AdminSid, WorldSid;

static VOID CreateSids(VOID)
{
    static SID_IDENTIFIER_AUTHORITY NtAuthority = SECURITY_NT_AUTHORITY, WorldAuthority = SECURITY_WORLD_SID_AUTHORITY;

    if (SystemSid)
        return;
    SMP_CHECK(RtlAllocateAndInitializeSid(&NtAuthority, 1, SECURITY_LOCAL_SYSTEM_RID, 0, 0, 0, 0, 0, 0, 0, &SystemSid),
              "system SID");
    SMP_CHECK(RtlAllocateAndInitializeSid(&NtAuthority, 2, SECURITY_BUILTIN_DOMAIN_RID, DOMAIN_ALIAS_RID_ADMINS, 0, 0,
                                          0, 0, 0, 0, &AdminSid),
              "administrators SID");
    SMP_CHECK(RtlAllocateAndInitializeSid(&WorldAuthority, 1, SECURITY_WORLD_RID, 0, 0, 0, 0, 0, 0, 0, &WorldSid),
              "world SID");
}

/* A descriptor that gives everything to SYSTEM and the administrators and World to everybody. The memory of an
   earlier one is kept: objects may be made from it at the same time. */
static PSECURITY_DESCRIPTOR CreateDescriptor(ACCESS_MASK World)
{
    ULONG AclSize = sizeof(ACL) + 3 * offsetof(ACCESS_ALLOWED_ACE, SidStart) + RtlLengthSid(SystemSid) +
                    RtlLengthSid(AdminSid) + RtlLengthSid(WorldSid);
    PISECURITY_DESCRIPTOR Descriptor = RtlAllocateHeap(RtlProcessHeap(), 0, sizeof(*Descriptor) + AclSize);
    PACL Acl = (PACL)(Descriptor + 1);

    if (!Descriptor)
        SmpTerminate(STATUS_NO_MEMORY, "security descriptor");
    SMP_CHECK(RtlCreateSecurityDescriptor(Descriptor, SECURITY_DESCRIPTOR_REVISION), "RtlCreateSecurityDescriptor");
    SMP_CHECK(RtlCreateAcl(Acl, AclSize, ACL_REVISION), "RtlCreateAcl");
    SMP_CHECK(RtlAddAccessAllowedAce(Acl, ACL_REVISION, GENERIC_ALL, SystemSid), "RtlAddAccessAllowedAce");
    SMP_CHECK(RtlAddAccessAllowedAce(Acl, ACL_REVISION, GENERIC_ALL, AdminSid), "RtlAddAccessAllowedAce");
    if (World)
        SMP_CHECK(RtlAddAccessAllowedAce(Acl, ACL_REVISION, World, WorldSid), "RtlAddAccessAllowedAce");
    SMP_CHECK(RtlSetDaclSecurityDescriptor(Descriptor, TRUE, Acl, FALSE), "RtlSetDaclSecurityDescriptor");
    return Descriptor;
}

/* S5; S-035. ProtectionMode 1 takes everybody's right to change system objects away. */
VOID SmpCreateSecurityDescriptors(VOID)
{
    BOOLEAN First = !SmpApiPortSecurityDescriptor;
    PSECURITY_DESCRIPTOR *All[] = { &SmpPrimarySecurityDescriptor, &SmpLiberalSecurityDescriptor,
                                    &SmpKnownDllsSecurityDescriptor, &SmpApiPortSecurityDescriptor };
    ULONG Count = 0;

    if (First)
        RtlpClaim("smss.security.begin", NULL);
    CreateSids();
    SmpPrimarySecurityDescriptor =
        CreateDescriptor(SmpProtectionMode & 1 ? GENERIC_READ | GENERIC_EXECUTE : GENERIC_ALL);
    SmpLiberalSecurityDescriptor = CreateDescriptor(GENERIC_READ | GENERIC_WRITE | GENERIC_EXECUTE);
    SmpKnownDllsSecurityDescriptor = CreateDescriptor(GENERIC_READ | GENERIC_EXECUTE);
    SmpApiPortSecurityDescriptor = CreateDescriptor(0);
    for (ULONG i = 0; i < RTL_NUMBER_OF(All); i++)
        Count += RtlValidSecurityDescriptor(*All[i]);
    if (First)
        RtlpClaim("smss.security.end", "descriptors=%u", Count);
}
