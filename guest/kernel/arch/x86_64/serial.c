/* 16550 ports: COM1 for the wire, COM2 for the operator. */
#include "archp.h"

#include <hal.h>

#define COM1           0x3F8
#define COM2           0x2F8
#define COM2_LINE      3

#define UART_DATA      0
#define UART_IER       1
#define UART_FCR       2
#define UART_LCR       3
#define UART_MCR       4
#define UART_LSR       5
#define UART_SCRATCH   7
#define UART_FIFO      16
#define LSR_DATA_READY 0x01
#define LSR_THR_EMPTY  0x20

static HAL_RECEIVE_ROUTINE *HalpReceived;

/* Switching the FIFO on empties it, so the port that is typed at keeps what came before it was set up. */
static VOID HalpSetUpPort(USHORT Port, BOOLEAN Fifo)
{
    KiOut8(Port + UART_IER, 0);
    KiOut8(Port + UART_LCR, 0x80);          /* divisor 1: 115200 */
    KiOut8(Port + UART_DATA, 1);
    KiOut8(Port + UART_IER, 0);
    KiOut8(Port + UART_LCR, 0x03);          /* 8 bits, no parity */
    if (Fifo)
        KiOut8(Port + UART_FCR, 0x07);
    KiOut8(Port + UART_MCR, 0x0B);          /* DTR, RTS, OUT2: the last lets interrupts through */
}

/* QEMU drops what is written before the port is ready, when its reader is slow: so each FIFO-full waits. */
static VOID HalpPut(USHORT Port, ULONG Fifo, const char *Buffer, SIZE_T Length)
{
    for (SIZE_T i = 0; i < Length; i++) {
        while (i % Fifo == 0 && !(KiIn8(Port + UART_LSR) & LSR_THR_EMPTY))
            ;
        KiOut8(Port + UART_DATA, (UCHAR)Buffer[i]);
    }
}

VOID HalpInitializeSerial(VOID) { HalpSetUpPort(COM1, TRUE); }
VOID HalPutSerial(const char *Buffer, SIZE_T Length) { HalpPut(COM1, UART_FIFO, Buffer, Length); }
VOID HalpPutConsole(const char *Buffer, SIZE_T Length)
{
    if (HalpReceived != NULL)
        HalpPut(COM2, 1, Buffer, Length);
}

static VOID HalpConsoleInterrupt(PVOID Context)
{
    UNREFERENCED_PARAMETER(Context);
    while (KiIn8(COM2 + UART_LSR) & LSR_DATA_READY)
        HalpReceived(KiIn8(COM2 + UART_DATA));
}

BOOLEAN HalpInitializeConsolePort(HAL_RECEIVE_ROUTINE *Received)
{
    KiOut8(COM2 + UART_SCRATCH, 0x5A);
    if (KiIn8(COM2 + UART_SCRATCH) != 0x5A)
        return FALSE;
    HalpReceived = Received;
    HalpSetUpPort(COM2, FALSE);
    KiConnectInterrupt(COM2_LINE, FALSE, HalpConsoleInterrupt, NULL);
    KiOut8(COM2 + UART_IER, 1);             /* received data */
    return TRUE;
}
