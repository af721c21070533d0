/* Patterns of NtQueryDirectoryFile. */
#include <nt.h>
#include "io.h"

#define DOS_STAR L'<'       /* anything up to the last dot */
#define DOS_QM L'>'         /* one character; or nothing, before a dot or at the end */
#define DOS_DOT L'"'        /* a dot, or the end */

static WCHAR FsRtlpFold(WCHAR Character, BOOLEAN IgnoreCase)
{
    return IgnoreCase ? RtlUpcaseUnicodeChar(Character) : Character;
}

static BOOLEAN FsRtlpIsLastDot(PCUNICODE_STRING Name, ULONG At)
{
    for (ULONG i = At + 1; i < Name->Length / sizeof(WCHAR); i++)
        if (Name->Buffer[i] == L'.')
            return FALSE;
    return At < Name->Length / sizeof(WCHAR) && Name->Buffer[At] == L'.';
}

/* What one character of the pattern does at one place of the name: which places the pattern's next character may stand at.
 * Bit 0: the same place, bit 1: the next one; bit 2: this pattern character stays, at the next place. */
static ULONG FsRtlpStep(WCHAR Pattern, PCUNICODE_STRING Name, ULONG At, BOOLEAN IgnoreCase)
{
    BOOLEAN End = At == Name->Length / sizeof(WCHAR);

    switch (Pattern) {
    case L'*':
        return End ? 1 : 1 | 4;
    case L'?':
        return End ? 0 : 2;
    case DOS_STAR:
        return End ? 1 : FsRtlpIsLastDot(Name, At) ? 1 | 2 : 1 | 4;
    case DOS_QM:
        return End || Name->Buffer[At] == L'.' ? 1 : 2;
    case DOS_DOT:
        return End ? 1 : Name->Buffer[At] == L'.' ? 2 : 0;
    default:
        return !End && FsRtlpFold(Pattern, IgnoreCase) == FsRtlpFold(Name->Buffer[At], IgnoreCase) ? 2 : 0;
    }
}

/* All places of the pattern at once, as a set of bits: time is length times length, whatever the pattern is. A name or a
 * pattern of more than 255 characters matches nothing. */
BOOLEAN NTAPI FsRtlIsNameInExpression(PUNICODE_STRING Expression, PUNICODE_STRING Name, BOOLEAN IgnoreCase,
                                      PWCH UpcaseTable)
{
    ULONG PatternLength = Expression->Length / sizeof(WCHAR), NameLength = Name->Length / sizeof(WCHAR);
    UCHAR Now[257] = { 1 }, Next[257];

    UNREFERENCED_PARAMETER(UpcaseTable);
    if (PatternLength > 255 || NameLength > 255)
        return FALSE;
    for (ULONG At = 0; At <= NameLength; At++) {
        RtlZeroMemory(Next, sizeof Next);
        for (ULONG p = 0; p < PatternLength; p++) {
            ULONG Step = Now[p] ? FsRtlpStep(Expression->Buffer[p], Name, At, IgnoreCase) : 0;

            Now[p + 1] |= Step & 1;
            Next[p + 1] |= Step >> 1 & 1;
            Next[p] |= Step >> 2 & 1;
        }
        if (At == NameLength)
            return Now[PatternLength];
        RtlCopyMemory(Now, Next, sizeof Now);
    }
    return FALSE;
}
