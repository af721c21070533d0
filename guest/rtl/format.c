/* The formatter behind DbgPrint, snprintf and the kernel's records: one engine, any sink. */
#include <nt.h>

typedef struct _SPEC {
    BOOLEAN Left, Zero, Plus, Space, Alternate;
    BOOLEAN Wide;       /* l or w before c, s, Z */
    BOOLEAN Narrow;     /* h before c, s */
    UCHAR Size;         /* bytes of an integer: 2, 4, 8 */
    int Width;
    int Precision;      /* -1: not given */
} SPEC;

typedef struct _SINK {
    VOID (*Put)(PVOID Context, CHAR Character);
    PVOID Context;
    int Count;
} SINK;

static VOID Emit(SINK *Sink, CHAR Character)
{
    Sink->Put(Sink->Context, Character);
    Sink->Count++;
}

static VOID Pad(SINK *Sink, CHAR Character, int Count)
{
    for (; Count > 0; Count--)
        Emit(Sink, Character);
}

static VOID PutNarrow(SINK *Sink, const SPEC *Spec, PCSTR Text, int Length)
{
    if (Spec->Precision >= 0 && Length > Spec->Precision)
        Length = Spec->Precision;
    if (!Spec->Left)
        Pad(Sink, ' ', Spec->Width - Length);
    for (int i = 0; i < Length; i++)
        Emit(Sink, Text[i]);
    if (Spec->Left)
        Pad(Sink, ' ', Spec->Width - Length);
}

/* Wide text leaves as UTF-8. Widths count UTF-16 units. */
static VOID PutWide(SINK *Sink, const SPEC *Spec, PCWSTR Text, int Length)
{
    CHAR Bytes[4];
    ULONG Size;

    if (Spec->Precision >= 0 && Length > Spec->Precision)
        Length = Spec->Precision;
    if (!Spec->Left)
        Pad(Sink, ' ', Spec->Width - Length);
    for (int i = 0; i < Length;) {
        int Units = (Text[i] & 0xFC00) == 0xD800 && i + 1 < Length ? 2 : 1;

        RtlUnicodeToUTF8N(Bytes, sizeof(Bytes), &Size, Text + i, Units * sizeof(WCHAR));
        for (ULONG k = 0; k < Size; k++)
            Emit(Sink, Bytes[k]);
        i += Units;
    }
    if (Spec->Left)
        Pad(Sink, ' ', Spec->Width - Length);
}

static VOID PutNumber(SINK *Sink, const SPEC *Spec, ULONG64 Value, ULONG Base, BOOLEAN Upper, CHAR Sign)
{
    CHAR Digits[24];
    int Count = 0, Zeros, Prefix;

    for (ULONG64 Rest = Value; Rest; Rest /= Base) {
        ULONG Digit = (ULONG)(Rest % Base);

        Digits[Count++] = (CHAR)(Digit < 10 ? '0' + Digit : (Upper ? 'A' : 'a') + Digit - 10);
    }
    if (!Count && Spec->Precision != 0)
        Digits[Count++] = '0';
    Prefix = (Sign ? 1 : 0) + (Spec->Alternate && Base == 16 && Value ? 2 : 0);
    Zeros = Spec->Precision - Count;
    if (Spec->Precision < 0 && Spec->Zero && !Spec->Left)
        Zeros = Spec->Width - Prefix - Count;
    Zeros = max(Zeros, 0);

    if (!Spec->Left)
        Pad(Sink, ' ', Spec->Width - Prefix - Zeros - Count);
    if (Sign)
        Emit(Sink, Sign);
    if (Spec->Alternate && Base == 16 && Value) {
        Emit(Sink, '0');
        Emit(Sink, Upper ? 'X' : 'x');
    }
    Pad(Sink, '0', Zeros);
    for (int i = Count; i > 0; i--)
        Emit(Sink, Digits[i - 1]);
    if (Spec->Left)
        Pad(Sink, ' ', Spec->Width - Prefix - Zeros - Count);
}

static PCSTR ParseNumber(PCSTR At, int *Number)
{
    for (*Number = 0; *At >= '0' && *At <= '9'; At++)
        *Number = *Number * 10 + (*At - '0');
    return At;
}

/* Size letters between the precision and the conversion. */
static PCSTR ParseSize(PCSTR At, SPEC *Spec)
{
    for (Spec->Size = sizeof(int);; At++) {
        if (*At == 'h') {
            Spec->Narrow = TRUE;
            Spec->Size = 2;
        } else if (*At == 'l' && At[1] == 'l') {
            At++;
            Spec->Size = 8;
        } else if (*At == 'l' || *At == 'w') {
            Spec->Wide = TRUE; /* a long has 32 bits here */
        } else if (*At == 'z' || *At == 'j' || *At == 't') {
            Spec->Size = 8;
        } else if (*At == 'I' && At[1] == '6' && At[2] == '4') {
            At += 2;
            Spec->Size = 8;
        } else if (*At == 'I' && At[1] == '3' && At[2] == '2') {
            At += 2;
        } else if (*At == 'I') {
            Spec->Size = 8;
        } else {
            return At;
        }
    }
}

static VOID PutStringArgument(SINK *Sink, const SPEC *Spec, BOOLEAN Wide, PCVOID Text)
{
    int Limit = Spec->Precision >= 0 ? Spec->Precision : MAXLONG;

    if (!Text)
        PutNarrow(Sink, Spec, "(null)", 6);
    else if (Wide)
        PutWide(Sink, Spec, Text, (int)wcsnlen(Text, Limit));
    else
        PutNarrow(Sink, Spec, Text, (int)strnlen(Text, Limit));
}

static VOID PutCountedArgument(SINK *Sink, const SPEC *Spec, PCVOID String)
{
    PCUNICODE_STRING Wide = String;
    PCANSI_STRING Narrow = String;

    if (!String || !Narrow->Buffer)
        PutNarrow(Sink, Spec, "", 0);
    else if (Spec->Wide)
        PutWide(Sink, Spec, Wide->Buffer, Wide->Length / sizeof(WCHAR));
    else
        PutNarrow(Sink, Spec, Narrow->Buffer, Narrow->Length);
}

static VOID PutSigned(SINK *Sink, const SPEC *Spec, LONG64 Value)
{
    CHAR Sign = Value < 0 ? '-' : Spec->Plus ? '+' : Spec->Space ? ' ' : 0;

    PutNumber(Sink, Spec, Value < 0 ? 0 - (ULONG64)Value : (ULONG64)Value, 10, FALSE, Sign);
}

static ULONG64 Unsigned(const SPEC *Spec, va_list *Arguments)
{
    if (Spec->Size == 8)
        return va_arg(*Arguments, ULONG64);
    return Spec->Size == 2 ? (USHORT)va_arg(*Arguments, UINT) : va_arg(*Arguments, UINT);
}

static LONG64 Signed(const SPEC *Spec, va_list *Arguments)
{
    if (Spec->Size == 8)
        return va_arg(*Arguments, LONG64);
    return Spec->Size == 2 ? (SHORT)va_arg(*Arguments, INT) : va_arg(*Arguments, INT);
}

static VOID PutCharacter(SINK *Sink, const SPEC *Spec, BOOLEAN Wide, int Character)
{
    WCHAR WideCharacter = (WCHAR)Character;
    CHAR NarrowCharacter = (CHAR)Character;

    if (Wide)
        PutWide(Sink, Spec, &WideCharacter, 1);
    else
        PutNarrow(Sink, Spec, &NarrowCharacter, 1);
}

static VOID Convert(SINK *Sink, SPEC *Spec, CHAR Conversion, va_list *Arguments)
{
    switch (Conversion) {
    case 'd':
    case 'i':
        PutSigned(Sink, Spec, Signed(Spec, Arguments));
        break;
    case 'u':
        PutNumber(Sink, Spec, Unsigned(Spec, Arguments), 10, FALSE, 0);
        break;
    case 'o':
        PutNumber(Sink, Spec, Unsigned(Spec, Arguments), 8, FALSE, 0);
        break;
    case 'x':
    case 'X':
        PutNumber(Sink, Spec, Unsigned(Spec, Arguments), 16, Conversion == 'X', 0);
        break;
    case 'p':
        Spec->Precision = 16;
        PutNumber(Sink, Spec, (ULONG_PTR)va_arg(*Arguments, PVOID), 16, TRUE, 0);
        break;
    case 'c':
    case 'C':
        PutCharacter(Sink, Spec, Conversion == 'C' ? !Spec->Narrow : Spec->Wide, va_arg(*Arguments, int));
        break;
    case 's':
    case 'S':
        PutStringArgument(Sink, Spec, Conversion == 'S' ? !Spec->Narrow : Spec->Wide, va_arg(*Arguments, PVOID));
        break;
    case 'Z':
        PutCountedArgument(Sink, Spec, va_arg(*Arguments, PVOID));
        break;
    default:
        Emit(Sink, '%');
        if (Conversion && Conversion != '%')
            Emit(Sink, Conversion);
    }
}

int RtlpFormat(VOID (*Put)(PVOID Context, CHAR Character), PVOID Context, PCSTR Format, va_list Arguments)
{
    SINK Sink = { Put, Context, 0 };
    va_list Rest;

    va_copy(Rest, Arguments);
    for (PCSTR At = Format; *At; At++) {
        SPEC Spec = { .Precision = -1 };

        if (*At != '%') {
            Emit(&Sink, *At);
            continue;
        }
        for (At++;; At++) {
            if (*At == '-')
                Spec.Left = TRUE;
            else if (*At == '0')
                Spec.Zero = TRUE;
            else if (*At == '+')
                Spec.Plus = TRUE;
            else if (*At == ' ')
                Spec.Space = TRUE;
            else if (*At == '#')
                Spec.Alternate = TRUE;
            else
                break;
        }
        if (*At == '*') {
            Spec.Width = va_arg(Rest, int);
            if (Spec.Width < 0) {
                Spec.Left = TRUE;
                Spec.Width = -Spec.Width;
            }
            At++;
        } else {
            At = ParseNumber(At, &Spec.Width);
        }
        if (*At == '.' && At[1] == '*') {
            Spec.Precision = va_arg(Rest, int);
            At += 2;
        } else if (*At == '.') {
            At = ParseNumber(At + 1, &Spec.Precision);
        }
        At = ParseSize(At, &Spec);
        Convert(&Sink, &Spec, *At, &Rest);
        if (!*At)
            break;
    }
    va_end(Rest);
    return Sink.Count;
}
