/* What the files of csrss share. */
#pragma once

#include <nt.h>
#include <nt_services.h>
#include <csrapi.h>
#include <smapi.h>

/* The process ends with the status; in a critical process that stops the system. */
DECLSPEC_NORETURN VOID CsrFail(NTSTATUS Status, PCSTR Where);
#define CSR_CHECK(status, where)              \
    do {                                      \
        NTSTATUS Check_ = (status);           \
        if (!NT_SUCCESS(Check_))              \
            CsrFail(Check_, where);           \
    } while (0)

extern ULONG CsrSessionId;
extern UNICODE_STRING CsrObjectDirectory; /* \Windows, or \Sessions\<n>\Windows */

/* csrargs.c: the command line's arguments, in order, as NAME and value. */
typedef VOID CSR_ARGUMENT_ROUTINE(PCUNICODE_STRING Name, PCUNICODE_STRING Value);
VOID CsrForEachArgument(PCUNICODE_STRING CommandLine, CSR_ARGUMENT_ROUTINE *Routine);

/* csrobject.c: the session's part of the namespace. */
VOID CsrCreateSessionObjects(VOID);
VOID NTAPI CsrObjectMade(PCUNICODE_STRING Path);

/* csrserver.c: server DLLs. */
NTSTATUS CsrLoadServerDll(PCUNICODE_STRING Value);
NTSTATUS CsrDispatchToServer(PCSR_API_MSG Message);

/* csrport.c, csrapi.c, csrsb.c: the two ports and the threads that serve them. */
VOID CsrStartApiPort(VOID);
VOID CsrStartSbApiPort(PUNICODE_STRING PortName);
/* Connects to \SmApiPort and gives the name of our SbApiPort. */
VOID CsrConnectToSessionManager(PUNICODE_STRING SbApiPortName);
/* A port below the object directory. SYSTEM has all rights; World is what everybody has, 0 for nothing. */
NTSTATUS CsrCreatePort(PCWSTR Leaf, ULONG ConnectionInfoSize, ULONG MessageSize, ACCESS_MASK World,
                       PUNICODE_STRING Name, PHANDLE Port);
