/* The process manager's inside. */
#pragma once
#include "ex.h"
#include "io.h"
#include "lpc.h"
#include "mm.h"
#include "ps.h"
#include "se.h"

#define PSP_TAG 'sP  '
#define PSP_PROTECTED_SYSTEM PsProtectedValue(PsProtectedSignerWinSystem, PsProtectedTypeProtected)

/* cid.c: client ids, never reused. */
HANDLE PspAllocateCid(PVOID Object);
VOID PspFreeCid(HANDLE Cid);

/* attr.c: what NtCreateUserProcess and NtCreateThreadEx were asked for in their attribute list. */
typedef struct _PSP_ATTRIBUTES {
    UNICODE_STRING ImageName;           /* pool copy */
    HANDLE ParentProcess;
    UCHAR Protection;
    PVOID ClientId;                     /* where results go, in the caller's memory; NULL: nowhere */
    PVOID TebAddress;
    PVOID ImageInfo;
} PSP_ATTRIBUTES, *PPSP_ATTRIBUTES;
NTSTATUS PspCaptureAttributes(KPROCESSOR_MODE Mode, PPS_ATTRIBUTE_LIST List, PPSP_ATTRIBUTES Attributes);
VOID PspReleaseAttributes(PPSP_ATTRIBUTES Attributes);

/* process.c */
typedef struct _PSP_CREATE {
    PEPROCESS Parent;                   /* NULL: the System process itself is made */
    PUNICODE_STRING ImageName;
    UCHAR Protection;
    BOOLEAN InheritHandles;
    BOOLEAN CreateSession;
} PSP_CREATE, *PPSP_CREATE;
/* With one reference, in the list of processes; recorded as process.create. */
NTSTATUS PspCreateProcess(const PSP_CREATE *Create, POBJECT_ATTRIBUTES Attributes, KPROCESSOR_MODE Mode,
                          PEPROCESS *Process);
VOID PspDeleteProcess(PVOID Object);
/* A process that never got a thread, or lost its last one, ends. */
VOID PspExitProcess(PEPROCESS Process);

/* params.c, peb.c */
NTSTATUS PspCopyProcessParameters(KPROCESSOR_MODE Mode, PVOID Source, PEPROCESS Process, PVOID *Parameters);
NTSTATUS PspCreatePeb(PEPROCESS Process, PVOID Parameters, const SECTION_IMAGE_INFORMATION *Image);
NTSTATUS PspCreateTeb(PETHREAD Thread, SIZE_T StackSize);
VOID PspDeleteTeb(PETHREAD Thread);

/* thread.c */
NTSTATUS PspCreateUserThread(PEPROCESS Process, PVOID StartRoutine, PVOID Argument, SIZE_T StackSize,
                             BOOLEAN Suspended, POBJECT_ATTRIBUTES Attributes, KPROCESSOR_MODE Mode,
                             PETHREAD *Thread);
VOID PspDeleteThread(PVOID Object);
extern PVOID PspUserThreadStart;        /* ntdll's RtlUserThreadStart */
extern PVOID PspUserExceptionDispatcher; /* ntdll's KiUserExceptionDispatcher, NULL when it has none */

/* psinit.c */
BOOLEAN PspMapSystemDll(PEPROCESS Process);
BOOLEAN PspStartReaper(VOID);

/* protect.c */
NTSTATUS PspProcessOpen(OB_OPEN_REASON Reason, PEPROCESS Process, PVOID Object, ACCESS_MASK GrantedAccess,
                        ULONG HandleCount);
NTSTATUS PspThreadOpen(OB_OPEN_REASON Reason, PEPROCESS Process, PVOID Object, ACCESS_MASK GrantedAccess,
                       ULONG HandleCount);
BOOLEAN PspDominates(UCHAR Subject, UCHAR Target);

/* suspend.c: process.resume, once per process. */
VOID PspRecordResume(PETHREAD Thread);

/* exit.c */
VOID PspTerminateProcess(PEPROCESS Process, NTSTATUS ExitStatus);
