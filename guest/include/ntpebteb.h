/* PEB, TEB, process parameters and the shared user page, with NT's 64-bit offsets (Windows 10/11). */
#pragma once

#include "ntdef.h"
#include "ntldr.h"

struct _RTL_CRITICAL_SECTION;

typedef struct _CURDIR {
    UNICODE_STRING DosPath;
    HANDLE Handle;
} CURDIR, *PCURDIR;

typedef struct _RTL_DRIVE_LETTER_CURDIR {
    USHORT Flags;
    USHORT Length;
    ULONG TimeStamp;
    STRING DosPath;
} RTL_DRIVE_LETTER_CURDIR, *PRTL_DRIVE_LETTER_CURDIR;

#define RTL_USER_PROC_PARAMS_NORMALIZED 0x00000001

typedef struct _RTL_USER_PROCESS_PARAMETERS {
    ULONG MaximumLength;
    ULONG Length;
    ULONG Flags; /* without NORMALIZED every Buffer is an offset from this structure */
    ULONG DebugFlags;
    HANDLE ConsoleHandle;
    ULONG ConsoleFlags;
    HANDLE StandardInput;
    HANDLE StandardOutput;
    HANDLE StandardError;
    CURDIR CurrentDirectory;
    UNICODE_STRING DllPath;
    UNICODE_STRING ImagePathName;
    UNICODE_STRING CommandLine;
    PWSTR Environment;
    ULONG StartingX, StartingY, CountX, CountY, CountCharsX, CountCharsY;
    ULONG FillAttribute, WindowFlags, ShowWindowFlags;
    UNICODE_STRING WindowTitle;
    UNICODE_STRING DesktopInfo;
    UNICODE_STRING ShellInfo;
    UNICODE_STRING RuntimeData;
    RTL_DRIVE_LETTER_CURDIR CurrentDirectories[32];
    SIZE_T EnvironmentSize;
    SIZE_T EnvironmentVersion;
    PVOID PackageDependencyData;
    ULONG ProcessGroupId;
    ULONG LoaderThreads;
} RTL_USER_PROCESS_PARAMETERS, *PRTL_USER_PROCESS_PARAMETERS;
C_ASSERT(offsetof(RTL_USER_PROCESS_PARAMETERS, CurrentDirectory) == 0x38);
C_ASSERT(offsetof(RTL_USER_PROCESS_PARAMETERS, CommandLine) == 0x70);
C_ASSERT(offsetof(RTL_USER_PROCESS_PARAMETERS, Environment) == 0x80);
C_ASSERT(offsetof(RTL_USER_PROCESS_PARAMETERS, WindowTitle) == 0xB0);
C_ASSERT(offsetof(RTL_USER_PROCESS_PARAMETERS, EnvironmentSize) == 0x3F0);
C_ASSERT(sizeof(RTL_USER_PROCESS_PARAMETERS) == 0x410);

typedef struct _PEB {
    BOOLEAN InheritedAddressSpace;
    BOOLEAN ReadImageFileExecOptions;
    BOOLEAN BeingDebugged;
    UCHAR BitField; /* PEB_BITFIELD_* */
    HANDLE Mutant;
    PVOID ImageBaseAddress;
    PPEB_LDR_DATA Ldr;
    PRTL_USER_PROCESS_PARAMETERS ProcessParameters;
    PVOID SubSystemData;
    PVOID ProcessHeap;
    struct _RTL_CRITICAL_SECTION *FastPebLock;
    PVOID AtlThunkSListPtr;
    PVOID IFEOKey;
    ULONG CrossProcessFlags;
    PVOID KernelCallbackTable;
    ULONG SystemReserved;
    ULONG AtlThunkSListPtr32;
    PVOID ApiSetMap;
    ULONG TlsExpansionCounter;
    PVOID TlsBitmap;
    ULONG TlsBitmapBits[2];
    PVOID ReadOnlySharedMemoryBase;
    PVOID SharedData;
    PVOID *ReadOnlyStaticServerData;
    PVOID AnsiCodePageData;
    PVOID OemCodePageData;
    PVOID UnicodeCaseTableData;
    ULONG NumberOfProcessors;
    ULONG NtGlobalFlag;
    LARGE_INTEGER CriticalSectionTimeout;
    SIZE_T HeapSegmentReserve;
    SIZE_T HeapSegmentCommit;
    SIZE_T HeapDeCommitTotalFreeThreshold;
    SIZE_T HeapDeCommitFreeBlockThreshold;
    ULONG NumberOfHeaps;
    ULONG MaximumNumberOfHeaps;
    PVOID *ProcessHeaps;
    PVOID GdiSharedHandleTable;
    PVOID ProcessStarterHelper;
    ULONG GdiDCAttributeList;
    struct _RTL_CRITICAL_SECTION *LoaderLock;
    ULONG OSMajorVersion;
    ULONG OSMinorVersion;
    USHORT OSBuildNumber;
    USHORT OSCSDVersion;
    ULONG OSPlatformId;
    ULONG ImageSubsystem;
    ULONG ImageSubsystemMajorVersion;
    ULONG ImageSubsystemMinorVersion;
    KAFFINITY ActiveProcessAffinityMask;
    ULONG GdiHandleBuffer[60];
    PVOID PostProcessInitRoutine;
    PVOID TlsExpansionBitmap;
    ULONG TlsExpansionBitmapBits[32];
    ULONG SessionId;
    ULONGLONG AppCompatFlags;
    ULONGLONG AppCompatFlagsUser;
    PVOID pShimData;
    PVOID AppCompatInfo;
    UNICODE_STRING CSDVersion;
    PVOID ActivationContextData;
    PVOID ProcessAssemblyStorageMap;
    PVOID SystemDefaultActivationContextData;
    PVOID SystemAssemblyStorageMap;
    SIZE_T MinimumStackCommit;
    PVOID Reserved[0x96];
} PEB, *PPEB;
#define PEB_BITFIELD_PROTECTED_PROCESS 0x02
#define PEB_BITFIELD_PROTECTED_PROCESS_LIGHT 0x40
C_ASSERT(offsetof(PEB, ImageBaseAddress) == 0x10);
C_ASSERT(offsetof(PEB, Ldr) == 0x18);
C_ASSERT(offsetof(PEB, ProcessParameters) == 0x20);
C_ASSERT(offsetof(PEB, ProcessHeap) == 0x30);
C_ASSERT(offsetof(PEB, NumberOfProcessors) == 0xB8);
C_ASSERT(offsetof(PEB, NtGlobalFlag) == 0xBC);
C_ASSERT(offsetof(PEB, OSMajorVersion) == 0x118);
C_ASSERT(offsetof(PEB, ImageSubsystem) == 0x128);
C_ASSERT(offsetof(PEB, PostProcessInitRoutine) == 0x230);
C_ASSERT(offsetof(PEB, SessionId) == 0x2C0);
C_ASSERT(offsetof(PEB, MinimumStackCommit) == 0x318);
C_ASSERT(sizeof(PEB) == 0x7D0);

typedef struct _NT_TIB {
    PVOID ExceptionList;
    PVOID StackBase;
    PVOID StackLimit;
    PVOID SubSystemTib;
    PVOID FiberData;
    PVOID ArbitraryUserPointer;
    struct _NT_TIB *Self;
} NT_TIB, *PNT_TIB;

typedef struct _TEB {
    NT_TIB NtTib;
    PVOID EnvironmentPointer;
    CLIENT_ID ClientId;
    PVOID ActiveRpcHandle;
    PVOID ThreadLocalStoragePointer;
    PPEB ProcessEnvironmentBlock;
    ULONG LastErrorValue;
    ULONG CountOfOwnedCriticalSections;
    PVOID CsrClientThread;
    PVOID Win32ThreadInfo;
    ULONG User32Reserved[26];
    ULONG UserReserved[5];
    PVOID WOW32Reserved;
    ULONG CurrentLocale;
    ULONG FpSoftwareStatusRegister;
    PVOID ReservedForDebuggerInstrumentation[16];
    PVOID SystemReserved1[38];
    NTSTATUS ExceptionCode;
    UCHAR Reserved2[0x1250 - 0x2C4];
    ULONG LastStatusValue;
    UNICODE_STRING StaticUnicodeString;
    WCHAR StaticUnicodeBuffer[261];
    PVOID DeallocationStack;
    PVOID TlsSlots[64];
    LIST_ENTRY TlsLinks;
    UCHAR Reserved3[0x1838 - 0x1690];
} TEB, *PTEB;
C_ASSERT(offsetof(TEB, ClientId) == 0x40);
C_ASSERT(offsetof(TEB, ProcessEnvironmentBlock) == 0x60);
C_ASSERT(offsetof(TEB, ExceptionCode) == 0x2C0);
C_ASSERT(offsetof(TEB, LastStatusValue) == 0x1250);
C_ASSERT(offsetof(TEB, StaticUnicodeString) == 0x1258);
C_ASSERT(offsetof(TEB, DeallocationStack) == 0x1478);
C_ASSERT(offsetof(TEB, TlsSlots) == 0x1480);
C_ASSERT(sizeof(TEB) == 0x1838);

typedef struct _KSYSTEM_TIME {
    ULONG LowPart;
    LONG High1Time;
    LONG High2Time;
} KSYSTEM_TIME, *PKSYSTEM_TIME;

#define MM_SHARED_USER_DATA_VA 0x7FFE0000ull
#define KI_USER_SHARED_DATA 0xFFFFF78000000000ull
#define PROCESSOR_ARCHITECTURE_AMD64 9
#define PROCESSOR_ARCHITECTURE_ARM64 12
#define NtProductWinNt 1

typedef struct _KUSER_SHARED_DATA {
    ULONG TickCountLowDeprecated;
    ULONG TickCountMultiplier;
    volatile KSYSTEM_TIME InterruptTime;
    volatile KSYSTEM_TIME SystemTime;
    volatile KSYSTEM_TIME TimeZoneBias;
    USHORT ImageNumberLow;
    USHORT ImageNumberHigh;
    WCHAR NtSystemRoot[260];
    ULONG MaxStackTraceDepth;
    ULONG CryptoExponent;
    ULONG TimeZoneId;
    ULONG LargePageMinimum;
    ULONG AitSamplingValue;
    ULONG AppCompatFlag;
    ULONGLONG RNGSeedVersion;
    ULONG GlobalValidationRunlevel;
    LONG TimeZoneBiasStamp;
    ULONG NtBuildNumber;
    ULONG NtProductType;
    BOOLEAN ProductTypeIsValid;
    BOOLEAN Reserved0[1];
    USHORT NativeProcessorArchitecture;
    ULONG NtMajorVersion;
    ULONG NtMinorVersion;
    BOOLEAN ProcessorFeatures[64];
    ULONG Reserved1;
    ULONG Reserved3;
    ULONG TimeSlip;
    ULONG AlternativeArchitecture;
    ULONG BootId;
    LARGE_INTEGER SystemExpirationDate;
    ULONG SuiteMask;
    BOOLEAN KdDebuggerEnabled;
    UCHAR MitigationPolicies;
    USHORT CyclesPerYield;
    ULONG ActiveConsoleId;
    ULONG DismountCount;
    ULONG ComPlusPackage;
    ULONG LastSystemRITEventTickCount;
    ULONG NumberOfPhysicalPages;
    BOOLEAN SafeBootMode;
    UCHAR VirtualizationFlags;
    UCHAR Reserved12[2];
    ULONG SharedDataFlags;
    ULONG DataFlagsPad[1];
    ULONGLONG TestRetInstruction;
    LONGLONG QpcFrequency;
    ULONG SystemCall;
    ULONG Reserved2;
    ULONGLONG SystemCallPad[2];
    union {
        volatile KSYSTEM_TIME TickCount;
        volatile ULONG64 TickCountQuad;
    };
    ULONG Cookie;
    ULONG CookiePad[1];
    LONGLONG ConsoleSessionForegroundProcessId;
    ULONGLONG TimeUpdateLock;
    ULONGLONG BaselineSystemTimeQpc;
    ULONGLONG BaselineInterruptTimeQpc;
    ULONGLONG QpcSystemTimeIncrement;
    ULONGLONG QpcInterruptTimeIncrement;
    UCHAR QpcSystemTimeIncrementShift;
    UCHAR QpcInterruptTimeIncrementShift;
    USHORT UnparkedProcessorCount;
    ULONG EnclaveFeatureMask[4];
    ULONG TelemetryCoverageRound;
    USHORT UserModeGlobalLogger[16];
    ULONG ImageFileExecutionOptions;
    ULONG LangGenerationCount;
    ULONGLONG Reserved4;
    volatile ULONGLONG InterruptTimeBias;
    volatile ULONGLONG QpcBias;
    ULONG ActiveProcessorCount;
    UCHAR ActiveGroupCount;
    UCHAR Reserved9;
    USHORT QpcData;
    LARGE_INTEGER TimeZoneBiasEffectiveStart;
    LARGE_INTEGER TimeZoneBiasEffectiveEnd;
} KUSER_SHARED_DATA, *PKUSER_SHARED_DATA;
C_ASSERT(offsetof(KUSER_SHARED_DATA, SystemTime) == 0x14);
C_ASSERT(offsetof(KUSER_SHARED_DATA, NtSystemRoot) == 0x30);
C_ASSERT(offsetof(KUSER_SHARED_DATA, NtBuildNumber) == 0x260);
C_ASSERT(offsetof(KUSER_SHARED_DATA, NativeProcessorArchitecture) == 0x26A);
C_ASSERT(offsetof(KUSER_SHARED_DATA, NtMajorVersion) == 0x26C);
C_ASSERT(offsetof(KUSER_SHARED_DATA, SystemExpirationDate) == 0x2C8);
C_ASSERT(offsetof(KUSER_SHARED_DATA, ActiveConsoleId) == 0x2D8);
C_ASSERT(offsetof(KUSER_SHARED_DATA, NumberOfPhysicalPages) == 0x2E8);
C_ASSERT(offsetof(KUSER_SHARED_DATA, QpcFrequency) == 0x300);
C_ASSERT(offsetof(KUSER_SHARED_DATA, TickCount) == 0x320);
C_ASSERT(offsetof(KUSER_SHARED_DATA, Cookie) == 0x330);
C_ASSERT(offsetof(KUSER_SHARED_DATA, ActiveProcessorCount) == 0x3C0);

/* User mode's view of the page; the kernel uses KI_USER_SHARED_DATA. */
#define USER_SHARED_DATA ((CONST KUSER_SHARED_DATA *)MM_SHARED_USER_DATA_VA)
