/* Security descriptors as text (SDDL), for records and for people. */
#include <nt.h>

typedef struct _TEXT {
    PSTR Buffer;
    ULONG Size;
    ULONG Used;
    BOOLEAN Full;
} TEXT;

static VOID Add(TEXT *Text, PCSTR String)
{
    ULONG Length = (ULONG)strlen(String);

    if (Text->Full || Length >= Text->Size - Text->Used) {
        Text->Full = TRUE;
        return;
    }
    memcpy(Text->Buffer + Text->Used, String, Length + 1);
    Text->Used += Length;
}

static const struct {
    CHAR Name[3];
    UCHAR Authority;
    UCHAR Count;
    ULONG Sub[2];
} KnownSids[] = {
    { "WD", 1, 1, { SECURITY_WORLD_RID, 0 } },
    { "CO", 3, 1, { SECURITY_CREATOR_OWNER_RID, 0 } },
    { "AU", 5, 1, { SECURITY_AUTHENTICATED_USER_RID, 0 } },
    { "RC", 5, 1, { SECURITY_RESTRICTED_CODE_RID, 0 } },
    { "SY", 5, 1, { SECURITY_LOCAL_SYSTEM_RID, 0 } },
    { "BA", 5, 2, { SECURITY_BUILTIN_DOMAIN_RID, DOMAIN_ALIAS_RID_ADMINS } },
    { "BU", 5, 2, { SECURITY_BUILTIN_DOMAIN_RID, DOMAIN_ALIAS_RID_USERS } },
    { "SI", 16, 1, { SECURITY_MANDATORY_SYSTEM_RID, 0 } },
};

static VOID AddSid(TEXT *Text, PSID Sid)
{
    PISID S = Sid;
    CHAR Item[16];

    for (ULONG i = 0; i < RTL_NUMBER_OF(KnownSids); i++) {
        if (S->SubAuthorityCount == KnownSids[i].Count && S->IdentifierAuthority.Value[5] == KnownSids[i].Authority &&
            memcmp(S->SubAuthority, KnownSids[i].Sub, S->SubAuthorityCount * sizeof(ULONG)) == 0) {
            Add(Text, KnownSids[i].Name);
            return;
        }
    }
    snprintf(Item, sizeof(Item), "S-1-%u", S->IdentifierAuthority.Value[5]);
    Add(Text, Item);
    for (ULONG i = 0; i < S->SubAuthorityCount; i++) {
        snprintf(Item, sizeof(Item), "-%u", S->SubAuthority[i]);
        Add(Text, Item);
    }
}

static const struct {
    ULONG Bit;
    CHAR Name[3];
} RightNames[] = {
    { GENERIC_ALL, "GA" },   { GENERIC_READ, "GR" }, { GENERIC_WRITE, "GW" }, { GENERIC_EXECUTE, "GX" },
    { READ_CONTROL, "RC" },  { DELETE, "SD" },       { WRITE_DAC, "WD" },     { WRITE_OWNER, "WO" },
};
static const struct {
    UCHAR Bit;
    CHAR Name[3];
} FlagNames[] = {
    { CONTAINER_INHERIT_ACE, "CI" }, { OBJECT_INHERIT_ACE, "OI" },
    { NO_PROPAGATE_INHERIT_ACE, "NP" }, { INHERIT_ONLY_ACE, "IO" },
};

/* Names when they say it all, else the number. */
static VOID AddMask(TEXT *Text, ACCESS_MASK Mask)
{
    ACCESS_MASK Named = 0;
    CHAR Item[12];

    for (ULONG i = 0; i < RTL_NUMBER_OF(RightNames); i++)
        Named |= RightNames[i].Bit;
    if (Mask & ~Named || !Mask) {
        snprintf(Item, sizeof(Item), "0x%x", Mask);
        Add(Text, Item);
        return;
    }
    for (ULONG i = 0; i < RTL_NUMBER_OF(RightNames); i++) {
        if (Mask & RightNames[i].Bit)
            Add(Text, RightNames[i].Name);
    }
}

static VOID AddAcl(TEXT *Text, PACL Acl)
{
    PACCESS_ALLOWED_ACE Ace;

    for (ULONG i = 0; NT_SUCCESS(RtlGetAce(Acl, i, (PVOID *)&Ace)); i++) {
        UCHAR Type = Ace->Header.AceType;

        Add(Text, Type == ACCESS_ALLOWED_ACE_TYPE ? "(A;" : Type == ACCESS_DENIED_ACE_TYPE ? "(D;"
                  : Type == SYSTEM_AUDIT_ACE_TYPE ? "(AU;" : "(ML;");
        for (ULONG k = 0; k < RTL_NUMBER_OF(FlagNames); k++) {
            if (Ace->Header.AceFlags & FlagNames[k].Bit)
                Add(Text, FlagNames[k].Name);
        }
        Add(Text, ";");
        AddMask(Text, Ace->Mask);
        Add(Text, ";;;");
        AddSid(Text, &Ace->SidStart);
        Add(Text, ")");
    }
}

NTSTATUS NTAPI RtlpSecurityDescriptorToSddl(PSECURITY_DESCRIPTOR Descriptor, PSTR Buffer, ULONG Size)
{
    TEXT Text = { Buffer, Size, 0, FALSE };
    BOOLEAN Present, Defaulted;
    PSID Sid;
    PACL Dacl;

    if (!Size)
        return STATUS_BUFFER_TOO_SMALL;
    Buffer[0] = 0;
    if (!RtlValidSecurityDescriptor(Descriptor))
        return STATUS_INVALID_SECURITY_DESCR;
    if (NT_SUCCESS(RtlGetOwnerSecurityDescriptor(Descriptor, &Sid, &Defaulted)) && Sid) {
        Add(&Text, "O:");
        AddSid(&Text, Sid);
    }
    if (NT_SUCCESS(RtlGetGroupSecurityDescriptor(Descriptor, &Sid, &Defaulted)) && Sid) {
        Add(&Text, "G:");
        AddSid(&Text, Sid);
    }
    if (NT_SUCCESS(RtlGetDaclSecurityDescriptor(Descriptor, &Present, &Dacl, &Defaulted)) && Present) {
        Add(&Text, Dacl ? "D:" : "D:NO_ACCESS_CONTROL");
        if (((PISECURITY_DESCRIPTOR)Descriptor)->Control & SE_DACL_PROTECTED)
            Add(&Text, "P");
        if (Dacl)
            AddAcl(&Text, Dacl);
    }
    return Text.Full ? STATUS_BUFFER_TOO_SMALL : STATUS_SUCCESS;
}
