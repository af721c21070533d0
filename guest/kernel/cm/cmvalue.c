/* Services on values: query, enumerate, set, delete. What is set reaches the disk by cmflush.c. */
#include "cmp.h"

/* A value as one of the three structures, put together in pool. */
static NTSTATUS CmpQueryValue(PCM_VALUE Value, KEY_VALUE_INFORMATION_CLASS Class, PVOID Buffer, ULONG Length,
                              PULONG ResultLength)
{
    ULONG NameEnd = FIELD_OFFSET(KEY_VALUE_FULL_INFORMATION, Name) + Value->Name.Length;
    ULONG DataOffset = (NameEnd + 7u) & ~7u;
    ULONG Size, Fixed;
    PUCHAR Reply = ExAllocatePoolWithTag(PagedPool, DataOffset + Value->Length + 8, CMP_TAG);
    NTSTATUS Status;

    if (Reply == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(Reply, DataOffset);
    switch (Class) {
    case KeyValueBasicInformation: {
        PKEY_VALUE_BASIC_INFORMATION Basic = (PKEY_VALUE_BASIC_INFORMATION)Reply;

        Basic->Type = Value->Type;
        Basic->NameLength = Value->Name.Length;
        Fixed = FIELD_OFFSET(KEY_VALUE_BASIC_INFORMATION, Name);
        RtlCopyMemory(Basic->Name, Value->Name.Buffer, Value->Name.Length);
        Size = Fixed + Value->Name.Length;
        break;
    }
    case KeyValueFullInformation: {
        PKEY_VALUE_FULL_INFORMATION Full = (PKEY_VALUE_FULL_INFORMATION)Reply;

        Full->Type = Value->Type;
        Full->DataOffset = DataOffset;
        Full->DataLength = Value->Length;
        Full->NameLength = Value->Name.Length;
        Fixed = FIELD_OFFSET(KEY_VALUE_FULL_INFORMATION, Name);
        RtlCopyMemory(Full->Name, Value->Name.Buffer, Value->Name.Length);
        RtlCopyMemory(Reply + DataOffset, Value->Data, Value->Length);
        Size = DataOffset + Value->Length;
        break;
    }
    case KeyValuePartialInformation: {
        PKEY_VALUE_PARTIAL_INFORMATION Partial = (PKEY_VALUE_PARTIAL_INFORMATION)Reply;

        Partial->Type = Value->Type;
        Partial->DataLength = Value->Length;
        Fixed = FIELD_OFFSET(KEY_VALUE_PARTIAL_INFORMATION, Data);
        RtlCopyMemory(Partial->Data, Value->Data, Value->Length);
        Size = Fixed + Value->Length;
        break;
    }
    default:
        ExFreePoolWithTag(Reply, CMP_TAG);
        return STATUS_INVALID_PARAMETER;
    }
    Status = CmpReturn(Buffer, Length, ResultLength, Reply, Size, Fixed);
    ExFreePoolWithTag(Reply, CMP_TAG);
    return Status;
}

NTSTATUS NTAPI NtQueryValueKey(HANDLE KeyHandle, PUNICODE_STRING ValueName,
                               KEY_VALUE_INFORMATION_CLASS KeyValueInformationClass, PVOID KeyValueInformation,
                               ULONG Length, PULONG ResultLength)
{
    UNICODE_STRING Name;
    PCM_KEY_BODY Key;
    PCM_VALUE Value;
    NTSTATUS Status = ExCaptureUnicodeString(ExGetPreviousMode(), &Name, ValueName);

    if (!NT_SUCCESS(Status))
        return Status;
    Status = CmpReferenceKey(KeyHandle, KEY_QUERY_VALUE, &Key);
    if (NT_SUCCESS(Status)) {
        Value = CmpFindValue(Key->Node, &Name);
        Status = Value == NULL ? STATUS_OBJECT_NAME_NOT_FOUND
                               : CmpQueryValue(Value, KeyValueInformationClass, KeyValueInformation, Length,
                                               ResultLength);
        ObDereferenceObject(Key);
    }
    ExFreeCapturedString(&Name);
    return Status;
}

NTSTATUS NTAPI NtEnumerateValueKey(HANDLE KeyHandle, ULONG Index,
                                   KEY_VALUE_INFORMATION_CLASS KeyValueInformationClass, PVOID KeyValueInformation,
                                   ULONG Length, PULONG ResultLength)
{
    PCM_KEY_BODY Key;
    PLIST_ENTRY Entry;
    NTSTATUS Status = CmpReferenceKey(KeyHandle, KEY_QUERY_VALUE, &Key);

    if (!NT_SUCCESS(Status))
        return Status;
    for (Entry = Key->Node->Values.Flink; Entry != &Key->Node->Values && Index != 0; Entry = Entry->Flink)
        Index--;
    Status = Entry == &Key->Node->Values
                 ? STATUS_NO_MORE_ENTRIES
                 : CmpQueryValue(CONTAINING_RECORD(Entry, CM_VALUE, Entry), KeyValueInformationClass,
                                 KeyValueInformation, Length, ResultLength);
    ObDereferenceObject(Key);
    return Status;
}

static VOID CmpRecordDeletion(PCM_KEY_NODE Node, PCUNICODE_STRING Name)
{
    UNICODE_STRING Path;

    if (NT_SUCCESS(CmpGetPath(Node, &Path))) {
        ExRecordFact("registry.delete-value", "key=%wZ name=%wZ", &Path, Name);
        ExFreeCapturedString(&Path);
    }
}

NTSTATUS NTAPI NtDeleteValueKey(HANDLE KeyHandle, PUNICODE_STRING ValueName)
{
    UNICODE_STRING Name;
    PCM_KEY_BODY Key;
    PCM_VALUE Value;
    NTSTATUS Status = ExCaptureUnicodeString(ExGetPreviousMode(), &Name, ValueName);

    if (!NT_SUCCESS(Status))
        return Status;
    Status = CmpReferenceKey(KeyHandle, KEY_SET_VALUE, &Key);
    if (NT_SUCCESS(Status)) {
        Value = CmpFindValue(Key->Node, &Name);
        if (Value == NULL) {
            Status = STATUS_OBJECT_NAME_NOT_FOUND;
        } else {
            CmpDeleteValue(Key->Node, Value);
            CmpRecordDeletion(Key->Node, &Name);
        }
        ObDereferenceObject(Key);
    }
    ExFreeCapturedString(&Name);
    return Status;
}

static VOID CmpRecordSetting(PCM_KEY_NODE Node, PCUNICODE_STRING Name, ULONG Type, ULONG Size)
{
    static const PCSTR Names[] = {
        "REG_NONE", "REG_SZ", "REG_EXPAND_SZ", "REG_BINARY", "REG_DWORD", "REG_DWORD_BIG_ENDIAN", "REG_LINK",
        "REG_MULTI_SZ", "REG_RESOURCE_LIST", "REG_FULL_RESOURCE_DESCRIPTOR", "REG_RESOURCE_REQUIREMENTS_LIST",
        "REG_QWORD"
    };
    UNICODE_STRING Path;

    if (!NT_SUCCESS(CmpGetPath(Node, &Path)))
        return;
    if (Type < RTL_NUMBER_OF(Names))
        ExRecordFact("registry.set-value", "key=%wZ name=%wZ type=%s size=%u", &Path, Name, Names[Type], Size);
    else
        ExRecordFact("registry.set-value", "key=%wZ name=%wZ type=%u size=%u", &Path, Name, Type, Size);
    ExFreeCapturedString(&Path);
}

NTSTATUS NTAPI NtSetValueKey(HANDLE KeyHandle, PUNICODE_STRING ValueName, ULONG TitleIndex, ULONG Type, PVOID Data,
                             ULONG DataSize)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    UNICODE_STRING Name;
    PCM_KEY_BODY Key;
    PVOID Copy = NULL;
    NTSTATUS Status;

    UNREFERENCED_PARAMETER(TitleIndex);
    if (DataSize > CMP_MAXIMUM_DATA)
        return STATUS_INVALID_PARAMETER;
    Status = ExCaptureUnicodeString(Mode, &Name, ValueName);
    if (!NT_SUCCESS(Status))
        return Status;
    if (DataSize != 0) {
        Copy = ExAllocatePoolWithTag(PagedPool, DataSize, CMP_TAG);
        Status = Copy == NULL ? STATUS_INSUFFICIENT_RESOURCES : ExCopyFromMode(Mode, Copy, Data, DataSize);
    }
    if (NT_SUCCESS(Status))
        Status = CmpReferenceKey(KeyHandle, KEY_SET_VALUE, &Key);
    if (NT_SUCCESS(Status)) {
        Status = CmpSetValue(Key->Node, &Name, Type, Copy, DataSize);
        Copy = NULL;
        if (NT_SUCCESS(Status))
            CmpRecordSetting(Key->Node, &Name, Type, DataSize);
        ObDereferenceObject(Key);
    }
    if (Copy != NULL)
        ExFreePoolWithTag(Copy, CMP_TAG);
    ExFreeCapturedString(&Name);
    return Status;
}
