/* The session manager's two protocols: SM (clients to smss, \SmApiPort) and SB (smss to a subsystem, SbApiPort). */
#pragma once

#include "ntdef.h"
#include "ntlpcapi.h"
#include "ntrtl.h"

#define SM_API_PORT_NAME L"\\SmApiPort"

/* ---- connecting to \SmApiPort ---- */

/* A subsystem gives its type and the port on which smss connects back; every other client gives zeros. */
typedef struct _SB_CONNECTION_INFO {
    ULONG SubsystemType; /* IMAGE_SUBSYSTEM_* */
    WCHAR SbApiPortName[120];
} SB_CONNECTION_INFO, *PSB_CONNECTION_INFO;
C_ASSERT(sizeof(SB_CONNECTION_INFO) == 0xF4);

/* ---- SM ---- */

typedef enum _SM_API_NUMBER {
    SmpCreateForeignSessionApi,
    SmpSessionCompleteApi,
    SmpTerminateForeignSessionApi,
    SmpExecPgmApi,
    SmpLoadDeferedSubsystemApi,
    SmpStartCsrApi,
    SmpStopCsrApi,
    SmpShutdownApi, /* none of NT's: winlogon's request to end the system, as document B has it (C6) */
    SmpMaxApiNumber
} SM_API_NUMBER;

typedef struct _SM_SESSION_COMPLETE_MSG {
    ULONG SessionId;
    NTSTATUS SessionStatus;
} SM_SESSION_COMPLETE_MSG;

/* The program is created and suspended; its handles are the sender's. Its session is the sender's. */
typedef struct _SM_EXEC_PGM_MSG {
    RTL_USER_PROCESS_INFORMATION ProcessInformation;
    BOOLEAN DebugFlag;
} SM_EXEC_PGM_MSG;
C_ASSERT(sizeof(SM_EXEC_PGM_MSG) == 0x70);

/* A session's smss registers the subsystem that it has created suspended, before it resumes it. The reply holds an
   event, in the sender's handle table, that is set once the subsystem is connected both ways. */
typedef struct _SM_START_CSR_MSG {
    ULONG MuSessionId;
    ULONG Length; /* bytes of Buffer */
    WCHAR Buffer[128]; /* the subsystem's name */
    HANDLE WindowsSubSysProcessId;
    HANDLE ConnectedEvent; /* reply */
} SM_START_CSR_MSG;
C_ASSERT(sizeof(SM_START_CSR_MSG) == 0x118);

typedef struct _SM_STOP_CSR_MSG {
    ULONG MuSessionId;
} SM_STOP_CSR_MSG;

typedef struct _SM_SHUTDOWN_MSG {
    ULONG Action; /* SHUTDOWN_ACTION */
} SM_SHUTDOWN_MSG;

typedef struct _SM_API_MSG {
    PORT_MESSAGE h;
    SM_API_NUMBER ApiNumber;
    NTSTATUS ReturnValue;
    union {
        SM_SESSION_COMPLETE_MSG SessionComplete;
        SM_EXEC_PGM_MSG ExecPgm;
        SM_START_CSR_MSG StartCsr;
        SM_STOP_CSR_MSG StopCsr;
        SM_SHUTDOWN_MSG Shutdown;
    } u;
} SM_API_MSG, *PSM_API_MSG;
C_ASSERT(sizeof(SM_API_MSG) == 0x148);

/* ---- SB ---- */

typedef enum _SB_API_NUMBER {
    SbCreateSessionApi,
    SbTerminateSessionApi,
    SbForeignSessionCompleteApi,
    SbCreateProcessApi,
    SbMaxApiNumber
} SB_API_NUMBER;

/* The handles are the subsystem's: smss has duplicated them. The subsystem resumes the thread. */
typedef struct _SB_CREATE_SESSION_MSG {
    ULONG SessionId;
    RTL_USER_PROCESS_INFORMATION ProcessInformation;
    PVOID UserProfile;
    ULONG SourceSessionId;
    CLIENT_ID DebugUiClientId;
} SB_CREATE_SESSION_MSG;
C_ASSERT(sizeof(SB_CREATE_SESSION_MSG) == 0x90);

typedef struct _SB_TERMINATE_SESSION_MSG {
    ULONG SessionId;
    NTSTATUS TerminationStatus;
} SB_TERMINATE_SESSION_MSG;

typedef struct _SB_API_MSG {
    PORT_MESSAGE h;
    SB_API_NUMBER ApiNumber;
    NTSTATUS ReturnValue;
    union {
        SB_CREATE_SESSION_MSG CreateSession;
        SB_TERMINATE_SESSION_MSG TerminateSession;
    } u;
} SB_API_MSG, *PSB_API_MSG;

/* The header of a message whose body ends after `Size` bytes of the structure. */
FORCEINLINE VOID SmpInitMessage(PPORT_MESSAGE Header, SIZE_T Size)
{
    memset(Header, 0, sizeof(*Header));
    Header->u1.s1.DataLength = (CSHORT)(Size - sizeof(PORT_MESSAGE));
    Header->u1.s1.TotalLength = (CSHORT)Size;
}
