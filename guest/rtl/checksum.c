/* The checksum in a PE header: a 16-bit ones' complement sum of the file, plus its length. */
#include <nt.h>

USHORT NTAPI RtlpChecksumWords(ULONG PartialSum, CONST VOID *Data, SIZE_T Bytes)
{
    PCUCHAR At = Data;

    for (; Bytes >= 2; Bytes -= 2, At += 2) {
        PartialSum += At[0] | At[1] << 8;
        PartialSum = (PartialSum & 0xFFFF) + (PartialSum >> 16);
    }
    if (Bytes)
        PartialSum += *At;
    PartialSum = (PartialSum & 0xFFFF) + (PartialSum >> 16);
    return (USHORT)((PartialSum & 0xFFFF) + (PartialSum >> 16));
}

ULONG NTAPI RtlpImageChecksum(CONST VOID *FileData, ULONG FileSize)
{
    PIMAGE_NT_HEADERS Nt;
    ULONG Sum;

    if (!NT_SUCCESS(RtlImageNtHeaderEx(0, (PVOID)FileData, FileSize, &Nt)))
        return 0;
    /* The field itself counts as zero: take its two words out of the sum again. */
    Sum = RtlpChecksumWords(0, FileData, FileSize);
    for (ULONG i = 0; i < 2; i++) {
        USHORT Word = (USHORT)(Nt->OptionalHeader.CheckSum >> (16 * i));

        Sum -= (USHORT)Sum < Word;
        Sum = (USHORT)(Sum - Word);
    }
    return Sum + FileSize;
}
