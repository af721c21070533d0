/* Names: what NT lets a file be called, and what the 8.3 entries say. */
#include "fat.h"

/* Code page 437 from 0x80 on: what short names of other systems are written in. */
static const WCHAR FatOemHigh[128] =
    L"\u00C7\u00FC\u00E9\u00E2\u00E4\u00E0\u00E5\u00E7\u00EA\u00EB\u00E8\u00EF\u00EE\u00EC\u00C4\u00C5"
    L"\u00C9\u00E6\u00C6\u00F4\u00F6\u00F2\u00FB\u00F9\u00FF\u00D6\u00DC\u00A2\u00A3\u00A5\u20A7\u0192"
    L"\u00E1\u00ED\u00F3\u00FA\u00F1\u00D1\u00AA\u00BA\u00BF\u2310\u00AC\u00BD\u00BC\u00A1\u00AB\u00BB"
    L"\u2591\u2592\u2593\u2502\u2524\u2561\u2562\u2556\u2555\u2563\u2551\u2557\u255D\u255C\u255B\u2510"
    L"\u2514\u2534\u252C\u251C\u2500\u253C\u255E\u255F\u255A\u2554\u2569\u2566\u2560\u2550\u256C\u2567"
    L"\u2568\u2564\u2565\u2559\u2558\u2552\u2553\u256B\u256A\u2518\u250C\u2588\u2584\u258C\u2590\u2580"
    L"\u03B1\u00DF\u0393\u03C0\u03A3\u03C3\u00B5\u03C4\u03A6\u0398\u03A9\u03B4\u221E\u03C6\u03B5\u2229"
    L"\u2261\u00B1\u2265\u2264\u2320\u2321\u00F7\u2248\u00B0\u2219\u00B7\u221A\u207F\u00B2\u25A0\u00A0";

static BOOLEAN FatIsLegalCharacter(WCHAR Character)
{
    static const WCHAR Illegal[] = L"\"*/:<>?\\|";

    return Character >= 0x20 && wcschr(Illegal, Character) == NULL;
}

/* Of one component. A dot or a blank at the end would be lost with other readers; NT's own layers strip them. */
BOOLEAN FatIsLegalName(PCUNICODE_STRING Name)
{
    ULONG Length = Name->Length / sizeof(WCHAR);

    if (Length == 0 || Length > 255 || Name->Buffer[Length - 1] == L'.' || Name->Buffer[Length - 1] == L' ')
        return FALSE;
    for (ULONG i = 0; i < Length; i++)
        if (!FatIsLegalCharacter(Name->Buffer[i]))
            return FALSE;
    return TRUE;
}

/* In a short name: upper case, and fewer signs than in a long one. */
static BOOLEAN FatIsShortCharacter(WCHAR Character)
{
    static const WCHAR More[] = L"!#$%&'()-@^_`{}~";

    return (Character >= L'A' && Character <= L'Z') || (Character >= L'0' && Character <= L'9') ||
           (Character != 0 && wcschr(More, Character) != NULL);
}

BOOLEAN FatIsShortName(PCUNICODE_STRING Name, PUCHAR Short)
{
    ULONG Length = Name->Length / sizeof(WCHAR), At = 0, End = 8;

    RtlFillMemory(Short, 11, ' ');
    for (ULONG i = 0; i < Length; i++) {
        WCHAR Character = Name->Buffer[i];

        if (Character == L'.' && At != 0 && End == 8 && i + 1 < Length) {
            At = 8;                     /* the one dot, with something on both sides */
            End = 11;
            continue;
        }
        if (At == End || !FatIsShortCharacter(Character))
            return FALSE;
        Short[At++] = (UCHAR)Character;
    }
    return At != 0;
}

UCHAR FatShortChecksum(const UCHAR *Short)
{
    UCHAR Sum = 0;

    for (ULONG i = 0; i < 11; i++)
        Sum = (UCHAR)((Sum << 7 | Sum >> 1) + Short[i]);
    return Sum;
}

static USHORT FatShortPart(const UCHAR *Bytes, ULONG Size, BOOLEAN First, BOOLEAN Lower, PWCHAR Name)
{
    while (Size != 0 && Bytes[Size - 1] == ' ')
        Size--;
    for (ULONG i = 0; i < Size; i++) {
        UCHAR Byte = First && i == 0 && Bytes[i] == 0x05 ? 0xE5 : Bytes[i];
        WCHAR Character = Byte < 0x80 ? Byte : FatOemHigh[Byte - 0x80];

        Name[i] = Lower && Byte < 0x80 ? RtlDowncaseUnicodeChar(Character) : Character;
    }
    return (USHORT)Size;
}

USHORT FatShortToUnicode(const FAT_DIRENT *Entry, BOOLEAN Case, PWCHAR Name)
{
    USHORT Length = FatShortPart(Entry->Name, 8, TRUE, Case && (Entry->Case & 0x08) != 0, Name);
    USHORT Extension = FatShortPart(Entry->Name + 8, 3, FALSE, Case && (Entry->Case & 0x10) != 0, Name + Length + 1);

    if (Extension == 0)
        return Length;
    Name[Length] = L'.';
    return (USHORT)(Length + 1 + Extension);
}
