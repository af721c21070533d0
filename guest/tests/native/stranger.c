/* A native program as a stranger writes it against NT's headers, linked with ntdll.lib only. tests/boot runs it in
   winlogon's place: it tries the loader, threads, locks, waits and files, prints `ok` or `FAILED`, and switches off. */
#include <nt.h>
#include <nt_services.h>

#define CHECK(e) DbgPrint("stranger: %s %s\r\n", (e) ? "ok" : "FAILED", #e)
#define ROUNDS 2000

static RTL_CRITICAL_SECTION Lock;
static LONG Counter;

/* More than a page of frame, so that the compiler calls __chkstk. */
static __attribute__((noinline)) int BigFrame(int Value)
{
    volatile char Buffer[60000];

    for (int i = 0; i < 60000; i += 1000)
        Buffer[i] = (char)Value;
    return Buffer[59000];
}

static VOID NTAPI Worker(PVOID Parameter)
{
    UNREFERENCED_PARAMETER(Parameter);
    for (int i = 0; i < ROUNDS; i++) {
        LONG Seen;

        RtlEnterCriticalSection(&Lock);
        Seen = Counter;
        if (i % 50 == 0)
            NtYieldExecution(); /* another thread runs into the lock */
        Counter = Seen + 1;
        RtlLeaveCriticalSection(&Lock);
    }
}

/* What it computes stays in floating point registers while other threads, with other numbers, run in between. */
static double Compute(double Seed, BOOLEAN Yield)
{
    double Value = Seed, Sum = 0;

    for (int i = 0; i < ROUNDS; i++) {
        Value = Value * 1.0009765625 - Seed / 3;
        Sum += Value;
        if (Yield && i % 10 == 0)
            NtYieldExecution();
    }
    return Sum;
}

static double Results[3];

static VOID NTAPI ComputingWorker(PVOID Parameter)
{
    ULONG_PTR Number = (ULONG_PTR)Parameter;

    Results[Number] = Compute(1.5 + (double)Number, TRUE);
}

static VOID TryFloatingPoint(VOID)
{
    HANDLE Threads[3];

    for (ULONG_PTR i = 0; i < RTL_NUMBER_OF(Threads); i++)
        CHECK(NT_SUCCESS(RtlCreateUserThread(NtCurrentProcess(), NULL, FALSE, 0, 0, 0, ComputingWorker, (PVOID)i,
                                             &Threads[i], NULL)));
    CHECK(NtWaitForMultipleObjects(RTL_NUMBER_OF(Threads), Threads, WaitAll, FALSE, NULL) == STATUS_SUCCESS);
    CHECK(Results[0] == Compute(1.5, FALSE) && Results[1] == Compute(2.5, FALSE) && Results[2] == Compute(3.5, FALSE));
    CHECK(Results[0] != Results[1] && Results[1] != Results[2]);
}

static VOID TryThreads(VOID)
{
    LARGE_INTEGER Short = { .QuadPart = -100000 };
    HANDLE Threads[3];

    RtlInitializeCriticalSection(&Lock);
    for (ULONG i = 0; i < RTL_NUMBER_OF(Threads); i++)
        CHECK(NT_SUCCESS(RtlCreateUserThread(NtCurrentProcess(), NULL, FALSE, 0, 0, 0, Worker, NULL, &Threads[i],
                                             NULL)));
    CHECK(NtWaitForMultipleObjects(RTL_NUMBER_OF(Threads), Threads, WaitAll, FALSE, NULL) == STATUS_SUCCESS);
    CHECK(Counter == 3 * ROUNDS);
    CHECK(Lock.LockSemaphore != NULL && NT_SUCCESS(RtlDeleteCriticalSection(&Lock)));
    CHECK(NtDelayExecution(FALSE, &Short) == STATUS_SUCCESS);
}

static NTSTATUS Load(PCWSTR Name, PVOID *Dll)
{
    UNICODE_STRING String;

    RtlInitUnicodeString(&String, Name);
    return LdrLoadDll(NULL, NULL, &String, Dll);
}

/* Both DLLs want the same base, so one of them is relocated. */
static VOID TryLoader(PPEB Peb)
{
    PLIST_ENTRY Modules = &Peb->Ldr->InLoadOrderModuleList;
    ANSI_STRING Name;
    PVOID First, Second, Again, Address;
    ULONG Count = 0;

    CHECK(NT_SUCCESS(Load(L"basesrv", &First)));
    CHECK(NT_SUCCESS(Load(L"\\SystemRoot\\System32\\WINSRV.DLL", &Second)) && Second != First);
    CHECK(NT_SUCCESS(Load(L"BaseSrv.dll", &Again)) && Again == First);
    RtlInitAnsiString(&Name, "ServerDllInitialization");
    CHECK(NT_SUCCESS(LdrGetProcedureAddress(First, &Name, 0, &Address)) && Address > First);
    RtlInitAnsiString(&Name, "NoSuchRoutine");
    CHECK(LdrGetProcedureAddress(First, &Name, 0, &Address) == STATUS_ENTRYPOINT_NOT_FOUND);
    CHECK(LdrUnloadDll(First) == STATUS_SUCCESS && LdrUnloadDll(First) == STATUS_SUCCESS);
    CHECK(LdrUnloadDll(First) == STATUS_DLL_NOT_FOUND && LdrUnloadDll(Second) == STATUS_SUCCESS);
    CHECK(Load(L"nothere", &First) == STATUS_DLL_NOT_FOUND);
    for (PLIST_ENTRY Link = Modules->Flink; Link != Modules; Link = Link->Flink)
        Count++;
    CHECK(Count == 2);
}

static VOID NTAPI SeeImport(PVOID Parameter, PCHAR ModuleName)
{
    *(PULONG)Parameter += !_stricmp(ModuleName, "ntdll.dll");
}

static VOID TryImageFile(VOID)
{
    UNICODE_STRING Path = RTL_CONSTANT_STRING(L"\\??\\C:\\windows\\SYSTEM32\\smss.exe");
    OBJECT_ATTRIBUTES Attributes;
    USHORT Characteristics = 0;
    IO_STATUS_BLOCK Io;
    ULONG Imports = 0;
    HANDLE File;

    InitializeObjectAttributes(&Attributes, &Path, OBJ_CASE_INSENSITIVE, NULL, NULL);
    CHECK(NT_SUCCESS(NtOpenFile(&File, FILE_READ_DATA | SYNCHRONIZE, &Attributes, &Io, FILE_SHARE_READ,
                                FILE_SYNCHRONOUS_IO_NONALERT)));
    CHECK(NT_SUCCESS(LdrVerifyImageMatchesChecksum((HANDLE)((ULONG_PTR)File | 1), SeeImport, &Imports,
                                                   &Characteristics)));
    CHECK(Imports == 1 && Characteristics & IMAGE_FILE_EXECUTABLE_IMAGE && !(Characteristics & IMAGE_FILE_DLL));
    CHECK(NT_SUCCESS(NtClose(File)) && NtClose(File) == STATUS_INVALID_HANDLE);
}

VOID NTAPI NtProcessStartup(PPEB Peb)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"systemroot"), Value;
    WCHAR Buffer[64];
    BOOLEAN WasEnabled;

    CHECK(BigFrame(7) == 7);
    CHECK(Peb->ProcessParameters->Flags & RTL_USER_PROC_PARAMS_NORMALIZED && Peb->SessionId == 1);
    RtlInitEmptyUnicodeString(&Value, Buffer, sizeof(Buffer));
    CHECK(NT_SUCCESS(RtlQueryEnvironmentVariable_U(NULL, &Name, &Value)) && !wcscmp(Buffer, L"C:\\Windows"));
    TryLoader(Peb);
    TryThreads();
    TryFloatingPoint();
    TryImageFile();
    CHECK(RtlValidateHeap(RtlProcessHeap(), 0, NULL));
    DbgPrint("stranger: done\r\n");
    RtlAdjustPrivilege(SE_SHUTDOWN_PRIVILEGE, TRUE, FALSE, &WasEnabled);
    NtShutdownSystem(ShutdownPowerOff);
    RtlExitUserProcess(STATUS_UNSUCCESSFUL);
}
