/* ARM64: the trap frame and the one-instruction primitives of arch.h. */
#pragma once

#define ARCH_NAME "aarch64"

/* Keep in step with trap.S. X18 is the TEB while user mode runs, and reserved in the kernel. */
struct _KTRAP_FRAME {
    ULONG64 X[31];              /* X29 frame pointer, X30 link register */
    ULONG64 Sp;                 /* SP_EL0 for a trap from user mode, the interrupted stack pointer else */
    ULONG64 Pc;                 /* ELR_EL1 */
    ULONG64 Spsr;
    ULONG64 Esr;
    ULONG64 Far;
};
C_ASSERT(sizeof(struct _KTRAP_FRAME) == 36 * 8);

#define SPSR_MODE_MASK 0xF
#define SPSR_EL0 0x0
#define SPSR_USER_MASK 0xF0000000ull    /* NZCV: what user mode may set by itself */
#define SPSR_I 0x80

/* Q0 to Q31, then FPCR and FPSR. Keep in step with float.S. */
typedef struct DECLSPEC_ALIGN(16) _KFLOATING_SAVE {
    UCHAR Registers[32][16];
    ULONG64 Fpcr, Fpsr;
} KFLOATING_SAVE, *PKFLOATING_SAVE;
C_ASSERT(offsetof(struct _KFLOATING_SAVE, Fpcr) == 512 && _Alignof(struct _KFLOATING_SAVE) == 16);

static inline VOID KiEnableInterrupts(VOID) { __asm__ volatile("msr daifclr, #2" ::: "memory"); }
static inline VOID KiDisableInterrupts(VOID) { __asm__ volatile("msr daifset, #2" ::: "memory"); }
static inline BOOLEAN KiSaveAndDisableInterrupts(VOID)
{
    ULONG64 Daif;
    __asm__ volatile("mrs %0, daif; msr daifset, #2" : "=r"(Daif) :: "memory");
    return (Daif & SPSR_I) == 0;
}
static inline VOID KiRestoreInterrupts(BOOLEAN Enabled) { if (Enabled) KiEnableInterrupts(); }
static inline VOID KiHaltProcessor(VOID) { __asm__ volatile("wfi" ::: "memory"); }
static inline ULONG64 KiReadCycleCounter(VOID)
{
    ULONG64 Value;
    __asm__ volatile("isb; mrs %0, cntvct_el0" : "=r"(Value) :: "memory");
    return Value;
}
static inline KPROCESSOR_MODE KiTrapFrameMode(const KTRAP_FRAME *TrapFrame)
{
    return (TrapFrame->Spsr & SPSR_MODE_MASK) == SPSR_EL0 ? UserMode : KernelMode;
}
static inline ULONG_PTR KiTrapFramePc(const KTRAP_FRAME *TrapFrame) { return TrapFrame->Pc; }
static inline ULONG_PTR KiTrapFrameSp(const KTRAP_FRAME *TrapFrame) { return TrapFrame->Sp; }

static inline BOOLEAN KiIsEntryValid(ULONG64 Entry) { return (Entry & 1) != 0; }
static inline BOOLEAN KiIsEntryLarge(ULONG64 Entry) { return (Entry & 2) == 0; }

#define KiReadSystemRegister(Name) \
    ({ ULONG64 Value_; __asm__ volatile("mrs %0, " #Name : "=r"(Value_) :: "memory"); Value_; })
#define KiWriteSystemRegister(Name, Value) \
    __asm__ volatile("msr " #Name ", %0" :: "r"((ULONG64)(Value)) : "memory")
static inline VOID KiInstructionBarrier(VOID) { __asm__ volatile("isb" ::: "memory"); }
static inline VOID KiDataBarrier(VOID) { __asm__ volatile("dsb sy" ::: "memory"); }
