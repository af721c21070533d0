/* Hardware abstraction: serial ports, PCI configuration space, power, the panic device. */
#pragma once

#include <ntdef.h>
#include <arch.h>

typedef enum _FIRMWARE_REENTRY {
    HalHaltRoutine, HalPowerDownRoutine, HalRestartRoutine, HalRebootRoutine
} FIRMWARE_REENTRY;

struct _LOADER_PARAMETER_BLOCK;

/* Phase 0: the first serial port, from the first C line. Phase 1, with Mm and Io's memory there: power, the panic device,
 * the operator's console. */
BOOLEAN HalInitSystem(ULONG Phase, struct _LOADER_PARAMETER_BLOCK *LoaderBlock);

/* The first serial port: console text and the wire. At any IRQL. */
VOID HalPutSerial(const char *Buffer, SIZE_T Length);
VOID HalDisplayString(PCSTR String);                /* \n becomes \r\n */

/* Tells the hypervisor through pvpanic that the system crashed; returns when there is none or the machine goes on. */
VOID HalPanicNotify(VOID);
DECLSPEC_NORETURN VOID HalReturnToFirmware(FIRMWARE_REENTRY Action);

/* ---- between hal and arch ----------------------------------------------------------------------------------------- */

/* serial.c */
VOID HalpInitializeSerial(VOID);
/* A second port, as the machine has it, for the operator: FALSE when there is none. Received carries each byte, at
 * DEVICE_LEVEL. */
typedef VOID HAL_RECEIVE_ROUTINE(UCHAR Byte);
BOOLEAN HalpInitializeConsolePort(HAL_RECEIVE_ROUTINE *Received);
VOID HalpPutConsole(const char *Buffer, SIZE_T Length);

/* power.c: HalpPowerButtonPressed (hal/console.c) is called at DEVICE_LEVEL. */
VOID HalpInitializePower(struct _LOADER_PARAMETER_BLOCK *LoaderBlock);
VOID HalpPowerOff(VOID);                            /* return when the machine did not obey */
VOID HalpReset(VOID);
VOID HalpPowerButtonPressed(VOID);

/* panic.c */
VOID HalpInitializePanic(VOID);

/* pci.c: configuration space. Width 1, 2 or 4; a missing function reads as all ones. */
BOOLEAN HalpInitializePci(struct _LOADER_PARAMETER_BLOCK *LoaderBlock);
ULONG HalpReadPciConfig(ULONG Bus, ULONG Device, ULONG Function, ULONG Offset, ULONG Width);
VOID HalpWritePciConfig(ULONG Bus, ULONG Device, ULONG Function, ULONG Offset, ULONG Width, ULONG Value);
/* The bus addresses that firmware leaves to us, for BARs without one. */
typedef enum _HAL_PCI_SPACE { HalPciIo, HalPciMemory, HalPciMemory64, HalPciSpaces } HAL_PCI_SPACE;
VOID HalpPciWindow(HAL_PCI_SPACE Space, ULONG64 *Base, ULONG64 *End);
/* The line that pin Pin (0: INTA) of a device on bus 0 raises; FALSE: not known. */
BOOLEAN HalpPciLine(ULONG Device, ULONG Pin, ULONG *Vector);

/* hal/pci.c */
typedef struct _HAL_PCI_FUNCTION {
    ULONG Bus, Device, Function;
} HAL_PCI_FUNCTION;
/* Nothing on the bus interrupts before its driver asks for it (lines are shared). */
VOID HalpSilencePci(VOID);
BOOLEAN HalFindPciDevice(USHORT VendorId, USHORT DeviceId, HAL_PCI_FUNCTION *Found);    /* bus 0 */
/* The one with number Index among those of the same kind. */
BOOLEAN HalFindPciFunction(USHORT VendorId, USHORT DeviceId, ULONG Index, HAL_PCI_FUNCTION *Found);
ULONG HalReadPciFunction(const HAL_PCI_FUNCTION *Function, ULONG Offset, ULONG Width);
/* The offset of the next capability CapabilityId behind the one at After (0: the first), or 0. */
ULONG HalFindPciCapability(const HAL_PCI_FUNCTION *Function, UCHAR CapabilityId, ULONG After);
/* INTx of the function calls Routine at DEVICE_LEVEL, message interrupts are off; FALSE: it has none. */
BOOLEAN HalConnectPciInterrupt(const HAL_PCI_FUNCTION *Function, KINTERRUPT_ROUTINE *Routine, PVOID Context);

/* hal/pcibar.c */
/* Gives BAR Index (memory with 64 bits, too) an address when firmware gave none, enables decoding; the bus address, or 0. */
ULONG64 HalAssignPciBar(const HAL_PCI_FUNCTION *Function, ULONG Index);
ULONG64 HalQueryPciBarSize(const HAL_PCI_FUNCTION *Function, ULONG Index);  /* bytes; 0: no such BAR */
