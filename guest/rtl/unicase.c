/* Upper and lower case of the Basic Multilingual Plane's simple one-to-one pairs. */
#include <nt.h>

/* From Lower to Last every Step-th character has its upper-case form at +Delta. */
static const struct {
    WCHAR First;
    WCHAR Last;
    SHORT Delta;
    USHORT Step;
} CaseRanges[] = {
    { 0x0061, 0x007A, -32, 1 },  /* Latin */
    { 0x00E0, 0x00F6, -32, 1 },  { 0x00F8, 0x00FE, -32, 1 },  { 0x00FF, 0x00FF, 121, 1 }, /* Latin-1 */
    { 0x0101, 0x012F, -1, 2 },   { 0x0133, 0x0137, -1, 2 },   { 0x013A, 0x0148, -1, 2 },  /* Latin Extended-A */
    { 0x014B, 0x0177, -1, 2 },   { 0x017A, 0x017E, -1, 2 },
    { 0x01CE, 0x01DC, -1, 2 },   { 0x01DF, 0x01EF, -1, 2 },   { 0x01F9, 0x021F, -1, 2 },  /* Latin Extended-B */
    { 0x0223, 0x0233, -1, 2 },
    { 0x03AC, 0x03AC, -38, 1 },  { 0x03AD, 0x03AF, -37, 1 },  { 0x03B1, 0x03C1, -32, 1 }, /* Greek */
    { 0x03C3, 0x03CB, -32, 1 },  { 0x03CC, 0x03CC, -64, 1 },  { 0x03CD, 0x03CE, -63, 1 },
    { 0x0430, 0x044F, -32, 1 },  { 0x0450, 0x045F, -80, 1 },  { 0x0461, 0x0481, -1, 2 },  /* Cyrillic */
    { 0x048B, 0x04BF, -1, 2 },   { 0x04C2, 0x04CE, -1, 2 },   { 0x04D1, 0x04FF, -1, 2 },
    { 0x0561, 0x0586, -48, 1 },  /* Armenian */
    { 0x1E01, 0x1E95, -1, 2 },   { 0x1EA1, 0x1EF9, -1, 2 },   /* Latin Extended Additional */
    { 0x24D0, 0x24E9, -26, 1 },  /* circled letters */
    { 0xFF41, 0xFF5A, -32, 1 },  /* full-width forms */
};

WCHAR NTAPI RtlUpcaseUnicodeChar(WCHAR Character)
{
    if (Character < 0x80)
        return Character >= 'a' && Character <= 'z' ? Character - 32 : Character;
    for (ULONG i = 1; i < RTL_NUMBER_OF(CaseRanges); i++) {
        if (Character < CaseRanges[i].First)
            break;
        if (Character <= CaseRanges[i].Last) {
            BOOLEAN Lower = (Character - CaseRanges[i].First) % CaseRanges[i].Step == 0;

            return Lower ? (WCHAR)(Character + CaseRanges[i].Delta) : Character;
        }
    }
    return Character;
}

WCHAR NTAPI RtlDowncaseUnicodeChar(WCHAR Character)
{
    for (ULONG i = 0; i < RTL_NUMBER_OF(CaseRanges); i++) {
        WCHAR Lower = (WCHAR)(Character - CaseRanges[i].Delta);

        if (Lower >= CaseRanges[i].First && Lower <= CaseRanges[i].Last &&
            (Lower - CaseRanges[i].First) % CaseRanges[i].Step == 0)
            return Lower;
    }
    return Character;
}
