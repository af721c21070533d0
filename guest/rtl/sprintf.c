/* The formatter's callers that write into a buffer, narrow and wide. */
#include <nt.h>

typedef struct _BUFFER {
    char *Text;
    size_t Size;
    size_t Used;
} BUFFER;

static VOID PutByte(PVOID Context, CHAR Character)
{
    BUFFER *Buffer = Context;

    if (Buffer->Used + 1 < Buffer->Size)
        Buffer->Text[Buffer->Used++] = Character;
}

int vsnprintf(char *Text, size_t Size, const char *Format, va_list Arguments)
{
    BUFFER Buffer = { Text, Size, 0 };
    int Length = RtlpFormat(PutByte, &Buffer, Format, Arguments);

    if (Size)
        Text[Buffer.Used] = 0;
    return Length;
}

int snprintf(char *Buffer, size_t Size, const char *Format, ...)
{
    va_list Arguments;
    int Length;

    va_start(Arguments, Format);
    Length = vsnprintf(Buffer, Size, Format, Arguments);
    va_end(Arguments);
    return Length;
}

int sprintf(char *Buffer, const char *Format, ...)
{
    va_list Arguments;
    int Length;

    va_start(Arguments, Format);
    Length = vsnprintf(Buffer, (size_t)1 << 30, Format, Arguments);
    va_end(Arguments);
    return Length;
}

/* UTF-8 from the engine back to UTF-16. */
typedef struct _WIDE_BUFFER {
    wchar_t *Text;
    size_t Size;
    size_t Used;
    CHAR Pending[4];
    ULONG Count;
} WIDE_BUFFER;

static VOID PutWideByte(PVOID Context, CHAR Character)
{
    WIDE_BUFFER *Buffer = Context;
    UCHAR Lead;
    ULONG Need, Written;
    WCHAR Units[2];

    Buffer->Pending[Buffer->Count++] = Character;
    Lead = (UCHAR)Buffer->Pending[0];
    Need = Lead < 0xC0 ? 1 : Lead < 0xE0 ? 2 : Lead < 0xF0 ? 3 : 4;
    if (Buffer->Count < Need)
        return;
    RtlUTF8ToUnicodeN(Units, sizeof(Units), &Written, Buffer->Pending, Buffer->Count);
    Buffer->Count = 0;
    for (ULONG i = 0; i < Written / sizeof(WCHAR); i++, Buffer->Used++) {
        if (Buffer->Used + 1 < Buffer->Size)
            Buffer->Text[Buffer->Used] = Units[i];
    }
}

/* A wide format's %s is wide: give the engine %ws for it, and %hs for %S. Size of Narrow in bytes. */
static BOOLEAN NarrowFormat(PSTR Narrow, size_t Size, PCWSTR Format)
{
    size_t Used = 0;

    while (*Format) {
        BOOLEAN Sized = FALSE;

        if (Used + 4 >= Size)
            return FALSE;
        Narrow[Used++] = (CHAR)*Format;
        if (*Format++ != '%')
            continue;
        while (*Format && wcschr(L"-+ #0123456789.*hlwI", *Format)) {
            Sized |= wcschr(L"hlw", *Format) != NULL;
            if (Used + 4 >= Size)
                return FALSE;
            Narrow[Used++] = (CHAR)*Format++;
        }
        if ((*Format == 's' || *Format == 'c') && !Sized)
            Narrow[Used++] = 'w';
        else if ((*Format == 'S' || *Format == 'C') && !Sized)
            Narrow[Used++] = 'h';
        if (*Format)
            Narrow[Used++] = (CHAR)*Format++;
    }
    Narrow[Used] = 0;
    return TRUE;
}

/* -1 when the text did not fit (it is cut and terminated) or the format is longer than 255 characters. */
int _vsnwprintf(wchar_t *Text, size_t Size, const wchar_t *Format, va_list Arguments)
{
    WIDE_BUFFER Buffer = { .Text = Text, .Size = Size };
    CHAR Narrow[256];

    if (!NarrowFormat(Narrow, sizeof(Narrow), Format))
        return -1;
    RtlpFormat(PutWideByte, &Buffer, Narrow, Arguments);
    if (Size)
        Text[min(Buffer.Used, Size - 1)] = 0;
    return Buffer.Used < Size ? (int)Buffer.Used : -1;
}

int _snwprintf(wchar_t *Buffer, size_t Size, const wchar_t *Format, ...)
{
    va_list Arguments;
    int Length;

    va_start(Arguments, Format);
    Length = _vsnwprintf(Buffer, Size, Format, Arguments);
    va_end(Arguments);
    return Length;
}
