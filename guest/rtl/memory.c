/* Memory blocks: copy, fill, compare. Eight bytes at a time, four and more times in a row, because QEMU's TCG pays
 * per instruction; what is left over is not worth more than a plain loop. */
#include <nt.h>

typedef ULONG64 __attribute__((aligned(1), may_alias)) UNALIGNED64;

#ifdef __clang__
#define PLAIN_LOOP _Pragma("clang loop unroll(disable)")
#else
#define PLAIN_LOOP                      /* the tests' compiler */
#endif

void *memcpy(void *Destination, const void *Source, size_t Count)
{
    PUCHAR To = Destination;
    PCUCHAR From = Source;

    for (; Count >= 32; Count -= 32, To += 32, From += 32) {
        ULONG64 A = ((const UNALIGNED64 *)From)[0], B = ((const UNALIGNED64 *)From)[1];
        ULONG64 C = ((const UNALIGNED64 *)From)[2], D = ((const UNALIGNED64 *)From)[3];

        ((UNALIGNED64 *)To)[0] = A;
        ((UNALIGNED64 *)To)[1] = B;
        ((UNALIGNED64 *)To)[2] = C;
        ((UNALIGNED64 *)To)[3] = D;
    }
    PLAIN_LOOP
    for (; Count >= 8; Count -= 8, To += 8, From += 8)
        *(UNALIGNED64 *)To = *(const UNALIGNED64 *)From;
    while (Count--)
        *To++ = *From++;
    return Destination;
}

void *memmove(void *Destination, const void *Source, size_t Count)
{
    PUCHAR To = (PUCHAR)Destination + Count;
    PCUCHAR From = (PCUCHAR)Source + Count;

    if ((ULONG_PTR)Destination - (ULONG_PTR)Source >= Count)
        return memcpy(Destination, Source, Count);
    for (; Count >= 8; Count -= 8) {
        To -= 8;
        From -= 8;
        *(UNALIGNED64 *)To = *(const UNALIGNED64 *)From;
    }
    while (Count--)
        *--To = *--From;
    return Destination;
}

void *memset(void *Destination, int Value, size_t Count)
{
    PUCHAR To = Destination;
    ULONG64 Pattern = (UCHAR)Value * 0x0101010101010101ull;

    for (; Count >= 32; Count -= 32, To += 32) {
        ((UNALIGNED64 *)To)[0] = Pattern;
        ((UNALIGNED64 *)To)[1] = Pattern;
        ((UNALIGNED64 *)To)[2] = Pattern;
        ((UNALIGNED64 *)To)[3] = Pattern;
    }
    PLAIN_LOOP
    for (; Count >= 8; Count -= 8, To += 8)
        *(UNALIGNED64 *)To = Pattern;
    while (Count--)
        *To++ = (UCHAR)Value;
    return Destination;
}

int memcmp(const void *A, const void *B, size_t Count)
{
    PCUCHAR P = A, Q = B;

    for (; Count >= 8 && *(const UNALIGNED64 *)P == *(const UNALIGNED64 *)Q; Count -= 8, P += 8, Q += 8)
        ;
    for (; Count; Count--, P++, Q++) {
        if (*P != *Q)
            return *P - *Q;
    }
    return 0;
}

void *memchr(const void *Memory, int Value, size_t Count)
{
    for (PCUCHAR P = Memory; Count; Count--, P++) {
        if (*P == (UCHAR)Value)
            return (void *)P;
    }
    return NULL;
}

SIZE_T NTAPI RtlCompareMemory(CONST VOID *A, CONST VOID *B, SIZE_T Length)
{
    SIZE_T Index = 0;

    while (Index < Length && ((PCUCHAR)A)[Index] == ((PCUCHAR)B)[Index])
        Index++;
    return Index;
}
