/* The kernel layer: dispatcher objects, waits, threads and their scheduling, DPCs, timers, IRQL, bugcheck. */
#pragma once

#include <ntdef.h>
#include <ntkeapi.h>
#include <ntstatus.h>
#include <arch.h>

/* ---- IRQL --------------------------------------------------------------------------------------------------- */

#define PASSIVE_LEVEL   0
#define APC_LEVEL       1
#define DISPATCH_LEVEL  2
#define DEVICE_LEVEL    5       /* interrupts are off from here upwards */
#define CLOCK_LEVEL     13
#define HIGH_LEVEL      15

KIRQL KeGetCurrentIrql(VOID);
KIRQL KfRaiseIrql(KIRQL NewIrql);               /* raises IRQL */
VOID KeLowerIrql(KIRQL NewIrql);                /* lowers IRQL; runs DPCs that became due when it goes below DISPATCH_LEVEL */
#define KeRaiseIrql(NewIrql, OldIrql)           (*(OldIrql) = KfRaiseIrql(NewIrql))

/* ---- the idle processor --------------------------------------------------------------------------------------- */

typedef struct _KI_IDLE_STATE {
    volatile ULONG64 Until;     /* 0: not idle; else when the clock will ring, in boot time (~0: never) */
    volatile ULONG64 Count;     /* how often the processor went to sleep */
    volatile ULONG64 TotalNs;   /* how long it slept */
} KI_IDLE_STATE;

extern KI_IDLE_STATE KiIdleState;

/* ---- dispatcher objects -------------------------------------------------------------------------------------- */

typedef enum _KOBJECTS {
    EventNotificationObject = 0,
    EventSynchronizationObject = 1,
    MutantObject = 2,
    ProcessObject = 3,
    SemaphoreObject = 5,
    ThreadObject = 6,
    TimerNotificationObject = 8,
    TimerSynchronizationObject = 9
} KOBJECTS;

typedef struct _DISPATCHER_HEADER {
    UCHAR Type;                 /* KOBJECTS */
    UCHAR Inserted;             /* timers: in the timer list */
    USHORT Spare;
    LONG SignalState;           /* > 0: signalled */
    LIST_ENTRY WaitListHead;    /* KWAIT_BLOCK.WaitListEntry */
} DISPATCHER_HEADER, *PDISPATCHER_HEADER;

typedef struct _KEVENT {
    DISPATCHER_HEADER Header;
} KEVENT, *PKEVENT, *PRKEVENT;

typedef struct _KSEMAPHORE {
    DISPATCHER_HEADER Header;
    LONG Limit;
} KSEMAPHORE, *PKSEMAPHORE;

typedef struct _KMUTANT {
    DISPATCHER_HEADER Header;   /* SignalState 1: free; 1 - n: owned n times */
    LIST_ENTRY MutantListEntry; /* KTHREAD.MutantListHead */
    struct _KTHREAD *OwnerThread;
    BOOLEAN Abandoned;
} KMUTANT, *PKMUTANT;

struct _KDPC;
typedef VOID KDEFERRED_ROUTINE(struct _KDPC *Dpc, PVOID DeferredContext, PVOID SystemArgument1, PVOID SystemArgument2);
typedef KDEFERRED_ROUTINE *PKDEFERRED_ROUTINE;

typedef struct _KDPC {
    LIST_ENTRY DpcListEntry;
    PKDEFERRED_ROUTINE DeferredRoutine;
    PVOID DeferredContext;
    PVOID SystemArgument1;
    PVOID SystemArgument2;
    BOOLEAN Inserted;
} KDPC, *PKDPC;

typedef struct _KTIMER {
    DISPATCHER_HEADER Header;
    ULONG64 DueTime;            /* boot time in ns */
    LIST_ENTRY TimerListEntry;
    PKDPC Dpc;
    ULONG Period;               /* ms; 0: once */
} KTIMER, *PKTIMER;

/* A mutex for structures that span a wait. Not recursive. Taken and dropped at PASSIVE_LEVEL. */
typedef struct _KGUARDED_MUTEX {
    struct _KTHREAD *Owner;
    ULONG Contention;           /* threads in KeAcquireGuardedMutex that wait for Gate */
    KEVENT Gate;
} KGUARDED_MUTEX, *PKGUARDED_MUTEX;

/* Uniprocessor: a spin lock is the IRQL alone. */
typedef struct _KSPIN_LOCK_STATE { UCHAR Unused; } KSPIN_LOCK, *PKSPIN_LOCK;
#define KeInitializeSpinLock(Lock)              ((void)(Lock))
#define KeAcquireSpinLock(Lock, OldIrql)        ((void)(Lock), *(OldIrql) = KfRaiseIrql(DISPATCH_LEVEL))
#define KeReleaseSpinLock(Lock, OldIrql)        ((void)(Lock), KeLowerIrql(OldIrql))

/* ---- threads and processes ----------------------------------------------------------------------------------- */

#define THREAD_WAIT_OBJECTS    3
#define TIMER_WAIT_BLOCK       3    /* index in KTHREAD.WaitBlock of the block that waits for KTHREAD.Timer */

typedef enum _KTHREAD_STATE {
    Initialized = 0, Ready = 1, Running = 2, Standby = 3, Terminated = 4, Waiting = 5
} KTHREAD_STATE;

typedef enum _KWAIT_REASON {
    Executive = 0, FreePage, PageIn, PoolAllocation, DelayExecution, Suspended, UserRequest,
    WrExecutive, WrFreePage, WrPageIn, WrPoolAllocation, WrDelayExecution, WrSuspended, WrUserRequest,
    WrEventPair, WrQueue, WrLpcReceive, WrLpcReply, WrVirtualMemory, WrPageOut, WrRendezvous,
    WrGuardedMutex = 35
} KWAIT_REASON;

typedef struct _KWAIT_BLOCK {
    LIST_ENTRY WaitListEntry;   /* DISPATCHER_HEADER.WaitListHead of Object */
    struct _KTHREAD *Thread;
    PVOID Object;
    struct _KWAIT_BLOCK *NextWaitBlock;     /* ring through all objects of the wait */
    USHORT WaitKey;             /* what the wait returns for this object */
    UCHAR WaitType;             /* WaitAll, WaitAny */
    UCHAR Spare;
} KWAIT_BLOCK, *PKWAIT_BLOCK;

typedef struct _KPROCESS {
    DISPATCHER_HEADER Header;   /* signalled when the process has ended */
    ULONG64 DirectoryTableBase; /* physical address of the root page table */
    LIST_ENTRY ThreadListHead;  /* KTHREAD.ThreadListEntry */
    KPRIORITY BasePriority;
    ULONG QuantumReset;         /* ms */
} KPROCESS, *PKPROCESS;

/* The process whose address space a thread uses, and the one to go back to after KeStackAttachProcess. */
typedef struct _KAPC_STATE {
    PKPROCESS Process;
} KAPC_STATE, *PKAPC_STATE, *PRKAPC_STATE;

typedef struct _KTHREAD {
    DISPATCHER_HEADER Header;   /* signalled when the thread has ended */
    PVOID KernelStack;          /* saved stack pointer while the thread does not run; offset known to context.S */
    PVOID InitialStack;         /* top of the kernel stack: the stack pointer on entry from user mode */
    PVOID Teb;                  /* user address, in GS / x18 while the thread runs in user mode */
    PKPROCESS Process;          /* that it belongs to */
    KAPC_STATE ApcState;
    LIST_ENTRY ThreadListEntry; /* KPROCESS.ThreadListHead */
    PKTRAP_FRAME TrapFrame;     /* the user-mode frame of the present system service */
    ULONG64 QuantumEnd;         /* boot time in ns */
    LIST_ENTRY WaitListEntry;   /* ready list */
    LIST_ENTRY MutantListHead;
    PKWAIT_BLOCK WaitBlockList; /* ring while State is Waiting, else NULL */
    KWAIT_BLOCK WaitBlock[THREAD_WAIT_OBJECTS + 1];
    KTIMER Timer;
    NTSTATUS WaitStatus;
    ULONG WaitTime;             /* ms since boot when the wait began */
    ULONG ContextSwitches;
    UCHAR State;                /* KTHREAD_STATE */
    UCHAR WaitReason;           /* KWAIT_REASON */
    UCHAR WaitMode;             /* KernelMode, UserMode */
    UCHAR WaitIrql;
    UCHAR PreviousMode;         /* of the present system service */
    SCHAR Priority;
    SCHAR BasePriority;
    UCHAR TerminationPending;   /* ends on its way back to user mode, and no user-mode wait begins or goes on */
    UCHAR SuspendPending;       /* holds on its way back to user mode, in PsCheckTermination */
    PVOID StartRoutine;
    PVOID StartContext;
    KFLOATING_SAVE FloatingState;   /* while another thread's is in the processor; offsets above are known elsewhere */
} KTHREAD, *PKTHREAD, *PRKTHREAD;

/* The processor's own block. There is one processor. */
typedef struct _KPRCB {
    PKTHREAD CurrentThread;     /* offset 0, known to the assembler */
    PKTHREAD IdleThread;
    PKTHREAD FloatingOwner;     /* whose floating point registers the processor holds; NULL: nobody's */
    PKTHREAD TerminatedThread;  /* has just left the processor for ever; PspThreadSwitchedAway is due */
    KIRQL Irql;
    BOOLEAN DpcRoutineActive;
    BOOLEAN QuantumExpired;
    ULONG ReadySummary;         /* bit n: DispatcherReadyListHead[n] is not empty */
    LIST_ENTRY DispatcherReadyListHead[MAXIMUM_PRIORITY];
    LIST_ENTRY DpcListHead;
} KPRCB, *PKPRCB;

extern KPRCB KiProcessorBlock;

/* The boot thread and its process, which become the idle ones: an ETHREAD and an EPROCESS, for Ps to finish. */
extern struct _ETHREAD KiInitialThread;
extern struct _EPROCESS KiInitialProcess;

typedef VOID KSTART_ROUTINE(PVOID StartContext);
typedef KSTART_ROUTINE *PKSTART_ROUTINE;

static inline PKTHREAD KeGetCurrentThread(VOID) { return KiProcessorBlock.CurrentThread; }
static inline PKPROCESS KeGetCurrentProcess(VOID) { return KiProcessorBlock.CurrentThread->ApcState.Process; }
static inline KPROCESSOR_MODE KeGetPreviousMode(VOID) { return (KPROCESSOR_MODE)KiProcessorBlock.CurrentThread->PreviousMode; }

VOID KeInitializeProcess(PKPROCESS Process, KPRIORITY BasePriority, ULONG64 DirectoryTableBase);
LONG KeSetProcess(PKPROCESS Process);           /* signals a process that has ended; returns the former state */

/* Makes a thread that will call StartRoutine(StartContext) at PASSIVE_LEVEL in kernel mode on the stack that ends at
 * KernelStackTop; it runs only after KeReadyThread. StartRoutine must not return: it ends in KeEnterUserMode or
 * KeTerminateThread. The priority is that of the process. */
VOID KeInitializeThread(PKTHREAD Thread, PVOID KernelStackTop, PKSTART_ROUTINE StartRoutine, PVOID StartContext,
                        PVOID Teb, PKPROCESS Process);
VOID KeReadyThread(PKTHREAD Thread);
KPRIORITY KeSetPriorityThread(PKTHREAD Thread, KPRIORITY Priority);

/* Ends the calling thread: signals it, leaves its processor for ever. PspThreadSwitchedAway (below) hears of it. */
DECLSPEC_NORETURN VOID KeTerminateThread(VOID);

/* Asks a thread to end: its user-mode wait returns STATUS_THREAD_IS_TERMINATING, no other begins, and on its way back
 * to user mode it calls PsCheckTermination. Must be called at <= DISPATCH_LEVEL; the thread may be the current one. */
VOID KeRequestTermination(PKTHREAD Thread);
VOID KeYieldExecution(VOID);

/* Makes Process's address space the current one until the matching KeUnstackDetachProcess; the thread must not wait
 * in user mode meanwhile. */
VOID KeStackAttachProcess(PKPROCESS Process, PKAPC_STATE ApcState);
VOID KeUnstackDetachProcess(PKAPC_STATE ApcState);

/* Loads the address space of the current process again, after its root table's session slot changed. */
VOID KeReloadAddressSpace(VOID);

/* What Ps provides to Ke (and ps.h: PsCheckTermination, PsDispatchUserException). At DISPATCH_LEVEL, on another
 * thread's stack: Thread never runs again, its kernel stack may go. */
VOID PspThreadSwitchedAway(PKTHREAD Thread);

/* ---- events, semaphores, mutants, timers, DPCs ---------------------------------------------------------------- */

VOID KeInitializeEvent(PKEVENT Event, EVENT_TYPE Type, BOOLEAN State);
LONG KeSetEvent(PKEVENT Event, KPRIORITY Increment, BOOLEAN Wait);  /* <= DISPATCH_LEVEL; returns the former state */
LONG KeResetEvent(PKEVENT Event);
LONG KePulseEvent(PKEVENT Event, KPRIORITY Increment, BOOLEAN Wait);
VOID KeClearEvent(PKEVENT Event);
LONG KeReadStateEvent(PKEVENT Event);

VOID KeInitializeSemaphore(PKSEMAPHORE Semaphore, LONG Count, LONG Limit);
/* Returns the former count; raises nothing: a release over the limit changes nothing and *Exceeded is set. */
LONG KeReleaseSemaphore(PKSEMAPHORE Semaphore, KPRIORITY Increment, LONG Adjustment, BOOLEAN *Exceeded);
LONG KeReadStateSemaphore(PKSEMAPHORE Semaphore);

VOID KeInitializeMutant(PKMUTANT Mutant, BOOLEAN InitialOwner);
/* STATUS_MUTANT_NOT_OWNED when the caller is not the owner; the former state goes to *PreviousState. */
NTSTATUS KeReleaseMutant(PKMUTANT Mutant, KPRIORITY Increment, BOOLEAN Abandoned, LONG *PreviousState);
LONG KeReadStateMutant(PKMUTANT Mutant);

VOID KeInitializeTimer(PKTIMER Timer);
VOID KeInitializeTimerEx(PKTIMER Timer, TIMER_TYPE Type);
BOOLEAN KeSetTimer(PKTIMER Timer, LARGE_INTEGER DueTime, PKDPC Dpc);
BOOLEAN KeSetTimerEx(PKTIMER Timer, LARGE_INTEGER DueTime, LONG Period, PKDPC Dpc);
BOOLEAN KeCancelTimer(PKTIMER Timer);
BOOLEAN KeReadStateTimer(PKTIMER Timer);

VOID KeInitializeDpc(PKDPC Dpc, PKDEFERRED_ROUTINE DeferredRoutine, PVOID DeferredContext);
BOOLEAN KeInsertQueueDpc(PKDPC Dpc, PVOID SystemArgument1, PVOID SystemArgument2);  /* any IRQL */

VOID KeInitializeGuardedMutex(PKGUARDED_MUTEX Mutex);
VOID KeAcquireGuardedMutex(PKGUARDED_MUTEX Mutex);          /* takes the mutex; may wait */
BOOLEAN KeTryToAcquireGuardedMutex(PKGUARDED_MUTEX Mutex);  /* takes the mutex if it is free */
VOID KeReleaseGuardedMutex(PKGUARDED_MUTEX Mutex);          /* drops the mutex */

/* ---- waits --------------------------------------------------------------------------------------------------- */

/* Timeout: NULL waits for ever; negative is relative, positive absolute system time, both in 100 ns; 0 only tests.
 * At PASSIVE_LEVEL (at DISPATCH_LEVEL only with Timeout 0). Returns STATUS_SUCCESS (WAIT_n), STATUS_TIMEOUT,
 * STATUS_ABANDONED, or STATUS_THREAD_IS_TERMINATING for WaitMode UserMode. Alertable is accepted and has no effect. */
NTSTATUS KeWaitForSingleObject(PVOID Object, KWAIT_REASON WaitReason, KPROCESSOR_MODE WaitMode, BOOLEAN Alertable,
                               PLARGE_INTEGER Timeout);
/* Count > THREAD_WAIT_OBJECTS needs a WaitBlockArray of Count blocks that lives for the whole wait. */
NTSTATUS KeWaitForMultipleObjects(ULONG Count, PVOID Object[], WAIT_TYPE WaitType, KWAIT_REASON WaitReason,
                                  KPROCESSOR_MODE WaitMode, BOOLEAN Alertable, PLARGE_INTEGER Timeout,
                                  PKWAIT_BLOCK WaitBlockArray);
NTSTATUS KeDelayExecutionThread(KPROCESSOR_MODE WaitMode, BOOLEAN Alertable, PLARGE_INTEGER Interval);
/* For drivers: sleeps until a DPC has set the event, or STATUS_TIMEOUT. Interrupts and DPCs are served, no other thread
 * runs, so callers may wait in the middle of a change. Below DISPATCH_LEVEL. */
NTSTATUS KeWaitForDevice(PKEVENT Event, ULONG TimeoutMs);
/* What was written or read before it is seen by devices and other processors before what follows. */
static inline VOID KeMemoryBarrier(VOID) { __sync_synchronize(); }

/* ---- time ---------------------------------------------------------------------------------------------------- */

ULONG64 KeQueryBootTimeNs(VOID);                            /* since kernel entry; the clock of every record */
VOID KeQuerySystemTime(PLARGE_INTEGER CurrentTime);         /* 100 ns since 1601, from the machine's clock at boot */
ULONG64 KeQueryInterruptTime(VOID);                         /* 100 ns since boot */
LARGE_INTEGER KeQueryPerformanceCounter(PLARGE_INTEGER PerformanceFrequency);
VOID KeStallExecutionProcessor(ULONG MicroSeconds);

/* ---- start, services, bugcheck ------------------------------------------------------------------------------- */

struct _LOADER_PARAMETER_BLOCK;
extern struct _LOADER_PARAMETER_BLOCK *KeLoaderBlock;
/* After Mm's phase 0 and before the first timeout: interrupts and the clock start. */
VOID KeInitSystem(VOID);

/* What Ex provides to Ke: phase 0, on the boot stack, in the thread that becomes the idle thread. It makes the system
 * process and the phase-1 thread, readies that, and returns; then the idle loop starts. It must not wait. */
VOID ExpInitializeExecutive(struct _LOADER_PARAMETER_BLOCK *LoaderBlock);

/* The system services by number (generated from services.yaml); an empty slot is NULL. */
#define KI_MAXIMUM_ARGUMENTS 16
extern const PVOID KiServiceTable[];
extern const UCHAR KiArgumentTable[];
extern const ULONG KiServiceLimit;

/* Services of a session's kernel image have the numbers from here on. Called from its DriverEntry; one table per
 * session: FALSE when the caller has no session or the session has its table already. */
#define KI_SESSION_SERVICES 0x1000
BOOLEAN KeAddSystemServiceTable(const PVOID *Base, const UCHAR *Number, ULONG Limit, ULONG First);

DECLSPEC_NORETURN VOID KeBugCheck(ULONG BugCheckCode);
DECLSPEC_NORETURN VOID KeBugCheckEx(ULONG BugCheckCode, ULONG_PTR P1, ULONG_PTR P2, ULONG_PTR P3, ULONG_PTR P4);
PCSTR KeGetBugMessageText(ULONG BugCheckCode);              /* "SESSION3_INITIALIZATION_FAILED", or "UNKNOWN" */

/* Bugcheck codes (bugcodes.h). */
#define IRQL_NOT_LESS_OR_EQUAL              0x0000000A
#define KMODE_EXCEPTION_NOT_HANDLED         0x0000001E
#define INVALID_PROCESS_ATTACH_ATTEMPT      0x00000005
#define NO_MORE_SYSTEM_PTES                 0x0000003F
#define PAGE_FAULT_IN_NONPAGED_AREA         0x00000050
#define PROCESS1_INITIALIZATION_FAILED      0x0000006B
#define OBJECT_INITIALIZATION_FAILED        0x0000005E
#define SECURITY_INITIALIZATION_FAILED      0x0000005F
#define PROCESS_INITIALIZATION_FAILED       0x00000060
#define HAL_INITIALIZATION_FAILED           0x0000005C
#define MEMORY1_INITIALIZATION_FAILED       0x00000065
#define SYMBOLIC_INITIALIZATION_FAILED      0x00000064
#define CONFIG_INITIALIZATION_FAILED        0x00000067
#define IO1_INITIALIZATION_FAILED           0x00000069
#define SESSION1_INITIALIZATION_FAILED      0x0000006D
#define SESSION2_INITIALIZATION_FAILED      0x0000006E
#define SESSION3_INITIALIZATION_FAILED      0x0000006F
#define SESSION4_INITIALIZATION_FAILED      0x00000070
#define SESSION5_INITIALIZATION_FAILED      0x00000071
#define BAD_SYSTEM_CONFIG_INFO              0x00000074
#define SYSTEM_THREAD_EXCEPTION_NOT_HANDLED 0x0000007E
#define UNEXPECTED_KERNEL_MODE_TRAP         0x0000007F
#define KERNEL_MODE_EXCEPTION_NOT_HANDLED   0x0000008E
#define CRITICAL_PROCESS_DIED               0x000000EF
#define CRITICAL_OBJECT_TERMINATION         0x000000F4
#define MANUALLY_INITIATED_CRASH            0x000000E2
#define ATTEMPTED_WRITE_TO_READONLY_MEMORY  0x000000BE
#define ATTEMPTED_EXECUTE_OF_NOEXECUTE_MEMORY 0x000000FC
#define BAD_POOL_HEADER                     0x00000019
#define BAD_POOL_CALLER                     0x000000C2
#define MEMORY_MANAGEMENT                   0x0000001A
#define REFERENCE_BY_POINTER                0x00000018
#define REGISTRY_ERROR                      0x00000051
#define KERNEL_STACK_INPAGE_ERROR           0x00000077
#define KERNEL_DATA_INPAGE_ERROR            0x0000007A
#define INACCESSIBLE_BOOT_DEVICE            0x0000007B
#define INSTALL_MORE_MEMORY                 0x0000007D
#define STATUS_SYSTEM_PROCESS_TERMINATED_BUGCHECK 0xC000021A
