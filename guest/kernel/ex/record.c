/* The wire: stamped, numbered, checked records, one whole line each, on the first serial port. */
#include "exp.h"

static EX_RECORD_LINE ExpLine;      /* guarded by DISPATCH_LEVEL: there is one processor */
static ULONG64 ExpSequence;
static BOOLEAN ExpRecordOpen;       /* hello has been sent */
static BOOLEAN ExpRecordClosed;     /* bye has been sent */
static BOOLEAN ExpLineBusy;         /* a line is being made or sent */

/* `@smss <seq> <time-ns> <session>.<pid> <voice> <event>` */
static VOID ExpBeginRecord(PEPROCESS Process, PCSTR Voice)
{
    if (ExpLineBusy)                    /* a crash in the middle of a line: leave the torn line behind */
        HalPutSerial("\r\n", 2);
    ExpLineBusy = TRUE;
    ExpLine.Length = 0;
    ExpLine.Truncated = FALSE;
    ExpPutText(&ExpLine, "@smss ");
    ExpPutNumber(&ExpLine, ExpSequence++);
    ExpPutText(&ExpLine, " ");
    ExpPutNumber(&ExpLine, KeQueryBootTimeNs());
    ExpPutText(&ExpLine, " ");
    ExpPutNumber(&ExpLine, Process != NULL ? Process->SessionId : 0);
    ExpPutText(&ExpLine, ".");
    ExpPutNumber(&ExpLine, Process != NULL ? HandleToUlong(Process->UniqueProcessId) : 4);
    ExpPutText(&ExpLine, " ");
    ExpPutText(&ExpLine, Voice);
    ExpPutText(&ExpLine, " ");
}

/* The room for this was kept free by recvalue.c. */
static VOID ExpAppend(PCSTR Text)
{
    while (*Text != 0)
        ExpLine.Text[ExpLine.Length++] = *Text++;
}

/* --- For debuggers (docs/determinism.md) ---------------------------------------------------------------------- */

VOID ExpRecordSent(ULONG64 Sequence);
VOID ExpRecordHeld(ULONG64 Sequence);

/* A debugger writes the number of a record here, and breaks at ExpRecordHeld. */
volatile ULONG64 ExpHoldAfter = ~0ull;

__attribute__((noinline)) VOID ExpRecordSent(ULONG64 Sequence) { __asm__ volatile("" :: "r"(Sequence) : "memory"); }
__attribute__((noinline)) VOID ExpRecordHeld(ULONG64 Sequence) { __asm__ volatile("" :: "r"(Sequence) : "memory"); }

/* A record has left. Both ways take the same instructions, so that stopping here shifts nothing. */
static VOID ExpTellDebugger(ULONG64 Sequence)
{
    static VOID (*const Ways[])(ULONG64) = { ExpRecordSent, ExpRecordHeld };

    Ways[ExpHoldAfter == Sequence](Sequence);
}

static VOID ExpEndRecord(VOID)
{
    static const CHAR Digits[] = "0123456789abcdef";
    ULONG Crc;

    if (ExpLine.Truncated)
        ExpAppend(" truncated=1");
    Crc = RtlComputeCrc32(0, ExpLine.Text, ExpLine.Length);
    ExpAppend(" *");
    for (ULONG Shift = 32; Shift > 0; Shift -= 4)
        ExpLine.Text[ExpLine.Length++] = Digits[Crc >> (Shift - 4) & 0xF];
    ExpAppend("\r\n");
    HalPutSerial(ExpLine.Text, ExpLine.Length);
    ExpLineBusy = FALSE;
    ExpTellDebugger(ExpSequence - 1);
}

/* The process that a record of the running code belongs to; NULL: System. */
static PEPROCESS ExpRecordSubject(VOID)
{
    PKTHREAD Thread = KeGetCurrentThread();

    if (PsInitialSystemProcess == NULL || Thread == NULL || Thread == KiProcessorBlock.IdleThread)
        return NULL;
    return CONTAINING_RECORD(Thread, ETHREAD, Tcb)->ThreadsProcess;
}

/* Raises IRQL to DISPATCH_LEVEL while the line is made and sent. */
static VOID ExpRecord(PEPROCESS Process, PCSTR Event, PCSTR Format, va_list Arguments)
{
    KIRQL Irql = KeGetCurrentIrql();

    if (!ExpRecordOpen || ExpRecordClosed)
        return;
    if (Irql < DISPATCH_LEVEL)
        KfRaiseIrql(DISPATCH_LEVEL);
    ExpBeginRecord(Process, "fact");
    ExpPutText(&ExpLine, Event);
    if (Format != NULL && *Format != 0) {
        ExpPutText(&ExpLine, " ");
        ExpPutFormatted(&ExpLine, Format, Arguments);
    }
    ExpEndRecord();
    if (Irql < DISPATCH_LEVEL)
        KeLowerIrql(Irql);
}

VOID ExRecordFact(PCSTR Event, PCSTR Format, ...)
{
    va_list Arguments;

    va_start(Arguments, Format);
    ExpRecord(ExpRecordSubject(), Event, Format, Arguments);
    va_end(Arguments);
}

VOID ExRecordFactFor(PEPROCESS Process, PCSTR Event, PCSTR Format, ...)
{
    va_list Arguments;

    va_start(Arguments, Format);
    ExpRecord(Process, Event, Format, Arguments);
    va_end(Arguments);
}

static BOOLEAN ExpIsEventCharacter(WCHAR c, BOOLEAN First)
{
    return (c >= L'a' && c <= L'z') || (c >= L'0' && c <= L'9') || (!First && (c == L'.' || c == L'-'));
}

static BOOLEAN ExpIsKeyCharacter(WCHAR c)
{
    return (c >= L'a' && c <= L'z') || (c >= L'A' && c <= L'Z') || (c >= L'0' && c <= L'9') || c == L'_' ||
           c == L'.' || c == L'(' || c == L')' || c == L'-';
}

/* The length of the string at Fields[Index] when it ends in a zero within Count characters; else Count. */
static ULONG ExpFieldLength(PCWSTR Fields, ULONG Index, ULONG Count)
{
    ULONG Length = 0;

    while (Index + Length < Count && Fields[Index + Length] != 0)
        Length++;
    return Index + Length < Count ? Length : Count;
}

/* event\0key\0value\0...\0\0: well-formed names, every string ended, an even number of strings after the event. */
static BOOLEAN ExpValidClaim(PCWSTR Fields, ULONG Count)
{
    ULONG Index = 0;

    for (ULONG Field = 0;; Field++) {
        ULONG Length = ExpFieldLength(Fields, Index, Count);

        if (Length == Count)
            return FALSE;
        if (Length == 0 && Field % 2 == 1)      /* the empty string where a key would be: the end */
            return TRUE;
        if (Field == 0 && Length == 0)
            return FALSE;
        for (ULONG i = 0; i < Length; i++) {
            WCHAR c = Fields[Index + i];
            BOOLEAN Edge = i == 0 || i == Length - 1 || Fields[Index + i - 1] == L'.' ||
                           Fields[Index + i - 1] == L'-';

            if (Field == 0 && !ExpIsEventCharacter(c, Edge))
                return FALSE;
            if (Field % 2 == 1 && !ExpIsKeyCharacter(c))
                return FALSE;
        }
        Index += Length + 1;
        if (Index >= Count)
            return Field % 2 == 0;              /* the last value may also be the end of the buffer */
    }
}

NTSTATUS ExRecordClaim(PCWSTR Fields, ULONG Size)
{
    ULONG Count = Size / sizeof(WCHAR), Index = 0;
    KIRQL Irql;

    if (!ExpValidClaim(Fields, Count))
        return STATUS_INVALID_PARAMETER;
    if (!ExpRecordOpen || ExpRecordClosed)
        return STATUS_DEVICE_NOT_READY;
    KeRaiseIrql(DISPATCH_LEVEL, &Irql);
    ExpBeginRecord(ExpRecordSubject(), "claim");
    for (ULONG Field = 0; Index < Count; Field++) {
        ULONG Length = ExpFieldLength(Fields, Index, Count);

        if (Length == 0 && Field % 2 == 1)
            break;
        if (Field % 2 == 0 && Field != 0) {
            ExpPutText(&ExpLine, "=");
            ExpPutWideValue(&ExpLine, Fields + Index, Length * sizeof(WCHAR));
        } else {
            if (Field != 0)
                ExpPutText(&ExpLine, " ");
            for (ULONG i = 0; i < Length; i++) {
                CHAR Character[2] = { (CHAR)Fields[Index + i], 0 };

                ExpPutText(&ExpLine, Character);
            }
        }
        Index += Length + 1;
    }
    ExpEndRecord();
    KeLowerIrql(Irql);
    return STATUS_SUCCESS;
}

/* --- The first and the last record ---------------------------------------------------------------------------- */

BOOLEAN ExCommandLineValue(PCSTR Key, PCHAR Buffer, ULONG Size)
{
    PCSTR Cursor = KeLoaderBlock->CommandLine;

    while (Cursor != NULL && *Cursor != 0) {
        ULONG Match = 0, Length = 0;

        while (*Cursor == ' ')
            Cursor++;
        while (Key[Match] != 0 && Cursor[Match] == Key[Match])
            Match++;
        if (Key[Match] == 0 && Cursor[Match] == '=') {
            for (Cursor += Match + 1; *Cursor != 0 && *Cursor != ' ' && Length + 1 < Size; Cursor++)
                Buffer[Length++] = *Cursor;
            Buffer[Length] = 0;
            return TRUE;
        }
        while (*Cursor != 0 && *Cursor != ' ')
            Cursor++;
    }
    return FALSE;
}

VOID ExRecordHello(PLOADER_PARAMETER_BLOCK LoaderBlock)
{
    CHAR Profile[64] = "", Image[96] = "", Nonce[96] = "";

    UNREFERENCED_PARAMETER(LoaderBlock);
    ExCommandLineValue("profile", Profile, sizeof Profile);
    ExCommandLineValue("image", Image, sizeof Image);
    ExCommandLineValue("nonce", Nonce, sizeof Nonce);
    ExpRecordOpen = TRUE;
    ExRecordFact("hello", "proto=1 arch=%s profile=%s image=%s nonce=%s", ARCH_NAME, Profile, Image, Nonce);
}

VOID ExRecordBye(PCSTR Reason)
{
    ExRecordFactFor(NULL, "bye", "count=%I64u reason=%s", ExpSequence + 1, Reason);
    ExpRecordClosed = TRUE;
}
