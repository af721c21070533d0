/* The porting contract: everything that the rest of the kernel asks of arch/<ARCH>, and what it must give back.
 *
 * arch/<ARCH>/archdef.h defines KTRAP_FRAME (the user's or kernel's registers at a trap, as trap.S pushes them),
 * ARCH_NAME, and the inline primitives below that are one instruction. */
#pragma once

#include <ntdef.h>
#include <ntmmapi.h>
#include <ntstatus.h>

typedef UCHAR KIRQL, *PKIRQL;
typedef CCHAR KPROCESSOR_MODE;
typedef enum _MODE { KernelMode = 0, UserMode = 1 } MODE;

typedef struct _KTRAP_FRAME KTRAP_FRAME, *PKTRAP_FRAME;
struct _KTHREAD;
struct _EXCEPTION_RECORD;
struct _CONTEXT;
struct _LOADER_PARAMETER_BLOCK;

#include <archdef.h>

/* ---- one instruction (archdef.h) ------------------------------------------------------------------------------ */

static inline VOID KiEnableInterrupts(VOID);
static inline VOID KiDisableInterrupts(VOID);
static inline BOOLEAN KiSaveAndDisableInterrupts(VOID);     /* TRUE: they were enabled */
static inline VOID KiRestoreInterrupts(BOOLEAN Enabled);
static inline VOID KiHaltProcessor(VOID);                   /* sleeps; interrupts stay as they are */
static inline ULONG64 KiReadCycleCounter(VOID);             /* TSC or CNTVCT */
static inline KPROCESSOR_MODE KiTrapFrameMode(const KTRAP_FRAME *TrapFrame);
static inline ULONG_PTR KiTrapFramePc(const KTRAP_FRAME *TrapFrame);
static inline ULONG_PTR KiTrapFrameSp(const KTRAP_FRAME *TrapFrame);

/* ---- start (cpu.c, entry.S) ------------------------------------------------------------------------------------ */

VOID KiInitializeCpu(VOID);                                 /* descriptor tables, vectors; traps work afterwards */
VOID KiIdleProcessor(VOID);     /* interrupts are off: sleeps until one is pending, takes it, comes back with them off */

/* ---- page tables (ke/pagetable.c) ------------------------------------------------------------------------------
 * Both architectures have four levels of 512 entries. A root is the physical address of a top-level table: entries
 * 0..255 are user mode's, 256..511 the kernel's, shared by all roots but for the session slot. Tables come from
 * MmAllocatePage(TRUE) and go back by MmFreePage. */

#define KI_PAGE_WRITE    0x1u
#define KI_PAGE_EXECUTE  0x2u
#define KI_PAGE_USER     0x4u
#define KI_PAGE_DEVICE   0x8u   /* device registers: uncached, no speculation */
#define KI_PAGE_GLOBAL   0x10u  /* set by KiMapPage itself: the same in every root */
#define KI_SESSION_SPACE 0xFFFFF90000000000ull

extern ULONG64 MiKernelPageTableRoot;                       /* physical; read by the host too */

/* Gives the kernel's root every shared top-level entry, so that no other root ever misses a later one, and drops the
 * stub's mapping in the user half. Needs MmAllocatePage; before the first KiCreatePageTableRoot. */
BOOLEAN KiPrepareKernelRoot(VOID);
ULONG64 KiCreatePageTableRoot(VOID);                        /* 0: no memory */
VOID KiDeletePageTableRoot(ULONG64 Root);                   /* frees the user half's tables, not the pages they map */
/* One 4 KiB page; replaces what was there. FALSE: no memory for a table. Flushes the page from the TLB. */
BOOLEAN KiMapPage(ULONG64 Root, PVOID VirtualAddress, ULONG64 PhysicalAddress, ULONG Flags);
BOOLEAN KiUnmapPage(ULONG64 Root, PVOID VirtualAddress, ULONG64 *PhysicalAddress);     /* FALSE: was not mapped */
BOOLEAN KiProtectPage(ULONG64 Root, PVOID VirtualAddress, ULONG Flags);                /* FALSE: is not mapped */
BOOLEAN KiQueryPage(ULONG64 Root, PVOID VirtualAddress, ULONG64 *PhysicalAddress, ULONG *Flags);   /* large pages too */
/* Software entries: last-level entries that the processor takes for empty (both architectures leave all bits but bit 0 of
 * such an entry to us). KiMapPage and KiUnmapPage know nothing of them: who replaces one takes care of its value. */
#define KI_SOFT_TRANSITION 1u   /* Value: number of a page that is in memory but must not be touched now */
#define KI_SOFT_PAGED_OUT  2u   /* Value: slot of a paging file */
BOOLEAN KiSetSoftEntry(ULONG64 Root, PVOID VirtualAddress, ULONG Kind, ULONG64 Value);  /* Kind 0: empty; FALSE: no table */
BOOLEAN KiQuerySoftEntry(ULONG64 Root, PVOID VirtualAddress, ULONG *Kind, ULONG64 *Value);  /* FALSE: empty or a page */
/* Was the page touched since the last call? It was when it has just been mapped. FALSE, too: is not mapped. */
BOOLEAN KiTestAndClearAccessed(ULONG64 Root, PVOID VirtualAddress);
VOID KiMarkAccessed(ULONG64 Root, PVOID VirtualAddress);
/* The session slot of a root: Table is the physical address of a next-level table shared by the session's processes. */
VOID KiSetSessionTable(ULONG64 Root, ULONG64 Table);        /* 0: none */
ULONG64 KiGetSessionTable(ULONG64 Root);
VOID KiDeleteSessionTable(ULONG64 Table);                   /* frees the tables, not the pages that they map */

/* mmu.c: entries as the processor reads them, and its TLB. */
#define KI_ENTRY_ADDRESS 0x0000FFFFFFFFF000ull
ULONG64 KiTableEntry(ULONG64 Table);
ULONG64 KiPageEntry(ULONG64 PhysicalAddress, ULONG Flags);
ULONG KiPageEntryFlags(ULONG64 Entry);
ULONG64 KiSetEntryAccessed(ULONG64 Entry, BOOLEAN Accessed);    /* the bit that x86 sets by itself and that ARM64 faults for */
BOOLEAN KiIsEntryAccessed(ULONG64 Entry);
static inline BOOLEAN KiIsEntryValid(ULONG64 Entry);        /* archdef.h */
static inline BOOLEAN KiIsEntryLarge(ULONG64 Entry);        /* archdef.h; at a level above the last */
VOID KiLoadPageTableRoot(ULONG64 Root);                     /* makes it the current one; flushes what is not shared */
VOID KiFlushTlbPage(PVOID VirtualAddress);
VOID KiFlushTlb(VOID);
VOID KiPublishEntry(VOID);                                  /* a new entry is seen by the table walker from here on */
VOID KiSynchronizeInstructionCache(PVOID Address, SIZE_T Length);   /* after code was written through a data mapping */

/* ---- user mode (context.S, syscall.S, usercopy.S, trap.c) -------------------------------------------------------- */

/* Leaves kernel mode at Entry with Argument as its first argument and an empty kernel stack. */
DECLSPEC_NORETURN VOID KeEnterUserMode(PVOID Entry, PVOID UserStack, PVOID Argument);
/* The same with all registers of a CONTEXT. */
DECLSPEC_NORETURN VOID KeEnterUserModeContext(const struct _CONTEXT *Context);
/* Copies between user and kernel memory; FALSE when the user side faults and MmAccessFault refuses. No range check. */
BOOLEAN KiCopyUserMemory(PVOID Destination, const VOID *Source, SIZE_T Length);
VOID KeContextFromKframes(const KTRAP_FRAME *TrapFrame, struct _CONTEXT *Context);
VOID KeContextToKframes(PKTRAP_FRAME TrapFrame, const struct _CONTEXT *Context);    /* cannot gain privilege */
VOID KiInitializeUserContext(struct _CONTEXT *Context, PVOID Entry, PVOID UserStack, PVOID Argument);

/* ---- threads (context.S) ----------------------------------------------------------------------------------------- */

/* The first switch to the thread enters KiThreadStartup (ke/thread.c) on its stack. Returns the saved stack pointer. */
PVOID KiInitializeSwitchFrame(PVOID KernelStackTop);
/* Saves the caller's state on its stack, its stack pointer in *OldStack, and goes on where NewStack was saved. With
 * interrupts off. */
VOID KiSwapContext(PVOID *OldStack, PVOID NewStack);
/* The stack to use on the next entry from user mode and the TEB to show to user mode. */
VOID KiSetThreadState(PVOID InitialStack, PVOID Teb);

/* ---- floating point (float.S, cpu.c): user mode's alone, the kernel never computes with it ------------------------ */

VOID KiInitializeFloatingState(PKFLOATING_SAVE State);      /* what a new thread begins with */
VOID KiSaveFloatingState(PKFLOATING_SAVE State);
VOID KiRestoreFloatingState(const KFLOATING_SAVE *State);

/* ---- clock, interrupts (clock.c, interrupt.c) -------------------------------------------------------------------- */

VOID KiInitializeInterrupts(VOID);                          /* the controller, all lines masked */
VOID KiInitializeClock(VOID);                               /* measures the counter; KeQueryBootTimeNs works from here */
VOID KiSetClockDeadline(ULONG64 BootTimeNs);                /* KiClockInterrupt will come then; ~0: never */
ULONG64 KiReadWallClock(VOID);                              /* seconds since 1970 from the machine's clock; needs Mm's phase 0 */

typedef VOID KINTERRUPT_ROUTINE(PVOID Context);
/* Routine runs at DEVICE_LEVEL when the machine's line Vector (GSI or INTID) is raised; all that share a level-triggered
 * line are called. FALSE: no such line. */
BOOLEAN KiConnectInterrupt(ULONG Vector, BOOLEAN LevelTriggered, KINTERRUPT_ROUTINE *Routine, PVOID Context);

/* ke/interrupt.c: the listeners of a line, for arch. */
typedef struct _KI_LISTENER {
    struct _KI_LISTENER *Next;
    KINTERRUPT_ROUTINE *Routine;
    PVOID Context;
} KI_LISTENER, *PKI_LISTENER;
BOOLEAN KiAddListener(PKI_LISTENER *Line, KINTERRUPT_ROUTINE *Routine, PVOID Context);
VOID KiCallListeners(const KI_LISTENER *Line);

/* What arch calls in ke: */
VOID KiSetCounterFrequency(ULONG64 Hertz);                  /* from KiInitializeClock */
VOID KiClockInterrupt(VOID);                                /* the deadline has come; interrupts off */
VOID KiDispatchInterrupts(BOOLEAN InterruptsWereEnabled);   /* after an interrupt: DPCs, when IRQL allows */
VOID KiPrepareUserReturn(PKTRAP_FRAME TrapFrame);           /* interrupts off on entry and return: preemption, termination */
VOID KiSystemServiceHandler(PKTRAP_FRAME TrapFrame, ULONG Number);
/* The kernel's own fault, FaultFlags as in MmAccessFault: which bugcheck it is. */
DECLSPEC_NORETURN VOID KiUnhandledPageFault(PKTRAP_FRAME TrapFrame, ULONG FaultFlags, ULONG64 Address);
VOID KiDispatchUserException(PKTRAP_FRAME TrapFrame, NTSTATUS Code, ULONG NumberParameters, ULONG_PTR P0, ULONG_PTR P1);
DECLSPEC_NORETURN VOID KiThreadStartup(VOID);

/* What ke/service.c asks of arch: the first Count arguments of the present service; FALSE: the user stack faults. */
BOOLEAN KiFetchServiceArguments(const KTRAP_FRAME *TrapFrame, ULONG Count, ULONG64 *Arguments);
VOID KiSetServiceResult(PKTRAP_FRAME TrapFrame, ULONG64 Result);

VOID KiDumpRegister(PCSTR Name, ULONG64 Value, ULONG Index);   /* ke/dump.c: four to a line */

VOID KiDumpTrapFrame(const KTRAP_FRAME *TrapFrame);         /* all registers, on the first serial port */

/* procinfo.c: what SystemProcessorInformation says: family, model and stepping as NT packs them. */
struct _SYSTEM_PROCESSOR_INFORMATION;
VOID KeQueryProcessorInformation(struct _SYSTEM_PROCESSOR_INFORMATION *Information);
