/* The PL011 for the wire; a 16550 on PCI (pci-serial) for the operator. */
#include "archp.h"

#include <hal.h>
#include <ke.h>
#include <loader.h>
#include <mm.h>

#define PCI_SERIAL_VENDOR 0x1B36
#define PCI_SERIAL_DEVICE 0x0002

#define UART_DATA         0
#define UART_IER          1
#define UART_LCR          3
#define UART_MCR          4
#define UART_LSR          5
#define LSR_DATA_READY    0x01
#define LSR_THR_EMPTY     0x20

static volatile ULONG *HalpUart;
static volatile UCHAR *HalpConsole;
static HAL_RECEIVE_ROUTINE *HalpReceived;

/* The port has to work before Mm does, so its page goes into the kernel's root with tables of our own, at the end of the
 * region of device registers. */
#define UART_ADDRESS 0xFFFFFC7FFFFFF000ull

VOID HalpInitializeSerial(VOID)
{
    static ULONG64 Tables[3][512] __attribute__((aligned(4096)));
    PULONG64 Table = (PULONG64)(KSEG_BASE + KeLoaderBlock->PageTableRootPhysical);
    ULONG Level = 0;

    for (ULONG Shift = 39; Shift > PAGE_SHIFT; Shift -= 9) {
        PULONG64 Entry = &Table[UART_ADDRESS >> Shift & 511];
        if (!KiIsEntryValid(*Entry))
            *Entry = KiTableEntry((ULONG64)Tables[Level] - KeLoaderBlock->KernelBase + KeLoaderBlock->KernelPhysical);
        Level++;
        Table = (PULONG64)(KSEG_BASE + (*Entry & KI_ENTRY_ADDRESS));
    }
    Table[UART_ADDRESS >> PAGE_SHIFT & 511] = KiPageEntry(VIRT_UART, KI_PAGE_WRITE | KI_PAGE_DEVICE | KI_PAGE_GLOBAL);
    KiPublishEntry();
    HalpUart = (volatile ULONG *)UART_ADDRESS;
}

/* QEMU's PL011 waits for its reader by itself, so there is nothing to poll. */
VOID HalPutSerial(const char *Buffer, SIZE_T Length)
{
    for (SIZE_T i = 0; i < Length; i++)
        HalpUart[0] = (UCHAR)Buffer[i];
}

VOID HalpPutConsole(const char *Buffer, SIZE_T Length)
{
    for (SIZE_T i = 0; HalpConsole != NULL && i < Length; i++) {
        while (!(HalpConsole[UART_LSR] & LSR_THR_EMPTY))
            ;
        HalpConsole[UART_DATA] = (UCHAR)Buffer[i];
    }
}

static VOID HalpConsoleInterrupt(PVOID Context)
{
    UNREFERENCED_PARAMETER(Context);
    while (HalpConsole[UART_LSR] & LSR_DATA_READY)
        HalpReceived(HalpConsole[UART_DATA]);
}

BOOLEAN HalpInitializeConsolePort(HAL_RECEIVE_ROUTINE *Received)
{
    HAL_PCI_FUNCTION Function;
    ULONG64 Port;

    if (!HalFindPciDevice(PCI_SERIAL_VENDOR, PCI_SERIAL_DEVICE, &Function))
        return FALSE;
    Port = HalAssignPciBar(&Function, 0);
    if (Port == 0)
        return FALSE;
    HalpReceived = Received;
    HalpConsole = MmMapIoSpace(VIRT_PCI_IO + Port, 8);
    if (HalpConsole == NULL)
        return FALSE;
    /* The FIFO stays off: switching it on would drop what was typed before. */
    HalpConsole[UART_LCR] = 0x03;           /* 8 bits, no parity */
    HalpConsole[UART_MCR] = 0x0B;
    HalConnectPciInterrupt(&Function, HalpConsoleInterrupt, NULL);
    HalpConsole[UART_IER] = 1;              /* received data */
    return TRUE;
}
