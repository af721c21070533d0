/* What the run-time library asks of the kernel: memory, and a place for messages. */
#include "exp.h"

PVOID RtlpAllocateMemory(SIZE_T Size, ULONG Tag)
{
    return ExAllocatePoolWithTag(PagedPool, Size, Tag);
}

VOID RtlpFreeMemory(PVOID Memory, ULONG Tag)
{
    UNREFERENCED_PARAMETER(Tag);
    if (Memory != NULL)
        ExFreePool(Memory);
}

DECLSPEC_NORETURN VOID NTAPI RtlAssert(PVOID FailedAssertion, PVOID FileName, ULONG LineNumber, PCSTR Message)
{
    UNREFERENCED_PARAMETER(Message);
    DbgPrint("%s:%u: assertion failed: %s\n", (PCSTR)FileName, LineNumber, (PCSTR)FailedAssertion);
    KeBugCheckEx(KMODE_EXCEPTION_NOT_HANDLED, (ULONG_PTR)FailedAssertion, LineNumber, 0, 0);
}

/* Console text, at most a line long; kept apart from records by DISPATCH_LEVEL. */
ULONG DbgPrint(PCSTR Format, ...)
{
    CHAR Text[512];
    va_list Arguments;
    KIRQL Irql = KeGetCurrentIrql();

    va_start(Arguments, Format);
    vsnprintf(Text + 1, sizeof Text - 1, Format, Arguments);
    va_end(Arguments);
    Text[0] = ' ';
    if (Irql < DISPATCH_LEVEL)
        KfRaiseIrql(DISPATCH_LEVEL);
    HalDisplayString(Text[1] == '@' ? Text : Text + 1);
    if (Irql < DISPATCH_LEVEL)
        KeLowerIrql(Irql);
    return STATUS_SUCCESS;
}
