/* System services: from the trap frame to the C function, and its result back. */
#include "kip.h"

#include <ps.h>

/* Every calling convention we have lets the caller pass more arguments than the callee reads, so one type calls all. */
typedef NTSTATUS KSERVICE(ULONG64, ULONG64, ULONG64, ULONG64, ULONG64, ULONG64, ULONG64, ULONG64, ULONG64, ULONG64,
                          ULONG64, ULONG64, ULONG64, ULONG64, ULONG64, ULONG64);

VOID KiSystemServiceHandler(PKTRAP_FRAME TrapFrame, ULONG Number)
{
    PKTHREAD Thread = KiProcessorBlock.CurrentThread;
    ULONG64 A[KI_MAXIMUM_ARGUMENTS] = { 0 };
    NTSTATUS Status;

    Thread->TrapFrame = TrapFrame;
    Thread->PreviousMode = UserMode;
    if (Number >= KiServiceLimit || KiServiceTable[Number] == NULL)
        Status = STATUS_INVALID_SYSTEM_SERVICE;
    else if (!KiFetchServiceArguments(TrapFrame, KiArgumentTable[Number], A))
        Status = STATUS_ACCESS_VIOLATION;
    else
        Status = ((KSERVICE *)KiServiceTable[Number])(A[0], A[1], A[2], A[3], A[4], A[5], A[6], A[7], A[8], A[9], A[10],
                                                      A[11], A[12], A[13], A[14], A[15]);
    Thread->PreviousMode = KernelMode;
    Thread->TrapFrame = NULL;
    KiSetServiceResult(TrapFrame, (ULONG64)(LONG64)Status);
}

/* A fault of user mode: Ps gives it to the program or ends the process. */
VOID KiDispatchUserException(PKTRAP_FRAME TrapFrame, NTSTATUS Code, ULONG NumberParameters, ULONG_PTR P0, ULONG_PTR P1)
{
    EXCEPTION_RECORD Record = {
        .ExceptionCode = Code,
        .ExceptionAddress = (PVOID)KiTrapFramePc(TrapFrame),
        .NumberParameters = NumberParameters,
        .ExceptionInformation = { P0, P1 },
    };
    CONTEXT Context;

    KeContextFromKframes(TrapFrame, &Context);
    KeGetCurrentThread()->TrapFrame = TrapFrame;
    PsDispatchUserException(&Record, &Context, TRUE);
    KeGetCurrentThread()->TrapFrame = NULL;
    KeContextToKframes(TrapFrame, &Context);
}
