/* Names in directories: short ones, the pieces of long ones, and paths for people. */
#include "fatchk.h"

BOOLEAN FatIsDotName(const UCHAR *Name, ULONG Dots)
{
    for (ULONG i = 0; i < 11; i++) {
        if (Name[i] != (i < Dots ? '.' : ' '))
            return FALSE;
    }
    return TRUE;
}

static BOOLEAN IsGoodCharacter(UCHAR Character)
{
    static const CHAR Forbidden[] = "\"*+,./:;<=>?[\\]|";

    for (ULONG i = 0; Forbidden[i]; i++) {
        if (Character == (UCHAR)Forbidden[i])
            return FALSE;
    }
    return Character >= ' ' && Character != 0x7F;
}

static BOOLEAN IsGoodPart(const UCHAR *Part, ULONG Length)
{
    BOOLEAN Ended = FALSE;

    for (ULONG i = 0; i < Length; i++) {
        if (Part[i] == ' ') {
            Ended = TRUE;
            continue;
        }
        if (Ended || !IsGoodCharacter(Part[i]) || (Part[i] >= 'a' && Part[i] <= 'z'))
            return FALSE;
    }
    return TRUE;
}

/* A first byte of 5 stands for 0xE5, which would mean a deleted entry. */
BOOLEAN FatIsGoodShortName(const UCHAR *Name)
{
    UCHAR Copy[8];

    memcpy(Copy, Name, 8);
    if (Copy[0] == 0x05)
        Copy[0] = 0xE5;
    return Copy[0] != ' ' && IsGoodPart(Copy, 8) && IsGoodPart(Name + 8, 3);
}

/* A label may have blanks and small letters, but not at its beginning a blank. */
BOOLEAN FatIsGoodLabel(const UCHAR *Name)
{
    for (ULONG i = 0; i < 11; i++) {
        if (!IsGoodCharacter(i || Name[i] != 0x05 ? Name[i] : 0xE5))
            return FALSE;
    }
    return Name[0] != ' ';
}

UCHAR FatNameChecksum(const UCHAR *Name)
{
    UCHAR Sum = 0;

    for (ULONG i = 0; i < 11; i++)
        Sum = (UCHAR)((Sum >> 1 | Sum << 7) + Name[i]);
    return Sum;
}

/* Bytes that are no plain characters are shown as `_`: which code page they are in is not on the disk. */
VOID FatShortNameText(const UCHAR *Name, PWSTR Text)
{
    ULONG Length = 0, Extension = 0;

    for (ULONG i = 0; i < 11; i++) {
        if (Name[i] == ' ')
            continue;
        if (i >= 8 && !Extension++)
            Text[Length++] = '.';
        Text[Length++] = Name[i] > ' ' && Name[i] < 0x7F ? Name[i] : '_';
    }
    Text[Length] = UNICODE_NULL;
}

static WCHAR PieceCharacter(const FAT_ENTRY *Slot, ULONG Index)
{
    static const UCHAR Offsets[13] = { 1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30 };
    const UCHAR *Bytes = (const UCHAR *)Slot + Offsets[Index];

    return (WCHAR)(Bytes[0] | Bytes[1] << 8);
}

static BOOLEAN IsGoodLongCharacter(WCHAR Character)
{
    static const CHAR Forbidden[] = "\"*/:<>?\\|";

    for (ULONG i = 0; Forbidden[i]; i++) {
        if (Character == (WCHAR)Forbidden[i])
            return FALSE;
    }
    return Character >= ' ';
}

/* Slots[0] is marked as the last piece; the name ends in NUL and 0xFFFF unless it fills its slots. */
BOOLEAN FatReadLongName(const FAT_ENTRY *Slots, ULONG Count, UCHAR Checksum, PWSTR Text, ULONG Limit)
{
    ULONG Length = 0;
    BOOLEAN Ended = FALSE;

    if (!Count || Count > 20)
        return FALSE;
    for (ULONG Piece = 1; Piece <= Count; Piece++) {
        const FAT_ENTRY *Slot = Slots + Count - Piece;

        if (Slot->Name[0] != (Piece | (Piece == Count ? 0x40 : 0)) || Slot->Attributes != FAT_ATTR_LONG || Slot->Case ||
            Slot->FirstLow || Slot->CreateTenth != Checksum)
            return FALSE;
        for (ULONG i = 0; i < 13; i++) {
            WCHAR Character = PieceCharacter(Slot, i);

            if (Ended && Character != 0xFFFF)
                return FALSE;
            if (Ended)
                continue;
            Ended = Character == UNICODE_NULL;
            if (!Ended && (Length == 255 || !IsGoodLongCharacter(Character)))
                return FALSE;
            if (!Ended && Length++ + 1 < Limit)
                Text[Length - 1] = Character;
        }
        if (Ended && Piece != Count)
            return FALSE;
    }
    Text[min(Length, Limit - 1)] = UNICODE_NULL;
    return Length > (Count - 1) * 13;
}

VOID FatAppendPath(PWSTR Path, PCWSTR Folder, PCWSTR Name)
{
    ULONG Length = 0;

    while (*Folder && Length < FAT_PATH_LIMIT - 1)
        Path[Length++] = *Folder++;
    if (Length < FAT_PATH_LIMIT - 1 && (!Length || Path[Length - 1] != '\\'))
        Path[Length++] = '\\';
    while (*Name && Length < FAT_PATH_LIMIT - 1)
        Path[Length++] = *Name++;
    Path[Length] = UNICODE_NULL;
}
