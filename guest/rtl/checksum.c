/* The checksum in a PE header: a 16-bit ones' complement sum of the file, plus its length. Used by the boot stub too. */
#include <nt.h>

/* Carries from word to word are carries of the sum too, so eight bytes are added at a time. */
USHORT NTAPI RtlpChecksumWords(ULONG PartialSum, CONST VOID *Data, SIZE_T Bytes)
{
    PCUCHAR At = Data;
    ULONG64 Sum = PartialSum, Words;

    for (; Bytes >= sizeof(Words); Bytes -= sizeof(Words), At += sizeof(Words)) {
        memcpy(&Words, At, sizeof(Words));
        Sum += Words;
        Sum += Sum < Words;
    }
    Words = 0;
    memcpy(&Words, At, Bytes);
    Sum += Words;
    Sum += Sum < Words;
    while (Sum >> 16)
        Sum = (Sum & 0xFFFF) + (Sum >> 16);
    return (USHORT)Sum;
}

/* The field itself counts as zero: its two words are taken out of the sum again. */
ULONG NTAPI RtlpFinishImageChecksum(USHORT WholeSum, ULONG Told, ULONG FileSize)
{
    ULONG Sum = WholeSum;

    for (ULONG i = 0; i < 2; i++) {
        USHORT Word = (USHORT)(Told >> (16 * i));

        Sum -= (USHORT)Sum < Word;
        Sum = (USHORT)(Sum - Word);
    }
    return Sum + FileSize;
}
