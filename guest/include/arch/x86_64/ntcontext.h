/* x86-64: the thread context and the few instructions that user mode needs by name. */
#pragma once

#include "ntdef.h"

#define IMAGE_FILE_MACHINE_NATIVE IMAGE_FILE_MACHINE_AMD64

#define CONTEXT_AMD64 0x00100000
#define CONTEXT_CONTROL (CONTEXT_AMD64 | 0x1)
#define CONTEXT_INTEGER (CONTEXT_AMD64 | 0x2)
#define CONTEXT_SEGMENTS (CONTEXT_AMD64 | 0x4)
#define CONTEXT_FLOATING_POINT (CONTEXT_AMD64 | 0x8)
#define CONTEXT_FULL (CONTEXT_CONTROL | CONTEXT_INTEGER | CONTEXT_FLOATING_POINT)

typedef struct DECLSPEC_ALIGN(16) _M128A {
    ULONGLONG Low;
    LONGLONG High;
} M128A, *PM128A;

typedef struct DECLSPEC_ALIGN(16) _XSAVE_FORMAT {
    USHORT ControlWord;
    USHORT StatusWord;
    UCHAR TagWord;
    UCHAR Reserved1;
    USHORT ErrorOpcode;
    ULONG ErrorOffset;
    USHORT ErrorSelector;
    USHORT Reserved2;
    ULONG DataOffset;
    USHORT DataSelector;
    USHORT Reserved3;
    ULONG MxCsr;
    ULONG MxCsr_Mask;
    M128A FloatRegisters[8];
    M128A XmmRegisters[16];
    UCHAR Reserved4[96];
} XSAVE_FORMAT, *PXSAVE_FORMAT;
C_ASSERT(sizeof(XSAVE_FORMAT) == 512);

typedef struct DECLSPEC_ALIGN(16) _CONTEXT {
    ULONG64 P1Home, P2Home, P3Home, P4Home, P5Home, P6Home;
    ULONG ContextFlags;
    ULONG MxCsr;
    USHORT SegCs, SegDs, SegEs, SegFs, SegGs, SegSs;
    ULONG EFlags;
    ULONG64 Dr0, Dr1, Dr2, Dr3, Dr6, Dr7;
    ULONG64 Rax, Rcx, Rdx, Rbx, Rsp, Rbp, Rsi, Rdi;
    ULONG64 R8, R9, R10, R11, R12, R13, R14, R15;
    ULONG64 Rip;
    XSAVE_FORMAT FltSave;
    M128A VectorRegister[26];
    ULONG64 VectorControl;
    ULONG64 DebugControl, LastBranchToRip, LastBranchFromRip, LastExceptionToRip, LastExceptionFromRip;
} CONTEXT, *PCONTEXT;
C_ASSERT(offsetof(CONTEXT, ContextFlags) == 0x30);
C_ASSERT(offsetof(CONTEXT, Rsp) == 0x98);
C_ASSERT(offsetof(CONTEXT, Rip) == 0xF8);
C_ASSERT(sizeof(CONTEXT) == 0x4D0);

#define CONTEXT_PC(c) ((c)->Rip)
#define CONTEXT_SP(c) ((c)->Rsp)
#define CONTEXT_ARG0(c) ((c)->Rcx)
#define CONTEXT_ARG1(c) ((c)->Rdx)

/* The TEB's own address, at GS:[0x30] in user mode. */
FORCEINLINE PVOID NtpReadTebRegister(VOID)
{
    PVOID Teb;
    __asm__("movq %%gs:0x30, %0" : "=r"(Teb));
    return Teb;
}
FORCEINLINE VOID YieldProcessor(VOID) { __asm__ volatile("pause"); }
FORCEINLINE VOID NtpBreakInstruction(VOID) { __asm__ volatile("int3"); }
