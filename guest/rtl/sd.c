/* Security descriptors, absolute and self-relative. */
#include <nt.h>

NTSTATUS NTAPI RtlCreateSecurityDescriptor(PSECURITY_DESCRIPTOR Descriptor, ULONG Revision)
{
    PISECURITY_DESCRIPTOR Sd = Descriptor;

    if (Revision != SECURITY_DESCRIPTOR_REVISION)
        return STATUS_UNKNOWN_REVISION;
    memset(Sd, 0, sizeof(*Sd));
    Sd->Revision = SECURITY_DESCRIPTOR_REVISION;
    return STATUS_SUCCESS;
}

typedef struct _PARTS {
    PSID Owner;
    PSID Group;
    PACL Sacl;
    PACL Dacl;
} PARTS;

static PVOID At(PSECURITY_DESCRIPTOR Base, ULONG Offset)
{
    return Offset ? (PUCHAR)Base + Offset : NULL;
}

/* The four parts of either form; an ACL that is not present is NULL. */
static PARTS GetParts(PSECURITY_DESCRIPTOR Descriptor)
{
    PISECURITY_DESCRIPTOR Sd = Descriptor;
    PISECURITY_DESCRIPTOR_RELATIVE Rel = Descriptor;
    PARTS Parts;

    if (Sd->Control & SE_SELF_RELATIVE)
        Parts = (PARTS){ At(Rel, Rel->Owner), At(Rel, Rel->Group), At(Rel, Rel->Sacl), At(Rel, Rel->Dacl) };
    else
        Parts = (PARTS){ Sd->Owner, Sd->Group, Sd->Sacl, Sd->Dacl };
    if (!(Sd->Control & SE_SACL_PRESENT))
        Parts.Sacl = NULL;
    if (!(Sd->Control & SE_DACL_PRESENT))
        Parts.Dacl = NULL;
    return Parts;
}

BOOLEAN NTAPI RtlValidSecurityDescriptor(PSECURITY_DESCRIPTOR Descriptor)
{
    PARTS Parts;

    if (!Descriptor || ((PISECURITY_DESCRIPTOR)Descriptor)->Revision != SECURITY_DESCRIPTOR_REVISION)
        return FALSE;
    Parts = GetParts(Descriptor);
    return (!Parts.Owner || RtlValidSid(Parts.Owner)) && (!Parts.Group || RtlValidSid(Parts.Group)) &&
           (!Parts.Sacl || RtlValidAcl(Parts.Sacl)) && (!Parts.Dacl || RtlValidAcl(Parts.Dacl));
}

/* A SID at Offset that lies inside Length bytes. */
static BOOLEAN SidInside(PSECURITY_DESCRIPTOR Base, ULONG Offset, ULONG Length)
{
    return Offset >= sizeof(SECURITY_DESCRIPTOR_RELATIVE) && Offset % 4 == 0 && Offset < Length &&
           Length - Offset >= RtlLengthRequiredSid(0) && RtlValidSid(At(Base, Offset)) &&
           RtlLengthSid(At(Base, Offset)) <= Length - Offset;
}

static BOOLEAN AclInside(PSECURITY_DESCRIPTOR Base, ULONG Offset, ULONG Length)
{
    PACL Acl = At(Base, Offset);

    return Offset >= sizeof(SECURITY_DESCRIPTOR_RELATIVE) && Offset % 4 == 0 && Offset < Length &&
           Length - Offset >= sizeof(ACL) && Acl->AclSize <= Length - Offset && RtlValidAcl(Acl);
}

BOOLEAN NTAPI RtlValidRelativeSecurityDescriptor(PSECURITY_DESCRIPTOR Descriptor, ULONG Length,
                                                 SECURITY_INFORMATION Required)
{
    PISECURITY_DESCRIPTOR_RELATIVE Rel = Descriptor;
    BOOLEAN HasDacl, HasSacl;

    if (Length < sizeof(*Rel) || Rel->Revision != SECURITY_DESCRIPTOR_REVISION || !(Rel->Control & SE_SELF_RELATIVE))
        return FALSE;
    HasDacl = (Rel->Control & SE_DACL_PRESENT) && Rel->Dacl;
    HasSacl = (Rel->Control & SE_SACL_PRESENT) && Rel->Sacl;
    if (((Required & OWNER_SECURITY_INFORMATION) && !Rel->Owner) ||
        ((Required & GROUP_SECURITY_INFORMATION) && !Rel->Group) ||
        ((Required & DACL_SECURITY_INFORMATION) && !(Rel->Control & SE_DACL_PRESENT)) ||
        ((Required & SACL_SECURITY_INFORMATION) && !(Rel->Control & SE_SACL_PRESENT)))
        return FALSE;
    return (!Rel->Owner || SidInside(Rel, Rel->Owner, Length)) && (!Rel->Group || SidInside(Rel, Rel->Group, Length)) &&
           (!HasDacl || AclInside(Rel, Rel->Dacl, Length)) && (!HasSacl || AclInside(Rel, Rel->Sacl, Length));
}

static ULONG SidRoom(PSID Sid)
{
    return Sid ? (ULONG)ALIGN_UP_BY(RtlLengthSid(Sid), 4) : 0;
}

static ULONG AclRoom(PACL Acl)
{
    return Acl ? (ULONG)ALIGN_UP_BY(Acl->AclSize, 4) : 0;
}

ULONG NTAPI RtlLengthSecurityDescriptor(PSECURITY_DESCRIPTOR Descriptor)
{
    PARTS Parts = GetParts(Descriptor);
    BOOLEAN Relative = (((PISECURITY_DESCRIPTOR)Descriptor)->Control & SE_SELF_RELATIVE) != 0;

    return (Relative ? sizeof(SECURITY_DESCRIPTOR_RELATIVE) : sizeof(SECURITY_DESCRIPTOR)) + SidRoom(Parts.Owner) +
           SidRoom(Parts.Group) + AclRoom(Parts.Sacl) + AclRoom(Parts.Dacl);
}

/* The bits of Control that say Present and Defaulted. */
static VOID SetControl(PISECURITY_DESCRIPTOR Sd, USHORT Bit, BOOLEAN Value)
{
    Sd->Control = (USHORT)(Value ? Sd->Control | Bit : Sd->Control & ~Bit);
}

static NTSTATUS CheckAbsolute(PISECURITY_DESCRIPTOR Sd)
{
    if (Sd->Revision != SECURITY_DESCRIPTOR_REVISION)
        return STATUS_UNKNOWN_REVISION;
    return Sd->Control & SE_SELF_RELATIVE ? STATUS_INVALID_SECURITY_DESCR : STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlSetDaclSecurityDescriptor(PSECURITY_DESCRIPTOR Descriptor, BOOLEAN Present, PACL Dacl,
                                            BOOLEAN Defaulted)
{
    PISECURITY_DESCRIPTOR Sd = Descriptor;
    NTSTATUS Status = CheckAbsolute(Sd);

    if (!NT_SUCCESS(Status))
        return Status;
    SetControl(Sd, SE_DACL_PRESENT, Present);
    SetControl(Sd, SE_DACL_DEFAULTED, Present && Defaulted);
    Sd->Dacl = Present ? Dacl : NULL;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlGetDaclSecurityDescriptor(PSECURITY_DESCRIPTOR Descriptor, PBOOLEAN Present, PACL *Dacl,
                                            PBOOLEAN Defaulted)
{
    PISECURITY_DESCRIPTOR Sd = Descriptor;

    if (Sd->Revision != SECURITY_DESCRIPTOR_REVISION)
        return STATUS_UNKNOWN_REVISION;
    *Present = (Sd->Control & SE_DACL_PRESENT) != 0;
    if (*Present) {
        *Dacl = GetParts(Sd).Dacl;
        *Defaulted = (Sd->Control & SE_DACL_DEFAULTED) != 0;
    }
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlSetOwnerSecurityDescriptor(PSECURITY_DESCRIPTOR Descriptor, PSID Owner, BOOLEAN Defaulted)
{
    PISECURITY_DESCRIPTOR Sd = Descriptor;
    NTSTATUS Status = CheckAbsolute(Sd);

    if (NT_SUCCESS(Status)) {
        Sd->Owner = Owner;
        SetControl(Sd, SE_OWNER_DEFAULTED, Defaulted);
    }
    return Status;
}

NTSTATUS NTAPI RtlGetOwnerSecurityDescriptor(PSECURITY_DESCRIPTOR Descriptor, PSID *Owner, PBOOLEAN Defaulted)
{
    PISECURITY_DESCRIPTOR Sd = Descriptor;

    if (Sd->Revision != SECURITY_DESCRIPTOR_REVISION)
        return STATUS_UNKNOWN_REVISION;
    *Owner = GetParts(Sd).Owner;
    *Defaulted = (Sd->Control & SE_OWNER_DEFAULTED) != 0;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlSetGroupSecurityDescriptor(PSECURITY_DESCRIPTOR Descriptor, PSID Group, BOOLEAN Defaulted)
{
    PISECURITY_DESCRIPTOR Sd = Descriptor;
    NTSTATUS Status = CheckAbsolute(Sd);

    if (NT_SUCCESS(Status)) {
        Sd->Group = Group;
        SetControl(Sd, SE_GROUP_DEFAULTED, Defaulted);
    }
    return Status;
}

NTSTATUS NTAPI RtlGetGroupSecurityDescriptor(PSECURITY_DESCRIPTOR Descriptor, PSID *Group, PBOOLEAN Defaulted)
{
    PISECURITY_DESCRIPTOR Sd = Descriptor;

    if (Sd->Revision != SECURITY_DESCRIPTOR_REVISION)
        return STATUS_UNKNOWN_REVISION;
    *Group = GetParts(Sd).Group;
    *Defaulted = (Sd->Control & SE_GROUP_DEFAULTED) != 0;
    return STATUS_SUCCESS;
}

/* Copies one part behind *Offset and returns where it went, 0 for a part that is not there. */
static ULONG Place(PISECURITY_DESCRIPTOR_RELATIVE Rel, PULONG Offset, PVOID Part, ULONG Size, ULONG Room)
{
    ULONG Here = *Offset;

    if (!Part)
        return 0;
    memcpy((PUCHAR)Rel + Here, Part, Size);
    memset((PUCHAR)Rel + Here + Size, 0, Room - Size);
    *Offset += Room;
    return Here;
}

NTSTATUS NTAPI RtlAbsoluteToSelfRelativeSD(PSECURITY_DESCRIPTOR Absolute, PSECURITY_DESCRIPTOR SelfRelative,
                                           PULONG BufferLength)
{
    PISECURITY_DESCRIPTOR Sd = Absolute;
    PISECURITY_DESCRIPTOR_RELATIVE Rel = SelfRelative;
    PARTS Parts = GetParts(Absolute);
    ULONG Offset = sizeof(*Rel);
    ULONG Size = Offset + SidRoom(Parts.Owner) + SidRoom(Parts.Group) + AclRoom(Parts.Sacl) + AclRoom(Parts.Dacl);

    if (*BufferLength < Size) {
        *BufferLength = Size;
        return STATUS_BUFFER_TOO_SMALL;
    }
    *BufferLength = Size;
    memset(Rel, 0, sizeof(*Rel));
    Rel->Revision = Sd->Revision;
    Rel->Control = Sd->Control | SE_SELF_RELATIVE;
    Rel->Sacl = Place(Rel, &Offset, Parts.Sacl, Parts.Sacl ? Parts.Sacl->AclSize : 0, AclRoom(Parts.Sacl));
    Rel->Dacl = Place(Rel, &Offset, Parts.Dacl, Parts.Dacl ? Parts.Dacl->AclSize : 0, AclRoom(Parts.Dacl));
    Rel->Owner = Place(Rel, &Offset, Parts.Owner, Parts.Owner ? RtlLengthSid(Parts.Owner) : 0, SidRoom(Parts.Owner));
    Rel->Group = Place(Rel, &Offset, Parts.Group, Parts.Group ? RtlLengthSid(Parts.Group) : 0, SidRoom(Parts.Group));
    return STATUS_SUCCESS;
}
