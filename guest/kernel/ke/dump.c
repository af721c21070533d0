/* Registers and hexadecimal numbers on the first serial port, with nothing of the kernel needed but hal. */
#include "kip.h"

#include <hal.h>

VOID KiFormatHex(ULONG64 Value, ULONG Digits, CHAR *Buffer)
{
    for (ULONG i = Digits; i-- > 0; Value >>= 4)
        Buffer[i] = "0123456789ABCDEF"[Value & 15];
    Buffer[Digits] = 0;
}

VOID KiDumpRegister(PCSTR Name, ULONG64 Value, ULONG Index)
{
    CHAR Text[17];

    HalDisplayString(Index == 0 ? "    " : Index % 4 == 0 ? "\n    " : " ");
    HalDisplayString(Name);
    HalDisplayString("=");
    KiFormatHex(Value, 16, Text);
    HalDisplayString(Text);
}
