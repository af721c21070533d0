/* win32k.sys: the window manager's kernel half. All variables belong to one session: each session has its own copy. */
#pragma once
#include <nt.h>
#include <ntuser.h>
#include "ke.h"
#include "io.h"
#include "ob.h"
#include "ps.h"

typedef struct _WIN32K_SESSION {
    ULONG SessionId;
    HANDLE ServerProcessId;             /* NULL before NtUserInitialize */
    PVOID PowerRequestEvent;            /* referenced, or NULL */
    PVOID MediaRequestEvent;
    ULONG ConnectedProcesses;
} WIN32K_SESSION;

extern WIN32K_SESSION gSession;

NTSTATUS DriverEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath);
