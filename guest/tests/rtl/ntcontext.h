/* Stands in for arch/<ARCH>/ntcontext.h, so that the run-time library and parts of ntdll can be tested on the host. */
#pragma once

#include "ntdef.h"

#define IMAGE_FILE_MACHINE_NATIVE IMAGE_FILE_MACHINE_AMD64

typedef struct _CONTEXT {
    ULONG64 Pc;
} CONTEXT, *PCONTEXT;

extern PVOID TestTeb;
FORCEINLINE PVOID NtpReadTebRegister(VOID) { return TestTeb; }
FORCEINLINE VOID YieldProcessor(VOID) { }
FORCEINLINE VOID NtpBreakInstruction(VOID) { __builtin_trap(); }
