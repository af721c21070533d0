/* The access check: what a descriptor grants to a token. */
#include "sep.h"

#define SEP_DEFAULT_INTEGRITY 0x2000u       /* an object without a label is at medium */
#define SYSTEM_MANDATORY_LABEL_NO_WRITE_UP 0x1u

VOID NTAPI RtlMapGenericMask(PACCESS_MASK AccessMask, PGENERIC_MAPPING GenericMapping)
{
    if ((*AccessMask & GENERIC_READ) != 0)
        *AccessMask |= GenericMapping->GenericRead;
    if ((*AccessMask & GENERIC_WRITE) != 0)
        *AccessMask |= GenericMapping->GenericWrite;
    if ((*AccessMask & GENERIC_EXECUTE) != 0)
        *AccessMask |= GenericMapping->GenericExecute;
    if ((*AccessMask & GENERIC_ALL) != 0)
        *AccessMask |= GenericMapping->GenericAll;
    *AccessMask &= ~(GENERIC_READ | GENERIC_WRITE | GENERIC_EXECUTE | GENERIC_ALL);
}

PTOKEN SepEffectiveToken(VOID)
{
    PETHREAD Thread = PsGetCurrentThread();

    return Thread->ImpersonationToken != NULL ? Thread->ImpersonationToken : Thread->ThreadsProcess->Token;
}

VOID NTAPI SeCaptureSubjectContext(PSECURITY_SUBJECT_CONTEXT SubjectContext)
{
    PETHREAD Thread;

    RtlZeroMemory(SubjectContext, sizeof *SubjectContext);
    if (KeGetCurrentThread() == KiProcessorBlock.IdleThread)
        return;                             /* phase 0: kernel mode needs no token */
    Thread = PsGetCurrentThread();
    SubjectContext->ClientToken = Thread->ImpersonationToken;
    SubjectContext->PrimaryToken = Thread->ThreadsProcess->Token;
    if (SubjectContext->ClientToken != NULL) {
        ObReferenceObject(SubjectContext->ClientToken);
        SubjectContext->ImpersonationLevel = SubjectContext->ClientToken->ImpersonationLevel;
    }
    if (SubjectContext->PrimaryToken != NULL)
        ObReferenceObject(SubjectContext->PrimaryToken);
}

VOID NTAPI SeReleaseSubjectContext(PSECURITY_SUBJECT_CONTEXT SubjectContext)
{
    if (SubjectContext->ClientToken != NULL)
        ObDereferenceObject(SubjectContext->ClientToken);
    if (SubjectContext->PrimaryToken != NULL)
        ObDereferenceObject(SubjectContext->PrimaryToken);
}

NTSTATUS SeCreateAccessState(PACCESS_STATE AccessState, ACCESS_MASK DesiredAccess)
{
    RtlZeroMemory(AccessState, sizeof *AccessState);
    SeCaptureSubjectContext(&AccessState->SubjectSecurityContext);
    AccessState->OriginalDesiredAccess = DesiredAccess;
    AccessState->RemainingDesiredAccess = DesiredAccess;
    return STATUS_SUCCESS;
}

VOID SeDeleteAccessState(PACCESS_STATE AccessState)
{
    SeReleaseSubjectContext(&AccessState->SubjectSecurityContext);
}

static BOOLEAN SepSidInToken(PTOKEN Token, PSID Sid, BOOLEAN ForDeny)
{
    if (RtlEqualSid(Token->UserSid, Sid))
        return TRUE;
    for (ULONG i = 0; i < Token->GroupCount; i++) {
        ULONG Attributes = Token->Groups[i].Attributes;

        if ((Attributes & SE_GROUP_INTEGRITY) != 0 || !RtlEqualSid(Token->Groups[i].Sid, Sid))
            continue;
        if ((Attributes & SE_GROUP_ENABLED) != 0 || (ForDeny && (Attributes & SE_GROUP_USE_FOR_DENY_ONLY) != 0))
            return TRUE;
    }
    return FALSE;
}

ULONG SeTokenIntegrityRid(PACCESS_TOKEN Token)
{
    return Token->IntegritySid != NULL ? *RtlSubAuthoritySid(Token->IntegritySid, 0) : SEP_DEFAULT_INTEGRITY;
}

/* Rights that the object's mandatory label keeps from the token: writing up. */
static ACCESS_MASK SepMandatoryDenied(PTOKEN Token, PACL Sacl, PGENERIC_MAPPING Mapping)
{
    ULONG Level = SEP_DEFAULT_INTEGRITY;
    ACCESS_MASK Policy = SYSTEM_MANDATORY_LABEL_NO_WRITE_UP;

    for (USHORT i = 0; Sacl != NULL && i < Sacl->AceCount; i++) {
        PACCESS_ALLOWED_ACE Ace;

        if (NT_SUCCESS(RtlGetAce(Sacl, i, (PVOID *)&Ace)) &&
            Ace->Header.AceType == SYSTEM_MANDATORY_LABEL_ACE_TYPE) {
            Level = *RtlSubAuthoritySid((PSID)&Ace->SidStart, 0);
            Policy = Ace->Mask;
        }
    }
    if ((Policy & SYSTEM_MANDATORY_LABEL_NO_WRITE_UP) == 0 || SeTokenIntegrityRid(Token) >= Level)
        return 0;
    return (Mapping->GenericWrite | DELETE | WRITE_DAC | WRITE_OWNER) &
           ~(Mapping->GenericRead | Mapping->GenericExecute);
}

/* What the list grants of Wanted, entry by entry: a right is decided by the first entry that names it. */
static ACCESS_MASK SepWalkDacl(PTOKEN Token, PACL Dacl, PGENERIC_MAPPING Mapping, ACCESS_MASK Wanted)
{
    ACCESS_MASK Granted = 0, Denied = 0;

    for (USHORT i = 0; i < Dacl->AceCount; i++) {
        PACCESS_ALLOWED_ACE Ace;
        ACCESS_MASK Mask;

        if (!NT_SUCCESS(RtlGetAce(Dacl, i, (PVOID *)&Ace)) || (Ace->Header.AceFlags & INHERIT_ONLY_ACE) != 0)
            continue;
        Mask = Ace->Mask;
        RtlMapGenericMask(&Mask, Mapping);
        if (Ace->Header.AceType == ACCESS_ALLOWED_ACE_TYPE && SepSidInToken(Token, &Ace->SidStart, FALSE))
            Granted |= Mask & ~Denied;
        else if (Ace->Header.AceType == ACCESS_DENIED_ACE_TYPE && SepSidInToken(Token, &Ace->SidStart, TRUE))
            Denied |= Mask & ~Granted;
    }
    return Granted & Wanted;
}

BOOLEAN NTAPI SeAccessCheck(PSECURITY_DESCRIPTOR SecurityDescriptor, PSECURITY_SUBJECT_CONTEXT SubjectContext,
                            BOOLEAN SubjectContextLocked, ACCESS_MASK DesiredAccess,
                            ACCESS_MASK PreviouslyGrantedAccess, PPRIVILEGE_SET *Privileges,
                            PGENERIC_MAPPING GenericMapping, KPROCESSOR_MODE AccessMode,
                            PACCESS_MASK GrantedAccess, PNTSTATUS AccessStatus)
{
    const ACCESS_MASK Everything = STANDARD_RIGHTS_ALL | SPECIFIC_RIGHTS_ALL;
    BOOLEAN Maximum = (DesiredAccess & MAXIMUM_ALLOWED) != 0;
    ACCESS_MASK Granted = PreviouslyGrantedAccess;
    SEP_PARTS Parts;
    PTOKEN Token;

    UNREFERENCED_PARAMETER(SubjectContextLocked);
    UNREFERENCED_PARAMETER(Privileges);
    RtlMapGenericMask(&DesiredAccess, GenericMapping);
    DesiredAccess &= ~MAXIMUM_ALLOWED;
    *AccessStatus = STATUS_SUCCESS;
    if (AccessMode == KernelMode) {
        *GrantedAccess = DesiredAccess | Granted | (Maximum ? GenericMapping->GenericAll : 0);
        return TRUE;
    }
    Token = SubjectContext->ClientToken != NULL ? SubjectContext->ClientToken : SubjectContext->PrimaryToken;
    if (SubjectContext->ClientToken != NULL && SubjectContext->ImpersonationLevel < SecurityImpersonation) {
        *GrantedAccess = 0;
        *AccessStatus = STATUS_BAD_IMPERSONATION_LEVEL;
        return FALSE;
    }
    SepSplit(SecurityDescriptor, &Parts);
    if ((DesiredAccess & ACCESS_SYSTEM_SECURITY) != 0 && SePrivilegeCheckToken(Token, SE_SECURITY_PRIVILEGE))
        Granted |= ACCESS_SYSTEM_SECURITY;
    if ((DesiredAccess & WRITE_OWNER) != 0 && SePrivilegeCheckToken(Token, SE_TAKE_OWNERSHIP_PRIVILEGE))
        Granted |= WRITE_OWNER;
    if (Parts.Dacl == NULL) {               /* no list: no limit */
        Granted |= Maximum ? GenericMapping->GenericAll : DesiredAccess & Everything;
    } else {
        ACCESS_MASK Allowed;

        if (Parts.Owner != NULL && SepSidInToken(Token, Parts.Owner, FALSE))
            Granted |= (READ_CONTROL | WRITE_DAC) & (Maximum ? Everything : DesiredAccess);
        Allowed = SepWalkDacl(Token, Parts.Dacl, GenericMapping, Maximum ? Everything : DesiredAccess);
        Allowed &= ~SepMandatoryDenied(Token, Parts.Sacl, GenericMapping);
        Granted |= Allowed;
    }
    if ((DesiredAccess & ~Granted) != 0 || (Maximum && Granted == 0)) {
        *GrantedAccess = 0;
        *AccessStatus = (DesiredAccess & ~Granted) == ACCESS_SYSTEM_SECURITY ? STATUS_PRIVILEGE_NOT_HELD
                                                                            : STATUS_ACCESS_DENIED;
        return FALSE;
    }
    *GrantedAccess = Granted;
    return TRUE;
}
