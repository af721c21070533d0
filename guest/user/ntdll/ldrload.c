/* DLLs come and go: load with imports, run initialisers in order, release. Every caller owns the loader lock. */
#include "ntdllp.h"

NTSTATUS LdrpLoadModule(PCUNICODE_STRING BaseName, PLDR_DATA_TABLE_ENTRY *Entry)
{
    WCHAR Buffer[128];
    UNICODE_STRING FullName = { 0, sizeof(Buffer), Buffer };
    PLDR_DATA_TABLE_ENTRY Module = LdrpFindModuleByName(BaseName);
    NTSTATUS Status;
    PVOID Base;

    *Entry = Module;
    if (Module) {
        if (Module->ObsoleteLoadCount != LDR_LOADCOUNT_PINNED)
            Module->ObsoleteLoadCount++;
        return STATUS_SUCCESS;
    }
    Status = LdrpMapDll(BaseName, &Base);
    if (!NT_SUCCESS(Status))
        return Status;
    RtlAppendUnicodeToString(&FullName, L"\\SystemRoot\\System32\\");
    RtlAppendUnicodeStringToString(&FullName, BaseName);
    Status = LdrpInsertModule(Base, &FullName, BaseName, &Module);
    if (!NT_SUCCESS(Status)) {
        NtUnmapViewOfSection(NtCurrentProcess(), Base);
        return Status;
    }
    /* In the lists before its imports are loaded, so that DLLs that import each other end. */
    Module->Flags |= LDRP_LOAD_IN_PROGRESS;
    Status = LdrpSnapImports(Module);
    Module->Flags &= ~LDRP_LOAD_IN_PROGRESS;
    if (!NT_SUCCESS(Status)) {
        LdrpRemoveModule(Module);
        NtUnmapViewOfSection(NtCurrentProcess(), Base);
        return Status;
    }
    /* Its imports are in the initialisation order by now, so it comes after them. */
    InsertTailList(&LdrpLdrData.InInitializationOrderModuleList, &Module->InInitializationOrderLinks);
    *Entry = Module;
    return STATUS_SUCCESS;
}

NTSTATUS LdrpRunInitializers(VOID)
{
    for (PLIST_ENTRY Link = LdrpLdrData.InInitializationOrderModuleList.Flink;
         Link != &LdrpLdrData.InInitializationOrderModuleList; Link = Link->Flink) {
        PLDR_DATA_TABLE_ENTRY Entry = CONTAINING_RECORD(Link, LDR_DATA_TABLE_ENTRY, InInitializationOrderLinks);

        if (Entry->Flags & LDRP_ENTRY_PROCESSED)
            continue;
        Entry->Flags |= LDRP_ENTRY_PROCESSED;
        if (!Entry->EntryPoint)
            continue;
        Entry->Flags |= LDRP_PROCESS_ATTACH_CALLED;
        if (!Entry->EntryPoint(Entry->DllBase, DLL_PROCESS_ATTACH, NULL)) {
            Entry->Flags &= ~LDRP_PROCESS_ATTACH_CALLED;
            return STATUS_DLL_INIT_FAILED;
        }
    }
    return STATUS_SUCCESS;
}

/* Releases every DLL that this image imports. */
static VOID ReleaseImports(PVOID Base, ULONG ImageSize)
{
    ULONG Size;
    PIMAGE_IMPORT_DESCRIPTOR Import, End;

    Import = RtlImageDirectoryEntryToData(Base, TRUE, IMAGE_DIRECTORY_ENTRY_IMPORT, &Size);
    if (!Import)
        return;
    for (End = Import + Size / sizeof(*Import); Import < End && Import->Name && Import->FirstThunk; Import++) {
        UNICODE_STRING Name;
        PLDR_DATA_TABLE_ENTRY Entry;

        if (Import->Name >= ImageSize || !RtlCreateUnicodeStringFromAsciiz(&Name, (PCSZ)Base + Import->Name))
            continue;
        Entry = LdrpFindModuleByName(&Name);
        if (Entry)
            LdrpReleaseModule(Entry);
        RtlFreeUnicodeString(&Name);
    }
}

VOID LdrpReleaseModule(PLDR_DATA_TABLE_ENTRY Entry)
{
    PVOID Base = Entry->DllBase;
    ULONG ImageSize = Entry->SizeOfImage;

    if (Entry->ObsoleteLoadCount == LDR_LOADCOUNT_PINNED || --Entry->ObsoleteLoadCount)
        return;
    if (Entry->Flags & LDRP_PROCESS_ATTACH_CALLED)
        Entry->EntryPoint(Base, DLL_PROCESS_DETACH, NULL);
    LdrpRemoveModule(Entry);
    ReleaseImports(Base, ImageSize);
    NtUnmapViewOfSection(NtCurrentProcess(), Base);
}
