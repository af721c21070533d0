/* Numbers in text: both directions, narrow and wide. */
#include <nt.h>

static ULONG Digit(WCHAR Character)
{
    if (Character >= '0' && Character <= '9')
        return Character - '0';
    Character |= 0x20;
    return Character >= 'a' && Character <= 'z' ? Character - 'a' + 10u : 99;
}

/* NT's rules: blanks, a sign, then for Base 0 a prefix 0x, 0o or 0b. Stops at the first character that is no digit. */
NTSTATUS NTAPI RtlUnicodeStringToInteger(PCUNICODE_STRING String, ULONG Base, PULONG Value)
{
    PCWSTR At = String->Buffer, End = At + String->Length / sizeof(WCHAR);
    BOOLEAN Negative = FALSE;
    ULONG Result = 0;

    while (At < End && *At <= ' ')
        At++;
    if (At < End && (*At == '-' || *At == '+'))
        Negative = *At++ == '-';
    if (Base == 0) {
        Base = 10;
        if (End - At >= 2 && At[0] == '0') {
            WCHAR Prefix = At[1] | 0x20;

            Base = Prefix == 'x' ? 16 : Prefix == 'o' ? 8 : Prefix == 'b' ? 2 : 10;
            At += Base == 10 ? 0 : 2;
        }
    } else if (Base != 2 && Base != 8 && Base != 10 && Base != 16) {
        return STATUS_INVALID_PARAMETER;
    }
    for (; At < End && Digit(*At) < Base; At++)
        Result = Result * Base + Digit(*At);
    *Value = Negative ? 0 - Result : Result;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlCharToInteger(PCSZ String, ULONG Base, PULONG Value)
{
    WCHAR Wide[64];
    UNICODE_STRING Text = { 0, sizeof(Wide), Wide };
    size_t Length = strnlen(String, RTL_NUMBER_OF(Wide));

    for (size_t i = 0; i < Length; i++)
        Wide[i] = (UCHAR)String[i];
    Text.Length = (USHORT)(Length * sizeof(WCHAR));
    return RtlUnicodeStringToInteger(&Text, Base, Value);
}

NTSTATUS NTAPI RtlIntegerToUnicodeString(ULONG Value, ULONG Base, PUNICODE_STRING String)
{
    WCHAR Digits[33], *At = Digits + RTL_NUMBER_OF(Digits);
    UNICODE_STRING Text;

    if (Base == 0)
        Base = 10;
    if (Base != 2 && Base != 8 && Base != 10 && Base != 16)
        return STATUS_INVALID_PARAMETER;
    do {
        *--At = L"0123456789ABCDEF"[Value % Base];
        Value /= Base;
    } while (Value);
    Text.Buffer = At;
    Text.Length = Text.MaximumLength = (USHORT)((Digits + RTL_NUMBER_OF(Digits) - At) * sizeof(WCHAR));
    if (Text.Length > String->MaximumLength)
        return STATUS_BUFFER_OVERFLOW;
    RtlCopyUnicodeString(String, &Text);
    return STATUS_SUCCESS;
}

unsigned long wcstoul(const wchar_t *String, wchar_t **End, int Base)
{
    const wchar_t *At = String;
    BOOLEAN Negative = FALSE;
    ULONG64 Value = 0;

    while (*At == ' ' || (*At >= '\t' && *At <= '\r'))
        At++;
    if (*At == '-' || *At == '+')
        Negative = *At++ == '-';
    if ((Base == 0 || Base == 16) && At[0] == '0' && (At[1] | 0x20) == 'x' && Digit(At[2]) < 16) {
        At += 2;
        Base = 16;
    }
    if (Base == 0)
        Base = *At == '0' ? 8 : 10;
    if (Digit(*At) >= (ULONG)Base)
        At = String;
    else
        for (; Digit(*At) < (ULONG)Base; At++)
            Value = min(Value * (ULONG)Base + Digit(*At), 0xFFFFFFFFull);
    if (End)
        *End = (wchar_t *)At;
    return (unsigned long)(Negative ? 0 - Value : Value);
}

unsigned long strtoul(const char *String, char **End, int Base)
{
    wchar_t Wide[64] = { 0 }, *Stop;
    size_t Length = strnlen(String, RTL_NUMBER_OF(Wide) - 1);
    unsigned long Value;

    for (size_t i = 0; i < Length; i++)
        Wide[i] = (UCHAR)String[i];
    Value = wcstoul(Wide, &Stop, Base);
    if (End)
        *End = (char *)String + (Stop - Wide);
    return Value;
}
