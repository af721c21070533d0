/* Arguments of services: copied in from, and results out to, whoever called. */
#include "exp.h"

NTSTATUS ExCopyFromMode(KPROCESSOR_MODE Mode, PVOID To, const VOID *From, SIZE_T Size)
{
    if (Mode == UserMode)
        return MmCopyFromUser(To, From, Size);
    if (From == NULL)
        return STATUS_ACCESS_VIOLATION;
    RtlCopyMemory(To, From, Size);
    return STATUS_SUCCESS;
}

NTSTATUS ExCopyToMode(KPROCESSOR_MODE Mode, PVOID To, const VOID *From, SIZE_T Size)
{
    if (Mode == UserMode)
        return MmCopyToUser(To, From, Size);
    if (To == NULL)
        return STATUS_ACCESS_VIOLATION;
    RtlCopyMemory(To, From, Size);
    return STATUS_SUCCESS;
}

NTSTATUS ExCaptureUnicodeString(KPROCESSOR_MODE Mode, PUNICODE_STRING Captured, const UNICODE_STRING *Source)
{
    UNICODE_STRING Copy;
    NTSTATUS Status;

    RtlZeroMemory(Captured, sizeof *Captured);
    Status = ExCopyFromMode(Mode, &Copy, Source, sizeof Copy);
    if (!NT_SUCCESS(Status))
        return Status;
    if (Copy.Length % sizeof(WCHAR) != 0 || Copy.Length > UNICODE_STRING_MAX_BYTES - sizeof(WCHAR))
        return STATUS_OBJECT_NAME_INVALID;
    Captured->Buffer = ExAllocatePoolWithTag(PagedPool, Copy.Length + sizeof(WCHAR), EXP_TAG);
    if (Captured->Buffer == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    if (Copy.Length != 0)
        Status = ExCopyFromMode(Mode, Captured->Buffer, Copy.Buffer, Copy.Length);
    Captured->Buffer[Copy.Length / sizeof(WCHAR)] = 0;
    Captured->Length = Copy.Length;
    Captured->MaximumLength = Copy.Length + sizeof(WCHAR);
    if (!NT_SUCCESS(Status))
        ExFreeCapturedString(Captured);
    return Status;
}

VOID ExFreeCapturedString(PUNICODE_STRING Captured)
{
    if (Captured->Buffer != NULL)
        ExFreePool(Captured->Buffer);
    RtlZeroMemory(Captured, sizeof *Captured);
}

NTSTATUS ExReturnInformation(KPROCESSOR_MODE Mode, PVOID Buffer, ULONG Length, PULONG ReturnLength,
                             const VOID *Data, ULONG Size)
{
    NTSTATUS Status = STATUS_INFO_LENGTH_MISMATCH;

    if (Length >= Size)
        Status = ExCopyToMode(Mode, Buffer, Data, Size);
    if (ReturnLength != NULL && (NT_SUCCESS(Status) || Length < Size)) {
        NTSTATUS Stored = ExCopyToMode(Mode, ReturnLength, &Size, sizeof Size);

        if (!NT_SUCCESS(Stored))
            return Stored;
    }
    return Status;
}

NTSTATUS ExCaptureTimeout(KPROCESSOR_MODE Mode, PLARGE_INTEGER Source, PLARGE_INTEGER Storage,
                          PLARGE_INTEGER *Result)
{
    *Result = NULL;
    if (Source == NULL)
        return STATUS_SUCCESS;
    *Result = Storage;
    return ExCopyFromMode(Mode, Storage, Source, sizeof *Storage);
}
