/* Counted strings that need no allocation: initialise, copy, append, compare, hash. */
#include <nt.h>

NTSTATUS NTAPI RtlInitUnicodeStringEx(PUNICODE_STRING Destination, PCWSTR Source)
{
    size_t Length = Source ? wcslen(Source) : 0;

    Destination->Length = Destination->MaximumLength = 0;
    Destination->Buffer = (PWSTR)Source;
    if (Length > UNICODE_STRING_MAX_CHARS - 1)
        return STATUS_NAME_TOO_LONG;
    if (Source) {
        Destination->Length = (USHORT)(Length * sizeof(WCHAR));
        Destination->MaximumLength = Destination->Length + sizeof(WCHAR);
    }
    return STATUS_SUCCESS;
}

/* Text that is too long is cut, as NT does it. */
VOID NTAPI RtlInitUnicodeString(PUNICODE_STRING Destination, PCWSTR Source)
{
    if (!NT_SUCCESS(RtlInitUnicodeStringEx(Destination, Source))) {
        Destination->Length = UNICODE_STRING_MAX_BYTES - sizeof(WCHAR);
        Destination->MaximumLength = UNICODE_STRING_MAX_BYTES;
    }
}

VOID NTAPI RtlInitString(PSTRING Destination, PCSZ Source)
{
    size_t Length = Source ? strlen(Source) : 0;

    Length = min(Length, MAXUSHORT - 1);
    Destination->Length = (USHORT)Length;
    Destination->MaximumLength = (USHORT)(Source ? Length + 1 : 0);
    Destination->Buffer = (PCHAR)Source;
}

VOID NTAPI RtlInitAnsiString(PANSI_STRING Destination, PCSZ Source)
{
    RtlInitString(Destination, Source);
}

VOID NTAPI RtlInitEmptyUnicodeString(PUNICODE_STRING Destination, PWCHAR Buffer, USHORT BufferSize)
{
    Destination->Length = 0;
    Destination->MaximumLength = BufferSize;
    Destination->Buffer = Buffer;
}

VOID NTAPI RtlCopyUnicodeString(PUNICODE_STRING Destination, PCUNICODE_STRING Source)
{
    USHORT Length = Source ? min(Source->Length, Destination->MaximumLength) : 0;

    if (Length)
        memcpy(Destination->Buffer, Source->Buffer, Length);
    Destination->Length = Length;
    if (Length + sizeof(WCHAR) <= Destination->MaximumLength)
        Destination->Buffer[Length / sizeof(WCHAR)] = UNICODE_NULL;
}

NTSTATUS NTAPI RtlAppendUnicodeStringToString(PUNICODE_STRING Destination, PCUNICODE_STRING Source)
{
    ULONG Length = (ULONG)Destination->Length + Source->Length;

    if (Length > Destination->MaximumLength)
        return STATUS_BUFFER_TOO_SMALL;
    memmove((PUCHAR)Destination->Buffer + Destination->Length, Source->Buffer, Source->Length);
    Destination->Length = (USHORT)Length;
    if (Length + sizeof(WCHAR) <= Destination->MaximumLength)
        Destination->Buffer[Length / sizeof(WCHAR)] = UNICODE_NULL;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlAppendUnicodeToString(PUNICODE_STRING Destination, PCWSTR Source)
{
    UNICODE_STRING String;
    NTSTATUS Status = RtlInitUnicodeStringEx(&String, Source);

    return NT_SUCCESS(Status) ? RtlAppendUnicodeStringToString(Destination, &String) : STATUS_BUFFER_TOO_SMALL;
}

LONG NTAPI RtlCompareUnicodeString(PCUNICODE_STRING A, PCUNICODE_STRING B, BOOLEAN CaseInSensitive)
{
    ULONG Count = min(A->Length, B->Length) / sizeof(WCHAR);

    for (ULONG i = 0; i < Count; i++) {
        WCHAR P = A->Buffer[i], Q = B->Buffer[i];

        if (P != Q && CaseInSensitive) {
            P = RtlUpcaseUnicodeChar(P);
            Q = RtlUpcaseUnicodeChar(Q);
        }
        if (P != Q)
            return (LONG)P - (LONG)Q;
    }
    return (LONG)A->Length - (LONG)B->Length;
}

BOOLEAN NTAPI RtlEqualUnicodeString(PCUNICODE_STRING A, PCUNICODE_STRING B, BOOLEAN CaseInSensitive)
{
    return A->Length == B->Length && RtlCompareUnicodeString(A, B, CaseInSensitive) == 0;
}

BOOLEAN NTAPI RtlPrefixUnicodeString(PCUNICODE_STRING Prefix, PCUNICODE_STRING String, BOOLEAN CaseInSensitive)
{
    UNICODE_STRING Head = *String;

    if (Prefix->Length > String->Length)
        return FALSE;
    Head.Length = Prefix->Length;
    return RtlEqualUnicodeString(Prefix, &Head, CaseInSensitive);
}

NTSTATUS NTAPI RtlHashUnicodeString(PCUNICODE_STRING String, BOOLEAN CaseInSensitive, ULONG Algorithm, PULONG Hash)
{
    ULONG Value = 0;

    if (Algorithm > HASH_STRING_ALGORITHM_X65599)
        return STATUS_INVALID_PARAMETER;
    for (ULONG i = 0; i < String->Length / sizeof(WCHAR); i++) {
        WCHAR Character = String->Buffer[i];

        Value = Value * 65599 + (CaseInSensitive ? RtlUpcaseUnicodeChar(Character) : Character);
    }
    *Hash = Value;
    return STATUS_SUCCESS;
}
