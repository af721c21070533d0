/* The subsystem's ports and who may connect to them. */
#include "csrss.h"

/* An access control list for SYSTEM, and for everybody when World is not 0. Size in bytes. */
static NTSTATUS CreateDacl(PACL Acl, ULONG Size, ACCESS_MASK World)
{
    static SID_IDENTIFIER_AUTHORITY NtAuthority = SECURITY_NT_AUTHORITY, WorldAuthority = SECURITY_WORLD_SID_AUTHORITY;
    SID Sid; /* one sub-authority is all that these need */
    NTSTATUS Status = RtlCreateAcl(Acl, Size, ACL_REVISION);

    RtlInitializeSid(&Sid, &NtAuthority, 1);
    *RtlSubAuthoritySid(&Sid, 0) = SECURITY_LOCAL_SYSTEM_RID;
    if (NT_SUCCESS(Status))
        Status = RtlAddAccessAllowedAce(Acl, ACL_REVISION, GENERIC_ALL, &Sid);
    RtlInitializeSid(&Sid, &WorldAuthority, 1);
    *RtlSubAuthoritySid(&Sid, 0) = SECURITY_WORLD_RID;
    if (NT_SUCCESS(Status) && World)
        Status = RtlAddAccessAllowedAce(Acl, ACL_REVISION, World, &Sid);
    return Status;
}

NTSTATUS CsrCreatePort(PCWSTR Leaf, ULONG ConnectionInfoSize, ULONG MessageSize, ACCESS_MASK World,
                       PUNICODE_STRING Name, PHANDLE Port)
{
    UCHAR Buffer[64] DECLSPEC_ALIGN(8);
    OBJECT_ATTRIBUTES Attributes;
    SECURITY_DESCRIPTOR Descriptor;
    NTSTATUS Status = CreateDacl((PACL)Buffer, sizeof(Buffer), World);

    if (!NT_SUCCESS(Status))
        return Status;
    RtlCreateSecurityDescriptor(&Descriptor, SECURITY_DESCRIPTOR_REVISION);
    RtlSetDaclSecurityDescriptor(&Descriptor, TRUE, (PACL)Buffer, FALSE);
    Name->Length = 0;
    RtlAppendUnicodeStringToString(Name, &CsrObjectDirectory);
    RtlAppendUnicodeToString(Name, L"\\");
    RtlAppendUnicodeToString(Name, Leaf);
    InitializeObjectAttributes(&Attributes, Name, OBJ_CASE_INSENSITIVE, NULL, &Descriptor);
    return NtCreatePort(Port, &Attributes, ConnectionInfoSize, MessageSize, 32 * MessageSize);
}
