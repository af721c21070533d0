/* x86-64: the first serial port. */
#include "boot.h"

#define COM1 0x3F8

static VOID Out8(USHORT Port, UCHAR Value) { __asm__ volatile("outb %0,%1" :: "a"(Value), "Nd"(Port)); }
static UCHAR In8(USHORT Port) { UCHAR v; __asm__ volatile("inb %1,%0" : "=a"(v) : "Nd"(Port)); return v; }

VOID BootPutString(PCSTR Text)
{
    for (; *Text; Text++) {
        while (!(In8(COM1 + 5) & 0x20))
            ;
        Out8(COM1, (UCHAR)*Text);
    }
}
