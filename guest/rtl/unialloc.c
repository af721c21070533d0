/* Counted strings that are allocated, and conversions between narrow and wide ones. */
#include <nt.h>

#define TAG_STRING 0x72745355 /* 'UStr' */

BOOLEAN NTAPI RtlCreateUnicodeString(PUNICODE_STRING Destination, PCWSTR Source)
{
    UNICODE_STRING String;

    return NT_SUCCESS(RtlInitUnicodeStringEx(&String, Source)) &&
           NT_SUCCESS(RtlDuplicateUnicodeString(RTL_DUPLICATE_UNICODE_STRING_NULL_TERMINATE, &String, Destination));
}

BOOLEAN NTAPI RtlCreateUnicodeStringFromAsciiz(PUNICODE_STRING Destination, PCSZ Source)
{
    ANSI_STRING String;

    RtlInitAnsiString(&String, Source);
    return NT_SUCCESS(RtlAnsiStringToUnicodeString(Destination, &String, TRUE));
}

NTSTATUS NTAPI RtlDuplicateUnicodeString(ULONG Flags, PCUNICODE_STRING Source, PUNICODE_STRING Destination)
{
    ULONG Terminator = Flags & RTL_DUPLICATE_UNICODE_STRING_NULL_TERMINATE ? sizeof(WCHAR) : 0;
    ULONG Size = Source->Length + Terminator;

    if (Size > UNICODE_STRING_MAX_BYTES)
        return STATUS_NAME_TOO_LONG;
    RtlInitEmptyUnicodeString(Destination, NULL, 0);
    if (!Size)
        return STATUS_SUCCESS;
    Destination->Buffer = RtlpAllocateMemory(Size, TAG_STRING);
    if (!Destination->Buffer)
        return STATUS_NO_MEMORY;
    Destination->MaximumLength = (USHORT)Size;
    RtlCopyUnicodeString(Destination, Source);
    return STATUS_SUCCESS;
}

VOID NTAPI RtlFreeUnicodeString(PUNICODE_STRING String)
{
    if (String->Buffer)
        RtlpFreeMemory(String->Buffer, TAG_STRING);
    RtlInitEmptyUnicodeString(String, NULL, 0);
}

VOID NTAPI RtlFreeAnsiString(PANSI_STRING String)
{
    if (String->Buffer)
        RtlpFreeMemory(String->Buffer, TAG_STRING);
    memset(String, 0, sizeof(*String));
}

NTSTATUS NTAPI RtlUpcaseUnicodeString(PUNICODE_STRING Destination, PCUNICODE_STRING Source, BOOLEAN Allocate)
{
    if (Allocate) {
        NTSTATUS Status = RtlDuplicateUnicodeString(0, Source, Destination);

        if (!NT_SUCCESS(Status))
            return Status;
    } else if (Destination->MaximumLength < Source->Length) {
        return STATUS_BUFFER_OVERFLOW;
    }
    for (ULONG i = 0; i < Source->Length / sizeof(WCHAR); i++)
        Destination->Buffer[i] = RtlUpcaseUnicodeChar(Source->Buffer[i]);
    Destination->Length = Source->Length;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlAnsiStringToUnicodeString(PUNICODE_STRING Destination, PCANSI_STRING Source, BOOLEAN Allocate)
{
    ULONG Length = Source->Length * sizeof(WCHAR);

    if (Length + sizeof(WCHAR) > UNICODE_STRING_MAX_BYTES)
        return STATUS_INVALID_PARAMETER_2;
    if (Allocate) {
        Destination->Buffer = RtlpAllocateMemory(Length + sizeof(WCHAR), TAG_STRING);
        if (!Destination->Buffer)
            return STATUS_NO_MEMORY;
        Destination->MaximumLength = (USHORT)(Length + sizeof(WCHAR));
    } else if (Length + sizeof(WCHAR) > Destination->MaximumLength) {
        return STATUS_BUFFER_OVERFLOW;
    }
    for (ULONG i = 0; i < Source->Length; i++)
        Destination->Buffer[i] = (UCHAR)Source->Buffer[i];
    Destination->Buffer[Source->Length] = UNICODE_NULL;
    Destination->Length = (USHORT)Length;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlUnicodeStringToAnsiString(PANSI_STRING Destination, PCUNICODE_STRING Source, BOOLEAN Allocate)
{
    ULONG Length = Source->Length / sizeof(WCHAR);
    NTSTATUS Status = STATUS_SUCCESS;

    if (Allocate) {
        Destination->Buffer = RtlpAllocateMemory(Length + 1, TAG_STRING);
        if (!Destination->Buffer)
            return STATUS_NO_MEMORY;
        Destination->MaximumLength = (USHORT)(Length + 1);
    } else if (Length >= Destination->MaximumLength) {
        if (!Destination->MaximumLength)
            return STATUS_BUFFER_OVERFLOW;
        Length = Destination->MaximumLength - 1;
        Status = STATUS_BUFFER_OVERFLOW;
    }
    for (ULONG i = 0; i < Length; i++)
        Destination->Buffer[i] = Source->Buffer[i] < 0x100 ? (CHAR)Source->Buffer[i] : '?';
    Destination->Buffer[Length] = 0;
    Destination->Length = (USHORT)Length;
    return Status;
}
