/* What the native programs of BootExecute share: the words of their command line, and text on the boot screen. */
#pragma once

#include <nt.h>
#include <nt_services.h>

#define NATIVE_ARGUMENTS 16

/* The words after the program's own name, each ended by NUL in Buffer; one in quotes may have blanks and may be empty.
 * What is over is left out. */
typedef struct _NATIVE_ARGUMENTS_LIST {
    ULONG Count;
    PWSTR Word[NATIVE_ARGUMENTS];
    WCHAR Buffer[1024];
} NATIVE_ARGUMENTS_LIST, *PNATIVE_ARGUMENTS_LIST;

static inline VOID NativeArguments(PCUNICODE_STRING CommandLine, PNATIVE_ARGUMENTS_LIST List)
{
    PCWSTR At = CommandLine->Buffer, End = At + CommandLine->Length / sizeof(WCHAR);
    ULONG Used = 0, Skip = 1;

    List->Count = 0;
    for (;;) {
        WCHAR Stop = L' ';
        PWSTR Word = List->Buffer + Used;

        while (At < End && (*At == L' ' || *At == L'\t'))
            At++;
        if (At == End || List->Count == NATIVE_ARGUMENTS)
            return;
        if (*At == L'"')
            Stop = *At++;
        while (At < End && *At != Stop && Used < RTL_NUMBER_OF(List->Buffer) - 1)
            List->Buffer[Used++] = *At++;
        if (At < End && *At != Stop)
            return;
        if (At < End)
            At++;
        List->Buffer[Used++] = UNICODE_NULL;
        if (Skip)
            Skip--;
        else
            List->Word[List->Count++] = Word;
        if (Used == RTL_NUMBER_OF(List->Buffer))
            return;
    }
}

static inline VOID NativePrint(PCWSTR Format, ...)
{
    WCHAR Buffer[512];
    UNICODE_STRING Text;
    va_list Arguments;

    va_start(Arguments, Format);
    _vsnwprintf(Buffer, RTL_NUMBER_OF(Buffer) - 1, Format, Arguments);
    va_end(Arguments);
    Buffer[RTL_NUMBER_OF(Buffer) - 1] = UNICODE_NULL;
    RtlInitUnicodeString(&Text, Buffer);
    NtDisplayString(&Text);
}
