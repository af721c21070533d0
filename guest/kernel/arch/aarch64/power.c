/* Power-off and reset by PSCI; the power button is a key on the PL061. */
#include "archp.h"

#include <hal.h>
#include <mm.h>

#define PSCI_SYSTEM_OFF    0x84000008
#define PSCI_SYSTEM_RESET  0x84000009

#define GPIO_POWER_PIN     0x08
#define GPIO_IEV           (0x40C / 4)      /* rising edge */
#define GPIO_IE            (0x410 / 4)
#define GPIO_MIS           (0x418 / 4)
#define GPIO_IC            (0x41C / 4)

static volatile ULONG *HalpGpio;

static VOID HalpCallPsci(ULONG64 Function)
{
    register ULONG64 X0 __asm__("x0") = Function;

    __asm__ volatile("hvc #0" : "+r"(X0) :: "x1", "x2", "x3", "memory");
}

VOID HalpPowerOff(VOID) { HalpCallPsci(PSCI_SYSTEM_OFF); }
VOID HalpReset(VOID) { HalpCallPsci(PSCI_SYSTEM_RESET); }

static VOID HalpGpioInterrupt(PVOID Context)
{
    UNREFERENCED_PARAMETER(Context);
    if (HalpGpio[GPIO_MIS] & GPIO_POWER_PIN) {
        HalpGpio[GPIO_IC] = GPIO_POWER_PIN;
        HalpPowerButtonPressed();
    }
}

VOID HalpInitializePower(struct _LOADER_PARAMETER_BLOCK *LoaderBlock)
{
    UNREFERENCED_PARAMETER(LoaderBlock);
    HalpGpio = MmMapIoSpace(VIRT_GPIO, PAGE_SIZE);
    if (HalpGpio == NULL)
        return;
    HalpGpio[GPIO_IEV] = GPIO_POWER_PIN;
    HalpGpio[GPIO_IC] = GPIO_POWER_PIN;
    KiConnectInterrupt(VIRT_INTID_GPIO, TRUE, HalpGpioInterrupt, NULL);
    HalpGpio[GPIO_IE] = GPIO_POWER_PIN;
}
