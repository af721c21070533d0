/* Access control lists. An ACL is filled from the front; AclSize is the room that it has. */
#include <nt.h>

NTSTATUS NTAPI RtlCreateAcl(PACL Acl, ULONG AclSize, ULONG AclRevision)
{
    if (AclSize < sizeof(ACL))
        return STATUS_BUFFER_TOO_SMALL;
    if (AclRevision < ACL_REVISION2 || AclRevision > ACL_REVISION4 || AclSize > MAXUSHORT)
        return STATUS_INVALID_PARAMETER;
    memset(Acl, 0, sizeof(*Acl));
    Acl->AclRevision = (UCHAR)AclRevision;
    Acl->AclSize = (USHORT)ALIGN_DOWN_BY(AclSize, sizeof(ULONG));
    return STATUS_SUCCESS;
}

/* The first byte after the last ACE, or NULL when an ACE does not lie inside the list. */
static PUCHAR FirstFreeAce(PACL Acl)
{
    PUCHAR At = (PUCHAR)(Acl + 1), End = (PUCHAR)Acl + Acl->AclSize;

    for (ULONG i = 0; i < Acl->AceCount; i++) {
        PACE_HEADER Ace = (PACE_HEADER)At;

        if (End - At < (SSIZE_T)sizeof(ACE_HEADER) || Ace->AceSize < sizeof(ACE_HEADER) || Ace->AceSize > End - At)
            return NULL;
        At += Ace->AceSize;
    }
    return At;
}

BOOLEAN NTAPI RtlValidAcl(PACL Acl)
{
    PACCESS_ALLOWED_ACE Ace;

    if (Acl->AclRevision < ACL_REVISION2 || Acl->AclRevision > ACL_REVISION4 || Acl->AclSize < sizeof(ACL) ||
        !FirstFreeAce(Acl))
        return FALSE;
    for (ULONG i = 0; i < Acl->AceCount; i++) {
        RtlGetAce(Acl, i, (PVOID *)&Ace);
        if (Ace->Header.AceType > SYSTEM_AUDIT_ACE_TYPE && Ace->Header.AceType != SYSTEM_MANDATORY_LABEL_ACE_TYPE)
            continue;
        if (Ace->Header.AceSize < sizeof(*Ace) - sizeof(ULONG) + RtlLengthRequiredSid(0) ||
            !RtlValidSid(&Ace->SidStart) ||
            Ace->Header.AceSize < sizeof(*Ace) - sizeof(ULONG) + RtlLengthSid(&Ace->SidStart))
            return FALSE;
    }
    return TRUE;
}

NTSTATUS NTAPI RtlAddAce(PACL Acl, ULONG Revision, ULONG StartingIndex, PVOID AceList, ULONG AceListSize)
{
    PUCHAR Free, At = (PUCHAR)(Acl + 1);
    ULONG Count = 0;

    if (!RtlValidAcl(Acl) || !(Free = FirstFreeAce(Acl)))
        return STATUS_INVALID_PARAMETER;
    for (ULONG Offset = 0; Offset < AceListSize; Count++) {
        PACE_HEADER Ace = (PACE_HEADER)((PUCHAR)AceList + Offset);

        if (AceListSize - Offset < sizeof(*Ace) || Ace->AceSize < sizeof(*Ace) || Ace->AceSize > AceListSize - Offset)
            return STATUS_INVALID_PARAMETER;
        Offset += Ace->AceSize;
    }
    if (AceListSize > (ULONG_PTR)((PUCHAR)Acl + Acl->AclSize - Free))
        return STATUS_ALLOTTED_SPACE_EXCEEDED;
    for (ULONG i = 0; i < StartingIndex && i < Acl->AceCount; i++)
        At += ((PACE_HEADER)At)->AceSize;
    memmove(At + AceListSize, At, Free - At);
    memcpy(At, AceList, AceListSize);
    Acl->AceCount += (USHORT)Count;
    Acl->AclRevision = max(Acl->AclRevision, (UCHAR)Revision);
    return STATUS_SUCCESS;
}

static NTSTATUS AddAce(PACL Acl, ULONG Revision, ULONG Flags, ACCESS_MASK Mask, PSID Sid, UCHAR Type)
{
    UCHAR Buffer[offsetof(ACCESS_ALLOWED_ACE, SidStart) + SECURITY_MAX_SID_SIZE] DECLSPEC_ALIGN(4);
    PACCESS_ALLOWED_ACE Ace = (PACCESS_ALLOWED_ACE)Buffer;

    if (!RtlValidSid(Sid))
        return STATUS_INVALID_SID;
    Ace->Header.AceType = Type;
    Ace->Header.AceFlags = (UCHAR)Flags;
    Ace->Header.AceSize = (USHORT)(offsetof(ACCESS_ALLOWED_ACE, SidStart) + RtlLengthSid(Sid));
    Ace->Mask = Mask;
    RtlCopySid(SECURITY_MAX_SID_SIZE, &Ace->SidStart, Sid);
    return RtlAddAce(Acl, Revision, MAXULONG, Ace, Ace->Header.AceSize);
}

NTSTATUS NTAPI RtlAddAccessAllowedAce(PACL Acl, ULONG Revision, ACCESS_MASK Mask, PSID Sid)
{
    return AddAce(Acl, Revision, 0, Mask, Sid, ACCESS_ALLOWED_ACE_TYPE);
}

NTSTATUS NTAPI RtlAddAccessAllowedAceEx(PACL Acl, ULONG Revision, ULONG Flags, ACCESS_MASK Mask, PSID Sid)
{
    return AddAce(Acl, Revision, Flags, Mask, Sid, ACCESS_ALLOWED_ACE_TYPE);
}

NTSTATUS NTAPI RtlAddAccessDeniedAce(PACL Acl, ULONG Revision, ACCESS_MASK Mask, PSID Sid)
{
    return AddAce(Acl, Revision, 0, Mask, Sid, ACCESS_DENIED_ACE_TYPE);
}

NTSTATUS NTAPI RtlGetAce(PACL Acl, ULONG AceIndex, PVOID *Ace)
{
    PUCHAR At = (PUCHAR)(Acl + 1);

    if (AceIndex >= Acl->AceCount)
        return STATUS_INVALID_PARAMETER;
    for (; AceIndex; AceIndex--) {
        At += ((PACE_HEADER)At)->AceSize;
        if (At >= (PUCHAR)Acl + Acl->AclSize)
            return STATUS_INVALID_PARAMETER;
    }
    *Ace = At;
    return STATUS_SUCCESS;
}
