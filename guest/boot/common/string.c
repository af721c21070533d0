/* The four functions that the compiler may call by itself. */
#include <stddef.h>

void *memcpy(void *Destination, const void *Source, size_t Length);
void *memset(void *Destination, int Value, size_t Length);
void *memmove(void *Destination, const void *Source, size_t Length);
int memcmp(const void *A, const void *B, size_t Length);

typedef unsigned long long __attribute__((may_alias)) word;

/* By words where both sides allow: the kernel image and the page tables go through here on every boot. */
void *memcpy(void *Destination, const void *Source, size_t Length)
{
    unsigned char *To = Destination;
    const unsigned char *From = Source;

    if ((((size_t)To | (size_t)From) & 7) == 0)
        for (; Length >= 8; Length -= 8, To += 8, From += 8)
            *(word *)To = *(const word *)From;
    while (Length--)
        *To++ = *From++;
    return Destination;
}

void *memset(void *Destination, int Value, size_t Length)
{
    unsigned char *To = Destination;

    if (((size_t)To & 7) == 0)
        for (; Length >= 8; Length -= 8, To += 8)
            *(word *)To = 0x0101010101010101ull * (unsigned char)Value;
    while (Length--)
        *To++ = (unsigned char)Value;
    return Destination;
}

void *memmove(void *Destination, const void *Source, size_t Length)
{
    unsigned char *To = Destination;
    const unsigned char *From = Source;

    if (To <= From || To >= From + Length)
        return memcpy(Destination, Source, Length);
    while (Length--)
        To[Length] = From[Length];
    return Destination;
}

int memcmp(const void *A, const void *B, size_t Length)
{
    const unsigned char *a = A, *b = B;

    for (; Length; Length--, a++, b++)
        if (*a != *b)
            return *a - *b;
    return 0;
}
