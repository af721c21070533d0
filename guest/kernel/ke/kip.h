/* Private to ke. "Dispatcher lock" below means: IRQL is DISPATCH_LEVEL or above, or interrupts are off. */
#pragma once

#include <arch.h>
#include <ke.h>

#define KI_QUANTUM_NS   20000000ull     /* 20 ms */
#define KI_NEVER        (~0ull)

/* sched.c; all with the dispatcher lock */
VOID KiReadyThread(PKTHREAD Thread);            /* Thread may run from now on */
VOID KiSwapThread(VOID);                        /* gives the processor away; the caller has set the current thread's State */
VOID KiFinishSwitch(VOID);                      /* first thing on a stack that has just been switched to */
BOOLEAN KiIsPreemptionDue(VOID);

/* waittest.c; with the dispatcher lock */
VOID KiWaitTest(PDISPATCHER_HEADER Object);     /* Object was signalled: ends the waits that it satisfies */
BOOLEAN KiIsSignalled(const DISPATCHER_HEADER *Object, PKTHREAD Thread);
BOOLEAN KiSatisfyObject(PDISPATCHER_HEADER Object, PKTHREAD Thread);    /* takes it; TRUE: it was an abandoned mutant */
VOID KiUnwaitThread(PKTHREAD Thread, NTSTATUS Status);

/* sched.c; interrupts are off before and after: sleeps until one is pending and takes it */
VOID KiIdle(VOID);

/* timer.c; with the dispatcher lock */
extern ULONG64 KiClockDeadline;                 /* what the hardware is set to; KI_NEVER: nothing is due */
VOID KiInitializeTimers(VOID);
VOID KiInsertTimer(PKTIMER Timer, ULONG64 DueTime);
VOID KiRemoveTimer(PKTIMER Timer);
VOID KiRequestClock(ULONG64 Deadline);          /* an interrupt at Deadline at the latest */
ULONG64 KiDueTime(const LARGE_INTEGER *Timeout);    /* NT's timeout as boot time */

/* time.c */
VOID KiStartCounter(VOID);                      /* boot time is zero here */
VOID KiInitializeSystemTime(VOID);

/* dpc.c */
BOOLEAN KiIsDpcPending(VOID);
VOID KiRetireDpcs(VOID);                        /* runs all; IRQL below DISPATCH_LEVEL or the idle loop; interrupts on */

DECLSPEC_NORETURN VOID KiIdleLoop(VOID);

/* dump.c: upper case, Digits characters and a NUL. */
VOID KiFormatHex(ULONG64 Value, ULONG Digits, CHAR *Buffer);
