/* The process manager's start: types, the System process, ntdll. */
#include "psp.h"

POBJECT_TYPE PsProcessType, PsThreadType;
PEPROCESS PsInitialSystemProcess;
PVOID PsSystemDllBase;

static PVOID PspSystemDllSection;

static BOOLEAN PspCreateTypes(VOID)
{
    static UNICODE_STRING ProcessName = RTL_CONSTANT_STRING(L"Process"), ThreadName = RTL_CONSTANT_STRING(L"Thread");
    OBJECT_TYPE_INITIALIZER Process = { .Length = sizeof Process, .PoolType = NonPagedPool, .SecurityRequired = TRUE,
        .ValidAccessMask = PROCESS_ALL_ACCESS, .DeleteProcedure = PspDeleteProcess, .OpenProcedure = PspProcessOpen,
        .GenericMapping = { STANDARD_RIGHTS_READ | PROCESS_VM_READ | PROCESS_QUERY_INFORMATION,
                            STANDARD_RIGHTS_WRITE | PROCESS_CREATE_PROCESS | PROCESS_CREATE_THREAD |
                                PROCESS_VM_OPERATION | PROCESS_VM_WRITE | PROCESS_DUP_HANDLE | PROCESS_TERMINATE |
                                PROCESS_SET_QUOTA | PROCESS_SET_INFORMATION,
                            STANDARD_RIGHTS_EXECUTE | SYNCHRONIZE | PROCESS_QUERY_LIMITED_INFORMATION,
                            PROCESS_ALL_ACCESS } };
    OBJECT_TYPE_INITIALIZER Thread = { .Length = sizeof Thread, .PoolType = NonPagedPool, .SecurityRequired = TRUE,
        .ValidAccessMask = THREAD_ALL_ACCESS, .DeleteProcedure = PspDeleteThread, .OpenProcedure = PspThreadOpen,
        .GenericMapping = { STANDARD_RIGHTS_READ | THREAD_GET_CONTEXT | THREAD_QUERY_INFORMATION,
                            STANDARD_RIGHTS_WRITE | THREAD_TERMINATE | THREAD_SUSPEND_RESUME | THREAD_ALERT |
                                THREAD_SET_INFORMATION | THREAD_SET_CONTEXT,
                            STANDARD_RIGHTS_EXECUTE | SYNCHRONIZE | THREAD_QUERY_LIMITED_INFORMATION,
                            THREAD_ALL_ACCESS } };

    if (!NT_SUCCESS(ObCreateObjectType(&ProcessName, &Process, NULL, &PsProcessType)) ||
        !NT_SUCCESS(ObCreateObjectType(&ThreadName, &Thread, NULL, &PsThreadType)))
        return FALSE;
    PsProcessType->DefaultDispatcherOffset = 0;
    PsThreadType->DefaultDispatcherOffset = 0;
    return TRUE;
}

/* The idle process and its thread, on which this runs, have no number and no handles. The System process is 4. */
static BOOLEAN PspCreateSystemProcess(VOID)
{
    static UNICODE_STRING Name = RTL_CONSTANT_STRING(L"System");
    PSP_CREATE Create = { .ImageName = &Name, .Protection = PSP_PROTECTED_SYSTEM };

    InitializeListHead(&PsActiveProcessHead);
    InitializeListHead(&KiInitialProcess.ThreadListHead);
    RtlCopyMemory(KiInitialProcess.ImageFileName, "Idle", sizeof "Idle");
    KiInitialThread.ThreadsProcess = &KiInitialProcess;
    KiInitialThread.SystemThread = TRUE;
    return NT_SUCCESS(PspCreateProcess(&Create, NULL, KernelMode, &PsInitialSystemProcess));
}

/* Maps ntdll at the address that it has in every process. */
BOOLEAN PspMapSystemDll(PEPROCESS Process)
{
    PVOID Base = PsSystemDllBase;
    SIZE_T ViewSize = 0;
    NTSTATUS Status = MmMapViewOfSection(PspSystemDllSection, Process, &Base, 0, 0, NULL, &ViewSize, ViewUnmap, 0,
                                         PAGE_EXECUTE);

    if (!NT_SUCCESS(Status) || (PsSystemDllBase != NULL && Base != PsSystemDllBase))
        return FALSE;
    PsSystemDllBase = Base;
    return TRUE;
}

/* K2: a system without a sound ntdll cannot start a user process. */
static VOID PspLoadSystemDll(VOID)
{
    static UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\SystemRoot\\System32\\ntdll.dll");
    PFILE_OBJECT File;
    NTSTATUS Status;

    Status = IoOpenFile(&Name, FILE_EXECUTE | FILE_READ_DATA | SYNCHRONIZE, FILE_NON_DIRECTORY_FILE, &File);
    if (!NT_SUCCESS(Status))
        KeBugCheckEx(PROCESS1_INITIALIZATION_FAILED, (ULONG_PTR)(ULONG)Status, 2, 0, 0);
    Status = MmCreateSection(&PspSystemDllSection, NULL, PAGE_EXECUTE, SEC_IMAGE, File);
    ObDereferenceObject(File);
    if (!NT_SUCCESS(Status))
        KeBugCheckEx(PROCESS1_INITIALIZATION_FAILED, (ULONG_PTR)(ULONG)Status, 3, 0, 0);
    if (!PspMapSystemDll(PsInitialSystemProcess))
        KeBugCheckEx(PROCESS1_INITIALIZATION_FAILED, (ULONG_PTR)(ULONG)STATUS_CONFLICTING_ADDRESSES, 4, 0, 0);
    Status = MmFindImageExport(PsInitialSystemProcess, PsSystemDllBase, "LdrInitializeThunk", &PsNtDllEntryPoint);
    if (NT_SUCCESS(Status))
        Status = MmFindImageExport(PsInitialSystemProcess, PsSystemDllBase, "RtlUserThreadStart",
                                   &PspUserThreadStart);
    if (!NT_SUCCESS(Status))
        KeBugCheckEx(PROCESS1_INITIALIZATION_FAILED, (ULONG_PTR)(ULONG)Status, 5, 0, 0);
    if (!NT_SUCCESS(MmFindImageExport(PsInitialSystemProcess, PsSystemDllBase, "KiUserExceptionDispatcher",
                                      &PspUserExceptionDispatcher)))
        PspUserExceptionDispatcher = NULL;
}

BOOLEAN PsInitSystem(ULONG Phase, PLOADER_PARAMETER_BLOCK LoaderBlock)
{
    UNREFERENCED_PARAMETER(LoaderBlock);
    if (Phase == 0)
        return PspCreateTypes() && PspCreateSystemProcess();
    if (!PspStartReaper())
        return FALSE;
    PspLoadSystemDll();
    return TRUE;
}
