/* x86-64: the trap frame and the one-instruction primitives of arch.h. */
#pragma once

#define ARCH_NAME "x86_64"

/* Selectors; sysret wants user data before user code. */
#define KGDT_R0_CODE 0x08
#define KGDT_R0_DATA 0x10
#define KGDT_R3_CMCODE 0x18
#define KGDT_R3_DATA 0x20
#define KGDT_R3_CODE 0x28
#define KGDT_TSS     0x30

/* Keep in step with trap.S and syscall.S, which push these from the bottom of the list upwards. */
struct _KTRAP_FRAME {
    ULONG64 R15, R14, R13, R12, R11, R10, R9, R8;
    ULONG64 Rbp, Rdi, Rsi, Rdx, Rcx, Rbx, Rax;
    ULONG64 Vector;
    ULONG64 ErrorCode;
    ULONG64 Rip, Cs, EFlags, Rsp, Ss;
};
C_ASSERT(sizeof(struct _KTRAP_FRAME) == 22 * 8);

/* The x87, MMX and SSE registers as FXSAVE lays them out. AVX stays off: CR4.OSXSAVE is not set. */
typedef struct DECLSPEC_ALIGN(16) _KFLOATING_SAVE {
    USHORT ControlWord;
    UCHAR Others[22];
    ULONG MxCsr;
    UCHAR Registers[484];
} KFLOATING_SAVE, *PKFLOATING_SAVE;
C_ASSERT(sizeof(struct _KFLOATING_SAVE) == 512 && _Alignof(struct _KFLOATING_SAVE) == 16 && offsetof(struct _KFLOATING_SAVE, MxCsr) == 24);

#define EFLAGS_IF 0x200
/* What user mode may set by itself: CF PF AF ZF SF TF DF OF AC ID. */
#define EFLAGS_USER_MASK 0x240DD5

static inline VOID KiEnableInterrupts(VOID) { __asm__ volatile("sti" ::: "memory"); }
static inline VOID KiDisableInterrupts(VOID) { __asm__ volatile("cli" ::: "memory"); }
static inline BOOLEAN KiSaveAndDisableInterrupts(VOID)
{
    ULONG64 Flags;
    __asm__ volatile("pushfq; popq %0; cli" : "=r"(Flags) :: "memory");
    return (Flags & EFLAGS_IF) != 0;
}
static inline VOID KiRestoreInterrupts(BOOLEAN Enabled) { if (Enabled) KiEnableInterrupts(); }
static inline VOID KiHaltProcessor(VOID) { __asm__ volatile("hlt" ::: "memory"); }
static inline ULONG64 KiReadCycleCounter(VOID)
{
    ULONG Low, High;
    __asm__ volatile("rdtsc" : "=a"(Low), "=d"(High));
    return (ULONG64)High << 32 | Low;
}
static inline KPROCESSOR_MODE KiTrapFrameMode(const KTRAP_FRAME *TrapFrame)
{
    return (TrapFrame->Cs & 3) ? UserMode : KernelMode;
}
static inline ULONG_PTR KiTrapFramePc(const KTRAP_FRAME *TrapFrame) { return TrapFrame->Rip; }
static inline ULONG_PTR KiTrapFrameSp(const KTRAP_FRAME *TrapFrame) { return TrapFrame->Rsp; }

static inline BOOLEAN KiIsEntryValid(ULONG64 Entry) { return (Entry & 1) != 0; }
static inline BOOLEAN KiIsEntryLarge(ULONG64 Entry) { return (Entry & 0x80) != 0; }

/* Ports and model-specific registers, for arch/x86_64 only. */
static inline UCHAR KiIn8(USHORT Port) { UCHAR v; __asm__ volatile("inb %1,%0" : "=a"(v) : "Nd"(Port)); return v; }
static inline USHORT KiIn16(USHORT Port) { USHORT v; __asm__ volatile("inw %1,%0" : "=a"(v) : "Nd"(Port)); return v; }
static inline ULONG KiIn32(USHORT Port) { ULONG v; __asm__ volatile("inl %1,%0" : "=a"(v) : "Nd"(Port)); return v; }
static inline VOID KiOut8(USHORT Port, UCHAR v) { __asm__ volatile("outb %0,%1" :: "a"(v), "Nd"(Port)); }
static inline VOID KiOut16(USHORT Port, USHORT v) { __asm__ volatile("outw %0,%1" :: "a"(v), "Nd"(Port)); }
static inline VOID KiOut32(USHORT Port, ULONG v) { __asm__ volatile("outl %0,%1" :: "a"(v), "Nd"(Port)); }
static inline ULONG64 KiReadMsr(ULONG Msr)
{
    ULONG Low, High;
    __asm__ volatile("rdmsr" : "=a"(Low), "=d"(High) : "c"(Msr));
    return (ULONG64)High << 32 | Low;
}
static inline VOID KiWriteMsr(ULONG Msr, ULONG64 Value)
{
    __asm__ volatile("wrmsr" :: "c"(Msr), "a"((ULONG)Value), "d"((ULONG)(Value >> 32)));
}
