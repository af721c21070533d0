/* The operator's console on the second serial port, in the style of Windows' Special Administration Console, and the
 * power button: both end as requests to the executive. */
#include <ex.h>
#include <hal.h>
#include <ke.h>

#include "halp.h"

#define SAC_LINE 80

static CHAR HalpLine[SAC_LINE];
static ULONG HalpLineLength;
static CHAR HalpCommand[SAC_LINE];          /* a whole line, until the DPC has read it */
static KDPC HalpCommandDpc, HalpButtonDpc;

static VOID HalpPrint(PCSTR Text)
{
    SIZE_T Length = 0;

    while (Text[Length])
        Length++;
    HalpPutConsole(Text, Length);
}

static BOOLEAN HalpIs(PCSTR Line, PCSTR Command)
{
    while (*Line && *Line == *Command)
        Line++, Command++;
    return *Line == 0 && *Command == 0;
}

static VOID HalpRunCommand(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    UNREFERENCED_PARAMETER(Dpc);
    UNREFERENCED_PARAMETER(Context);
    UNREFERENCED_PARAMETER(Argument1);
    UNREFERENCED_PARAMETER(Argument2);
    if (HalpIs(HalpCommand, "shutdown")) {
        HalpPrint("The system is being shut down.\r\n");
        PoRequestPowerAction(PoSourceSac, PoActionPowerOff);
    } else if (HalpIs(HalpCommand, "restart")) {
        HalpPrint("The system is being restarted.\r\n");
        PoRequestPowerAction(PoSourceSac, PoActionReset);
    } else if (HalpIs(HalpCommand, "help") || HalpIs(HalpCommand, "?")) {
        HalpPrint("help      this list\r\n"
                  "restart   end the session in order, then reset the machine\r\n"
                  "shutdown  end the session in order, then power the machine off\r\n");
    } else if (HalpCommand[0] != 0) {
        HalpPrint("Unknown command; try help.\r\n");
    }
    HalpPrint("SAC>");
}

/* At DEVICE_LEVEL. A line that comes while the one before has not been read is lost: nobody types that fast. */
static VOID HalpReceiveByte(UCHAR Byte)
{
    CHAR Echo = (CHAR)Byte;

    if (Byte == '\r' || Byte == '\n') {
        HalpPrint("\r\n");
        if (!HalpCommandDpc.Inserted) {
            for (ULONG i = 0; i < HalpLineLength; i++)
                HalpCommand[i] = HalpLine[i];
            HalpCommand[HalpLineLength] = 0;
            KeInsertQueueDpc(&HalpCommandDpc, NULL, NULL);
        }
        HalpLineLength = 0;
    } else if ((Byte == 8 || Byte == 127) && HalpLineLength > 0) {
        HalpLineLength--;
        HalpPrint("\b \b");
    } else if (Byte >= ' ' && Byte < 127 && HalpLineLength < SAC_LINE - 1) {
        HalpLine[HalpLineLength++] = Echo;
        HalpPutConsole(&Echo, 1);
    }
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
    KeInitializeDpc(&HalpCommandDpc, HalpRunCommand, NULL);
    if (HalpInitializeConsolePort(HalpReceiveByte))
        HalpPrint("SAC>");
}
