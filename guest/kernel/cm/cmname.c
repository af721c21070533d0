/* Names in cells. */
#include "cmcell.h"

BOOLEAN CmpReadName(const UCHAR *Source, ULONG Bytes, BOOLEAN Compressed, PWSTR Buffer, PUNICODE_STRING Name)
{
    ULONG Characters = Compressed ? Bytes : Bytes / 2, i;

    if ((!Compressed && Bytes % 2 != 0) || Characters * sizeof(WCHAR) > CMP_MAXIMUM_NAME)
        return FALSE;
    for (i = 0; i < Characters; i++) {
        Buffer[i] = (WCHAR)(Compressed ? Source[i] : CmpRead16(Source + 2 * i));
        if (Buffer[i] == 0)
            return FALSE;
    }
    Name->Buffer = Buffer;
    Name->Length = (USHORT)(Characters * sizeof(WCHAR));
    Name->MaximumLength = Name->Length;
    return TRUE;
}

BOOLEAN CmpReadKeyName(PCMHIVE Hive, ULONG Key, PWSTR Buffer, PUNICODE_STRING Name)
{
    ULONG Length;
    const UCHAR *nk = HvGetCell(Hive, Key, NK_SIZE, &Length);

    return nk != NULL && nk[0] == 'n' && nk[1] == 'k' && CmpRead16(nk + NK_NAME_LENGTH) <= Length - NK_SIZE &&
           CmpReadName(nk + NK_SIZE, CmpRead16(nk + NK_NAME_LENGTH),
                       (CmpRead16(nk + NK_FLAGS) & NK_FLAG_COMPRESSED_NAME) != 0, Buffer, Name);
}

BOOLEAN CmpIsCompressible(PCUNICODE_STRING Name)
{
    for (ULONG i = 0; i < Name->Length / sizeof(WCHAR); i++) {
        if (Name->Buffer[i] >= 0x80)
            return FALSE;
    }
    return TRUE;
}

ULONG CmpStoredNameLength(PCUNICODE_STRING Name)
{
    return CmpIsCompressible(Name) ? Name->Length / sizeof(WCHAR) : Name->Length;
}

VOID CmpStoreName(PUCHAR Target, PCUNICODE_STRING Name)
{
    BOOLEAN Compressed = CmpIsCompressible(Name);

    for (ULONG i = 0; i < Name->Length / sizeof(WCHAR); i++) {
        if (Compressed)
            Target[i] = (UCHAR)Name->Buffer[i];
        else
            CmpWrite16(Target + 2 * i, Name->Buffer[i]);
    }
}

ULONG CmpHashName(PCUNICODE_STRING Name)
{
    ULONG Hash = 0;

    for (ULONG i = 0; i < Name->Length / sizeof(WCHAR); i++)
        Hash = Hash * 37 + RtlUpcaseUnicodeChar(Name->Buffer[i]);
    return Hash;
}

BOOLEAN CmpIsGoodName(PCUNICODE_STRING Name, BOOLEAN Key)
{
    if (Name->Length > CMP_MAXIMUM_NAME || (Key && Name->Length == 0))
        return FALSE;
    for (ULONG i = 0; i < Name->Length / sizeof(WCHAR); i++) {
        if (Name->Buffer[i] == 0 || (Key && Name->Buffer[i] == L'\\'))
            return FALSE;
    }
    return TRUE;
}
