/* Power-off and reset by PSCI. The power button is a key on the PL061, or, on a machine that its firmware describes by
 * ACPI, an event of QEMU's generic event device: virt has one of the two. */
#include "archp.h"

#include <hal.h>
#include <loader.h>
#include <mm.h>

#define PSCI_SYSTEM_OFF    0x84000008
#define PSCI_SYSTEM_RESET  0x84000009

#define GPIO_POWER_PIN     0x08
#define GPIO_IEV           (0x40C / 4)      /* rising edge */
#define GPIO_IE            (0x410 / 4)
#define GPIO_MIS           (0x418 / 4)
#define GPIO_IC            (0x41C / 4)

#define GED_POWER_BUTTON   0x02             /* in the selector; reading clears it */

static volatile ULONG *HalpGpio, *HalpEventSelector;

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

static VOID HalpGenericEvent(PVOID Context)
{
    UNREFERENCED_PARAMETER(Context);
    if (*HalpEventSelector & GED_POWER_BUTTON)
        HalpPowerButtonPressed();
}

static VOID HalpInitializeGpio(VOID)
{
    HalpGpio = MmMapIoSpace(VIRT_GPIO, PAGE_SIZE);
    if (HalpGpio == NULL)
        return;
    HalpGpio[GPIO_IEV] = GPIO_POWER_PIN;
    HalpGpio[GPIO_IC] = GPIO_POWER_PIN;
    KiConnectInterrupt(VIRT_INTID_GPIO, TRUE, HalpGpioInterrupt, NULL);
    HalpGpio[GPIO_IE] = GPIO_POWER_PIN;
}

VOID HalpInitializePower(struct _LOADER_PARAMETER_BLOCK *LoaderBlock)
{
    if (LoaderBlock->AcpiRsdpPhysical == 0) {
        HalpInitializeGpio();
        return;
    }
    HalpEventSelector = MmMapIoSpace(VIRT_GED, sizeof(ULONG));
    if (HalpEventSelector != NULL)
        KiConnectInterrupt(VIRT_INTID_GED, FALSE, HalpGenericEvent, NULL);
}
