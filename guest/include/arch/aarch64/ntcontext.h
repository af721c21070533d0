/* ARM64: the thread context and the few instructions that user mode needs by name. */
#pragma once

#include "ntdef.h"

#define IMAGE_FILE_MACHINE_NATIVE IMAGE_FILE_MACHINE_ARM64

#define CONTEXT_ARM64 0x00400000
#define CONTEXT_CONTROL (CONTEXT_ARM64 | 0x1)
#define CONTEXT_INTEGER (CONTEXT_ARM64 | 0x2)
#define CONTEXT_FLOATING_POINT (CONTEXT_ARM64 | 0x4)
#define CONTEXT_FULL (CONTEXT_CONTROL | CONTEXT_INTEGER | CONTEXT_FLOATING_POINT)

typedef union DECLSPEC_ALIGN(16) _ARM64_NT_NEON128 {
    struct {
        ULONGLONG Low;
        LONGLONG High;
    };
    UCHAR B[16];
} ARM64_NT_NEON128, *PARM64_NT_NEON128;

typedef struct DECLSPEC_ALIGN(16) _CONTEXT {
    ULONG ContextFlags;
    ULONG Cpsr;
    union {
        struct {
            ULONG64 X0, X1, X2, X3, X4, X5, X6, X7, X8, X9, X10, X11, X12, X13, X14, X15;
            ULONG64 X16, X17, X18, X19, X20, X21, X22, X23, X24, X25, X26, X27, X28;
            ULONG64 Fp;
            ULONG64 Lr;
        };
        ULONG64 X[31];
    };
    ULONG64 Sp;
    ULONG64 Pc;
    ARM64_NT_NEON128 V[32];
    ULONG Fpcr;
    ULONG Fpsr;
    ULONG Bcr[8];
    ULONG64 Bvr[8];
    ULONG Wcr[2];
    ULONG64 Wvr[2];
} CONTEXT, *PCONTEXT;
C_ASSERT(offsetof(CONTEXT, Sp) == 0x100);
C_ASSERT(offsetof(CONTEXT, Pc) == 0x108);
C_ASSERT(offsetof(CONTEXT, V) == 0x110);
C_ASSERT(sizeof(CONTEXT) == 0x390);

#define CONTEXT_PC(c) ((c)->Pc)
#define CONTEXT_SP(c) ((c)->Sp)
#define CONTEXT_ARG0(c) ((c)->X0)
#define CONTEXT_ARG1(c) ((c)->X1)

/* The TEB's own address, in x18 in user mode. */
FORCEINLINE PVOID NtpReadTebRegister(VOID)
{
    PVOID Teb;
    __asm__("mov %0, x18" : "=r"(Teb));
    return Teb;
}
FORCEINLINE VOID YieldProcessor(VOID) { __asm__ volatile("yield"); }
FORCEINLINE VOID NtpBreakInstruction(VOID) { __asm__ volatile("brk #0xF000"); }
