/* Claims: what this program says it did, as records of the kernel's serial port. */
#include "ntdllp.h"

#define CLAIM_LIMIT 2048 /* characters; the kernel takes no more */

typedef struct _FIELDS {
    ULONG Used;
    WCHAR Text[CLAIM_LIMIT];
} FIELDS;

static VOID AddWide(FIELDS *Fields, PCWSTR Text, ULONG Length)
{
    Length = min(Length, CLAIM_LIMIT - 3 - Fields->Used);
    memcpy(Fields->Text + Fields->Used, Text, Length * sizeof(WCHAR));
    Fields->Used += Length;
}

static VOID EndField(FIELDS *Fields)
{
    if (Fields->Used < CLAIM_LIMIT - 2)
        Fields->Text[Fields->Used++] = 0;
}

static VOID AddNarrow(FIELDS *Fields, PCSTR Text, SIZE_T Length)
{
    for (; Length; Length--, Text++) {
        WCHAR Character = (UCHAR)*Text;

        AddWide(Fields, &Character, 1);
    }
}

static VOID AddNumber(FIELDS *Fields, PCSTR Format, ULONG Value)
{
    CHAR Digits[16];

    AddNarrow(Fields, Digits, snprintf(Digits, sizeof(Digits), Format, Value));
}

/* The value of one item; returns what follows its specification. */
static PCSTR AddValue(FIELDS *Fields, PCSTR Spec, va_list *Arguments)
{
    if (!strncmp(Spec, "%wZ", 3)) {
        PCUNICODE_STRING String = va_arg(*Arguments, PCUNICODE_STRING);

        AddWide(Fields, String->Buffer, String->Length / sizeof(WCHAR));
        return Spec + 3;
    }
    if (!strncmp(Spec, "%ws", 3)) {
        PCWSTR String = va_arg(*Arguments, PCWSTR);

        AddWide(Fields, String, (ULONG)wcslen(String));
        return Spec + 3;
    }
    if (!strncmp(Spec, "%u", 2) || !strncmp(Spec, "%x", 2)) {
        AddNumber(Fields, Spec[1] == 'u' ? "%u" : "0x%X", va_arg(*Arguments, ULONG));
        return Spec + 2;
    }
    /* A constant of the caller's. */
    for (; *Spec && *Spec != ' '; Spec++)
        AddNarrow(Fields, Spec, 1);
    return Spec;
}

NTSTATUS RtlpClaim(PCSTR Event, PCSTR Format, ...)
{
    FIELDS Fields;
    va_list Arguments;

    Fields.Used = 0;
    AddNarrow(&Fields, Event, strlen(Event));
    EndField(&Fields);
    va_start(Arguments, Format);
    while (Format && *Format) {
        PCSTR Equal = strchr(Format, '=');

        if (!Equal)
            break;
        AddNarrow(&Fields, Format, Equal - Format);
        EndField(&Fields);
        Format = AddValue(&Fields, Equal + 1, &Arguments);
        EndField(&Fields);
        Format += *Format == ' ';
    }
    va_end(Arguments);
    Fields.Text[Fields.Used++] = 0;
    return NtTraceEvent(NULL, ETW_NT_FLAGS_TRACE_CLAIM, Fields.Used * sizeof(WCHAR), Fields.Text);
}
