/* The process manager's contract: EPROCESS, ETHREAD, system threads, protection. */
#pragma once
#include <nt.h>
#include "ke.h"
#include "mm.h"
#include "ob.h"
#include "se.h"

typedef struct _EPROCESS {
    KPROCESS Pcb;                       /* first: a process is a dispatcher object */
    HANDLE UniqueProcessId;
    HANDLE InheritedFromUniqueProcessId;
    LIST_ENTRY ActiveProcessLinks;      /* PsActiveProcessHead */
    LIST_ENTRY ThreadListHead;          /* ETHREAD.ThreadListEntry */
    ULONG ActiveThreads;
    ULONG SessionId;
    PTOKEN Token;
    PHANDLE_TABLE ObjectTable;
    POBJECT_DIRECTORY DeviceMap;        /* the process's own `\??`, referenced; NULL: the global one */
    PPEB Peb;
    CHAR ImageFileName[32];             /* file name only, for facts and for the host */
    UNICODE_STRING ImagePathName;       /* full NT path */
    UCHAR Protection;
    BOOLEAN BreakOnTermination;
    BOOLEAN ProcessExiting;
    BOOLEAN ProcessDeleted;
    BOOLEAN DynamicCodeProhibited;      /* no memory of its own becomes executable (Mm asks) */
    BOOLEAN Resumed;                    /* its first thread has been resumed once */
    ULONG DefaultHardErrorProcessing;
    NTSTATUS ExitStatus;
    LARGE_INTEGER CreateTime;
    LARGE_INTEGER ExitTime;
    PVOID ExceptionPort;

    MMSUPPORT Vm;                       /* Mm's part */
    PVOID SectionObject;                /* the image's section, referenced */
    PVOID SectionBaseAddress;
} EPROCESS;

typedef struct _ETHREAD {
    KTHREAD Tcb;                        /* first: a thread is a dispatcher object */
    CLIENT_ID Cid;
    PEPROCESS ThreadsProcess;
    LIST_ENTRY ThreadListEntry;
    PVOID StartAddress;
    PVOID Win32StartAddress;
    NTSTATUS ExitStatus;
    LARGE_INTEGER CreateTime;
    BOOLEAN SystemThread;
    BOOLEAN BreakOnTermination;
    BOOLEAN ThreadInserted;             /* in its process's list; counted in ActiveThreads */
    PTOKEN ImpersonationToken;          /* reference held, or NULL */

    /* Where a user thread begins. */
    PVOID StartParameter;
    PTEB Teb;
    PVOID InitialUserStack;             /* StackBase of the TEB */
    PVOID KernelStackTop;               /* from MmCreateKernelStack */
    ULONG SuspendCount;
    KEVENT SuspendEvent;                /* signalled while SuspendCount is 0 */

    /* Lpc's part. */
    KSEMAPHORE LpcReplySemaphore;
    PVOID LpcReplyMessage;              /* the reply, or NULL while it is awaited */
    ULONG LpcReplyMessageId;            /* nonzero while a reply is awaited */
    NTSTATUS LpcReplyStatus;
    PVOID LpcWaitingOnPort;             /* the server connection port, referenced, while a reply is awaited */
    LIST_ENTRY LpcReplyChain;
} ETHREAD, *PETHREAD;

extern POBJECT_TYPE PsProcessType, PsThreadType;
extern LIST_ENTRY PsActiveProcessHead;
extern PEPROCESS PsInitialSystemProcess;
extern PVOID PsSystemDllBase;           /* ntdll's preferred user-mode base */
extern PVOID PsNtDllEntryPoint;         /* LdrInitializeThunk: where every user thread begins */

#define PsGetCurrentThread()  ((PETHREAD)KeGetCurrentThread())
#define PsGetCurrentProcess() ((PEPROCESS)KeGetCurrentProcess())
#define PsGetCurrentProcessId() (PsGetCurrentThread()->Cid.UniqueProcess)

/* Phase 0: types, the System process around the boot thread. Phase 1: ntdll's section and entry. */
BOOLEAN PsInitSystem(ULONG Phase, PLOADER_PARAMETER_BLOCK LoaderBlock);

NTSTATUS NTAPI PsCreateSystemThread(PHANDLE ThreadHandle, ULONG DesiredAccess,
                                    POBJECT_ATTRIBUTES ObjectAttributes, HANDLE ProcessHandle,
                                    PCLIENT_ID ClientId, PKSTART_ROUTINE StartRoutine, PVOID StartContext);
NTSTATUS NTAPI PsTerminateSystemThread(NTSTATUS ExitStatus);

/* With a reference. */
NTSTATUS NTAPI PsLookupProcessByProcessId(HANDLE ProcessId, PEPROCESS *Process);
NTSTATUS NTAPI PsLookupThreadByThreadId(HANDLE ThreadId, PETHREAD *Thread);

/* Ends a process from where no process is: Completed is called by a system thread, at PASSIVE_LEVEL. At
 * <= DISPATCH_LEVEL; FALSE: the last request is still under way. */
typedef VOID PS_TERMINATED(NTSTATUS Status);
BOOLEAN PsRequestTermination(HANDLE ProcessId, NTSTATUS ExitStatus, PS_TERMINATED *Completed);

/* Ends the current thread; never returns. Called by ke on the way to user mode when Terminated is set. */
DECLSPEC_NORETURN VOID PspExitThread(NTSTATUS ExitStatus);
/* Called by ke before it returns to user mode, when TerminationPending or SuspendPending says so: ends or holds the
   thread. */
VOID PsCheckTermination(VOID);
/* A user-mode exception: gives it to ntdll's KiUserExceptionDispatcher, or ends the process with its status. */
VOID PsDispatchUserException(PEXCEPTION_RECORD ExceptionRecord, PCONTEXT Context, BOOLEAN FirstChance);

/* A process may touch another one only if its protection dominates. */
BOOLEAN PsTestProtection(PEPROCESS Subject, PEPROCESS Target);
ULONG PsGetProcessSessionId(PEPROCESS Process);
