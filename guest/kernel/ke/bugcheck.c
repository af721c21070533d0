/* The end when the kernel cannot go on: say it to people, to the wire and to the hypervisor, then stop. */
#include "kip.h"

#include <ex.h>
#include <hal.h>
#include <mm.h>

static LONG KiBugCheckActive;

static VOID KiDisplayStop(ULONG Code, const ULONG_PTR Parameters[4])
{
    CHAR Text[17];

    KiFormatHex(Code, 8, Text);
    HalDisplayString("\n*** STOP: 0x");
    HalDisplayString(Text);
    for (ULONG i = 0; i < 4; i++) {
        KiFormatHex(Parameters[i], 16, Text);
        HalDisplayString(i == 0 ? " (0x" : ",0x");
        HalDisplayString(Text);
    }
    HalDisplayString(")\n*** ");
    HalDisplayString(KeGetBugMessageText(Code));
    HalDisplayString("\n");
}

VOID KeBugCheckEx(ULONG BugCheckCode, ULONG_PTR P1, ULONG_PTR P2, ULONG_PTR P3, ULONG_PTR P4)
{
    const ULONG_PTR Parameters[4] = { P1, P2, P3, P4 };

    KfRaiseIrql(HIGH_LEVEL);                        /* raises IRQL, for good */
    /* A fault inside the record of the first one is only shown, one inside that not even shown. */
    switch (KiBugCheckActive++) {
    case 0:
        KiDisplayStop(BugCheckCode, Parameters);
        ExRecordFact("bugcheck", "code=%x name=%s p1=%I64x p2=%I64x p3=%I64x p4=%I64x", BugCheckCode,
                     KeGetBugMessageText(BugCheckCode), P1, P2, P3, P4);
        ExRecordBye("bugcheck");
        break;
    case 1:
        KiDisplayStop(BugCheckCode, Parameters);
        break;
    default:
        break;
    }
    HalPanicNotify();
    HalReturnToFirmware(HalPowerDownRoutine);
}

VOID KiUnhandledPageFault(PKTRAP_FRAME TrapFrame, ULONG FaultFlags, ULONG64 Address)
{
    ULONG_PTR Pc = KiTrapFramePc(TrapFrame);
    BOOLEAN Write = (FaultFlags & MM_FAULT_WRITE) != 0;

    KiDumpTrapFrame(TrapFrame);
    if (FaultFlags & MM_FAULT_PRESENT) {            /* the page is there, and its protection was right to refuse */
        if (FaultFlags & MM_FAULT_EXECUTE)
            KeBugCheckEx(ATTEMPTED_EXECUTE_OF_NOEXECUTE_MEMORY, Address, 0, (ULONG_PTR)TrapFrame, 0);
        if (Write)
            KeBugCheckEx(ATTEMPTED_WRITE_TO_READONLY_MEMORY, Address, 0, (ULONG_PTR)TrapFrame, 0);
    }
    if (KeGetCurrentIrql() >= DISPATCH_LEVEL)
        KeBugCheckEx(IRQL_NOT_LESS_OR_EQUAL, Address, KeGetCurrentIrql(), Write, Pc);
    KeBugCheckEx(PAGE_FAULT_IN_NONPAGED_AREA, Address, Write, Pc, 0);
}

VOID KeBugCheck(ULONG BugCheckCode) { KeBugCheckEx(BugCheckCode, 0, 0, 0, 0); }
