/* Start of the hardware layer, text on the first serial port, and the last instruction of a session. */
#include <hal.h>
#include <ke.h>

#include "halp.h"

BOOLEAN HalInitSystem(ULONG Phase, struct _LOADER_PARAMETER_BLOCK *LoaderBlock)
{
    if (Phase == 0) {
        HalpInitializeSerial();
        return TRUE;
    }
    if (HalpInitializePci(LoaderBlock))
        HalpSilencePci();
    HalpInitializePanic();
    HalpInitializePowerButton();
    HalpInitializePower(LoaderBlock);
    HalpInitializeConsole();
    return TRUE;
}

VOID HalDisplayString(PCSTR String)
{
    PCSTR Start = String;

    for (; *String; String++)
        if (*String == '\n') {
            HalPutSerial(Start, (SIZE_T)(String - Start));
            HalPutSerial("\r", 1);
            Start = String;
        }
    HalPutSerial(Start, (SIZE_T)(String - Start));
}

/* The machine may take its time to obey, so a halt follows; interrupts are off. */
VOID HalReturnToFirmware(FIRMWARE_REENTRY Action)
{
    KfRaiseIrql(HIGH_LEVEL);                    /* raises IRQL, for good */
    if (Action == HalPowerDownRoutine)
        HalpPowerOff();
    else if (Action == HalRebootRoutine || Action == HalRestartRoutine)
        HalpReset();
    for (;;)
        KiHaltProcessor();
}
