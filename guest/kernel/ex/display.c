/* Text and claims from user mode to the first serial port. */
#include "exp.h"

#define DISPLAY_LIMIT 2048u             /* characters of one NtDisplayString */
#define CLAIM_LIMIT (2 * EX_RECORD_LIMIT)

/* Plain console text; what could be taken for a record loses its first character's meaning by a blank before it. */
NTSTATUS NTAPI NtDisplayString(PUNICODE_STRING String)
{
    UNICODE_STRING Text;
    PCHAR Bytes;
    ULONG Written = 0;
    NTSTATUS Status;

    Status = ExCaptureUnicodeString(ExGetPreviousMode(), &Text, String);
    if (!NT_SUCCESS(Status))
        return Status;
    if (Text.Length > DISPLAY_LIMIT * sizeof(WCHAR))
        Text.Length = DISPLAY_LIMIT * sizeof(WCHAR);
    Bytes = ExAllocatePoolWithTag(PagedPool, Text.Length * 2u + 2, EXP_TAG);
    if (Bytes == NULL) {
        ExFreeCapturedString(&Text);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Status = RtlUnicodeToUTF8N(Bytes + 1, Text.Length * 2u, &Written, Text.Buffer, Text.Length);
    if (NT_SUCCESS(Status)) {
        PCHAR Start = Bytes + 1;
        KIRQL Irql;

        Bytes[Written + 1] = 0;
        if (*Start == '@')
            *--Start = ' ';
        KeRaiseIrql(DISPATCH_LEVEL, &Irql);     /* whole lines: no record in the middle */
        HalDisplayString(Start);
        KeLowerIrql(Irql);
    }
    ExFreePool(Bytes);
    ExFreeCapturedString(&Text);
    return Status;
}

/* One kind of event is understood: a claim. The kernel stamps who makes it. */
NTSTATUS NTAPI NtTraceEvent(HANDLE TraceHandle, ULONG Flags, ULONG FieldSize, PVOID Fields)
{
    PWSTR Copy;
    NTSTATUS Status;

    UNREFERENCED_PARAMETER(TraceHandle);
    if (Flags != ETW_NT_FLAGS_TRACE_CLAIM || FieldSize < 2 * sizeof(WCHAR) || FieldSize > CLAIM_LIMIT ||
        FieldSize % sizeof(WCHAR) != 0)
        return STATUS_INVALID_PARAMETER;
    Copy = ExAllocatePoolWithTag(PagedPool, FieldSize, EXP_TAG);
    if (Copy == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    Status = ExCopyFromMode(ExGetPreviousMode(), Copy, Fields, FieldSize);
    if (NT_SUCCESS(Status))
        Status = ExRecordClaim(Copy, FieldSize);
    ExFreePool(Copy);
    return Status;
}
