/* Services of win32k.sys, the second service table: numbers from 0x1000 on, one table per session. */
#pragma once

#include "ntdef.h"

#define WIN32K_SERVICE_BASE 0x1000
#define WIN32K_SERVICE_NtUserInitialize 0x1000
#define WIN32K_SERVICE_NtUserProcessConnect 0x1001

#define USER_VERSION 0x000A0000

/* What a process learns about the session that it has connected to. */
typedef struct _USERCONNECT {
    ULONG Version;              /* in: USER_VERSION */
    ULONG SessionId;
    HANDLE ServerProcessId;     /* csrss of this session */
    ULONG ConnectedProcesses;   /* with the caller */
    ULONG Reserved;
} USERCONNECT, *PUSERCONNECT;
C_ASSERT(sizeof(USERCONNECT) == 0x18);

/* The session's csrss makes itself the server, once. The events are optional; they are signalled for winlogon. */
NTSTATUS NTAPI NtUserInitialize(ULONG Version, HANDLE PowerRequestEvent, HANDLE MediaRequestEvent);
/* STATUS_DEVICE_NOT_READY before the server is there. */
NTSTATUS NTAPI NtUserProcessConnect(HANDLE ProcessHandle, ULONG Length, PUSERCONNECT Connect);
