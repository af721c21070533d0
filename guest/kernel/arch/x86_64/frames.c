/* Register sets: into user mode, between trap frames and CONTEXT, on the screen. */
#include "archp.h"

#include <hal.h>
#include <ke.h>
#include <nt.h>

static DECLSPEC_NORETURN VOID KiEnterFrame(PKTRAP_FRAME TrapFrame)
{
    PKTHREAD Thread = KeGetCurrentThread();

    KiDisableInterrupts();
    Thread->TrapFrame = NULL;           /* also when a service ends here (NtContinue) */
    Thread->PreviousMode = KernelMode;
    KiPrepareUserReturn(TrapFrame);
    KiLoadTrapFrame(TrapFrame);
}

VOID KiInitializeUserContext(PCONTEXT Context, PVOID Entry, PVOID UserStack, PVOID Argument)
{
    __builtin_memset(Context, 0, sizeof(*Context));
    Context->ContextFlags = CONTEXT_CONTROL | CONTEXT_INTEGER | CONTEXT_SEGMENTS;
    Context->Rip = (ULONG64)Entry;
    Context->Rcx = (ULONG64)Argument;
    /* As after a call: a function finds its return address (none) and the home slots above it. */
    Context->Rsp = ((ULONG64)UserStack & ~15ull) - 0x28;
    Context->EFlags = EFLAGS_IF;
    Context->SegCs = KGDT_R3_CODE | 3;
    Context->SegSs = KGDT_R3_DATA | 3;
}

VOID KeEnterUserMode(PVOID Entry, PVOID UserStack, PVOID Argument)
{
    KTRAP_FRAME TrapFrame = {
        .Rip = (ULONG64)Entry,
        .Rcx = (ULONG64)Argument,
        .Rsp = ((ULONG64)UserStack & ~15ull) - 0x28,
        .EFlags = EFLAGS_IF,
        .Cs = KGDT_R3_CODE | 3,
        .Ss = KGDT_R3_DATA | 3,
    };

    KiEnterFrame(&TrapFrame);
}

VOID KeEnterUserModeContext(const CONTEXT *Context)
{
    KTRAP_FRAME TrapFrame = { .Cs = KGDT_R3_CODE | 3, .Ss = KGDT_R3_DATA | 3, .EFlags = EFLAGS_IF };

    KeContextToKframes(&TrapFrame, Context);
    KiEnterFrame(&TrapFrame);
}

VOID KeContextFromKframes(const KTRAP_FRAME *TrapFrame, PCONTEXT Context)
{
    __builtin_memset(Context, 0, sizeof(*Context));
    Context->ContextFlags = CONTEXT_CONTROL | CONTEXT_INTEGER | CONTEXT_SEGMENTS;
    Context->SegCs = (USHORT)TrapFrame->Cs;
    Context->SegSs = (USHORT)TrapFrame->Ss;
    Context->EFlags = (ULONG)TrapFrame->EFlags;
    Context->Rip = TrapFrame->Rip;
    Context->Rsp = TrapFrame->Rsp;
    Context->Rax = TrapFrame->Rax;
    Context->Rcx = TrapFrame->Rcx;
    Context->Rdx = TrapFrame->Rdx;
    Context->Rbx = TrapFrame->Rbx;
    Context->Rbp = TrapFrame->Rbp;
    Context->Rsi = TrapFrame->Rsi;
    Context->Rdi = TrapFrame->Rdi;
    Context->R8 = TrapFrame->R8;
    Context->R9 = TrapFrame->R9;
    Context->R10 = TrapFrame->R10;
    Context->R11 = TrapFrame->R11;
    Context->R12 = TrapFrame->R12;
    Context->R13 = TrapFrame->R13;
    Context->R14 = TrapFrame->R14;
    Context->R15 = TrapFrame->R15;
}

/* Segments and the flags that are the kernel's stay what they are for user mode. iretq to an address that is not
 * canonical faults in the kernel, so such a one becomes 0, which faults in user mode. */
VOID KeContextToKframes(PKTRAP_FRAME TrapFrame, const CONTEXT *Context)
{
    if ((Context->ContextFlags & CONTEXT_CONTROL) == CONTEXT_CONTROL) {
        TrapFrame->Rip = Context->Rip >> 47 ? 0 : Context->Rip;
        TrapFrame->Rsp = Context->Rsp >> 47 ? 0 : Context->Rsp;
        TrapFrame->EFlags = (Context->EFlags & EFLAGS_USER_MASK) | EFLAGS_IF;
    }
    if ((Context->ContextFlags & CONTEXT_INTEGER) == CONTEXT_INTEGER) {
        TrapFrame->Rax = Context->Rax;
        TrapFrame->Rcx = Context->Rcx;
        TrapFrame->Rdx = Context->Rdx;
        TrapFrame->Rbx = Context->Rbx;
        TrapFrame->Rbp = Context->Rbp;
        TrapFrame->Rsi = Context->Rsi;
        TrapFrame->Rdi = Context->Rdi;
        TrapFrame->R8 = Context->R8;
        TrapFrame->R9 = Context->R9;
        TrapFrame->R10 = Context->R10;
        TrapFrame->R11 = Context->R11;
        TrapFrame->R12 = Context->R12;
        TrapFrame->R13 = Context->R13;
        TrapFrame->R14 = Context->R14;
        TrapFrame->R15 = Context->R15;
    }
}

VOID KiDumpTrapFrame(const KTRAP_FRAME *TrapFrame)
{
    ULONG64 Cr2, Cr3;
    const struct { PCSTR Name; ULONG64 Value; } Registers[] = {
        { "rip", TrapFrame->Rip }, { "rsp", TrapFrame->Rsp }, { "efl", TrapFrame->EFlags }, { "vec", TrapFrame->Vector },
        { "err", TrapFrame->ErrorCode }, { "cs ", TrapFrame->Cs }, { "ss ", TrapFrame->Ss }, { "rax", TrapFrame->Rax },
        { "rbx", TrapFrame->Rbx }, { "rcx", TrapFrame->Rcx }, { "rdx", TrapFrame->Rdx }, { "rsi", TrapFrame->Rsi },
        { "rdi", TrapFrame->Rdi }, { "rbp", TrapFrame->Rbp }, { "r8 ", TrapFrame->R8 }, { "r9 ", TrapFrame->R9 },
        { "r10", TrapFrame->R10 }, { "r11", TrapFrame->R11 }, { "r12", TrapFrame->R12 }, { "r13", TrapFrame->R13 },
        { "r14", TrapFrame->R14 }, { "r15", TrapFrame->R15 },
    };

    __asm__ volatile("movq %%cr2, %0; movq %%cr3, %1" : "=r"(Cr2), "=r"(Cr3));
    HalDisplayString("*** trap\n");
    for (ULONG i = 0; i < RTL_NUMBER_OF(Registers); i++)
        KiDumpRegister(Registers[i].Name, Registers[i].Value, i);
    KiDumpRegister("cr2", Cr2, RTL_NUMBER_OF(Registers));
    KiDumpRegister("cr3", Cr3, RTL_NUMBER_OF(Registers) + 1);
    HalDisplayString("\n");
}
