/* System services: from the trap frame to the C function, and its result back. */
#include "kip.h"

#include <ps.h>

/* Every calling convention we have lets the caller pass more arguments than the callee reads, so one type calls all. */
typedef NTSTATUS KSERVICE(ULONG64, ULONG64, ULONG64, ULONG64, ULONG64, ULONG64, ULONG64, ULONG64, ULONG64, ULONG64,
                          ULONG64, ULONG64, ULONG64, ULONG64, ULONG64, ULONG64);

BOOLEAN KeAddSystemServiceTable(const PVOID *Base, const UCHAR *Number, ULONG Limit, ULONG First)
{
    PKSERVICE_TABLE_DESCRIPTOR Table = MmGetSessionServiceTable();

    if (First != KI_SESSION_SERVICES || Table == NULL || Table->Limit != 0)
        return FALSE;
    *Table = (KSERVICE_TABLE_DESCRIPTOR){ Base, Number, Limit };
    return TRUE;
}

/* The service of that number and its number of arguments, NULL when there is none. */
static PVOID KiFindService(ULONG Number, PULONG Arguments)
{
    if (Number >= KI_SESSION_SERVICES) {
        PKSERVICE_TABLE_DESCRIPTOR Table = MmGetSessionServiceTable();

        Number -= KI_SESSION_SERVICES;
        if (Table == NULL || Number >= Table->Limit)
            return NULL;
        *Arguments = Table->Number[Number];
        return Table->Base[Number];
    }
    if (Number >= KiServiceLimit)
        return NULL;
    *Arguments = KiArgumentTable[Number];
    return KiServiceTable[Number];
}

VOID KiSystemServiceHandler(PKTRAP_FRAME TrapFrame, ULONG Number)
{
    PKTHREAD Thread = KiProcessorBlock.CurrentThread;
    ULONG64 A[KI_MAXIMUM_ARGUMENTS] = { 0 };
    ULONG Arguments = 0;
    PVOID Service = KiFindService(Number, &Arguments);
    NTSTATUS Status;

    Thread->TrapFrame = TrapFrame;
    Thread->PreviousMode = UserMode;
    if (Service == NULL)
        Status = STATUS_INVALID_SYSTEM_SERVICE;
    else if (!KiFetchServiceArguments(TrapFrame, Arguments, A))
        Status = STATUS_ACCESS_VIOLATION;
    else
        Status = ((KSERVICE *)Service)(A[0], A[1], A[2], A[3], A[4], A[5], A[6], A[7], A[8], A[9], A[10], A[11],
                                      A[12], A[13], A[14], A[15]);
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
