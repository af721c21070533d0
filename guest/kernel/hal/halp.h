/* Private to hal. */
#pragma once

/* console.c; the button before anybody can press it */
VOID HalpInitializePowerButton(VOID);
VOID HalpInitializeConsole(VOID);

/* pci.c */
#define PCI_DEVICES         32
#define PCI_FUNCTIONS       8
#define PCI_COMMAND         0x04
#define PCI_COMMAND_ALL     0x7u        /* I/O, memory, bus master */
#define PCI_COMMAND_DECODE  0x3u
#define PCI_COMMAND_NO_INTX 0x400u
VOID HalpWritePciFunction(const HAL_PCI_FUNCTION *Function, ULONG Offset, ULONG Width, ULONG Value);
/* All functions of bus 0: `for (F = first; HalpNextPciFunction(&F); HalpSkipPciFunction(&F))`. */
BOOLEAN HalpNextPciFunction(HAL_PCI_FUNCTION *Function);
VOID HalpSkipPciFunction(HAL_PCI_FUNCTION *Function);
