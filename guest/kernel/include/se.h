/* The security reference monitor's contract: tokens, privileges, access checks. */
#pragma once
#include <nt.h>
#include "ob.h"

#define SE_MAX_GROUPS 16
#define SE_MAX_PRIVILEGES 36

typedef struct _TOKEN {
    LUID TokenId;
    LUID AuthenticationId;
    LUID ModifiedId;
    TOKEN_TYPE TokenType;
    SECURITY_IMPERSONATION_LEVEL ImpersonationLevel;
    ULONG SessionId;
    ULONG GroupCount;
    ULONG PrivilegeCount;
    PSID UserSid;                       /* the SIDs live in SidArea */
    PSID OwnerSid;
    PSID IntegritySid;
    SID_AND_ATTRIBUTES Groups[SE_MAX_GROUPS];
    LUID_AND_ATTRIBUTES Privileges[SE_MAX_PRIVILEGES];
    UCHAR SidArea[512];
    ULONG SidAreaUsed;
} TOKEN, *PTOKEN, *PACCESS_TOKEN;

typedef struct _PRIVILEGE_SET {
    ULONG PrivilegeCount;
    ULONG Control;
    LUID_AND_ATTRIBUTES Privilege[1];
} PRIVILEGE_SET, *PPRIVILEGE_SET;

typedef struct _SECURITY_SUBJECT_CONTEXT {
    PACCESS_TOKEN ClientToken;          /* the impersonation token, or NULL */
    SECURITY_IMPERSONATION_LEVEL ImpersonationLevel;
    PACCESS_TOKEN PrimaryToken;
} SECURITY_SUBJECT_CONTEXT, *PSECURITY_SUBJECT_CONTEXT;

struct _ACCESS_STATE {
    SECURITY_SUBJECT_CONTEXT SubjectSecurityContext;
    ACCESS_MASK OriginalDesiredAccess;
    ACCESS_MASK RemainingDesiredAccess;
    ACCESS_MASK PreviouslyGrantedAccess;
    PSECURITY_DESCRIPTOR SecurityDescriptor;
};

extern POBJECT_TYPE SeTokenObjectType;
extern PSID SeLocalSystemSid, SeAliasAdminsSid, SeWorldSid, SeAuthenticatedUsersSid, SeSystemMandatorySid;
extern PSECURITY_DESCRIPTOR SePublicDefaultSd;      /* SYSTEM: all, Admins: all, Everyone: read and execute */
extern PSECURITY_DESCRIPTOR SeSystemDefaultSd;      /* SYSTEM: all, Admins: read and execute */

/* Before Ob: well-known SIDs and the default descriptors. */
BOOLEAN SeInitGlobals(VOID);
/* Phase 0, after Ob: the Token type. */
BOOLEAN SeInitSystem(VOID);
/* The System process's primary token, with a reference. */
PACCESS_TOKEN SeMakeSystemToken(VOID);
/* A primary token for a child of Parent, same rights, other session; with a reference. */
NTSTATUS SeSubProcessToken(PACCESS_TOKEN Parent, ULONG SessionId, PACCESS_TOKEN *NewToken);

/* Captures references to the current thread's tokens; SeReleaseSubjectContext drops them. */
VOID NTAPI SeCaptureSubjectContext(PSECURITY_SUBJECT_CONTEXT SubjectContext);
VOID NTAPI SeReleaseSubjectContext(PSECURITY_SUBJECT_CONTEXT SubjectContext);
BOOLEAN NTAPI SeAccessCheck(PSECURITY_DESCRIPTOR SecurityDescriptor, PSECURITY_SUBJECT_CONTEXT SubjectContext,
                            BOOLEAN SubjectContextLocked, ACCESS_MASK DesiredAccess,
                            ACCESS_MASK PreviouslyGrantedAccess, PPRIVILEGE_SET *Privileges,
                            PGENERIC_MAPPING GenericMapping, KPROCESSOR_MODE AccessMode,
                            PACCESS_MASK GrantedAccess, PNTSTATUS AccessStatus);
BOOLEAN NTAPI SeSinglePrivilegeCheck(LUID PrivilegeValue, KPROCESSOR_MODE PreviousMode);
/* Is the privilege enabled in Token; NULL: in the current thread's effective token. */
BOOLEAN SePrivilegeCheckToken(PACCESS_TOKEN Token, ULONG Privilege);
ULONG SeTokenIntegrityRid(PACCESS_TOKEN Token);
ULONG SeTokenSessionId(PACCESS_TOKEN Token);

/* Copies a descriptor from AccessMode's memory into a self-relative one in pool; free with ExFreePool. */
NTSTATUS NTAPI SeCaptureSecurityDescriptor(PSECURITY_DESCRIPTOR Original, KPROCESSOR_MODE AccessMode,
                                           POOL_TYPE PoolType, BOOLEAN CaptureIfKernel,
                                           PSECURITY_DESCRIPTOR *Captured);
VOID NTAPI SeReleaseSecurityDescriptor(PSECURITY_DESCRIPTOR Captured, KPROCESSOR_MODE AccessMode,
                                       BOOLEAN CaptureIfKernel);
/* The parts of a descriptor that SecurityInformation names, self-relative, in pool. */
NTSTATUS SeSelectSecurityDescriptor(PSECURITY_DESCRIPTOR Descriptor, SECURITY_INFORMATION SecurityInformation,
                                    PSECURITY_DESCRIPTOR *Selected, PULONG Length);
/* Old with the parts that SecurityInformation names taken from New; self-relative, in pool. */
NTSTATUS SeMergeSecurityDescriptor(PSECURITY_DESCRIPTOR Old, PSECURITY_DESCRIPTOR New,
                                   SECURITY_INFORMATION SecurityInformation, PSECURITY_DESCRIPTOR *Merged);
VOID NTAPI RtlMapGenericMask(PACCESS_MASK AccessMask, PGENERIC_MAPPING GenericMapping);
/* The descriptor as SDDL (`O:SYG:SYD:(A;;GA;;;SY)`), from pool; NULL when out of memory. */
PCHAR SeDescriptorToSddl(PSECURITY_DESCRIPTOR Descriptor);
PCSTR SePrivilegeName(ULONG Privilege);
NTSTATUS SePrivilegeFromName(PCSTR Name, PULONG Privilege);

NTSTATUS SeCreateAccessState(PACCESS_STATE AccessState, ACCESS_MASK DesiredAccess);
VOID SeDeleteAccessState(PACCESS_STATE AccessState);
