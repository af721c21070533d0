/* The executive's contract: start-up, records of the wire, events, hard errors, power requests. */
#pragma once
#include <nt.h>
#include <nt_services.h>
#include "loader.h"
#include "ke.h"
#include "ob.h"

#define ExGetPreviousMode() KeGetPreviousMode()

extern POBJECT_TYPE ExEventObjectType, ExMutantObjectType;

BOOLEAN ExInitSystem(VOID);

/* One fact on the wire. Format is `key=%spec` items separated by one blank: %u %d %x (ULONG/LONG; x prints
   0xUPPER), %I64u %I64x, %p, %s (char*), %wZ (PUNICODE_STRING). Values are quoted as needed. At <= DISPATCH_LEVEL. */
VOID ExRecordFact(PCSTR Event, PCSTR Format, ...);
/* The same on behalf of another process than the current one. */
VOID ExRecordFactFor(struct _EPROCESS *Process, PCSTR Event, PCSTR Format, ...);
/* NtTraceEvent's body: `event\0key\0value\0...\0\0` in UTF-16, Size in bytes, kernel memory. */
NTSTATUS ExRecordClaim(PCWSTR Fields, ULONG Size);
/* `hello`, from the command line of the loader block; no record may come before it. */
VOID ExRecordHello(PLOADER_PARAMETER_BLOCK LoaderBlock);
/* `bye`; nothing is recorded after it. Reason is poweroff, reset or bugcheck. At any IRQL. */
VOID ExRecordBye(PCSTR Reason);
/* The value of `Key=value` on the loader's command line, copied to Buffer; FALSE when it is not there. */
BOOLEAN ExCommandLineValue(PCSTR Key, PCHAR Buffer, ULONG Size);

/* Sets an event object and records event.set when it is named and becomes signalled. */
LONG ExSetEvent(PKEVENT Event);

/* Text for people on the first serial port; formats as RtlpFormat. At any IRQL. */
ULONG DbgPrint(PCSTR Format, ...);

/* Copies between kernel memory and the memory of a service's caller; STATUS_ACCESS_VIOLATION on a bad address. */
NTSTATUS ExCopyFromMode(KPROCESSOR_MODE Mode, PVOID To, const VOID *From, SIZE_T Size);
NTSTATUS ExCopyToMode(KPROCESSOR_MODE Mode, PVOID To, const VOID *From, SIZE_T Size);
/* A pool copy of a caller's string, zero-terminated; free with ExFreeCapturedString. */
NTSTATUS ExCaptureUnicodeString(KPROCESSOR_MODE Mode, PUNICODE_STRING Captured, const UNICODE_STRING *Source);
VOID ExFreeCapturedString(PUNICODE_STRING Captured);
/* The reply of a query service: copies at most Length bytes when all fit, and sets the caller's length. */
NTSTATUS ExReturnInformation(KPROCESSOR_MODE Mode, PVOID Buffer, ULONG Length, PULONG ReturnLength,
                             const VOID *Data, ULONG Size);
/* The timeout of a wait service, captured; *Result is NULL for `for ever`. */
NTSTATUS ExCaptureTimeout(KPROCESSOR_MODE Mode, PLARGE_INTEGER Source, PLARGE_INTEGER Storage,
                          PLARGE_INTEGER *Result);

/* STATUS_SYSTEM_PROCESS_TERMINATED and friends; raised by NtRaiseHardError too. */
NTSTATUS ExRaiseHardError(NTSTATUS Status, ULONG Count, PULONG_PTR Parameters, ULONG Options, PULONG Response);

typedef enum _POWER_REQUEST_SOURCE { PoSourceButton, PoSourceSac } POWER_REQUEST_SOURCE;
typedef enum _POWER_REQUEST_ACTION { PoActionNone, PoActionPowerOff, PoActionReset } POWER_REQUEST_ACTION;
/* A person or the machine asks for the end: records it and wakes winlogon; stays pending. At <= DISPATCH_LEVEL. */
VOID PoRequestPowerAction(POWER_REQUEST_SOURCE Source, POWER_REQUEST_ACTION Action);
