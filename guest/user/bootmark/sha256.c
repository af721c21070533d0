/* SHA-256 (FIPS 180-4). */
#include "sha256.h"

void *memcpy(void *Destination, const void *Source, size_t Count);
void *memset(void *Destination, int Value, size_t Count);

static const ULONG Constants[64] = {
    0x428A2F98, 0x71374491, 0xB5C0FBCF, 0xE9B5DBA5, 0x3956C25B, 0x59F111F1, 0x923F82A4, 0xAB1C5ED5,
    0xD807AA98, 0x12835B01, 0x243185BE, 0x550C7DC3, 0x72BE5D74, 0x80DEB1FE, 0x9BDC06A7, 0xC19BF174,
    0xE49B69C1, 0xEFBE4786, 0x0FC19DC6, 0x240CA1CC, 0x2DE92C6F, 0x4A7484AA, 0x5CB0A9DC, 0x76F988DA,
    0x983E5152, 0xA831C66D, 0xB00327C8, 0xBF597FC7, 0xC6E00BF3, 0xD5A79147, 0x06CA6351, 0x14292967,
    0x27B70A85, 0x2E1B2138, 0x4D2C6DFC, 0x53380D13, 0x650A7354, 0x766A0ABB, 0x81C2C92E, 0x92722C85,
    0xA2BFE8A1, 0xA81A664B, 0xC24B8B70, 0xC76C51A3, 0xD192E819, 0xD6990624, 0xF40E3585, 0x106AA070,
    0x19A4C116, 0x1E376C08, 0x2748774C, 0x34B0BCB5, 0x391C0CB3, 0x4ED8AA4A, 0x5B9CCA4F, 0x682E6FF3,
    0x748F82EE, 0x78A5636F, 0x84C87814, 0x8CC70208, 0x90BEFFFA, 0xA4506CEB, 0xBEF9A3F7, 0xC67178F2,
};

static ULONG Rotate(ULONG Value, ULONG Bits) { return Value >> Bits | Value << (32 - Bits); }

static VOID AddBlock(ULONG State[8], const UCHAR *Block)
{
    ULONG W[64], S[8];

    for (ULONG i = 0; i < 16; i++)
        W[i] = (ULONG)Block[4 * i] << 24 | (ULONG)Block[4 * i + 1] << 16 | (ULONG)Block[4 * i + 2] << 8 |
               Block[4 * i + 3];
    for (ULONG i = 16; i < 64; i++)
        W[i] = W[i - 16] + W[i - 7] + (Rotate(W[i - 15], 7) ^ Rotate(W[i - 15], 18) ^ W[i - 15] >> 3) +
               (Rotate(W[i - 2], 17) ^ Rotate(W[i - 2], 19) ^ W[i - 2] >> 10);
    memcpy(S, State, sizeof(S));
    for (ULONG i = 0; i < 64; i++) {
        ULONG Choice = (S[4] & S[5]) ^ (~S[4] & S[6]), Majority = (S[0] & S[1]) ^ (S[0] & S[2]) ^ (S[1] & S[2]);
        ULONG One = S[7] + (Rotate(S[4], 6) ^ Rotate(S[4], 11) ^ Rotate(S[4], 25)) + Choice + Constants[i] + W[i];
        ULONG Two = (Rotate(S[0], 2) ^ Rotate(S[0], 13) ^ Rotate(S[0], 22)) + Majority;

        for (ULONG j = 7; j; j--)
            S[j] = S[j - 1];
        S[4] += One;
        S[0] = One + Two;
    }
    for (ULONG i = 0; i < 8; i++)
        State[i] += S[i];
}

VOID Sha256(const VOID *Data, SIZE_T Length, UCHAR Digest[SHA256_SIZE])
{
    ULONG State[8] = { 0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19 };
    const UCHAR *Bytes = Data;
    SIZE_T Rest = Length;
    UCHAR Last[128];
    ULONG Size;

    for (; Rest >= 64; Rest -= 64, Bytes += 64)
        AddBlock(State, Bytes);
    memset(Last, 0, sizeof(Last));
    if (Rest)
        memcpy(Last, Bytes, Rest);
    Last[Rest] = 0x80;
    Size = Rest < 56 ? 64 : 128;
    for (ULONG i = 0; i < 8; i++)
        Last[Size - 1 - i] = (UCHAR)((ULONG64)Length * 8 >> 8 * i);
    for (ULONG i = 0; i < Size; i += 64)
        AddBlock(State, Last + i);
    for (ULONG i = 0; i < SHA256_SIZE; i++)
        Digest[i] = (UCHAR)(State[i / 4] >> (24 - i % 4 * 8));
}
