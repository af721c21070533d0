/* A boot command: prints its command line, ends with the exit status that its last word gives (hexadecimal). tests/boot
   runs it from BootExecute. A last word `late` ends the first thread at once and the program a moment later. */
#include <nt.h>
#include <nt_services.h>

static VOID NTAPI EndLater(PVOID Parameter)
{
    LARGE_INTEGER Delay = { .QuadPart = -50 * 10000 };

    UNREFERENCED_PARAMETER(Parameter);
    NtDelayExecution(FALSE, &Delay);
    DbgPrint("command: late\r\n");
    RtlExitUserProcess(0x99);
}

VOID NTAPI NtProcessStartup(PPEB Peb)
{
    PUNICODE_STRING Line = &Peb->ProcessParameters->CommandLine;
    PWSTR Last = Line->Buffer + Line->Length / sizeof(WCHAR);
    UNICODE_STRING Word;
    ULONG Status = 0;

    while (Last > Line->Buffer && Last[-1] != L' ')
        Last--;
    Word.Buffer = Last;
    Word.Length = Word.MaximumLength =
        (USHORT)((PUCHAR)Line->Buffer + Line->Length - (PUCHAR)Last);
    DbgPrint("command: [%wZ]\r\n", Line);
    if (Word.Length && *Word.Buffer == L'l') {
        RtlCreateUserThread(NtCurrentProcess(), NULL, FALSE, 0, 0, 0, EndLater, NULL, NULL, NULL);
        RtlExitUserThread(0x55);
    }
    RtlUnicodeStringToInteger(&Word, 16, &Status);
    RtlExitUserProcess((NTSTATUS)Status);
}
