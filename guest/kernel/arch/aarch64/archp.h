/* Private to arch/aarch64: QEMU's virt machine. */
#pragma once

#include <arch.h>

#define VIRT_GIC_DISTRIBUTOR   0x08000000ull
#define VIRT_GIC_CPU_INTERFACE 0x08010000ull
#define VIRT_UART              0x09000000ull
#define VIRT_RTC               0x09010000ull
#define VIRT_GPIO              0x09030000ull
#define VIRT_GED               0x09080000ull    /* instead of the power key on the GPIO under UEFI with ACPI */
#define VIRT_PCI_IO            0x3EFF0000ull    /* port 0 */
#define VIRT_PCI_ECAM          0x4010000000ull
#define VIRT_PCI_ECAM_BUS_SIZE 0x100000ull

#define VIRT_INTID_TIMER       27               /* virtual timer, private */
#define VIRT_INTID_GPIO        39
#define VIRT_INTID_GED         41
#define VIRT_INTID_PCI(Slot)   (35 + (Slot) % 4)

VOID KiInterruptHandler(VOID);                  /* interrupt.c */
extern UCHAR KiUserCopyStart[], KiUserCopyEnd[], KiUserCopyFault[];
DECLSPEC_NORETURN VOID KiLoadTrapFrame(PKTRAP_FRAME TrapFrame, PVOID InitialStack);
