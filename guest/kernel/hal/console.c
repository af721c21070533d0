/* The operator's console on the second serial port, in the style of Windows' Special Administration Console, and the
 * power button: both end as requests to the executive. */
#include <ex.h>
#include <hal.h>
#include <ke.h>
#include <ps.h>

#include "halp.h"

#define SAC_LINE 80
#define SAC_TYPED 256                       /* a power of two */

static CHAR HalpLine[SAC_LINE];
static ULONG HalpLineLength;
static KDPC HalpTypedDpc, HalpButtonDpc;

/* What the interrupt took from the port and the DPC has not read yet: one writer, one reader, each with its own count. */
static volatile UCHAR HalpTyped[SAC_TYPED];
static volatile ULONG HalpTypedCount, HalpReadCount;

static VOID HalpPrint(PCSTR Text)
{
    SIZE_T Length = 0;

    while (Text[Length])
        Length++;
    HalpPutConsole(Text, Length);
}

static VOID HalpKilled(NTSTATUS Status)
{
    HalpPrint(NT_SUCCESS(Status) ? "The process was ended.\r\n"
              : Status == STATUS_ACCESS_DENIED ? "The system cannot be ended.\r\n"
              : Status == STATUS_PROCESS_IS_TERMINATING ? "The process is ending already.\r\n"
              : "There is no such process.\r\n");
    HalpPrint("SAC>");
}

/* The argument of `kill`. TRUE: the prompt comes when it was done. */
static BOOLEAN HalpKill(PCSTR Digits)
{
    ULONG Number = 0, Length = 0;

    for (; Digits[Length] >= '0' && Digits[Length] <= '9' && Length < 9; Length++)
        Number = 10 * Number + (ULONG)(Digits[Length] - '0');
    if (Length == 0 || Digits[Length] != 0) {
        HalpPrint("kill: which process? Its number, in decimal.\r\n");
        return FALSE;
    }
    if (PsRequestTermination(UlongToHandle(Number), STATUS_CONTROL_C_EXIT, HalpKilled))
        return TRUE;
    HalpPrint("The last kill is still under way.\r\n");
    return FALSE;
}

static PCSTR HalpAfter(PCSTR Line, PCSTR Command)
{
    while (*Command && *Line == *Command)
        Line++, Command++;
    return *Command == 0 ? Line : NULL;
}

static BOOLEAN HalpIs(PCSTR Line, PCSTR Command)
{
    PCSTR Rest = HalpAfter(Line, Command);

    return Rest != NULL && *Rest == 0;
}

static VOID HalpRunCommand(PCSTR Command)
{
    PCSTR Argument = HalpAfter(Command, "kill ");

    if (Argument != NULL) {
        if (HalpKill(Argument))
            return;
    } else if (HalpIs(Command, "crashdump")) {
        HalpPrint("The system is being stopped.\r\n");
        KeBugCheckEx(MANUALLY_INITIATED_CRASH, 0, 0, 0, 0);
    } else if (HalpIs(Command, "shutdown")) {
        HalpPrint("The system is being shut down.\r\n");
        PoRequestPowerAction(PoSourceSac, PoActionPowerOff);
    } else if (HalpIs(Command, "restart")) {
        HalpPrint("The system is being restarted.\r\n");
        PoRequestPowerAction(PoSourceSac, PoActionReset);
    } else if (HalpIs(Command, "help") || HalpIs(Command, "?")) {
        HalpPrint("crashdump stop the system by a bugcheck, at once\r\n"
                  "help      this list\r\n"
                  "kill PID  end a process\r\n"
                  "restart   end the session in order, then reset the machine\r\n"
                  "shutdown  end the session in order, then power the machine off\r\n");
    } else if (Command[0] != 0) {
        HalpPrint("Unknown command; try help.\r\n");
    }
    HalpPrint("SAC>");
}

static VOID HalpEditLine(UCHAR Byte)
{
    CHAR Echo = (CHAR)Byte;

    if (Byte == '\r' || Byte == '\n') {
        HalpPrint("\r\n");
        HalpLine[HalpLineLength] = 0;
        HalpLineLength = 0;
        HalpRunCommand(HalpLine);
    } else if ((Byte == 8 || Byte == 127) && HalpLineLength > 0) {
        HalpLineLength--;
        HalpPrint("\b \b");
    } else if (Byte >= ' ' && Byte < 127 && HalpLineLength < SAC_LINE - 1) {
        HalpLine[HalpLineLength++] = Echo;
        HalpPutConsole(&Echo, 1);
    }
}

static VOID HalpReadTyped(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    UNREFERENCED_PARAMETER(Dpc);
    UNREFERENCED_PARAMETER(Context);
    UNREFERENCED_PARAMETER(Argument1);
    UNREFERENCED_PARAMETER(Argument2);
    for (; HalpReadCount != HalpTypedCount; HalpReadCount++)
        HalpEditLine(HalpTyped[HalpReadCount % SAC_TYPED]);
}

/* At DEVICE_LEVEL. Only a buffer full of bytes that no DPC could read yet loses what comes then. */
static VOID HalpReceiveByte(UCHAR Byte)
{
    if (HalpTypedCount - HalpReadCount < SAC_TYPED) {
        HalpTyped[HalpTypedCount % SAC_TYPED] = Byte;
        HalpTypedCount++;
    }
    KeInsertQueueDpc(&HalpTypedDpc, NULL, NULL);
}

static VOID HalpRequestPowerOff(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    UNREFERENCED_PARAMETER(Dpc);
    UNREFERENCED_PARAMETER(Context);
    UNREFERENCED_PARAMETER(Argument1);
    UNREFERENCED_PARAMETER(Argument2);
    PoRequestPowerAction(PoSourceButton, PoActionPowerOff);
}

VOID HalpPowerButtonPressed(VOID) { KeInsertQueueDpc(&HalpButtonDpc, NULL, NULL); }

VOID HalpInitializePowerButton(VOID) { KeInitializeDpc(&HalpButtonDpc, HalpRequestPowerOff, NULL); }

VOID HalpInitializeConsole(VOID)
{
    KeInitializeDpc(&HalpTypedDpc, HalpReadTyped, NULL);
    if (HalpInitializeConsolePort(HalpReceiveByte))
        HalpPrint("SAC>");
}
