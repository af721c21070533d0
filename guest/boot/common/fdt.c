/* Walks a flattened device tree (version 17). */
#include "fdt.h"

#define FDT_MAGIC      0xD00DFEED
#define FDT_BEGIN_NODE 1
#define FDT_END_NODE   2
#define FDT_PROP       3
#define FDT_NOP        4

ULONG64 FdtCells(const UCHAR *Data, ULONG Length)
{
    ULONG64 Value = 0;

    while (Length--)
        Value = Value << 8 | *Data++;
    return Value;
}

static ULONG Read32(PCVOID Fdt, ULONG Offset) { return (ULONG)FdtCells((const UCHAR *)Fdt + Offset, 4); }

BOOLEAN FdtIsValid(PCVOID Fdt) { return Fdt != NULL && Read32(Fdt, 0) == FDT_MAGIC; }
ULONG FdtSize(PCVOID Fdt) { return Read32(Fdt, 4); }

static BOOLEAN SameText(PCSTR A, PCSTR B, CHAR Stop)
{
    while (*A && *A == *B)
        A++, B++;
    return *B == 0 && (*A == 0 || *A == Stop);
}

BOOLEAN FdtFindProperty(PCVOID Fdt, PCSTR Node, PCSTR Name, FDT_PROPERTY *Property)
{
    ULONG Offset = Read32(Fdt, 8), Strings = Read32(Fdt, 12), End = FdtSize(Fdt);
    ULONG Depth = 0;
    BOOLEAN Inside = FALSE;

    while (Offset < End) {
        ULONG Token = Read32(Fdt, Offset);
        PCSTR Text = (PCSTR)Fdt + Offset + 4;

        Offset += 4;
        if (Token == FDT_BEGIN_NODE) {
            ULONG Length = 0;
            if (++Depth == 2)
                Inside = SameText(Text, Node, '@');
            while (Text[Length])
                Length++;
            Offset += (Length + 4) & ~3u;
        } else if (Token == FDT_END_NODE) {
            if (Depth-- == 2)
                Inside = FALSE;
        } else if (Token == FDT_PROP) {
            ULONG Length = Read32(Fdt, Offset);
            PCSTR Own = (PCSTR)Fdt + Strings + Read32(Fdt, Offset + 4);
            if (Inside && Depth == 2 && SameText(Own, Name, 0)) {
                *Property = (FDT_PROPERTY){ (const UCHAR *)Fdt + Offset + 8, Length };
                return TRUE;
            }
            Offset += 8 + ((Length + 3) & ~3u);
        } else if (Token != FDT_NOP) {
            return FALSE;
        }
    }
    return FALSE;
}
