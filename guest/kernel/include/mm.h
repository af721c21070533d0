/* Memory manager: pages, pool, address spaces, sections, system images, sessions. */
#pragma once

#include <ntdef.h>
#include <ntstatus.h>
#include <ntmmapi.h>

typedef struct _EPROCESS *PEPROCESS;
typedef struct _FILE_OBJECT *PFILE_OBJECT;
typedef struct _LOADER_PARAMETER_BLOCK *PLOADER_PARAMETER_BLOCK;

#ifndef PAGE_SIZE
#define PAGE_SIZE 0x1000ull
#define PAGE_SHIFT 12
#endif

/* The map of virtual memory; docs/design.md, section 4. */
#define MM_LOWEST_USER_ADDRESS ((PVOID)0x10000ull)
#define MM_HIGHEST_USER_ADDRESS ((PVOID)0x7FFFFFFEFFFFull)
#define MM_USER_PROBE_ADDRESS 0x7FFFFFFF0000ull
#define MM_SHARED_USER_DATA_VA 0x7FFE0000ull
#define MM_DIRECT_MAP_BASE 0xFFFF800000000000ull
#define MM_KERNEL_SHARED_DATA_VA 0xFFFFF78000000000ull
#define MM_SYSTEM_RANGE_BASE 0xFFFFF88000000000ull
#define MM_SESSION_SPACE_BASE 0xFFFFF90000000000ull
#define MM_POOL_BASE 0xFFFFFA8000000000ull
#define MM_IO_SPACE_BASE 0xFFFFFC0000000000ull

#define MM_KERNEL_STACK_SIZE 0x6000ull
#define MM_NO_SESSION 0xFFFFFFFFu

typedef ULONG64 PFN_NUMBER;

/*
 * What a process owns of memory. Embedded in EPROCESS as `Vm`; the root of its page tables is
 * `Vm.DirectoryTableBase` (physical), which the scheduler loads.
 */
typedef struct _MMVAD MMVAD, *PMMVAD;
typedef struct _MM_SESSION_SPACE MM_SESSION_SPACE, *PMM_SESSION_SPACE;

typedef struct _MMSUPPORT {
    ULONG64 DirectoryTableBase;
    PMMVAD VadRoot;
    PMM_SESSION_SPACE Session;
    SIZE_T VirtualSize;
    SIZE_T PeakVirtualSize;
    SIZE_T WorkingSetSize;          /* pages mapped, in pages */
    SIZE_T PrivatePageCount;        /* of these, pages that nobody shares */
    ULONG PageFaultCount;
    BOOLEAN AddressSpaceDeleted;
} MMSUPPORT, *PMMSUPPORT;

/* --- start-up ------------------------------------------------------------------------------------- */

/* Phase 0: PFN database, pool, shared user data. Phase 1: section object type (needs Ob). */
BOOLEAN MmInitSystem(ULONG Phase, PLOADER_PARAMETER_BLOCK LoaderBlock);

/* Body of the phase-1 thread once smss runs: zeroes freed pages at idle priority; never returns. */
DECLSPEC_NORETURN VOID MmZeroPageThread(VOID);

/* --- pool (<= DISPATCH_LEVEL) --------------------------------------------------------------------- */

#ifndef _POOL_TYPE_DEFINED
#define _POOL_TYPE_DEFINED
typedef enum _POOL_TYPE { NonPagedPool = 0, PagedPool = 1, NonPagedPoolNx = 512 } POOL_TYPE;
#endif

/* Zero-initialised, 16-byte aligned; NULL when memory is exhausted. Tags are read like 'looP'. */
PVOID ExAllocatePoolWithTag(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag);
VOID ExFreePoolWithTag(PVOID P, ULONG Tag);     /* Tag 0: any; otherwise it must match (bugcheck 0xC2) */
VOID ExFreePool(PVOID P);

/* --- system memory -------------------------------------------------------------------------------- */

PVOID MmCreateKernelStack(VOID);                /* top of a stack with a guard page below it, or NULL */
VOID MmDeleteKernelStack(PVOID StackTop);
PVOID MmMapIoSpace(ULONG64 PhysicalAddress, SIZE_T NumberOfBytes);      /* uncached device registers */
/* Memory of a device: PAGE_READONLY or PAGE_READWRITE, cached unless PAGE_NOCACHE. */
PVOID MmMapIoSpaceEx(ULONG64 PhysicalAddress, SIZE_T NumberOfBytes, ULONG Protect);
VOID MmUnmapIoSpace(PVOID BaseAddress, SIZE_T NumberOfBytes);
PVOID MmPhysicalToVirtual(ULONG64 PhysicalAddress);                     /* through the direct map */
ULONG64 MmVirtualToPhysical(PVOID KernelAddress);                       /* 0 when not mapped */
BOOLEAN MmIsAddressValid(PVOID VirtualAddress);
PFN_NUMBER MmAllocatePage(BOOLEAN Zeroed);      /* one physical page for page tables; 0 when there is none */
VOID MmFreePage(PFN_NUMBER Page);

typedef struct _MM_STATISTICS {
    SIZE_T TotalPages, AvailablePages, PoolPages, KernelStackPages, SystemImagePages;
} MM_STATISTICS;
VOID MmQueryStatistics(MM_STATISTICS *Statistics);

/* --- faults and user memory ----------------------------------------------------------------------- */

#define MM_FAULT_PRESENT 0x1u   /* the page was there, its protection forbade the access */
#define MM_FAULT_WRITE 0x2u
#define MM_FAULT_USER 0x4u
#define MM_FAULT_EXECUTE 0x10u

/*
 * STATUS_SUCCESS: retry the instruction. STATUS_ACCESS_VIOLATION, STATUS_GUARD_PAGE_VIOLATION,
 * STATUS_IN_PAGE_ERROR, STATUS_NO_MEMORY...: raise it in user mode, or take the copy routine's fix-up.
 * Called with interrupts as at the fault, IRQL < DISPATCH_LEVEL.
 */
NTSTATUS MmAccessFault(ULONG FaultFlags, PVOID VirtualAddress, KPROCESSOR_MODE PreviousMode, PVOID TrapFrame);

/* Range and alignment checks only (no SEH here); the copies below report faults. */
NTSTATUS ProbeForRead(const VOID *Address, SIZE_T Length, ULONG Alignment);
NTSTATUS ProbeForWrite(PVOID Address, SIZE_T Length, ULONG Alignment);
/* Each probes the user side by itself and returns STATUS_ACCESS_VIOLATION on a fault. */
NTSTATUS MmCopyFromUser(PVOID KernelAddress, const VOID *UserAddress, SIZE_T Length);
NTSTATUS MmCopyToUser(PVOID UserAddress, const VOID *KernelAddress, SIZE_T Length);

/* --- address spaces ------------------------------------------------------------------------------- */

NTSTATUS MmCreateProcessAddressSpace(PEPROCESS Process);    /* fills Process->Vm; kernel half shared */
VOID MmCleanProcessAddressSpace(PEPROCESS Process);         /* last thread gone: unmaps all user memory */
VOID MmDeleteProcessAddressSpace(PEPROCESS Process);        /* object deleted: frees the page tables */

/* As the Nt services, on kernel pointers and with a process instead of a handle. */
NTSTATUS MmAllocateVirtualMemory(PEPROCESS Process, PVOID *BaseAddress, ULONG_PTR ZeroBits,
                                 PSIZE_T RegionSize, ULONG AllocationType, ULONG Protect);
NTSTATUS MmFreeVirtualMemory(PEPROCESS Process, PVOID *BaseAddress, PSIZE_T RegionSize, ULONG FreeType);
NTSTATUS MmProtectVirtualMemory(PEPROCESS Process, PVOID *BaseAddress, PSIZE_T RegionSize,
                                ULONG NewProtect, PULONG OldProtect);

/*
 * Copies between address spaces, or between one and the kernel's own memory (process NULL): faults
 * pages in, obeys their protection. *Returned: bytes copied, also on failure (STATUS_PARTIAL_COPY).
 */
NTSTATUS MmCopyVirtualMemory(PEPROCESS FromProcess, const VOID *FromAddress, PEPROCESS ToProcess,
                             PVOID ToAddress, SIZE_T Size, PSIZE_T Returned);

/* --- sections ------------------------------------------------------------------------------------- */

extern struct _OBJECT_TYPE *MmSectionObjectType;

/* FileObject or, for user handles, FileHandle; neither: memory. *SectionObject is referenced, unnamed. */
NTSTATUS MmCreateSection(PVOID *SectionObject, PLARGE_INTEGER MaximumSize, ULONG SectionPageProtection,
                         ULONG AllocationAttributes, PFILE_OBJECT FileObject);
NTSTATUS MmMapViewOfSection(PVOID SectionObject, PEPROCESS Process, PVOID *BaseAddress, ULONG_PTR ZeroBits,
                            SIZE_T CommitSize, PLARGE_INTEGER SectionOffset, PSIZE_T ViewSize,
                            SECTION_INHERIT InheritDisposition, ULONG AllocationType, ULONG Protect);
NTSTATUS MmUnmapViewOfSection(PEPROCESS Process, PVOID BaseAddress);
/* STATUS_SECTION_NOT_IMAGE unless SEC_IMAGE. TransferAddress is for the preferred base. */
NTSTATUS MmGetSectionImageInformation(PVOID SectionObject, PSECTION_IMAGE_INFORMATION Information);
PFILE_OBJECT MmGetFileObjectForSection(PVOID SectionObject);    /* referenced; NULL for memory */
/* RVA of a name exported by an image that is mapped in Process at Base; STATUS_PROCEDURE_NOT_FOUND. */
NTSTATUS MmFindImageExport(PEPROCESS Process, PVOID Base, PCSTR Name, PVOID *Address);

/* For file systems, as in the WDK. FALSE: somebody maps the file so that it must not be deleted, written, or (pages of a
 * data section would lose their bytes) cut to that size; NULL: deleted. */
typedef struct _SECTION_OBJECT_POINTERS *PSECTION_OBJECT_POINTERS;
typedef enum _MMFLUSH_TYPE { MmFlushForDelete, MmFlushForWrite } MMFLUSH_TYPE;
BOOLEAN MmFlushImageSection(PSECTION_OBJECT_POINTERS SectionPointer, MMFLUSH_TYPE FlushType);
BOOLEAN MmCanFileBeTruncated(PSECTION_OBJECT_POINTERS SectionPointer, PLARGE_INTEGER NewFileSize);
/* For Io, which keeps views and file the same: after a write, bytes of the file go to the pages that views show; after a
 * read, bytes that views changed since replace those of the file. */
VOID MmUpdateDataSection(PSECTION_OBJECT_POINTERS SectionPointer, ULONG64 Offset, const VOID *Buffer, ULONG Length);
VOID MmReadDataSection(PSECTION_OBJECT_POINTERS SectionPointer, ULONG64 Offset, PVOID Buffer, ULONG Length);
/* Before the file systems shut down: modified pages of mapped files are written back. Fact paging-file.use. */
VOID MmShutdownSystem(VOID);

/* --- sessions ------------------------------------------------------------------------------------- */

/* Makes a session with the lowest free id, Process its first member. Fact session.create. */
NTSTATUS MmSessionCreate(PEPROCESS Process, PULONG SessionId);
/* Process becomes a member of Member's session (no-op when that has none). */
NTSTATUS MmSessionAttach(PEPROCESS Process, PEPROCESS Member);
/* Process leaves; the last one to leave deletes the session's memory. MmSessionDetach records
 * session.detach (S25), MmSessionLeave (process exit) does not. */
NTSTATUS MmSessionDetach(PEPROCESS Process);
VOID MmSessionLeave(PEPROCESS Process);
ULONG MmGetSessionId(PEPROCESS Process);                    /* MM_NO_SESSION: member of none */

/* Services that a session's kernel image offers to the session's processes; see KeAddSystemServiceTable. */
typedef struct _KSERVICE_TABLE_DESCRIPTOR {
    const PVOID *Base;
    const UCHAR *Number;            /* arguments of each service */
    ULONG Limit;
} KSERVICE_TABLE_DESCRIPTOR, *PKSERVICE_TABLE_DESCRIPTOR;
/* The current process' session's table, Limit 0 while nobody has filled it; NULL without a session. */
PKSERVICE_TABLE_DESCRIPTOR MmGetSessionServiceTable(VOID);

/* --- system images -------------------------------------------------------------------------------- */

/* Loads a driver (Session: into the current process' session space), relocated, imports bound. Does not
 * call *Entry. STATUS_IMAGE_ALREADY_LOADED with *Base, *Entry set when it is there. Fact driver.load. */
NTSTATUS MmLoadSystemImage(PUNICODE_STRING FileName, BOOLEAN Session, PVOID *Base, PVOID *Entry);
NTSTATUS MmUnloadSystemImage(PVOID Base);
