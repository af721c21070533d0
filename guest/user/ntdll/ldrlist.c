/* The loader's lists of modules, and names of DLLs. Every caller owns the loader lock. */
#include "ntdllp.h"

NTSTATUS LdrpInsertModule(PVOID Base, PCUNICODE_STRING FullName, PCUNICODE_STRING BaseName,
                          PLDR_DATA_TABLE_ENTRY *Entry)
{
    PIMAGE_NT_HEADERS Nt = RtlImageNtHeader(Base);
    PLDR_DATA_TABLE_ENTRY New;

    if (!Nt)
        return STATUS_INVALID_IMAGE_FORMAT;
    New = RtlAllocateHeap(RtlProcessHeap(), HEAP_ZERO_MEMORY, sizeof(*New));
    if (!New)
        return STATUS_NO_MEMORY;
    New->DllBase = Base;
    New->SizeOfImage = Nt->OptionalHeader.SizeOfImage;
    New->TimeDateStamp = Nt->FileHeader.TimeDateStamp;
    New->ObsoleteLoadCount = 1;
    if (Nt->OptionalHeader.AddressOfEntryPoint)
        New->EntryPoint = (PLDR_INIT_ROUTINE)((PUCHAR)Base + Nt->OptionalHeader.AddressOfEntryPoint);
    if (Nt->FileHeader.Characteristics & IMAGE_FILE_DLL)
        New->Flags |= LDRP_IMAGE_DLL;
    if (!NT_SUCCESS(RtlDuplicateUnicodeString(RTL_DUPLICATE_UNICODE_STRING_NULL_TERMINATE, FullName,
                                              &New->FullDllName)) ||
        !NT_SUCCESS(RtlDuplicateUnicodeString(RTL_DUPLICATE_UNICODE_STRING_NULL_TERMINATE, BaseName,
                                              &New->BaseDllName))) {
        RtlFreeUnicodeString(&New->FullDllName);
        RtlFreeHeap(RtlProcessHeap(), 0, New);
        return STATUS_NO_MEMORY;
    }
    InsertTailList(&LdrpLdrData.InLoadOrderModuleList, &New->InLoadOrderLinks);
    InsertTailList(&LdrpLdrData.InMemoryOrderModuleList, &New->InMemoryOrderLinks);
    InitializeListHead(&New->InInitializationOrderLinks);
    InitializeListHead(&New->HashLinks);
    *Entry = New;
    return STATUS_SUCCESS;
}

VOID LdrpRemoveModule(PLDR_DATA_TABLE_ENTRY Entry)
{
    RemoveEntryList(&Entry->InLoadOrderLinks);
    RemoveEntryList(&Entry->InMemoryOrderLinks);
    RemoveEntryList(&Entry->InInitializationOrderLinks);
    RtlFreeUnicodeString(&Entry->FullDllName);
    RtlFreeUnicodeString(&Entry->BaseDllName);
    RtlFreeHeap(RtlProcessHeap(), 0, Entry);
}

PLDR_DATA_TABLE_ENTRY LdrpFindModuleByName(PCUNICODE_STRING BaseName)
{
    for (PLIST_ENTRY Link = LdrpLdrData.InLoadOrderModuleList.Flink; Link != &LdrpLdrData.InLoadOrderModuleList;
         Link = Link->Flink) {
        PLDR_DATA_TABLE_ENTRY Entry = CONTAINING_RECORD(Link, LDR_DATA_TABLE_ENTRY, InLoadOrderLinks);

        if (RtlEqualUnicodeString(&Entry->BaseDllName, BaseName, TRUE))
            return Entry;
    }
    return NULL;
}

PLDR_DATA_TABLE_ENTRY LdrpFindModuleByBase(PVOID Base)
{
    for (PLIST_ENTRY Link = LdrpLdrData.InLoadOrderModuleList.Flink; Link != &LdrpLdrData.InLoadOrderModuleList;
         Link = Link->Flink) {
        PLDR_DATA_TABLE_ENTRY Entry = CONTAINING_RECORD(Link, LDR_DATA_TABLE_ENTRY, InLoadOrderLinks);

        if (Entry->DllBase == Base)
            return Entry;
    }
    return NULL;
}

NTSTATUS LdrpBaseDllName(PCUNICODE_STRING DllName, PWSTR Buffer, PUNICODE_STRING Name)
{
    ULONG Start = DllName->Length / sizeof(WCHAR);
    UNICODE_STRING Tail;
    NTSTATUS Status;

    while (Start > 0 && DllName->Buffer[Start - 1] != L'\\' && DllName->Buffer[Start - 1] != L'/')
        Start--;
    Tail.Buffer = DllName->Buffer + Start;
    Tail.Length = Tail.MaximumLength = DllName->Length - (USHORT)(Start * sizeof(WCHAR));
    if (!Tail.Length)
        return STATUS_OBJECT_NAME_INVALID;
    RtlInitEmptyUnicodeString(Name, Buffer, 64 * sizeof(WCHAR));
    Status = RtlAppendUnicodeStringToString(Name, &Tail);
    for (ULONG i = 0; i < Tail.Length / sizeof(WCHAR); i++) {
        if (Tail.Buffer[i] == L'.')
            return NT_SUCCESS(Status) ? STATUS_SUCCESS : STATUS_NAME_TOO_LONG;
    }
    if (NT_SUCCESS(Status))
        Status = RtlAppendUnicodeToString(Name, L".dll");
    return NT_SUCCESS(Status) ? STATUS_SUCCESS : STATUS_NAME_TOO_LONG;
}
