/* UTF-16 to UTF-8 and back. What is not well formed becomes U+FFFD. */
#include <nt.h>

#define REPLACEMENT 0xFFFD

NTSTATUS NTAPI RtlUnicodeToUTF8N(PCHAR Destination, ULONG Maximum, PULONG Written, PCWCH Source, ULONG SourceBytes)
{
    ULONG Count = SourceBytes / sizeof(WCHAR), Size = 0;
    NTSTATUS Status = STATUS_SUCCESS;

    for (ULONG i = 0; i < Count; i++) {
        ULONG Code = Source[i], Length;
        CHAR Bytes[4];

        if ((Code & 0xFC00) == 0xD800 && i + 1 < Count && (Source[i + 1] & 0xFC00) == 0xDC00)
            Code = 0x10000 + ((Code & 0x3FF) << 10) + (Source[++i] & 0x3FF);
        else if ((Code & 0xF800) == 0xD800)
            Code = REPLACEMENT;

        Length = Code < 0x80 ? 1 : Code < 0x800 ? 2 : Code < 0x10000 ? 3 : 4;
        for (ULONG k = Length; k-- > 1; Code >>= 6)
            Bytes[k] = (CHAR)(0x80 | (Code & 0x3F));
        Bytes[0] = (CHAR)(Length == 1 ? Code : (0xF00u >> Length) | Code);

        if (Destination) {
            if (Size + Length > Maximum) {
                Status = STATUS_BUFFER_TOO_SMALL;
                break;
            }
            memcpy(Destination + Size, Bytes, Length);
        }
        Size += Length;
    }
    if (Written)
        *Written = Size;
    return Status;
}

/* The next code point of the text; *Index moves past it. */
static ULONG DecodeUtf8(PCUCHAR Text, ULONG Size, PULONG Index)
{
    UCHAR Lead = Text[(*Index)++];
    ULONG More = Lead < 0x80 ? 0 : Lead >= 0xC2 && Lead < 0xE0 ? 1 : Lead >= 0xE0 && Lead < 0xF0 ? 2
                 : Lead >= 0xF0 && Lead < 0xF5 ? 3 : 9;
    static const ULONG Least[] = { 0, 0x80, 0x800, 0x10000 };
    ULONG Code = More == 0 ? Lead : Lead & (0x3F >> More);

    if (More == 9)
        return REPLACEMENT;
    for (ULONG k = 0; k < More; k++) {
        if (*Index >= Size || (Text[*Index] & 0xC0) != 0x80)
            return REPLACEMENT;
        Code = Code << 6 | (Text[(*Index)++] & 0x3F);
    }
    return Code < Least[More] || Code > 0x10FFFF || (Code & 0xFFFFF800) == 0xD800 ? REPLACEMENT : Code;
}

NTSTATUS NTAPI RtlUTF8ToUnicodeN(PWSTR Destination, ULONG Maximum, PULONG Written, PCSTR Source, ULONG SourceBytes)
{
    ULONG Size = 0, Index = 0;
    NTSTATUS Status = STATUS_SUCCESS;

    while (Index < SourceBytes) {
        ULONG Code = DecodeUtf8((PCUCHAR)Source, SourceBytes, &Index);
        ULONG Length = Code >= 0x10000 ? 2 : 1;

        if (Destination) {
            if (Size + Length * sizeof(WCHAR) > Maximum) {
                Status = STATUS_BUFFER_TOO_SMALL;
                break;
            }
            if (Length == 2) {
                Destination[Size / 2] = (WCHAR)(0xD800 + ((Code - 0x10000) >> 10));
                Destination[Size / 2 + 1] = (WCHAR)(0xDC00 + (Code & 0x3FF));
            } else {
                Destination[Size / 2] = (WCHAR)Code;
            }
        }
        Size += Length * sizeof(WCHAR);
    }
    if (Written)
        *Written = Size;
    return Status;
}
