/* The loader's public functions. Each takes and drops the loader lock. */
#include "ntdllp.h"

NTSTATUS NTAPI LdrLoadDll(PWSTR DllPath, PULONG DllCharacteristics, PUNICODE_STRING DllName, PVOID *DllHandle)
{
    WCHAR Buffer[64];
    UNICODE_STRING Name;
    PLDR_DATA_TABLE_ENTRY Entry;
    NTSTATUS Status = LdrpBaseDllName(DllName, Buffer, &Name);

    UNREFERENCED_PARAMETER(DllPath); /* there is one place for DLLs: System32 */
    UNREFERENCED_PARAMETER(DllCharacteristics);
    *DllHandle = NULL;
    if (!NT_SUCCESS(Status))
        return Status;
    RtlEnterCriticalSection(&LdrpLoaderLock);
    Status = LdrpLoadModule(&Name, &Entry);
    if (NT_SUCCESS(Status)) {
        Status = LdrpRunInitializers();
        if (NT_SUCCESS(Status))
            *DllHandle = Entry->DllBase;
        else
            LdrpReleaseModule(Entry);
    }
    RtlLeaveCriticalSection(&LdrpLoaderLock);
    return Status;
}

NTSTATUS NTAPI LdrUnloadDll(PVOID DllHandle)
{
    PLDR_DATA_TABLE_ENTRY Entry;

    RtlEnterCriticalSection(&LdrpLoaderLock);
    Entry = LdrpFindModuleByBase(DllHandle);
    if (Entry)
        LdrpReleaseModule(Entry);
    RtlLeaveCriticalSection(&LdrpLoaderLock);
    return Entry ? STATUS_SUCCESS : STATUS_DLL_NOT_FOUND;
}

NTSTATUS NTAPI LdrGetDllHandle(PWSTR DllPath, PULONG DllCharacteristics, PUNICODE_STRING DllName, PVOID *DllHandle)
{
    WCHAR Buffer[64];
    UNICODE_STRING Name;
    PLDR_DATA_TABLE_ENTRY Entry;
    NTSTATUS Status = LdrpBaseDllName(DllName, Buffer, &Name);

    UNREFERENCED_PARAMETER(DllPath);
    UNREFERENCED_PARAMETER(DllCharacteristics);
    *DllHandle = NULL;
    if (!NT_SUCCESS(Status))
        return Status;
    RtlEnterCriticalSection(&LdrpLoaderLock);
    Entry = LdrpFindModuleByName(&Name);
    if (Entry)
        *DllHandle = Entry->DllBase;
    RtlLeaveCriticalSection(&LdrpLoaderLock);
    return Entry ? STATUS_SUCCESS : STATUS_DLL_NOT_FOUND;
}

NTSTATUS NTAPI LdrGetProcedureAddress(PVOID DllHandle, PANSI_STRING ProcedureName, ULONG ProcedureNumber,
                                      PVOID *ProcedureAddress)
{
    CHAR Name[128];
    NTSTATUS Status = STATUS_DLL_NOT_FOUND;

    *ProcedureAddress = NULL;
    if (ProcedureName) {
        if (ProcedureName->Length >= sizeof(Name))
            return STATUS_NAME_TOO_LONG;
        memcpy(Name, ProcedureName->Buffer, ProcedureName->Length);
        Name[ProcedureName->Length] = 0;
    }
    RtlEnterCriticalSection(&LdrpLoaderLock);
    if (LdrpFindModuleByBase(DllHandle))
        Status = LdrpResolveExport(DllHandle, ProcedureName ? Name : NULL, ProcedureNumber, ProcedureAddress);
    RtlLeaveCriticalSection(&LdrpLoaderLock);
    return Status;
}
