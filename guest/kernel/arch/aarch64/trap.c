/* What a trap means: services, page faults to Mm, user mode's faults to Ps, the kernel's own to the bugcheck. */
#include "archp.h"

#include <hal.h>
#include <ke.h>
#include <mm.h>
#include <nt.h>

#define ESR_CLASS(Esr)          ((ULONG)((Esr) >> 26 & 0x3F))
#define ESR_UNKNOWN             0x00
#define ESR_FP_ACCESS           0x07
#define ESR_ILLEGAL_STATE       0x0E
#define ESR_SVC                 0x15
#define ESR_SYSTEM_REGISTER     0x18
#define ESR_INSTRUCTION_LOWER   0x20
#define ESR_INSTRUCTION_SAME    0x21
#define ESR_PC_ALIGNMENT        0x22
#define ESR_DATA_LOWER          0x24
#define ESR_DATA_SAME           0x25
#define ESR_SP_ALIGNMENT        0x26
#define ESR_SOFTWARE_STEP_LOWER 0x32
#define ESR_BRK                 0x3C
#define ISS_WRITE               (1u << 6)
#define ISS_CACHE_MAINTENANCE   (1u << 8)
#define ISS_STATUS(Esr)         ((ULONG)(Esr) & 0x3F)
#define STATUS_PERMISSION(s)    (((s) & 0x3C) == 0x0C)
#define STATUS_ALIGNMENT        0x21

VOID KiKernelSyncHandler(PKTRAP_FRAME TrapFrame);
VOID KiKernelIrqHandler(PKTRAP_FRAME TrapFrame);
VOID KiUserSyncHandler(PKTRAP_FRAME TrapFrame);
VOID KiUserIrqHandler(PKTRAP_FRAME TrapFrame);
DECLSPEC_NORETURN VOID KiUnexpectedHandler(PKTRAP_FRAME TrapFrame);
DECLSPEC_NORETURN VOID KiStackFaultHandler(PKTRAP_FRAME TrapFrame);

static VOID KiPageFault(PKTRAP_FRAME TrapFrame)
{
    KPROCESSOR_MODE Mode = KiTrapFrameMode(TrapFrame);
    ULONG Class = ESR_CLASS(TrapFrame->Esr), Flags = 0;
    ULONG64 Address = TrapFrame->Far;
    NTSTATUS Status;

    if (STATUS_PERMISSION(ISS_STATUS(TrapFrame->Esr)))
        Flags |= MM_FAULT_PRESENT;
    if (Mode == UserMode)
        Flags |= MM_FAULT_USER;
    if (Class == ESR_INSTRUCTION_LOWER || Class == ESR_INSTRUCTION_SAME)
        Flags |= MM_FAULT_EXECUTE;
    else if ((TrapFrame->Esr & ISS_WRITE) && !(TrapFrame->Esr & ISS_CACHE_MAINTENANCE))
        Flags |= MM_FAULT_WRITE;

    if (Mode == KernelMode && KeGetCurrentIrql() >= DISPATCH_LEVEL)
        KiUnhandledPageFault(TrapFrame, Flags, Address);
    KiRestoreInterrupts((TrapFrame->Spsr & SPSR_I) == 0);
    Status = MmAccessFault(Flags, (PVOID)Address, Mode, TrapFrame);
    if (NT_SUCCESS(Status))
        return;
    if (Mode == UserMode) {
        ULONG Kind = Flags & MM_FAULT_EXECUTE ? 8 : Flags & MM_FAULT_WRITE ? 1 : 0;
        KiDispatchUserException(TrapFrame, Status, 2, Kind, Address);
    } else if (TrapFrame->Pc >= (ULONG64)KiUserCopyStart && TrapFrame->Pc < (ULONG64)KiUserCopyEnd) {
        TrapFrame->Pc = (ULONG64)KiUserCopyFault;
    } else {
        KiUnhandledPageFault(TrapFrame, Flags, Address);
    }
}

/* All four from trap.S with interrupts off; they go back there with interrupts off. */
VOID KiKernelSyncHandler(PKTRAP_FRAME TrapFrame)
{
    ULONG Class = ESR_CLASS(TrapFrame->Esr);

    if ((Class == ESR_DATA_SAME || Class == ESR_INSTRUCTION_SAME) && ISS_STATUS(TrapFrame->Esr) != STATUS_ALIGNMENT) {
        KiPageFault(TrapFrame);
        KiDisableInterrupts();
        return;
    }
    KiDumpTrapFrame(TrapFrame);
    if (Class == ESR_BRK)
        KeBugCheckEx(KMODE_EXCEPTION_NOT_HANDLED, (ULONG)STATUS_BREAKPOINT, TrapFrame->Pc, 0, 0);
    if (Class == ESR_UNKNOWN)
        KeBugCheckEx(KMODE_EXCEPTION_NOT_HANDLED, (ULONG)STATUS_ILLEGAL_INSTRUCTION, TrapFrame->Pc, 0, 0);
    KeBugCheckEx(UNEXPECTED_KERNEL_MODE_TRAP, Class, TrapFrame->Esr, TrapFrame->Pc, TrapFrame->Far);
}

VOID KiKernelIrqHandler(PKTRAP_FRAME TrapFrame)
{
    KiInterruptHandler();
    KiDispatchInterrupts((TrapFrame->Spsr & SPSR_I) == 0);
}

VOID KiUserIrqHandler(PKTRAP_FRAME TrapFrame)
{
    KiInterruptHandler();
    KiDispatchInterrupts(TRUE);
    KiPrepareUserReturn(TrapFrame);
}

VOID KiUserSyncHandler(PKTRAP_FRAME TrapFrame)
{
    KiEnableInterrupts();
    switch (ESR_CLASS(TrapFrame->Esr)) {
    case ESR_SVC:
        KiSystemServiceHandler(TrapFrame, (ULONG)TrapFrame->Esr & 0xFFFF);
        break;
    case ESR_DATA_LOWER:
        if (ISS_STATUS(TrapFrame->Esr) == STATUS_ALIGNMENT) {
            KiDispatchUserException(TrapFrame, STATUS_DATATYPE_MISALIGNMENT, 2, 0, TrapFrame->Far);
            break;
        }
        KiPageFault(TrapFrame);
        break;
    case ESR_INSTRUCTION_LOWER:
        KiPageFault(TrapFrame);
        break;
    case ESR_PC_ALIGNMENT:
    case ESR_SP_ALIGNMENT:
        KiDispatchUserException(TrapFrame, STATUS_DATATYPE_MISALIGNMENT, 0, 0, 0);
        break;
    case ESR_BRK:
        KiDispatchUserException(TrapFrame, STATUS_BREAKPOINT, 1, 0, 0);
        break;
    case ESR_SOFTWARE_STEP_LOWER:
        KiDispatchUserException(TrapFrame, STATUS_SINGLE_STEP, 0, 0, 0);
        break;
    case ESR_SYSTEM_REGISTER:
        KiDispatchUserException(TrapFrame, STATUS_PRIVILEGED_INSTRUCTION, 0, 0, 0);
        break;
    default:
        KiDispatchUserException(TrapFrame, STATUS_ILLEGAL_INSTRUCTION, 0, 0, 0);
        break;
    }
    KiDisableInterrupts();
    KiPrepareUserReturn(TrapFrame);
}

VOID KiUnexpectedHandler(PKTRAP_FRAME TrapFrame)
{
    KiDumpTrapFrame(TrapFrame);
    KeBugCheckEx(UNEXPECTED_KERNEL_MODE_TRAP, ESR_CLASS(TrapFrame->Esr), TrapFrame->Esr, TrapFrame->Pc, TrapFrame->Far);
}

/* X1 in the frame is the stack pointer that had no memory below it. */
VOID KiStackFaultHandler(PKTRAP_FRAME TrapFrame)
{
    KiDumpTrapFrame(TrapFrame);
    KeBugCheckEx(UNEXPECTED_KERNEL_MODE_TRAP, 8, TrapFrame->X[1], TrapFrame->Pc, TrapFrame->Far);
}

/* The first eight in registers, the others on the user stack. */
BOOLEAN KiFetchServiceArguments(const KTRAP_FRAME *TrapFrame, ULONG Count, ULONG64 *Arguments)
{
    for (ULONG i = 0; i < 8; i++)
        Arguments[i] = TrapFrame->X[i];
    if (Count <= 8)
        return TRUE;
    return NT_SUCCESS(MmCopyFromUser(&Arguments[8], (PVOID)TrapFrame->Sp, (Count - 8) * sizeof(ULONG64)));
}

VOID KiSetServiceResult(PKTRAP_FRAME TrapFrame, ULONG64 Result) { TrapFrame->X[0] = Result; }
