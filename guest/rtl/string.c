/* Narrow strings, under the C library's names. */
#include <nt.h>

size_t strlen(const char *String)
{
    const char *End = String;

    while (*End)
        End++;
    return End - String;
}

size_t strnlen(const char *String, size_t Limit)
{
    size_t Length = 0;

    while (Length < Limit && String[Length])
        Length++;
    return Length;
}

int strncmp(const char *A, const char *B, size_t Count)
{
    for (; Count; Count--, A++, B++) {
        if (*A != *B || !*A)
            return (UCHAR)*A - (UCHAR)*B;
    }
    return 0;
}

int strcmp(const char *A, const char *B)
{
    return strncmp(A, B, (size_t)-1);
}

static int Lower(int Character)
{
    return Character >= 'A' && Character <= 'Z' ? Character + 32 : Character;
}

int _stricmp(const char *A, const char *B)
{
    for (;; A++, B++) {
        int Difference = Lower((UCHAR)*A) - Lower((UCHAR)*B);

        if (Difference || !*A)
            return Difference;
    }
}

char *strcpy(char *Destination, const char *Source)
{
    memcpy(Destination, Source, strlen(Source) + 1);
    return Destination;
}

char *strncpy(char *Destination, const char *Source, size_t Count)
{
    size_t Length = strnlen(Source, Count);

    memcpy(Destination, Source, Length);
    memset(Destination + Length, 0, Count - Length);
    return Destination;
}

char *strcat(char *Destination, const char *Source)
{
    strcpy(Destination + strlen(Destination), Source);
    return Destination;
}

char *strchr(const char *String, int Character)
{
    for (;; String++) {
        if (*String == (char)Character)
            return (char *)String;
        if (!*String)
            return NULL;
    }
}

char *strrchr(const char *String, int Character)
{
    for (const char *At = String + strlen(String); At >= String; At--) {
        if (*At == (char)Character)
            return (char *)At;
    }
    return NULL;
}

char *strstr(const char *String, const char *Part)
{
    size_t Length = strlen(Part);

    for (;; String++) {
        if (!strncmp(String, Part, Length))
            return (char *)String;
        if (!*String)
            return NULL;
    }
}
