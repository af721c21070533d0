/* Exceptions of user mode: handed to ntdll, or the end of the process. */
#include "psp.h"

/* Nobody handled it: the process ends with the exception's code. */
static DECLSPEC_NORETURN VOID PspUnhandledException(const EXCEPTION_RECORD *Record, const CONTEXT *Context)
{
    PEPROCESS Process = PsGetCurrentProcess();

    ExRecordFact("process.exception", "pid=%u name=%s code=%x pc=%I64x address=%I64x",
                 HandleToUlong(Process->UniqueProcessId), Process->ImageFileName, (ULONG)Record->ExceptionCode,
                 (ULONG64)CONTEXT_PC(Context),
                 Record->NumberParameters > 1 ? (ULONG64)Record->ExceptionInformation[1] : 0);
    PspTerminateProcess(Process, Record->ExceptionCode);
    PspExitThread(Record->ExceptionCode);
}

VOID PsDispatchUserException(PEXCEPTION_RECORD ExceptionRecord, PCONTEXT Context, BOOLEAN FirstChance)
{
    PUCHAR Stack = (PUCHAR)((CONTEXT_SP(Context) - 0x80) & ~0xFull);
    PUCHAR UserContext = Stack - ALIGN_UP_BY(sizeof *Context, 16);
    PUCHAR UserRecord = UserContext - ALIGN_UP_BY(sizeof *ExceptionRecord, 16);
    CONTEXT Thunk;

    if (!FirstChance || PspUserExceptionDispatcher == NULL ||
        !NT_SUCCESS(MmCopyToUser(UserContext, Context, sizeof *Context)) ||
        !NT_SUCCESS(MmCopyToUser(UserRecord, ExceptionRecord, sizeof *ExceptionRecord)))
        PspUnhandledException(ExceptionRecord, Context);
    KiInitializeUserContext(&Thunk, PspUserExceptionDispatcher, UserRecord, UserRecord);
    CONTEXT_ARG1(&Thunk) = (ULONG64)UserContext;
    KeEnterUserModeContext(&Thunk);
}

NTSTATUS NTAPI NtContinue(PCONTEXT ContextRecord, BOOLEAN TestAlert)
{
    CONTEXT Context;
    NTSTATUS Status = ExCopyFromMode(ExGetPreviousMode(), &Context, ContextRecord, sizeof Context);

    UNREFERENCED_PARAMETER(TestAlert);
    if (!NT_SUCCESS(Status))
        return Status;
    if (ExGetPreviousMode() == KernelMode)
        return STATUS_INVALID_PARAMETER;
    KeEnterUserModeContext(&Context);
}

NTSTATUS NTAPI NtRaiseException(PEXCEPTION_RECORD ExceptionRecord, PCONTEXT ContextRecord, BOOLEAN FirstChance)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    EXCEPTION_RECORD Record;
    CONTEXT Context;
    NTSTATUS Status = ExCopyFromMode(Mode, &Record, ExceptionRecord, sizeof Record);

    if (NT_SUCCESS(Status))
        Status = ExCopyFromMode(Mode, &Context, ContextRecord, sizeof Context);
    if (!NT_SUCCESS(Status))
        return Status;
    if (Mode == KernelMode || Record.NumberParameters > EXCEPTION_MAXIMUM_PARAMETERS)
        return STATUS_INVALID_PARAMETER;
    PsDispatchUserException(&Record, &Context, FirstChance);
    return STATUS_SUCCESS;
}
