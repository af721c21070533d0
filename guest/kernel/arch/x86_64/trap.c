/* What a trap means: page faults to Mm, user mode's faults to Ps, the kernel's own to the bugcheck. */
#include "archp.h"

#include <hal.h>
#include <ke.h>
#include <mm.h>
#include <nt.h>

static VOID KiPageFault(PKTRAP_FRAME TrapFrame)
{
    KPROCESSOR_MODE Mode = KiTrapFrameMode(TrapFrame);
    ULONG64 Address;
    NTSTATUS Status;

    __asm__ volatile("movq %%cr2, %0" : "=r"(Address));
    /* The error code's bits are MM_FAULT_*: present 1, write 2, user 4, execute 0x10. */
    if (Mode == KernelMode && KeGetCurrentIrql() >= DISPATCH_LEVEL)
        KiUnhandledPageFault(TrapFrame, (ULONG)TrapFrame->ErrorCode, Address);
    KiRestoreInterrupts((TrapFrame->EFlags & EFLAGS_IF) != 0);
    Status = MmAccessFault((ULONG)TrapFrame->ErrorCode, (PVOID)Address, Mode, TrapFrame);
    if (NT_SUCCESS(Status))
        return;
    if (Mode == UserMode) {
        ULONG Kind = TrapFrame->ErrorCode & MM_FAULT_EXECUTE ? 8 : TrapFrame->ErrorCode & MM_FAULT_WRITE ? 1 : 0;
        KiDispatchUserException(TrapFrame, Status, 2, Kind, Address);
    } else if (TrapFrame->Rip >= (ULONG64)KiUserCopyStart && TrapFrame->Rip < (ULONG64)KiUserCopyEnd) {
        TrapFrame->Rip = (ULONG64)KiUserCopyFault;
    } else {
        KiUnhandledPageFault(TrapFrame, (ULONG)TrapFrame->ErrorCode, Address);
    }
}

static VOID KiKernelFault(PKTRAP_FRAME TrapFrame)
{
    KiDumpTrapFrame(TrapFrame);
    if (TrapFrame->Vector == 13 || TrapFrame->Vector == 3)
        KeBugCheckEx(KMODE_EXCEPTION_NOT_HANDLED,
                     (ULONG)(TrapFrame->Vector == 3 ? STATUS_BREAKPOINT : STATUS_ACCESS_VIOLATION), TrapFrame->Rip, 0, 0);
    KeBugCheckEx(UNEXPECTED_KERNEL_MODE_TRAP, TrapFrame->Vector, TrapFrame->ErrorCode, TrapFrame->Rip, 0);
}

static VOID KiUserFault(PKTRAP_FRAME TrapFrame)
{
    KiEnableInterrupts();
    switch (TrapFrame->Vector) {
    case 0:
        KiDispatchUserException(TrapFrame, STATUS_INTEGER_DIVIDE_BY_ZERO, 0, 0, 0);
        break;
    case 1:
        TrapFrame->EFlags &= ~0x100ull;
        KiDispatchUserException(TrapFrame, STATUS_SINGLE_STEP, 0, 0, 0);
        break;
    case 3:
        TrapFrame->Rip -= 1;                        /* NT reports the breakpoint at its own address */
        KiDispatchUserException(TrapFrame, STATUS_BREAKPOINT, 1, 0, 0);
        break;
    case 6:
        KiDispatchUserException(TrapFrame, STATUS_ILLEGAL_INSTRUCTION, 0, 0, 0);
        break;
    case 13:
        KiDispatchUserException(TrapFrame, STATUS_ACCESS_VIOLATION, 2, 0, ~(ULONG_PTR)0);
        break;
    case 17:
        KiDispatchUserException(TrapFrame, STATUS_DATATYPE_MISALIGNMENT, 0, 0, 0);
        break;
    default:
        KiDispatchUserException(TrapFrame, STATUS_ILLEGAL_INSTRUCTION, 0, 0, 0);
        break;
    }
}

/* From trap.S, with interrupts off; goes back there with interrupts off. */
VOID KiTrapHandler(PKTRAP_FRAME TrapFrame)
{
    ULONG64 Vector = TrapFrame->Vector;
    BOOLEAN User = KiTrapFrameMode(TrapFrame) == UserMode;

    if (Vector >= KI_VECTOR_LINE) {
        KiInterruptHandler((ULONG)Vector);
        KiDispatchInterrupts((TrapFrame->EFlags & EFLAGS_IF) != 0);
    } else if (Vector == 14) {
        KiPageFault(TrapFrame);
    } else if (User && Vector != 2 && Vector != 8 && Vector != 18) {
        KiUserFault(TrapFrame);
    } else {
        KiKernelFault(TrapFrame);
    }
    KiDisableInterrupts();
    if (User)
        KiPrepareUserReturn(TrapFrame);
}

/* From syscall.S, with interrupts off; goes back there with interrupts off. */
VOID KiSystemCallHandler(PKTRAP_FRAME TrapFrame);
VOID KiSystemCallHandler(PKTRAP_FRAME TrapFrame)
{
    KiEnableInterrupts();
    KiSystemServiceHandler(TrapFrame, (ULONG)TrapFrame->Rax);
    KiDisableInterrupts();
    KiPrepareUserReturn(TrapFrame);
}

/* The first four in registers (the stub moved RCX to R10), the others above the return address and the four home slots. */
BOOLEAN KiFetchServiceArguments(const KTRAP_FRAME *TrapFrame, ULONG Count, ULONG64 *Arguments)
{
    Arguments[0] = TrapFrame->R10;
    Arguments[1] = TrapFrame->Rdx;
    Arguments[2] = TrapFrame->R8;
    Arguments[3] = TrapFrame->R9;
    if (Count <= 4)
        return TRUE;
    return NT_SUCCESS(MmCopyFromUser(&Arguments[4], (PVOID)(TrapFrame->Rsp + 0x28), (Count - 4) * sizeof(ULONG64)));
}

VOID KiSetServiceResult(PKTRAP_FRAME TrapFrame, ULONG64 Result) { TrapFrame->Rax = Result; }
