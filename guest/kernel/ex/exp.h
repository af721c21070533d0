/* The executive's inside. */
#pragma once
#include "cm.h"
#include "ex.h"
#include "hal.h"
#include "io.h"
#include "lpc.h"
#include "mm.h"
#include "ps.h"
#include "se.h"

#define EXP_TAG 'pxE '
#define EX_RECORD_LIMIT 65536u          /* bytes of a line of the wire, with its end */

/* recvalue.c: text of a record, cut at its limit. */
typedef struct _EX_RECORD_LINE {
    ULONG Length;
    BOOLEAN Truncated;
    CHAR Text[EX_RECORD_LIMIT];
} EX_RECORD_LINE, *PEX_RECORD_LINE;
VOID ExpPutText(PEX_RECORD_LINE Line, PCSTR Text);
VOID ExpPutNumber(PEX_RECORD_LINE Line, ULONG64 Value);
VOID ExpPutHex(PEX_RECORD_LINE Line, ULONG64 Value);
/* A value, bare or quoted as its bytes need. */
VOID ExpPutValue(PEX_RECORD_LINE Line, PCSTR Bytes, ULONG Length);
VOID ExpPutWideValue(PEX_RECORD_LINE Line, PCWSTR Text, ULONG Bytes);
VOID ExpPutFormatted(PEX_RECORD_LINE Line, PCSTR Format, va_list Arguments);

/* power.c */
BOOLEAN ExpCreatePowerEvents(VOID);
/* event.c */
BOOLEAN ExpCreateEventType(VOID);
/* mutant.c */
BOOLEAN ExpCreateMutantType(VOID);
/* phase1.c */
KSTART_ROUTINE Phase1Initialization;
/* session.c: K3 to K7; comes back when the Session Manager has run for its first seconds. */
VOID ExpStartSessionManager(VOID);
