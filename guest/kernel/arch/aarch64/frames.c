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
    KiLoadTrapFrame(TrapFrame, Thread->InitialStack);
}

VOID KiInitializeUserContext(PCONTEXT Context, PVOID Entry, PVOID UserStack, PVOID Argument)
{
    __builtin_memset(Context, 0, sizeof(*Context));
    Context->ContextFlags = CONTEXT_CONTROL | CONTEXT_INTEGER;
    Context->Pc = (ULONG64)Entry;
    Context->X0 = (ULONG64)Argument;
    Context->X18 = (ULONG64)KeGetCurrentThread()->Teb;
    Context->Sp = (ULONG64)UserStack & ~15ull;
}

VOID KeEnterUserMode(PVOID Entry, PVOID UserStack, PVOID Argument)
{
    KTRAP_FRAME TrapFrame = {
        .Pc = (ULONG64)Entry,
        .Sp = (ULONG64)UserStack & ~15ull,
        .Spsr = SPSR_EL0,
    };

    TrapFrame.X[0] = (ULONG64)Argument;
    TrapFrame.X[18] = (ULONG64)KeGetCurrentThread()->Teb;
    KiEnterFrame(&TrapFrame);
}

VOID KeEnterUserModeContext(const CONTEXT *Context)
{
    KTRAP_FRAME TrapFrame = { .Spsr = SPSR_EL0 };

    KeContextToKframes(&TrapFrame, Context);
    TrapFrame.X[18] = (ULONG64)KeGetCurrentThread()->Teb;
    KiEnterFrame(&TrapFrame);
}

VOID KeContextFromKframes(const KTRAP_FRAME *TrapFrame, PCONTEXT Context)
{
    __builtin_memset(Context, 0, sizeof(*Context));
    Context->ContextFlags = CONTEXT_CONTROL | CONTEXT_INTEGER;
    Context->Cpsr = (ULONG)TrapFrame->Spsr;
    __builtin_memcpy(Context->X, TrapFrame->X, sizeof(Context->X));
    Context->Sp = TrapFrame->Sp;
    Context->Pc = TrapFrame->Pc;
}

/* X29 and X30 are part of the control registers; X18 is the TEB's and stays. */
VOID KeContextToKframes(PKTRAP_FRAME TrapFrame, const CONTEXT *Context)
{
    if ((Context->ContextFlags & CONTEXT_CONTROL) == CONTEXT_CONTROL) {
        TrapFrame->Pc = Context->Pc;
        TrapFrame->Sp = Context->Sp;
        TrapFrame->X[29] = Context->X[29];
        TrapFrame->X[30] = Context->X[30];
        TrapFrame->Spsr = (Context->Cpsr & SPSR_USER_MASK) | SPSR_EL0;
    }
    if ((Context->ContextFlags & CONTEXT_INTEGER) == CONTEXT_INTEGER)
        for (ULONG i = 0; i < 29; i++)
            if (i != 18)
                TrapFrame->X[i] = Context->X[i];
}

VOID KiDumpTrapFrame(const KTRAP_FRAME *TrapFrame)
{
    CHAR Name[4] = "x00";
    ULONG Index = 0;

    HalDisplayString("*** trap\n");
    KiDumpRegister("pc ", TrapFrame->Pc, Index++);
    KiDumpRegister("sp ", TrapFrame->Sp, Index++);
    KiDumpRegister("psr", TrapFrame->Spsr, Index++);
    KiDumpRegister("esr", TrapFrame->Esr, Index++);
    KiDumpRegister("far", TrapFrame->Far, Index++);
    for (ULONG i = 0; i < 31; i++) {
        Name[1] = (CHAR)('0' + i / 10);
        Name[2] = (CHAR)('0' + i % 10);
        KiDumpRegister(Name, TrapFrame->X[i], Index++);
    }
    KiDumpRegister("tt0", KiReadSystemRegister(ttbr0_el1), Index++);
    KiDumpRegister("tt1", KiReadSystemRegister(ttbr1_el1), Index);
    HalDisplayString("\n");
}
