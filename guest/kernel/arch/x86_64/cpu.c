/* Descriptor tables, task state, the system-call registers; the state that goes with a thread. */
#include "archp.h"

#include <ke.h>

#define MSR_EFER           0xC0000080
#define MSR_STAR           0xC0000081
#define MSR_LSTAR          0xC0000082
#define MSR_FMASK          0xC0000084
#define MSR_GS_BASE        0xC0000101

#define CR4_OSFXSR         (1ull << 9)
#define CR4_OSXMMEXCPT     (1ull << 10)
#define CR4_SMEP           (1ull << 20)
#define CPUID_7_EBX_SMEP   (1u << 7)

/* TSS64; only the stacks are used. */
typedef struct __attribute__((packed)) _KTSS64 {
    ULONG Reserved0;
    ULONG64 Rsp0, Rsp1, Rsp2;
    ULONG64 Reserved1;
    ULONG64 Ist[7];
    ULONG64 Reserved2;
    USHORT Reserved3, IoMapBase;
} KTSS64;

typedef struct _KIDTENTRY64 {
    USHORT OffsetLow, Selector;
    UCHAR Ist, Attributes;
    USHORT OffsetMiddle;
    ULONG OffsetHigh, Reserved;
} KIDTENTRY64;

typedef struct __attribute__((packed)) _KDESCRIPTOR { USHORT Limit; ULONG64 Base; } KDESCRIPTOR;

extern UCHAR KiTrapStubs[256][16];
extern ULONG64 KiKernelStackPointer;
VOID KiSystemCall64(VOID);

static ULONG64 KiGdt[8] = {
    [KGDT_R0_CODE / 8] = 0x00209B0000000000,
    [KGDT_R0_DATA / 8] = 0x00CF93000000FFFF,        /* as syscall makes SS; see trap.S */
    [KGDT_R3_CMCODE / 8] = 0,                       /* no 32-bit programs */
    [KGDT_R3_DATA / 8] = 0x00CFF3000000FFFF,
    [KGDT_R3_CODE / 8] = 0x0020FB0000000000,
};
static KIDTENTRY64 KiIdt[256];
static KTSS64 KiTss;
/* A double fault is mostly a kernel stack that overflowed, so it needs a stack of its own; a non-maskable interrupt
 * and a machine check may come anywhere. */
static UCHAR KiFaultStack[3][0x1000] __attribute__((aligned(16)));

static VOID KiSetGate(ULONG Vector, ULONG Ist, ULONG Privilege)
{
    ULONG64 Offset = (ULONG64)KiTrapStubs[Vector];

    KiIdt[Vector] = (KIDTENTRY64){ (USHORT)Offset, KGDT_R0_CODE, (UCHAR)Ist, (UCHAR)(0x8E | Privilege << 5),
                                   (USHORT)(Offset >> 16), (ULONG)(Offset >> 32), 0 };
}

static VOID KiLoadDescriptorTables(VOID)
{
    KDESCRIPTOR Gdt = { sizeof(KiGdt) - 1, (ULONG64)KiGdt };
    KDESCRIPTOR Idt = { sizeof(KiIdt) - 1, (ULONG64)KiIdt };
    ULONG64 Tss = (ULONG64)&KiTss;

    KiGdt[KGDT_TSS / 8] = (sizeof(KiTss) - 1) | (Tss & 0xFFFFFF) << 16 | 0x89ull << 40 | (Tss >> 24 & 0xFF) << 56;
    KiGdt[KGDT_TSS / 8 + 1] = Tss >> 32;
    __asm__ volatile("lgdt %0\n\t"
                     "pushq %1\n\t"
                     "leaq 1f(%%rip), %%rax\n\t"
                     "pushq %%rax\n\t"
                     "lretq\n"
                     "1:\n\t"
                     "movl %2, %%eax\n\t"
                     "movl %%eax, %%ds\n\t"
                     "movl %%eax, %%es\n\t"
                     "movl %%eax, %%ss\n\t"
                     "xorl %%eax, %%eax\n\t"
                     "movl %%eax, %%fs\n\t"
                     "movl %%eax, %%gs\n\t"
                     "lidt %3\n\t"
                     "ltr %w4"
                     :: "m"(Gdt), "i"(KGDT_R0_CODE), "i"(KGDT_R0_DATA), "m"(Idt), "r"(KGDT_TSS) : "rax", "memory");
}

VOID KiInitializeCpu(VOID)
{
    ULONG Eax = 7, Ebx, Ecx = 0, Edx;

    /* The firmware left its timer running behind the old controllers, which would interrupt as vector 8, a double fault. */
    KiOut8(0x21, 0xFF);
    KiOut8(0xA1, 0xFF);
    for (ULONG Vector = 0; Vector < 256; Vector++)
        KiSetGate(Vector, 0, Vector == 3 ? 3 : 0);  /* int3 belongs to user mode as well */
    KiSetGate(2, 2, 0);
    KiSetGate(8, 1, 0);
    KiSetGate(18, 3, 0);
    for (ULONG i = 0; i < RTL_NUMBER_OF(KiFaultStack); i++)
        KiTss.Ist[i] = (ULONG64)(KiFaultStack + i + 1);
    KiTss.IoMapBase = sizeof(KiTss);
    KiLoadDescriptorTables();

    KiWriteMsr(MSR_STAR, (ULONG64)KGDT_R0_CODE << 32);
    KiWriteMsr(MSR_LSTAR, (ULONG64)&KiSystemCall64);
    KiWriteMsr(MSR_FMASK, 0x47700);                 /* TF, IF, DF, IOPL, NT, AC */
    KiWriteMsr(MSR_EFER, KiReadMsr(MSR_EFER) | 1);  /* SCE */

    /* User mode computes with SSE; every x86-64 processor has it. */
    __asm__ volatile("movq %%cr4, %%rax; orq %0, %%rax; movq %%rax, %%cr4" :: "r"(CR4_OSFXSR | CR4_OSXMMEXCPT) : "rax");

    /* Where the processor can, the kernel never runs user code by mistake. */
    __asm__ volatile("cpuid" : "+a"(Eax), "=b"(Ebx), "+c"(Ecx), "=d"(Edx));
    if (Ebx & CPUID_7_EBX_SMEP)
        __asm__ volatile("movq %%cr4, %%rax; orq %0, %%rax; movq %%rax, %%cr4" :: "r"(CR4_SMEP) : "rax");
}

VOID KiInitializeFloatingState(PKFLOATING_SAVE State)
{
    State->ControlWord = 0x27F;         /* all exceptions masked, 53 bits: as NT has it */
    State->MxCsr = 0x1F80;
}

VOID KiSetThreadState(PVOID InitialStack, PVOID Teb)
{
    KiTss.Rsp0 = (ULONG64)InitialStack;
    KiKernelStackPointer = (ULONG64)InitialStack;
    KiWriteMsr(MSR_GS_BASE, (ULONG64)Teb);
}

/* What KiSwapContext pops: eight registers, then the return address; the stack is then 16-aligned for KiThreadEntry. */
PVOID KiInitializeSwitchFrame(PVOID KernelStackTop)
{
    extern VOID KiThreadEntry(VOID);
    PULONG64 Stack = (PULONG64)((ULONG64)KernelStackTop & ~15ull) - 9;

    for (ULONG i = 0; i < 8; i++)
        Stack[i] = 0;
    Stack[8] = (ULONG64)&KiThreadEntry;
    return Stack;
}

/* KiHalted: where the program counter stands while the processor sleeps here. */
VOID KiIdleProcessor(VOID)
{
    __asm__ volatile(".globl KiHalted\n\tsti\n\thlt\nKiHalted:\tcli" ::: "memory");
}
