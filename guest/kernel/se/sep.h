/* The security reference monitor's inside. */
#pragma once
#include "ex.h"
#include "mm.h"
#include "ps.h"
#include "se.h"

#define SEP_TAG 'eS  '

/* The parts of a descriptor; a NULL pointer is an absent part. */
typedef struct _SEP_PARTS {
    SECURITY_DESCRIPTOR_CONTROL Control;
    PSID Owner;
    PSID Group;
    PACL Sacl;
    PACL Dacl;
} SEP_PARTS, *PSEP_PARTS;
VOID SepSplit(PSECURITY_DESCRIPTOR Descriptor, PSEP_PARTS Parts);
NTSTATUS SepAssemble(const SEP_PARTS *Parts, PSECURITY_DESCRIPTOR *Descriptor, PULONG Length);

/* A token body, zeroed, with one reference and no handle. */
NTSTATUS SepCreateToken(PTOKEN *Token);
NTSTATUS SepDuplicateToken(PTOKEN Source, TOKEN_TYPE Type, SECURITY_IMPERSONATION_LEVEL Level, PTOKEN *Token);
LUID SepAllocateLuid(VOID);
/* The thread's impersonation token, or its process's; no reference. */
PTOKEN SepEffectiveToken(VOID);
