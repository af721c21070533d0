/* Memory blocks: copy, fill, compare. Eight bytes at a time, because QEMU's TCG pays per instruction. */
#include <nt.h>

typedef ULONG64 __attribute__((aligned(1), may_alias)) UNALIGNED64;

void *memcpy(void *Destination, const void *Source, size_t Count)
{
    PUCHAR To = Destination;
    PCUCHAR From = Source;

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
