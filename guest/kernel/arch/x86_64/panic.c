/* pvpanic at its ISA port. */
#include "archp.h"

#include <hal.h>

#define PVPANIC_PORT     0x505
#define PVPANIC_PANICKED 0x01

VOID HalpInitializePanic(VOID) {}

/* A port that nobody answers reads as all ones. */
VOID HalPanicNotify(VOID)
{
    UCHAR Events = KiIn8(PVPANIC_PORT);

    if (Events != 0xFF && (Events & PVPANIC_PANICKED))
        KiOut8(PVPANIC_PORT, PVPANIC_PANICKED);
}
