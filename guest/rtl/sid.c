/* Security identifiers. */
#include <nt.h>

#define TAG_SID 0x64695320 /* ' Sid' */

BOOLEAN NTAPI RtlValidSid(PSID Sid)
{
    PISID S = Sid;

    return S && S->Revision == SID_REVISION && S->SubAuthorityCount <= SID_MAX_SUB_AUTHORITIES;
}

ULONG NTAPI RtlLengthRequiredSid(ULONG SubAuthorityCount)
{
    return offsetof(SID, SubAuthority) + SubAuthorityCount * sizeof(ULONG);
}

ULONG NTAPI RtlLengthSid(PSID Sid)
{
    return RtlLengthRequiredSid(((PISID)Sid)->SubAuthorityCount);
}

BOOLEAN NTAPI RtlEqualSid(PSID A, PSID B)
{
    PISID P = A, Q = B;

    return P->Revision == Q->Revision && P->SubAuthorityCount == Q->SubAuthorityCount &&
           memcmp(P, Q, RtlLengthSid(P)) == 0;
}

NTSTATUS NTAPI RtlCopySid(ULONG Length, PSID Destination, PSID Source)
{
    ULONG Size = RtlLengthSid(Source);

    if (Size > Length)
        return STATUS_BUFFER_TOO_SMALL;
    memmove(Destination, Source, Size);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlInitializeSid(PSID Sid, PSID_IDENTIFIER_AUTHORITY Authority, UCHAR SubAuthorityCount)
{
    PISID S = Sid;

    if (SubAuthorityCount > SID_MAX_SUB_AUTHORITIES)
        return STATUS_INVALID_PARAMETER;
    S->Revision = SID_REVISION;
    S->SubAuthorityCount = SubAuthorityCount;
    S->IdentifierAuthority = *Authority;
    return STATUS_SUCCESS;
}

PULONG NTAPI RtlSubAuthoritySid(PSID Sid, ULONG SubAuthority)
{
    return (PULONG)((PUCHAR)Sid + RtlLengthRequiredSid(SubAuthority));
}

PUCHAR NTAPI RtlSubAuthorityCountSid(PSID Sid)
{
    return &((PISID)Sid)->SubAuthorityCount;
}

NTSTATUS NTAPI RtlAllocateAndInitializeSid(PSID_IDENTIFIER_AUTHORITY Authority, UCHAR SubAuthorityCount,
                                           ULONG S0, ULONG S1, ULONG S2, ULONG S3, ULONG S4, ULONG S5, ULONG S6,
                                           ULONG S7, PSID *Sid)
{
    ULONG Values[8] = { S0, S1, S2, S3, S4, S5, S6, S7 };

    if (SubAuthorityCount > RTL_NUMBER_OF(Values))
        return STATUS_INVALID_SID;
    *Sid = RtlpAllocateMemory(RtlLengthRequiredSid(SubAuthorityCount), TAG_SID);
    if (!*Sid)
        return STATUS_NO_MEMORY;
    RtlInitializeSid(*Sid, Authority, SubAuthorityCount);
    for (ULONG i = 0; i < SubAuthorityCount; i++)
        *RtlSubAuthoritySid(*Sid, i) = Values[i];
    return STATUS_SUCCESS;
}

PVOID NTAPI RtlFreeSid(PSID Sid)
{
    RtlpFreeMemory(Sid, TAG_SID);
    return NULL;
}

NTSTATUS NTAPI RtlConvertSidToUnicodeString(PUNICODE_STRING String, PSID Sid, BOOLEAN Allocate)
{
    PISID S = Sid;
    ULONG64 Authority = 0;
    CHAR Text[200];
    ANSI_STRING Narrow;
    int Length;

    if (!RtlValidSid(Sid))
        return STATUS_INVALID_SID;
    for (ULONG i = 0; i < 6; i++)
        Authority = Authority << 8 | S->IdentifierAuthority.Value[i];
    Length = snprintf(Text, sizeof(Text), Authority >> 32 ? "S-%u-0x%012I64x" : "S-%u-%I64u", S->Revision, Authority);
    for (ULONG i = 0; i < S->SubAuthorityCount; i++)
        Length += snprintf(Text + Length, sizeof(Text) - Length, "-%u", S->SubAuthority[i]);
    RtlInitAnsiString(&Narrow, Text);
    return RtlAnsiStringToUnicodeString(String, &Narrow, Allocate);
}
