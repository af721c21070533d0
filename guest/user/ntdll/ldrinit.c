/* Where every user thread begins: sets the process up once, then continues the thread's own context. */
#include "ntdllp.h"

PEB_LDR_DATA LdrpLdrData;
RTL_CRITICAL_SECTION LdrpLoaderLock;
static RTL_CRITICAL_SECTION FastPebLock;

/* The last component of a path. */
static UNICODE_STRING FileNameOf(PCUNICODE_STRING Path)
{
    UNICODE_STRING Name = *Path;

    for (ULONG i = Path->Length / sizeof(WCHAR); i > 0; i--) {
        if (Path->Buffer[i - 1] == OBJ_NAME_PATH_SEPARATOR) {
            Name.Buffer = Path->Buffer + i;
            Name.Length = Path->Length - (USHORT)(i * sizeof(WCHAR));
            break;
        }
    }
    Name.MaximumLength = Name.Length;
    return Name;
}

static NTSTATUS CreateProcessHeap(PPEB Peb)
{
    PIMAGE_NT_HEADERS Nt = RtlImageNtHeader(Peb->ImageBaseAddress);

    if (!Nt)
        return STATUS_INVALID_IMAGE_FORMAT;
    Peb->ImageSubsystem = Nt->OptionalHeader.Subsystem;
    Peb->ImageSubsystemMajorVersion = Nt->OptionalHeader.MajorSubsystemVersion;
    Peb->ImageSubsystemMinorVersion = Nt->OptionalHeader.MinorSubsystemVersion;
    Peb->ProcessHeap = RtlCreateHeap(HEAP_GROWABLE, NULL, Nt->OptionalHeader.SizeOfHeapReserve,
                                     Nt->OptionalHeader.SizeOfHeapCommit, NULL, NULL);
    return Peb->ProcessHeap ? STATUS_SUCCESS : STATUS_NO_MEMORY;
}

/* The lists of modules with the image and ntdll, which the kernel has mapped. */
static NTSTATUS CreateModuleList(PPEB Peb, PLDR_DATA_TABLE_ENTRY *Image)
{
    UNICODE_STRING NtdllPath = RTL_CONSTANT_STRING(L"\\SystemRoot\\System32\\ntdll.dll");
    UNICODE_STRING Name = FileNameOf(&Peb->ProcessParameters->ImagePathName);
    PLDR_DATA_TABLE_ENTRY Ntdll;
    NTSTATUS Status;

    LdrpLdrData.Length = sizeof(LdrpLdrData);
    InitializeListHead(&LdrpLdrData.InLoadOrderModuleList);
    InitializeListHead(&LdrpLdrData.InMemoryOrderModuleList);
    InitializeListHead(&LdrpLdrData.InInitializationOrderModuleList);
    Peb->Ldr = &LdrpLdrData;

    Status = LdrpInsertModule(Peb->ImageBaseAddress, &Peb->ProcessParameters->ImagePathName, &Name, Image);
    if (!NT_SUCCESS(Status))
        return Status;
    (*Image)->ObsoleteLoadCount = LDR_LOADCOUNT_PINNED;
    (*Image)->Flags |= LDRP_ENTRY_PROCESSED; /* its entry point is the first thread's start */
    Name = FileNameOf(&NtdllPath);
    Status = LdrpInsertModule(&__ImageBase, &NtdllPath, &Name, &Ntdll);
    if (!NT_SUCCESS(Status))
        return Status;
    Ntdll->ObsoleteLoadCount = LDR_LOADCOUNT_PINNED;
    Ntdll->Flags |= LDRP_ENTRY_PROCESSED;
    InsertTailList(&LdrpLdrData.InInitializationOrderModuleList, &Ntdll->InInitializationOrderLinks);
    return STATUS_SUCCESS;
}

static NTSTATUS InitializeProcess(PPEB Peb)
{
    PLDR_DATA_TABLE_ENTRY Image;
    NTSTATUS Status;

    RtlNormalizeProcessParams(Peb->ProcessParameters);
    RtlInitializeCriticalSection(&LdrpLoaderLock);
    RtlInitializeCriticalSection(&FastPebLock);
    Peb->LoaderLock = &LdrpLoaderLock;
    Peb->FastPebLock = &FastPebLock;
    Status = CreateProcessHeap(Peb);
    if (NT_SUCCESS(Status))
        Status = CreateModuleList(Peb, &Image);
    if (!NT_SUCCESS(Status))
        return Status;

    RtlEnterCriticalSection(&LdrpLoaderLock);
    Status = LdrpSnapImports(Image);
    if (NT_SUCCESS(Status))
        Status = LdrpRunInitializers();
    LdrpLdrData.Initialized = NT_SUCCESS(Status);
    RtlLeaveCriticalSection(&LdrpLoaderLock);
    return Status;
}

/* Tells every initialised DLL that a thread comes or goes. Takes and drops the loader lock. */
static VOID CallThreadRoutines(ULONG Reason)
{
    RtlEnterCriticalSection(&LdrpLoaderLock);
    for (PLIST_ENTRY Link = LdrpLdrData.InInitializationOrderModuleList.Flink;
         Link != &LdrpLdrData.InInitializationOrderModuleList; Link = Link->Flink) {
        PLDR_DATA_TABLE_ENTRY Entry = CONTAINING_RECORD(Link, LDR_DATA_TABLE_ENTRY, InInitializationOrderLinks);

        if (Entry->Flags & LDRP_PROCESS_ATTACH_CALLED)
            Entry->EntryPoint(Entry->DllBase, Reason, NULL);
    }
    RtlLeaveCriticalSection(&LdrpLoaderLock);
}

DECLSPEC_NORETURN VOID NTAPI LdrInitializeThunk(PCONTEXT Context)
{
    PPEB Peb = NtCurrentPeb();
    NTSTATUS Status = STATUS_SUCCESS;

    /* A process's other threads are made by itself, after this, or wait here for its set-up. */
    if (!Peb->Ldr) {
        Status = InitializeProcess(Peb);
        if (!NT_SUCCESS(Status)) {
            DbgPrint("%wZ: process initialisation failed with status 0x%X\n",
                     &Peb->ProcessParameters->ImagePathName, Status);
            NtTerminateProcess(NtCurrentProcess(), Status);
        }
    } else {
        CallThreadRoutines(DLL_THREAD_ATTACH);
    }
    for (;;) {
        Status = NtContinue(Context, TRUE);
        NtTerminateThread(NtCurrentThread(), Status);
    }
}

DECLSPEC_NORETURN VOID NTAPI RtlUserThreadStart(PUSER_THREAD_START_ROUTINE StartRoutine, PVOID Parameter)
{
    StartRoutine(Parameter);
    RtlExitUserThread(STATUS_SUCCESS);
}

DECLSPEC_NORETURN VOID NTAPI RtlExitUserThread(NTSTATUS ExitStatus)
{
    CallThreadRoutines(DLL_THREAD_DETACH);
    for (;;)
        NtTerminateThread(NtCurrentThread(), ExitStatus);
}

DECLSPEC_NORETURN VOID NTAPI RtlExitUserProcess(NTSTATUS ExitStatus)
{
    /* NULL: all other threads of this process, so that nobody holds the loader's lock for ever. */
    NtTerminateProcess(NULL, ExitStatus);
    LdrpLdrData.ShutdownInProgress = TRUE;
    for (PLIST_ENTRY Link = LdrpLdrData.InInitializationOrderModuleList.Blink;
         Link && Link != &LdrpLdrData.InInitializationOrderModuleList; Link = Link->Blink) {
        PLDR_DATA_TABLE_ENTRY Entry = CONTAINING_RECORD(Link, LDR_DATA_TABLE_ENTRY, InInitializationOrderLinks);

        if (Entry->Flags & LDRP_PROCESS_ATTACH_CALLED)
            Entry->EntryPoint(Entry->DllBase, DLL_PROCESS_DETACH, (PVOID)1);
    }
    for (;;)
        NtTerminateProcess(NtCurrentProcess(), ExitStatus);
}
