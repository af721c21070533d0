/* Wide strings, under the C library's names. */
#include <nt.h>

size_t wcslen(const wchar_t *String)
{
    const wchar_t *End = String;

    while (*End)
        End++;
    return End - String;
}

size_t wcsnlen(const wchar_t *String, size_t Limit)
{
    size_t Length = 0;

    while (Length < Limit && String[Length])
        Length++;
    return Length;
}

int wcsncmp(const wchar_t *A, const wchar_t *B, size_t Count)
{
    for (; Count; Count--, A++, B++) {
        if (*A != *B || !*A)
            return *A - *B;
    }
    return 0;
}

int wcscmp(const wchar_t *A, const wchar_t *B)
{
    return wcsncmp(A, B, (size_t)-1);
}

int _wcsnicmp(const wchar_t *A, const wchar_t *B, size_t Count)
{
    for (; Count; Count--, A++, B++) {
        int Difference = RtlUpcaseUnicodeChar(*A) - RtlUpcaseUnicodeChar(*B);

        if (Difference || !*A)
            return Difference;
    }
    return 0;
}

int _wcsicmp(const wchar_t *A, const wchar_t *B)
{
    return _wcsnicmp(A, B, (size_t)-1);
}

wchar_t *wcscpy(wchar_t *Destination, const wchar_t *Source)
{
    memcpy(Destination, Source, (wcslen(Source) + 1) * sizeof(wchar_t));
    return Destination;
}

wchar_t *wcsncpy(wchar_t *Destination, const wchar_t *Source, size_t Count)
{
    size_t Length = wcsnlen(Source, Count);

    memcpy(Destination, Source, Length * sizeof(wchar_t));
    memset(Destination + Length, 0, (Count - Length) * sizeof(wchar_t));
    return Destination;
}

wchar_t *wcscat(wchar_t *Destination, const wchar_t *Source)
{
    wcscpy(Destination + wcslen(Destination), Source);
    return Destination;
}

wchar_t *wcschr(const wchar_t *String, wchar_t Character)
{
    for (;; String++) {
        if (*String == Character)
            return (wchar_t *)String;
        if (!*String)
            return NULL;
    }
}

wchar_t *wcsrchr(const wchar_t *String, wchar_t Character)
{
    for (const wchar_t *At = String + wcslen(String); At >= String; At--) {
        if (*At == Character)
            return (wchar_t *)At;
    }
    return NULL;
}

wchar_t *wcsstr(const wchar_t *String, const wchar_t *Part)
{
    size_t Length = wcslen(Part);

    for (;; String++) {
        if (!wcsncmp(String, Part, Length))
            return (wchar_t *)String;
        if (!*String)
            return NULL;
    }
}

wchar_t *_wcsupr(wchar_t *String)
{
    for (wchar_t *At = String; *At; At++)
        *At = RtlUpcaseUnicodeChar(*At);
    return String;
}
