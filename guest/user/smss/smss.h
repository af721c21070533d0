/* What the session manager's files share. Steps (S1..S25, C1..C4, M2, Z) are those of the documented sequence. */
#pragma once

#include <nt.h>
#include <nt_services.h>
#include <smapi.h>
#include "smpformat.h"

/* Any failure that the session manager cannot live with ends the system with STATUS_SYSTEM_PROCESS_TERMINATED. */
DECLSPEC_NORETURN VOID SmpTerminate(NTSTATUS Status, PCSTR Where);
#define SMP_CHECK(status, where)                 \
    do {                                         \
        NTSTATUS Check_ = (status);              \
        if (!NT_SUCCESS(Check_))                 \
            SmpTerminate(Check_, where);         \
    } while (0)

/* ---- the master's steps (their order: smporder.c) ---- */

/* All of them, as this boot's profile orders them. */
VOID SmpRunSteps(VOID);
/* Does this profile have smss end the system (C6)? Else the program that asked for it does. */
extern BOOLEAN SmpEndsSystem;

VOID SmpMakeCritical(VOID);             /* S2 */
VOID SmpSetPriority(VOID);              /* S3 */
VOID SmpInit(VOID);                     /* S4 */
VOID SmpCreateSecurityDescriptors(VOID); /* S5; again when S11 reads another ProtectionMode */
VOID SmpCreateApiPort(VOID);            /* S6 */
VOID SmpCreateApiThreads(VOID);         /* S7 */
VOID SmpCreateVolumesEvent(VOID);       /* S8 */
VOID SmpCreateRenameMutex(VOID);        /* S9 */
VOID SmpConfigureProcessors(VOID);      /* S9 */
VOID SmpProhibitDynamicCode(VOID);      /* S9 */
VOID SmpCreateEnvironmentTemplate(VOID); /* S10 */
VOID SmpLoadDataFromRegistry(VOID);     /* S11 */
VOID SmpInitializeDosDevices(VOID);     /* S12 */
VOID SmpCreateSessionsDirectory(VOID);  /* S13 */
VOID SmpLoadSystemDrivers(VOID);        /* C4 of the documents: drivers with Start=1 */
VOID SmpRunBootExecute(VOID);           /* S14 */
VOID SmpProcessFileRenames(VOID);       /* S15 */
VOID SmpCheckForCrashDump(VOID);        /* S17, before the paging files may take its place */
VOID SmpCreatePagingFiles(VOID);        /* S17 */
VOID SmpInitializeRegistry(VOID);       /* S18 */
VOID SmpSetDynamicEnvironment(VOID);    /* S19 */
VOID SmpSetSystemPartition(VOID);       /* S20 */
VOID SmpRunSetupExecute(VOID);          /* S20 */
VOID SmpCreateKnownDllsDirectory(VOID); /* S16's \KnownDlls and its link, when they come earlier than the rest */
VOID SmpInitializeKnownDlls(VOID);      /* S16 */
VOID SmpStartInitialSessions(VOID);     /* C1 */
VOID SmpSignalVolumesWritable(VOID);    /* S25 */
DECLSPEC_NORETURN VOID SmpMonitor(VOID); /* M2 */

/* ---- a session's transient smss: S21, S22, S24, S25, C4 ---- */

DECLSPEC_NORETURN VOID SmpChildMain(ULONG SessionId);

/* ---- configuration (S11) ---- */

typedef struct _SMP_REGISTRY_VALUE {
    LIST_ENTRY Link;
    UNICODE_STRING Name;
    UNICODE_STRING Value;
} SMP_REGISTRY_VALUE, *PSMP_REGISTRY_VALUE;

extern ULONG SmpProtectionMode;
extern ULONG SmpAllowProtectedRenames;
extern ULONG SmpInitialSessions;
extern BOOLEAN SmpMiniNTBoot;
extern LIST_ENTRY SmpBootExecuteList, SmpSetupExecuteList, SmpFileRenameList, SmpExcludeKnownDllList;
extern LIST_ENTRY SmpPagingFileList, SmpDosDevicesList, SmpKnownDllsList, SmpSubSystemsList;
extern LIST_ENTRY SmpRequiredList, SmpOptionalList, SmpExecuteList;
extern UNICODE_STRING SmpKmodePath, SmpS0InitialCommand;

VOID SmpInitializeLists(VOID);
/* The part that a session's smss needs too: SubSystems, Execute, S0InitialCommand. */
NTSTATUS SmpLoadSubSystems(VOID);
NTSTATUS SmpSaveValue(PLIST_ENTRY List, PCWSTR Name, PCWSTR Value);
PSMP_REGISTRY_VALUE SmpFindValue(PLIST_ENTRY List, PCUNICODE_STRING Name);

/* The environment of every child; SmpExpand writes a new terminated string. */
extern PVOID SmpDefaultEnvironment;
NTSTATUS SmpExpand(PCWSTR Text, PUNICODE_STRING Expanded);
NTSTATUS SmpSetVariable(PCWSTR Name, PUNICODE_STRING Value);
/* RtlQueryRegistryValues routine of Environment: sets the variable now. */
NTSTATUS NTAPI SmpConfigureEnvironment(PWSTR Name, ULONG Type, PVOID Data, ULONG Length, PVOID Context,
                                       PVOID EntryContext);
/* The same for each entry of ObjectDirectories. */
NTSTATUS NTAPI SmpConfigureObjectDirectory(PWSTR Name, ULONG Type, PVOID Data, ULONG Length, PVOID Context,
                                           PVOID EntryContext);

/* ---- descriptors (S5) ---- */

extern PSECURITY_DESCRIPTOR SmpPrimarySecurityDescriptor, SmpLiberalSecurityDescriptor;
extern PSECURITY_DESCRIPTOR SmpKnownDllsSecurityDescriptor, SmpApiPortSecurityDescriptor;

extern HANDLE SmpRenameMutex;           /* made by S9, taken by S15 */

/* ---- the registry, files and paths ---- */

NTSTATUS SmpOpenKey(PCWSTR KeyPath, ACCESS_MASK Access, PHANDLE Key);
/* Data of one type; STATUS_OBJECT_TYPE_MISMATCH for another. A string that cannot be read is empty; at most
   SMP_VALUE_SIZE bytes are. */
#define SMP_VALUE_SIZE 1024
NTSTATUS SmpQueryNumber(HANDLE Key, PCWSTR ValueName, PULONG Number);
NTSTATUS SmpQueryBinary(HANDLE Key, PCWSTR ValueName, PVOID Buffer, ULONG BufferSize, PULONG Size);
NTSTATUS SmpQueryString(HANDLE Key, PCWSTR ValueName, PWSTR Buffer, ULONG BufferSize);
NTSTATUS SmpReadString(PCWSTR KeyPath, PCWSTR ValueName, PWSTR Buffer, ULONG BufferSize);
NTSTATUS SmpSetString(HANDLE Key, PCWSTR ValueName, PCWSTR Text);

/* The Win32 form of an NT path: without `\\??\`. */
UNICODE_STRING SmpDosName(PCUNICODE_STRING NtPath);
/* Opens without sharing rules of its own (others may do anything); FILE_SYNCHRONOUS_IO_NONALERT is added. */
NTSTATUS SmpOpenFile(PCUNICODE_STRING NtPath, ACCESS_MASK Access, ULONG Options, PHANDLE File);

/* ---- volumes and paging files ---- */

/* Bit n: drive 'A' + n is a fixed, writable volume that tells its size. */
ULONG SmpQueryDriveLetters(VOID);
BOOLEAN SmpQueryVolume(WCHAR Letter, PULONG64 FreeBytes);
/* The Win32 path of the boot volume's paging file, as the registry has it; Path has SMP_PATH_LENGTH characters. */
VOID SmpBootPagingFile(PWSTR Path);

/* ---- what went wrong (smplog.c) ---- */

/* Ids are this program's own, but for the crash dump's. */
#define SMP_EVENT_BOOT_COMMAND 1
#define SMP_EVENT_RENAME 2
#define SMP_EVENT_KNOWN_DLL 3
#define SMP_EVENT_PAGING_FILE 4
#define SMP_EVENT_REGISTRY 5
#define SMP_EVENT_DRIVER 6
#define SMP_EVENT_SYSTEM_PARTITION 7
#define SMP_EVENT_BUGCHECK 1001

/* Keeps a record for the event log; its text is `What`, then Subject. */
VOID SmpLogEvent(ULONG Id, NTSTATUS Status, PCWSTR What, PCUNICODE_STRING Subject);
/* Writes the records that were kept, once the system's files may be written (after S18). */
VOID SmpWriteEventLog(VOID);

/* ---- programs ---- */

/* The first word of a command line, a part of it; a quoted one without its quotes. */
UNICODE_STRING SmpFirstToken(PCUNICODE_STRING CommandLine);
#define SMP_RESUME 0x1 /* else the first thread stays suspended */
/* Splits a command line into the image's NT path (found along Path) and file name. Frees nothing that it was given. */
NTSTATUS SmpFindImage(PCUNICODE_STRING CommandLine, PUNICODE_STRING ImagePath, PUNICODE_STRING FileName);
NTSTATUS SmpExecuteImage(PUNICODE_STRING ImagePath, PUNICODE_STRING CommandLine, ULONG ProcessFlags, ULONG Flags,
                         PRTL_USER_PROCESS_INFORMATION Information);

/* \SystemRoot\bootstat.dat around a program that may restart the machine by itself: such an end is no failed boot. */
typedef struct _SMP_BOOT_STATUS {
    BOOLEAN Saved;
    BOOLEAN BootGood;
    BOOLEAN BootShutdown;
} SMP_BOOT_STATUS;
VOID SmpSaveAndClearBootStatus(SMP_BOOT_STATUS *BootStatus);
VOID SmpRestoreBootStatus(CONST SMP_BOOT_STATUS *BootStatus);

/* Why a process that should have stayed has ended; never a success. */
NTSTATUS SmpExitStatus(HANDLE Process);

/* ---- the master's sessions and subsystems ---- */

typedef struct _SMP_SESSION {
    LIST_ENTRY Link;
    ULONG SessionId;
    HANDLE ChildProcess;        /* the session's smss; its handles are duplicated through this one */
    HANDLE ChildProcessId;
    HANDLE CompleteEvent;       /* SessionComplete was received */
    NTSTATUS CompleteStatus;
    HANDLE SubsystemProcess;    /* csrss, from StartCsr on */
    HANDLE SubsystemProcessId;
    HANDLE ConnectedEvent;      /* csrss is connected both ways */
    HANDLE SbApiPort;           /* ours, to csrss */
    HANDLE InitialCommandId;    /* winlogon or wininit */
} SMP_SESSION, *PSMP_SESSION;

extern LIST_ENTRY SmpSessionList;
extern RTL_CRITICAL_SECTION SmpSessionLock; /* guards the list and every record in it */
extern ULONG SmpNextSessionId;
extern HANDLE SmpApiPort;

/* The callers own SmpSessionLock. */
PSMP_SESSION SmpLookupSession(ULONG SessionId);
PSMP_SESSION SmpLookupSessionByChild(HANDLE ProcessId);
PSMP_SESSION SmpLookupSessionBySubsystem(HANDLE ProcessId);

/* ---- API workers ---- */

typedef struct _SMP_CLIENT_CONTEXT {
    CLIENT_ID ClientId;
    HANDLE ServerPort; /* our side of the connection */
} SMP_CLIENT_CONTEXT, *PSMP_CLIENT_CONTEXT;

VOID SmpHandleConnectionRequest(PPORT_MESSAGE Request);
typedef NTSTATUS SMP_API(PSMP_CLIENT_CONTEXT Client, PSM_API_MSG Message);
SMP_API SmpSessionComplete, SmpExecPgm, SmpStartCsr, SmpShutdown;
/* A request to a subsystem; its ReturnValue. */
NTSTATUS SmpCallSubsystem(HANDLE SbApiPort, PSB_API_MSG Message);
