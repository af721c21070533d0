/* Environment blocks: NAME=value items, sorted by name, each ended by NUL, the block by one more. The process's own
   block is guarded by the PEB lock, which these functions take and drop. */
#include "ntdllp.h"

SIZE_T NTAPI RtlpEnvironmentSize(CONST VOID *Environment)
{
    PCWSTR At = Environment;

    if (!At)
        return 0;
    while (*At)
        At += wcslen(At) + 1;
    return (PUCHAR)(At + 1) - (PUCHAR)Environment;
}

/* A new block in the process heap, with room for Extra bytes at its end. */
static PWSTR CopyBlock(PCVOID Source, SIZE_T Extra)
{
    SIZE_T Size = RtlpEnvironmentSize(Source);
    PWSTR Block = RtlAllocateHeap(RtlProcessHeap(), HEAP_ZERO_MEMORY, max(Size, sizeof(WCHAR)) + Extra);

    if (Block && Source)
        memcpy(Block, Source, Size);
    return Block;
}

NTSTATUS NTAPI RtlCreateEnvironment(BOOLEAN CloneCurrentEnvironment, PVOID *Environment)
{
    PPEB Peb = NtCurrentPeb();

    RtlEnterCriticalSection(Peb->FastPebLock);
    *Environment = CopyBlock(CloneCurrentEnvironment ? Peb->ProcessParameters->Environment : NULL, 0);
    RtlLeaveCriticalSection(Peb->FastPebLock);
    return *Environment ? STATUS_SUCCESS : STATUS_NO_MEMORY;
}

VOID NTAPI RtlDestroyEnvironment(PVOID Environment)
{
    RtlFreeHeap(RtlProcessHeap(), 0, Environment);
}

/* An item's name; a leading '=' (as in =C:) belongs to it. */
static UNICODE_STRING ItemName(PCWSTR Item)
{
    PCWSTR End = *Item ? Item + 1 : Item;
    UNICODE_STRING Name;

    while (*End && *End != L'=')
        End++;
    Name.Buffer = (PWSTR)Item;
    Name.Length = Name.MaximumLength = (USHORT)((End - Item) * sizeof(WCHAR));
    return Name;
}

/* The item with this name, or where it belongs (*Found FALSE). */
static PWSTR FindItem(PWSTR Environment, PCUNICODE_STRING Name, PBOOLEAN Found)
{
    PWSTR At = Environment;

    for (*Found = FALSE; *At; At += wcslen(At) + 1) {
        UNICODE_STRING Item = ItemName(At);
        LONG Order = RtlCompareUnicodeString(Name, &Item, TRUE);

        *Found = Order == 0;
        if (Order <= 0)
            break;
    }
    return At;
}

NTSTATUS NTAPI RtlQueryEnvironmentVariable_U(PVOID Environment, PUNICODE_STRING Name, PUNICODE_STRING Value)
{
    PPEB Peb = NtCurrentPeb();
    PWSTR Block = Environment;
    NTSTATUS Status = STATUS_VARIABLE_NOT_FOUND;

    if (!Environment) {
        RtlEnterCriticalSection(Peb->FastPebLock);
        Block = Peb->ProcessParameters->Environment;
    }
    /* Searched to the end: a block that a stranger made need not be sorted. */
    for (PWSTR At = Block; At && *At; At += wcslen(At) + 1) {
        UNICODE_STRING Item = ItemName(At), Text;

        if (!RtlEqualUnicodeString(&Item, Name, TRUE))
            continue;
        At += Item.Length / sizeof(WCHAR);
        RtlInitUnicodeString(&Text, *At ? At + 1 : At);
        Value->Length = Text.Length;
        Status = STATUS_BUFFER_TOO_SMALL;
        if (Text.Length <= Value->MaximumLength) {
            RtlCopyUnicodeString(Value, &Text);
            Status = STATUS_SUCCESS;
        }
        break;
    }
    if (!Environment)
        RtlLeaveCriticalSection(Peb->FastPebLock);
    return Status;
}

/* The changed block, or NULL. Value NULL deletes. */
static PWSTR ChangeBlock(PWSTR Old, PCUNICODE_STRING Name, PCUNICODE_STRING Value)
{
    SIZE_T OldSize = RtlpEnvironmentSize(Old);
    SIZE_T ItemSize = Value ? Name->Length + Value->Length + 2 * sizeof(WCHAR) : 0;
    PWSTR New = RtlAllocateHeap(RtlProcessHeap(), HEAP_ZERO_MEMORY, max(OldSize, sizeof(WCHAR)) + ItemSize);
    PWSTR Rest, To = New;
    BOOLEAN Found = FALSE;

    if (!New)
        return NULL;
    Rest = Old ? FindItem(Old, Name, &Found) : NULL;
    if (Rest > Old) {
        memcpy(To, Old, (PUCHAR)Rest - (PUCHAR)Old);
        To += Rest - Old;
    }
    if (Found)
        Rest += wcslen(Rest) + 1;
    if (Value) {
        memcpy(To, Name->Buffer, Name->Length);
        To += Name->Length / sizeof(WCHAR);
        *To++ = L'=';
        memcpy(To, Value->Buffer, Value->Length);
        To += Value->Length / sizeof(WCHAR) + 1;
    }
    if (Rest)
        memcpy(To, Rest, OldSize - ((PUCHAR)Rest - (PUCHAR)Old));
    return New;
}

NTSTATUS NTAPI RtlSetEnvironmentVariable(PVOID *Environment, PUNICODE_STRING Name, PUNICODE_STRING Value)
{
    PPEB Peb = NtCurrentPeb();
    PRTL_USER_PROCESS_PARAMETERS Parameters = Peb->ProcessParameters;
    PWSTR Old, New;

    for (ULONG i = 1; i < Name->Length / sizeof(WCHAR); i++) {
        if (Name->Buffer[i] == L'=')
            return STATUS_INVALID_PARAMETER;
    }
    if (!Name->Length)
        return STATUS_INVALID_PARAMETER;
    RtlEnterCriticalSection(Peb->FastPebLock);
    Old = Environment ? *Environment : Parameters->Environment;
    New = ChangeBlock(Old, Name, Value && Value->Buffer ? Value : NULL);
    if (New && Environment) {
        *Environment = New;
        RtlDestroyEnvironment(Old);
    } else if (New) {
        /* The first block came with the process and is part of its parameters. */
        if (Parameters->EnvironmentVersion)
            RtlDestroyEnvironment(Old);
        Parameters->Environment = New;
        Parameters->EnvironmentSize = RtlpEnvironmentSize(New);
        Parameters->EnvironmentVersion++;
    }
    RtlLeaveCriticalSection(Peb->FastPebLock);
    return New ? STATUS_SUCCESS : STATUS_NO_MEMORY;
}

/* %NAME% becomes its value; what has no value stays as it is. *ReturnedLength counts the terminator. */
NTSTATUS NTAPI RtlExpandEnvironmentStrings_U(PVOID Environment, PUNICODE_STRING Source, PUNICODE_STRING Destination,
                                             PULONG ReturnedLength)
{
    PCWSTR At = Source->Buffer, End = At + Source->Length / sizeof(WCHAR);
    ULONG Room = Destination->MaximumLength, Length = 0;
    BOOLEAN Full = FALSE;

    while (At < End) {
        PCWSTR Close = At + 1;
        UNICODE_STRING Name, Value;
        NTSTATUS Status = STATUS_VARIABLE_NOT_FOUND;
        SIZE_T Piece = sizeof(WCHAR);

        if (*At == L'%') {
            while (Close < End && *Close != L'%')
                Close++;
            Name.Buffer = (PWSTR)At + 1;
            Name.Length = Name.MaximumLength = (USHORT)((Close - At - 1) * sizeof(WCHAR));
            Value.Length = 0;
            Value.MaximumLength = (USHORT)(Full || Length > Room ? 0 : Room - Length);
            Value.Buffer = Value.MaximumLength ? (PWSTR)((PUCHAR)Destination->Buffer + Length) : NULL;
            if (Close < End && Name.Length)
                Status = RtlQueryEnvironmentVariable_U(Environment, &Name, &Value);
        }
        if (NT_SUCCESS(Status) || Status == STATUS_BUFFER_TOO_SMALL) {
            Full |= !NT_SUCCESS(Status);
            Length += Value.Length;
            At = Close + 1;
            continue;
        }
        if (*At == L'%' && Close < End)
            Piece = (Close - At) * sizeof(WCHAR); /* up to the closing mark, which may open the next name */
        Full |= Length + Piece > Room;
        if (!Full)
            memcpy((PUCHAR)Destination->Buffer + Length, At, Piece);
        Length += (ULONG)Piece;
        At += Piece / sizeof(WCHAR);
    }
    if (ReturnedLength)
        *ReturnedLength = Length + sizeof(WCHAR);
    if (Full || Length + sizeof(WCHAR) > Room)
        return STATUS_BUFFER_TOO_SMALL;
    Destination->Length = (USHORT)Length;
    Destination->Buffer[Length / sizeof(WCHAR)] = UNICODE_NULL;
    return STATUS_SUCCESS;
}
