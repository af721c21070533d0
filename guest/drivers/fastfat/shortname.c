/* The 8.3 name beside a long one: the first letters, `~` and a number. */
#include "fat.h"

/* A character of a short name, 0: it is left out. */
static UCHAR FatShortCharacter(WCHAR Character)
{
    WCHAR Upper = RtlUpcaseUnicodeChar(Character);
    UCHAR Name[11];
    UNICODE_STRING One = { sizeof Upper, sizeof Upper, &Upper };

    if (Character == L' ' || Character == L'.')
        return 0;
    return FatIsShortName(&One, Name) ? (UCHAR)Upper : '_';
}

static ULONG FatShortPartOf(PCUNICODE_STRING Name, ULONG From, ULONG To, PUCHAR Part, ULONG Size)
{
    ULONG Length = 0;

    for (ULONG i = From; i < To && Length < Size; i++) {
        UCHAR Character = FatShortCharacter(Name->Buffer[i]);

        if (Character != 0)
            Part[Length++] = Character;
    }
    return Length;
}

/* `NAME~3`: Tail below 10 takes the first six letters; above, two letters and four digits of a hash, as NT does when the
 * first numbers are taken. */
static VOID FatNumberedName(PUCHAR Short, const UCHAR *Base, ULONG BaseLength, ULONG Hash, ULONG Tail)
{
    ULONG Length = min(BaseLength, Tail <= 4 ? 6u : 2u);

    RtlFillMemory(Short, 8, ' ');
    RtlCopyMemory(Short, Base, Length);
    if (Tail > 4) {
        for (ULONG i = 0; i < 4; i++)
            Short[Length++] = (UCHAR)"0123456789ABCDEF"[(Hash + Tail / 10) >> (12 - 4 * i) & 15];
        Tail = Tail % 9 + 1;
    }
    Short[Length++] = '~';
    Short[Length] = (UCHAR)('0' + Tail);
}

NTSTATUS FatMakeShortName(PFCB Directory, PCUNICODE_STRING Name, PUCHAR Short)
{
    ULONG Length = Name->Length / sizeof(WCHAR), Dot = Length, BaseLength, Hash = 0;
    UCHAR Base[8];
    BOOLEAN Taken = TRUE;

    for (ULONG i = Length; i > 1 && Dot == Length; i--)
        if (Name->Buffer[i - 1] == L'.')
            Dot = i - 1;                /* the last one that something is before */
    RtlFillMemory(Short, 11, ' ');
    BaseLength = FatShortPartOf(Name, 0, Dot, Base, sizeof Base);
    if (Dot < Length)
        FatShortPartOf(Name, Dot + 1, Length, Short + 8, 3);
    if (BaseLength == 0)
        Base[BaseLength++] = '_';
    RtlHashUnicodeString(Name, TRUE, HASH_STRING_ALGORITHM_X65599, &Hash);
    for (ULONG Tail = 1; Tail < 65536 && Taken; Tail++) {
        NTSTATUS Status;

        FatNumberedName(Short, Base, BaseLength, Hash, Tail);
        Status = FatHasShortName(Directory, Short, &Taken);
        if (!NT_SUCCESS(Status))
            return Status;
    }
    return Taken ? STATUS_DISK_FULL : STATUS_SUCCESS;
}
