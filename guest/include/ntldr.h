/* The image loader: its lists in the PEB and its exports. */
#pragma once

#include "ntdef.h"

typedef struct _PEB_LDR_DATA {
    ULONG Length;
    BOOLEAN Initialized;
    HANDLE SsHandle;
    LIST_ENTRY InLoadOrderModuleList;
    LIST_ENTRY InMemoryOrderModuleList;
    LIST_ENTRY InInitializationOrderModuleList;
    PVOID EntryInProgress;
    BOOLEAN ShutdownInProgress;
    HANDLE ShutdownThreadId;
} PEB_LDR_DATA, *PPEB_LDR_DATA;
C_ASSERT(offsetof(PEB_LDR_DATA, InLoadOrderModuleList) == 0x10 && sizeof(PEB_LDR_DATA) == 0x58);

typedef BOOLEAN (NTAPI *PLDR_INIT_ROUTINE)(PVOID DllHandle, ULONG Reason, PVOID Context);

typedef struct _LDR_DATA_TABLE_ENTRY {
    LIST_ENTRY InLoadOrderLinks;
    LIST_ENTRY InMemoryOrderLinks;
    LIST_ENTRY InInitializationOrderLinks;
    PVOID DllBase;
    PLDR_INIT_ROUTINE EntryPoint;
    ULONG SizeOfImage;
    UNICODE_STRING FullDllName;
    UNICODE_STRING BaseDllName;
    ULONG Flags; /* LDRP_* */
    USHORT ObsoleteLoadCount;
    USHORT TlsIndex;
    LIST_ENTRY HashLinks;
    ULONG TimeDateStamp;
    PVOID EntryPointActivationContext;
    PVOID Lock;
} LDR_DATA_TABLE_ENTRY, *PLDR_DATA_TABLE_ENTRY;
C_ASSERT(offsetof(LDR_DATA_TABLE_ENTRY, DllBase) == 0x30);
C_ASSERT(offsetof(LDR_DATA_TABLE_ENTRY, BaseDllName) == 0x58);
C_ASSERT(offsetof(LDR_DATA_TABLE_ENTRY, HashLinks) == 0x70);

#define LDRP_IMAGE_DLL 0x00000004
#define LDRP_LOAD_IN_PROGRESS 0x00001000
#define LDRP_ENTRY_PROCESSED 0x00004000
#define LDRP_PROCESS_ATTACH_CALLED 0x00080000
#define LDR_LOADCOUNT_PINNED 0xFFFF

#define DLL_PROCESS_DETACH 0
#define DLL_PROCESS_ATTACH 1
#define DLL_THREAD_ATTACH 2
#define DLL_THREAD_DETACH 3

typedef VOID (NTAPI *PLDR_IMPORT_MODULE_CALLBACK)(PVOID Parameter, PCHAR ModuleName);

NTSTATUS NTAPI LdrLoadDll(PWSTR DllPath, PULONG DllCharacteristics, PUNICODE_STRING DllName, PVOID *DllHandle);
NTSTATUS NTAPI LdrUnloadDll(PVOID DllHandle);
NTSTATUS NTAPI LdrGetDllHandle(PWSTR DllPath, PULONG DllCharacteristics, PUNICODE_STRING DllName,
                               PVOID *DllHandle);
NTSTATUS NTAPI LdrGetProcedureAddress(PVOID DllHandle, PANSI_STRING ProcedureName, ULONG ProcedureNumber,
                                      PVOID *ProcedureAddress);
NTSTATUS NTAPI LdrVerifyImageMatchesChecksum(HANDLE ImageFileHandle, PLDR_IMPORT_MODULE_CALLBACK Callback,
                                             PVOID CallbackParameter, PUSHORT ImageCharacteristics);
NTSTATUS NTAPI LdrQueryImageFileExecutionOptions(PUNICODE_STRING SubKey, PCWSTR ValueName, ULONG ValueType,
                                                 PVOID Buffer, ULONG BufferSize, PULONG ReturnedLength);
