/* What cannot be booted: one line says why, then the machine is switched off. */
#include "boot.h"

VOID BootFail(PCSTR Reason)
{
    BootPutString("smssboot: boot stub: ");
    BootPutString(Reason);
    BootPutString("\r\n");
    BootPowerOff();
}
