/* Text for a person, breakpoints, and the last word about an exception that nobody handled. */
#include "ntdllp.h"

#define LINE_LIMIT 512

static ULONG PrintV(PCSTR Format, va_list Arguments)
{
    CHAR Line[LINE_LIMIT];
    ANSI_STRING Narrow;
    UNICODE_STRING Wide;
    ULONG Bytes;

    vsnprintf(Line, sizeof(Line), Format, Arguments);
    RtlInitAnsiString(&Narrow, Line);
    Wide.MaximumLength = (USHORT)((Narrow.Length + 1) * sizeof(WCHAR));
    Wide.Buffer = __builtin_alloca(Wide.MaximumLength);
    RtlUTF8ToUnicodeN(Wide.Buffer, Wide.MaximumLength, &Bytes, Narrow.Buffer, Narrow.Length);
    Wide.Length = (USHORT)Bytes;
    return (ULONG)NtDisplayString(&Wide);
}

ULONG DbgPrint(PCSTR Format, ...)
{
    va_list Arguments;
    ULONG Status;

    va_start(Arguments, Format);
    Status = PrintV(Format, Arguments);
    va_end(Arguments);
    return Status;
}

ULONG DbgPrintEx(ULONG ComponentId, ULONG Level, PCSTR Format, ...)
{
    va_list Arguments;
    ULONG Status;

    UNREFERENCED_PARAMETER(ComponentId);
    if (Level > 0 && Level < 32) /* errors only, as without a debugger's mask */
        return STATUS_SUCCESS;
    va_start(Arguments, Format);
    Status = PrintV(Format, Arguments);
    va_end(Arguments);
    return Status;
}

VOID NTAPI DbgBreakPoint(VOID)
{
    NtpBreakInstruction();
}

LONG NTAPI RtlUnhandledExceptionFilter(PEXCEPTION_POINTERS ExceptionInfo)
{
    PEXCEPTION_RECORD Record = ExceptionInfo->ExceptionRecord;

    DbgPrint("%wZ: unhandled exception 0x%X at %p (%p %p)\n", &NtCurrentPeb()->ProcessParameters->ImagePathName,
             Record->ExceptionCode, Record->ExceptionAddress, (PVOID)Record->ExceptionInformation[0],
             (PVOID)Record->ExceptionInformation[1]);
    return 1; /* EXCEPTION_EXECUTE_HANDLER */
}

/* The kernel enters here with an exception of this process. There is no frame-based handling, so a filter prints it
   and the kernel ends the process by the second chance. */
DECLSPEC_NORETURN VOID NTAPI KiUserExceptionDispatcher(PEXCEPTION_RECORD ExceptionRecord, PCONTEXT Context)
{
    EXCEPTION_POINTERS Pointers = { ExceptionRecord, Context };

    RtlUnhandledExceptionFilter(&Pointers);
    for (;;) {
        NtRaiseException(ExceptionRecord, Context, FALSE);
        NtTerminateProcess(NtCurrentProcess(), ExceptionRecord->ExceptionCode);
    }
}

/* The personality routine that compilers name in the unwind data of __try blocks. Exceptions are not dispatched to
   frames in this guest, so it runs only when somebody calls it, and handles nothing. */
LONG __C_specific_handler(PEXCEPTION_RECORD ExceptionRecord, PVOID EstablisherFrame, PCONTEXT ContextRecord,
                          PVOID DispatcherContext);

LONG __C_specific_handler(PEXCEPTION_RECORD ExceptionRecord, PVOID EstablisherFrame, PCONTEXT ContextRecord,
                          PVOID DispatcherContext)
{
    UNREFERENCED_PARAMETER(ExceptionRecord);
    UNREFERENCED_PARAMETER(EstablisherFrame);
    UNREFERENCED_PARAMETER(ContextRecord);
    UNREFERENCED_PARAMETER(DispatcherContext);
    return 1; /* ExceptionContinueSearch */
}
