/* The run-time library's hooks in user mode: memory from the process heap, assertions end the process. */
#include "ntdllp.h"

PVOID RtlpAllocateMemory(SIZE_T Size, ULONG Tag)
{
    UNREFERENCED_PARAMETER(Tag);
    return RtlAllocateHeap(RtlProcessHeap(), 0, Size);
}

VOID RtlpFreeMemory(PVOID Memory, ULONG Tag)
{
    UNREFERENCED_PARAMETER(Tag);
    RtlFreeHeap(RtlProcessHeap(), 0, Memory);
}

DECLSPEC_NORETURN VOID NTAPI RtlAssert(PVOID FailedAssertion, PVOID FileName, ULONG LineNumber, PCSTR Message)
{
    DbgPrint("%wZ: assertion failed: %s (%s:%u)%s%s\n", &NtCurrentPeb()->ProcessParameters->ImagePathName,
             FailedAssertion, FileName, LineNumber, Message ? ": " : "", Message ? Message : "");
    RtlExitUserProcess(STATUS_UNSUCCESSFUL);
}
