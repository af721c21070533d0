/* Values of the wire: bare or quoted, numbers, UTF-16 as escaped UTF-8. docs/wire.md has the grammar. */
#include "exp.h"

/* What every line still needs after its items: ` truncated=1 *xxxxxxxx\r\n`. */
#define RECORD_RESERVE 32u

static const CHAR ExpLowerDigits[] = "0123456789abcdef", ExpUpperDigits[] = "0123456789ABCDEF";

static VOID ExpPutChar(PEX_RECORD_LINE Line, CHAR Character)
{
    if (Line->Length < EX_RECORD_LIMIT - RECORD_RESERVE)
        Line->Text[Line->Length++] = Character;
    else
        Line->Truncated = TRUE;
}

VOID ExpPutText(PEX_RECORD_LINE Line, PCSTR Text)
{
    while (*Text != 0)
        ExpPutChar(Line, *Text++);
}

VOID ExpPutNumber(PEX_RECORD_LINE Line, ULONG64 Value)
{
    CHAR Digits[20];
    ULONG Count = 0;

    do {
        Digits[Count++] = (CHAR)('0' + Value % 10);
        Value /= 10;
    } while (Value != 0);
    while (Count > 0)
        ExpPutChar(Line, Digits[--Count]);
}

VOID ExpPutHex(PEX_RECORD_LINE Line, ULONG64 Value)
{
    ULONG Shift = 0;

    while (Shift < 60 && Value >> (Shift + 4) != 0)
        Shift += 4;
    ExpPutText(Line, "0x");
    for (;; Shift -= 4) {
        ExpPutChar(Line, ExpUpperDigits[Value >> Shift & 0xF]);
        if (Shift == 0)
            break;
    }
}

static BOOLEAN ExpIsBare(PCSTR Bytes, ULONG Length)
{
    for (ULONG i = 0; i < Length; i++) {
        if (Bytes[i] < 0x21 || Bytes[i] > 0x7E || Bytes[i] == '"')
            return FALSE;
    }
    return Length != 0;
}

/* One byte inside quotes; never cut in the middle of an escape. */
static VOID ExpPutQuotedByte(PEX_RECORD_LINE Line, UCHAR Byte)
{
    if (Line->Length + 5 > EX_RECORD_LIMIT - RECORD_RESERVE) {
        Line->Truncated = TRUE;
    } else if (Byte == '"' || Byte == '\\') {
        ExpPutChar(Line, '\\');
        ExpPutChar(Line, (CHAR)Byte);
    } else if (Byte >= 0x20 && Byte <= 0x7E) {
        ExpPutChar(Line, (CHAR)Byte);
    } else {
        ExpPutText(Line, "\\x");
        ExpPutChar(Line, ExpLowerDigits[Byte >> 4]);
        ExpPutChar(Line, ExpLowerDigits[Byte & 0xF]);
    }
}

VOID ExpPutValue(PEX_RECORD_LINE Line, PCSTR Bytes, ULONG Length)
{
    if (ExpIsBare(Bytes, Length) && Line->Length + Length + 2 <= EX_RECORD_LIMIT - RECORD_RESERVE) {
        for (ULONG i = 0; i < Length; i++)
            ExpPutChar(Line, Bytes[i]);
        return;
    }
    ExpPutChar(Line, '"');
    for (ULONG i = 0; i < Length; i++)
        ExpPutQuotedByte(Line, (UCHAR)Bytes[i]);
    if (Line->Truncated && Line->Length == EX_RECORD_LIMIT - RECORD_RESERVE)
        Line->Length--;
    ExpPutChar(Line, '"');
}

/* Converts piece by piece, so that no value is too long; a lone surrogate becomes U+FFFD. */
static ULONG ExpUtf8(PCWSTR Text, ULONG Characters, ULONG *Index, UCHAR Out[4])
{
    ULONG c = Text[(*Index)++];

    if (c >= 0xD800 && c <= 0xDFFF) {
        if (c <= 0xDBFF && *Index < Characters && Text[*Index] >= 0xDC00 && Text[*Index] <= 0xDFFF)
            c = 0x10000 + ((c - 0xD800) << 10) + (Text[(*Index)++] - 0xDC00u);
        else
            c = 0xFFFD;
    }
    if (c < 0x80) {
        Out[0] = (UCHAR)c;
        return 1;
    }
    if (c < 0x800) {
        Out[0] = (UCHAR)(0xC0 | c >> 6);
        Out[1] = (UCHAR)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        Out[0] = (UCHAR)(0xE0 | c >> 12);
        Out[1] = (UCHAR)(0x80 | (c >> 6 & 0x3F));
        Out[2] = (UCHAR)(0x80 | (c & 0x3F));
        return 3;
    }
    Out[0] = (UCHAR)(0xF0 | c >> 18);
    Out[1] = (UCHAR)(0x80 | (c >> 12 & 0x3F));
    Out[2] = (UCHAR)(0x80 | (c >> 6 & 0x3F));
    Out[3] = (UCHAR)(0x80 | (c & 0x3F));
    return 4;
}

VOID ExpPutWideValue(PEX_RECORD_LINE Line, PCWSTR Text, ULONG Bytes)
{
    ULONG Characters = Bytes / sizeof(WCHAR), Index = 0;
    BOOLEAN Bare = Characters != 0;
    UCHAR Encoded[4];

    for (ULONG i = 0; Bare && i < Characters; i++)
        Bare = Text[i] >= 0x21 && Text[i] <= 0x7E && Text[i] != L'"';
    if (Line->Length + Characters + 2 > EX_RECORD_LIMIT - RECORD_RESERVE)
        Bare = FALSE;
    if (!Bare)
        ExpPutChar(Line, '"');
    while (Index < Characters && !Line->Truncated) {
        ULONG Count = ExpUtf8(Text, Characters, &Index, Encoded);

        for (ULONG i = 0; i < Count; i++) {
            if (Bare)
                ExpPutChar(Line, (CHAR)Encoded[i]);
            else
                ExpPutQuotedByte(Line, Encoded[i]);
        }
    }
    if (!Bare) {
        if (Line->Length == EX_RECORD_LIMIT - RECORD_RESERVE)
            Line->Length--;
        ExpPutChar(Line, '"');
    }
}

static BOOLEAN ExpTakes(PCSTR *Format, PCSTR Specification)
{
    PCSTR f = *Format;

    while (*Specification != 0) {
        if (*f++ != *Specification++)
            return FALSE;
    }
    *Format = f;
    return TRUE;
}

/* `key=%spec` items; text between the specifications is copied. */
VOID ExpPutFormatted(PEX_RECORD_LINE Line, PCSTR Format, va_list Arguments)
{
    while (*Format != 0) {
        if (ExpTakes(&Format, "%u")) {
            ExpPutNumber(Line, va_arg(Arguments, ULONG));
        } else if (ExpTakes(&Format, "%d")) {
            LONG Value = va_arg(Arguments, LONG);

            if (Value < 0)
                ExpPutChar(Line, '-');
            ExpPutNumber(Line, Value < 0 ? 0ull - (ULONG64)(LONG64)Value : (ULONG64)Value);
        } else if (ExpTakes(&Format, "%x")) {
            ExpPutHex(Line, va_arg(Arguments, ULONG));
        } else if (ExpTakes(&Format, "%I64u")) {
            ExpPutNumber(Line, va_arg(Arguments, ULONG64));
        } else if (ExpTakes(&Format, "%I64x") || ExpTakes(&Format, "%p")) {
            ExpPutHex(Line, va_arg(Arguments, ULONG64));
        } else if (ExpTakes(&Format, "%s")) {
            PCSTR Text = va_arg(Arguments, PCSTR);
            ULONG Length = 0;

            while (Text[Length] != 0)
                Length++;
            ExpPutValue(Line, Text, Length);
        } else if (ExpTakes(&Format, "%wZ")) {
            PCUNICODE_STRING Text = va_arg(Arguments, PCUNICODE_STRING);

            ExpPutWideValue(Line, Text->Buffer, Text->Length);
        } else {
            ExpPutChar(Line, *Format++);
        }
    }
}
