/* ARM64: virt's first serial port, which waits for its reader by itself. */
#include "boot.h"

#define PL011_DATA 0x09000000
VOID BootPutString(PCSTR Text)
{
    for (; *Text; Text++)
        *(volatile ULONG *)PL011_DATA = (UCHAR)*Text;
}
