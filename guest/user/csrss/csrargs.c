/* The command line: `image NAME=value NAME=value ...`, separated by blanks. */
#include "csrss.h"

VOID CsrForEachArgument(PCUNICODE_STRING CommandLine, CSR_ARGUMENT_ROUTINE *Routine)
{
    PWSTR At = CommandLine->Buffer, End = At + CommandLine->Length / sizeof(WCHAR);

    while (At < End) {
        PWSTR Start, Equal;
        UNICODE_STRING Name, Value;

        while (At < End && *At == L' ')
            At++;
        Start = At;
        while (At < End && *At != L' ')
            At++;
        for (Equal = Start; Equal < At && *Equal != L'='; Equal++)
            ;
        if (Equal == At)
            continue;
        Name.Buffer = Start;
        Name.Length = Name.MaximumLength = (USHORT)((Equal - Start) * sizeof(WCHAR));
        Value.Buffer = Equal + 1;
        Value.Length = Value.MaximumLength = (USHORT)((At - Equal - 1) * sizeof(WCHAR));
        Routine(&Name, &Value);
    }
}
