/* The part of the run-time library that exists in ntdll only: heap, locks, environment, processes, debug. */
#pragma once

#include "ntdef.h"

/* ---- this thread and process ---- */

FORCEINLINE PTEB NtCurrentTeb(VOID) { return (PTEB)NtpReadTebRegister(); }
#define NtCurrentPeb() (NtCurrentTeb()->ProcessEnvironmentBlock)
#define RtlGetCurrentPeb NtCurrentPeb
#define RtlProcessHeap() (NtCurrentPeb()->ProcessHeap)

/* ---- heap ---- */

#define HEAP_NO_SERIALIZE 0x00000001
#define HEAP_GROWABLE 0x00000002
#define HEAP_GENERATE_EXCEPTIONS 0x00000004
#define HEAP_ZERO_MEMORY 0x00000008
#define HEAP_TAG_SHIFT 18
#define HEAP_CREATE_TAG_MASK 0x0FFC0000
#define MAKE_TAG(b, t) ((ULONG)((b) + ((t) << HEAP_TAG_SHIFT)))

PVOID NTAPI RtlCreateHeap(ULONG Flags, PVOID Base, SIZE_T ReserveSize, SIZE_T CommitSize, PVOID Lock,
                          PVOID Parameters);
PVOID NTAPI RtlDestroyHeap(PVOID Heap);
PVOID NTAPI RtlAllocateHeap(PVOID Heap, ULONG Flags, SIZE_T Size);
PVOID NTAPI RtlReAllocateHeap(PVOID Heap, ULONG Flags, PVOID Memory, SIZE_T Size);
BOOLEAN NTAPI RtlFreeHeap(PVOID Heap, ULONG Flags, PVOID Memory);
SIZE_T NTAPI RtlSizeHeap(PVOID Heap, ULONG Flags, PVOID Memory);
BOOLEAN NTAPI RtlValidateHeap(PVOID Heap, ULONG Flags, PVOID Memory);
ULONG NTAPI RtlCreateTagHeap(PVOID Heap, ULONG Flags, PCWSTR TagPrefix, PCWSTR TagNames);

/* ---- critical sections ---- */

typedef struct _RTL_CRITICAL_SECTION {
    PVOID DebugInfo;
    volatile LONG LockCount; /* -1 free, else the number of threads that hold or wait */
    LONG RecursionCount;
    HANDLE OwningThread;
    HANDLE LockSemaphore; /* made when two threads meet for the first time */
    ULONG_PTR SpinCount;
} RTL_CRITICAL_SECTION, *PRTL_CRITICAL_SECTION;
C_ASSERT(sizeof(RTL_CRITICAL_SECTION) == 0x28);

NTSTATUS NTAPI RtlInitializeCriticalSection(PRTL_CRITICAL_SECTION CriticalSection);
NTSTATUS NTAPI RtlDeleteCriticalSection(PRTL_CRITICAL_SECTION CriticalSection);
NTSTATUS NTAPI RtlEnterCriticalSection(PRTL_CRITICAL_SECTION CriticalSection);
LOGICAL NTAPI RtlTryEnterCriticalSection(PRTL_CRITICAL_SECTION CriticalSection);
NTSTATUS NTAPI RtlLeaveCriticalSection(PRTL_CRITICAL_SECTION CriticalSection);

/* ---- environment; a NULL environment is the process's own ---- */

NTSTATUS NTAPI RtlCreateEnvironment(BOOLEAN CloneCurrentEnvironment, PVOID *Environment);
VOID NTAPI RtlDestroyEnvironment(PVOID Environment);
NTSTATUS NTAPI RtlSetEnvironmentVariable(PVOID *Environment, PUNICODE_STRING Name, PUNICODE_STRING Value);
NTSTATUS NTAPI RtlQueryEnvironmentVariable_U(PVOID Environment, PUNICODE_STRING Name, PUNICODE_STRING Value);
NTSTATUS NTAPI RtlExpandEnvironmentStrings_U(PVOID Environment, PUNICODE_STRING Source, PUNICODE_STRING Destination,
                                             PULONG ReturnedLength);
/* The size in bytes of an environment block with its final NUL. */
SIZE_T NTAPI RtlpEnvironmentSize(CONST VOID *Environment);

/* ---- paths ---- */

BOOLEAN NTAPI RtlDosPathNameToNtPathName_U(PCWSTR DosFileName, PUNICODE_STRING NtFileName, PWSTR *FilePart,
                                           PVOID RelativeName);
/* Returns bytes without the terminator, more than BufferLength when it is too small, 0 when nothing was found. */
ULONG NTAPI RtlDosSearchPath_U(PCWSTR Path, PCWSTR FileName, PCWSTR Extension, ULONG BufferLength, PWSTR Buffer,
                               PWSTR *FilePart);
BOOLEAN NTAPI RtlDoesFileExists_U(PCWSTR FileName);

/* ---- processes and threads ---- */

typedef struct _RTL_USER_PROCESS_INFORMATION {
    ULONG Length;
    HANDLE ProcessHandle;
    HANDLE ThreadHandle;
    CLIENT_ID ClientId;
    SECTION_IMAGE_INFORMATION ImageInformation;
} RTL_USER_PROCESS_INFORMATION, *PRTL_USER_PROCESS_INFORMATION;
C_ASSERT(sizeof(RTL_USER_PROCESS_INFORMATION) == 0x68);

NTSTATUS NTAPI RtlCreateProcessParameters(PRTL_USER_PROCESS_PARAMETERS *Parameters, PUNICODE_STRING ImagePathName,
                                          PUNICODE_STRING DllPath, PUNICODE_STRING CurrentDirectory,
                                          PUNICODE_STRING CommandLine, PVOID Environment,
                                          PUNICODE_STRING WindowTitle, PUNICODE_STRING DesktopInfo,
                                          PUNICODE_STRING ShellInfo, PUNICODE_STRING RuntimeData);
NTSTATUS NTAPI RtlCreateProcessParametersEx(PRTL_USER_PROCESS_PARAMETERS *Parameters, PUNICODE_STRING ImagePathName,
                                            PUNICODE_STRING DllPath, PUNICODE_STRING CurrentDirectory,
                                            PUNICODE_STRING CommandLine, PVOID Environment,
                                            PUNICODE_STRING WindowTitle, PUNICODE_STRING DesktopInfo,
                                            PUNICODE_STRING ShellInfo, PUNICODE_STRING RuntimeData, ULONG Flags);
NTSTATUS NTAPI RtlDestroyProcessParameters(PRTL_USER_PROCESS_PARAMETERS Parameters);
PRTL_USER_PROCESS_PARAMETERS NTAPI RtlNormalizeProcessParams(PRTL_USER_PROCESS_PARAMETERS Parameters);
PRTL_USER_PROCESS_PARAMETERS NTAPI RtlDeNormalizeProcessParams(PRTL_USER_PROCESS_PARAMETERS Parameters);
/* The first thread is created suspended. */
NTSTATUS NTAPI RtlCreateUserProcess(PUNICODE_STRING ImageFileName, ULONG Attributes,
                                    PRTL_USER_PROCESS_PARAMETERS Parameters, PSECURITY_DESCRIPTOR ProcessSd,
                                    PSECURITY_DESCRIPTOR ThreadSd, HANDLE ParentProcess, BOOLEAN InheritHandles,
                                    HANDLE DebugPort, HANDLE TokenHandle, PRTL_USER_PROCESS_INFORMATION Information);
/* The same with NtCreateUserProcess's flags and a protection level (0 for none). */
NTSTATUS NTAPI RtlpCreateUserProcess(PUNICODE_STRING ImageFileName, PRTL_USER_PROCESS_PARAMETERS Parameters,
                                     ULONG ProcessFlags, UCHAR ProtectionLevel,
                                     PRTL_USER_PROCESS_INFORMATION Information);
NTSTATUS NTAPI RtlCreateUserThread(HANDLE ProcessHandle, PSECURITY_DESCRIPTOR ThreadSd, BOOLEAN CreateSuspended,
                                   ULONG ZeroBits, SIZE_T MaximumStackSize, SIZE_T CommittedStackSize,
                                   PUSER_THREAD_START_ROUTINE StartAddress, PVOID Parameter, PHANDLE ThreadHandle,
                                   PCLIENT_ID ClientId);
DECLSPEC_NORETURN VOID NTAPI RtlExitUserThread(NTSTATUS ExitStatus);
DECLSPEC_NORETURN VOID NTAPI RtlExitUserProcess(NTSTATUS ExitStatus);
NTSTATUS NTAPI RtlSetProcessIsCritical(BOOLEAN NewValue, PBOOLEAN OldValue, BOOLEAN NeedBreaks);
NTSTATUS NTAPI RtlSetThreadIsCritical(BOOLEAN NewValue, PBOOLEAN OldValue, BOOLEAN NeedBreaks);
NTSTATUS NTAPI RtlAdjustPrivilege(ULONG Privilege, BOOLEAN Enable, BOOLEAN CurrentThread, PBOOLEAN WasEnabled);
ULONG NTAPI RtlGetNtGlobalFlags(VOID);

/* Where the kernel starts a new thread: LdrInitializeThunk(Context) does the process's or the thread's
   set-up and continues Context, whose program counter is RtlUserThreadStart with the start routine and its
   parameter as arguments. For the first thread of a process: the image's entry point and the PEB. */
DECLSPEC_NORETURN VOID NTAPI LdrInitializeThunk(PCONTEXT Context);
DECLSPEC_NORETURN VOID NTAPI RtlUserThreadStart(PUSER_THREAD_START_ROUTINE StartRoutine, PVOID Parameter);

/* ---- exceptions and debugging ---- */

DECLSPEC_NORETURN VOID NTAPI KiUserExceptionDispatcher(PEXCEPTION_RECORD ExceptionRecord, PCONTEXT Context);
LONG NTAPI RtlUnhandledExceptionFilter(PEXCEPTION_POINTERS ExceptionInfo);
VOID NTAPI DbgBreakPoint(VOID);
ULONG DbgPrint(PCSTR Format, ...);
ULONG DbgPrintEx(ULONG ComponentId, ULONG Level, PCSTR Format, ...);

/* A claim on the wire (NtTraceEvent): Format is `key=%spec` items separated by one blank, with %u, %x (0x and
   upper-case digits), %ws and %wZ; a value may hold anything. */
NTSTATUS RtlpClaim(PCSTR Event, PCSTR Format, ...);

/* ---- registry ---- */

NTSTATUS NTAPI RtlQueryRegistryValues(ULONG RelativeTo, PCWSTR Path, PRTL_QUERY_REGISTRY_TABLE QueryTable,
                                      PVOID Context, PVOID Environment);
NTSTATUS NTAPI RtlDeleteRegistryValue(ULONG RelativeTo, PCWSTR Path, PCWSTR ValueName);
/* These two make the key when it is the last component alone that is missing. */
NTSTATUS NTAPI RtlWriteRegistryValue(ULONG RelativeTo, PCWSTR Path, PCWSTR ValueName, ULONG ValueType, PVOID ValueData,
                                     ULONG ValueLength);
NTSTATUS NTAPI RtlCreateRegistryKey(ULONG RelativeTo, PWSTR Path);
NTSTATUS NTAPI RtlCheckRegistryKey(ULONG RelativeTo, PWSTR Path);

/* ---- boot status data ---- */

typedef enum _RTL_BSD_ITEM_TYPE {
    RtlBsdItemVersionNumber,
    RtlBsdItemProductType,
    RtlBsdItemAabEnabled,
    RtlBsdItemAabTimeout,
    RtlBsdItemBootGood,
    RtlBsdItemBootShutdown,
    RtlBsdItemMax
} RTL_BSD_ITEM_TYPE;
NTSTATUS NTAPI RtlLockBootStatusData(PHANDLE FileHandle);
NTSTATUS NTAPI RtlUnlockBootStatusData(HANDLE FileHandle);
NTSTATUS NTAPI RtlGetSetBootStatusData(HANDLE FileHandle, BOOLEAN Read, RTL_BSD_ITEM_TYPE Item, PVOID Buffer,
                                       ULONG BufferLength, PULONG ReturnLength);
