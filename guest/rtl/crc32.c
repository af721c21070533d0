/* CRC-32 (IEEE 802.3, reflected), as zlib computes it. */
#include <nt.h>

ULONG NTAPI RtlComputeCrc32(ULONG PartialCrc, CONST VOID *Buffer, ULONG Length)
{
    /* One entry per nibble: 64 bytes instead of a kilobyte, two steps per byte. */
    static const ULONG Table[16] = {
        0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC, 0x76DC4190, 0x6B6B51F4, 0x4DB26158, 0x5005713C,
        0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C, 0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C,
    };
    ULONG Crc = ~PartialCrc;

    for (PCUCHAR At = Buffer; Length; Length--) {
        Crc ^= *At++;
        Crc = Crc >> 4 ^ Table[Crc & 15];
        Crc = Crc >> 4 ^ Table[Crc & 15];
    }
    return ~Crc;
}
