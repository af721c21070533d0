/* NtQuerySystemInformation and NtSetSystemInformation. */
#include "exp.h"

#define TIME_INCREMENT_100NS 156250u

static VOID ExpFillBasic(PSYSTEM_BASIC_INFORMATION Basic)
{
    MM_STATISTICS Statistics;

    MmQueryStatistics(&Statistics);
    RtlZeroMemory(Basic, sizeof *Basic);
    Basic->TimerResolution = TIME_INCREMENT_100NS;
    Basic->PageSize = PAGE_SIZE;
    Basic->NumberOfPhysicalPages = (ULONG)Statistics.TotalPages;
    Basic->LowestPhysicalPageNumber = 1;
    Basic->HighestPhysicalPageNumber = (ULONG)Statistics.TotalPages;
    Basic->AllocationGranularity = 0x10000;
    Basic->MinimumUserModeAddress = (ULONG_PTR)MM_LOWEST_USER_ADDRESS;
    Basic->MaximumUserModeAddress = (ULONG_PTR)MM_HIGHEST_USER_ADDRESS;
    Basic->ActiveProcessorsAffinityMask = 1;
    Basic->NumberOfProcessors = 1;
}

static VOID ExpFillTimeOfDay(PSYSTEM_TIMEOFDAY_INFORMATION Time)
{
    RtlZeroMemory(Time, sizeof *Time);
    KeQuerySystemTime(&Time->CurrentTime);
    Time->BootTime.QuadPart = Time->CurrentTime.QuadPart - (LONGLONG)KeQueryInterruptTime();
}

/* One processor makes one node. */
static NTSTATUS ExpReturnNumaMap(KPROCESSOR_MODE Mode, PVOID User, ULONG Length, PULONG ReturnLength)
{
    static const SYSTEM_NUMA_INFORMATION Map = { .ActiveProcessorsGroupAffinity = { { .Mask = 1 } } };

    return ExReturnInformation(Mode, User, Length, ReturnLength, &Map, sizeof Map);
}

static ULONG ExpProcessEntrySize(PEPROCESS Process)
{
    ULONG NameLength = 0;

    while (Process->ImageFileName[NameLength] != 0)
        NameLength++;
    return (ULONG)ALIGN_UP_BY(sizeof(SYSTEM_PROCESS_INFORMATION) +
                                  Process->ActiveThreads * sizeof(SYSTEM_THREAD_INFORMATION) +
                                  (NameLength + 1) * sizeof(WCHAR),
                              8);
}

static VOID ExpFillThreads(PEPROCESS Process, PSYSTEM_THREAD_INFORMATION Info)
{
    for (PLIST_ENTRY Entry = Process->ThreadListHead.Flink; Entry != &Process->ThreadListHead;
         Entry = Entry->Flink, Info++) {
        PETHREAD Thread = CONTAINING_RECORD(Entry, ETHREAD, ThreadListEntry);

        Info->CreateTime = Thread->CreateTime;
        Info->StartAddress = Thread->StartAddress;
        Info->ClientId = Thread->Cid;
        Info->Priority = Thread->Tcb.Priority;
        Info->BasePriority = Thread->Tcb.BasePriority;
        Info->ContextSwitches = Thread->Tcb.ContextSwitches;
        Info->ThreadState = Thread->Tcb.State;
        Info->WaitReason = Thread->Tcb.WaitReason;
    }
}

/* One entry at Kernel; the address of its name is one in the caller's buffer, at User. */
static VOID ExpFillProcess(PEPROCESS Process, PUCHAR Kernel, PUCHAR User)
{
    PSYSTEM_PROCESS_INFORMATION Info = (PSYSTEM_PROCESS_INFORMATION)Kernel;
    ULONG NameOffset = sizeof *Info + Process->ActiveThreads * sizeof(SYSTEM_THREAD_INFORMATION);
    PWSTR Name = (PWSTR)(Kernel + NameOffset);
    USHORT Length = 0;

    for (; Process->ImageFileName[Length] != 0; Length++)
        Name[Length] = (UCHAR)Process->ImageFileName[Length];
    Info->NumberOfThreads = Process->ActiveThreads;
    Info->CreateTime = Process->CreateTime;
    Info->ImageName.Length = Length * sizeof(WCHAR);
    Info->ImageName.MaximumLength = Info->ImageName.Length + sizeof(WCHAR);
    Info->ImageName.Buffer = (PWSTR)(User + NameOffset);
    Info->BasePriority = Process->Pcb.BasePriority;
    Info->UniqueProcessId = Process->UniqueProcessId;
    Info->InheritedFromUniqueProcessId = Process->InheritedFromUniqueProcessId;
    Info->HandleCount = ObGetHandleCount(Process);
    Info->SessionId = Process->SessionId;
    Info->VirtualSize = Process->Vm.VirtualSize;
    Info->PeakVirtualSize = Process->Vm.PeakVirtualSize;
    Info->WorkingSetSize = Process->Vm.WorkingSetSize * PAGE_SIZE;
    Info->PageFaultCount = Process->Vm.PageFaultCount;
    ExpFillThreads(Process, (PSYSTEM_THREAD_INFORMATION)(Info + 1));
}

static NTSTATUS ExpReturnProcesses(KPROCESSOR_MODE Mode, PVOID User, ULONG Length, PULONG ReturnLength)
{
    ULONG Total = 0, Offset = 0;
    PUCHAR Reply;
    NTSTATUS Status;

    for (PLIST_ENTRY Entry = PsActiveProcessHead.Flink; Entry != &PsActiveProcessHead; Entry = Entry->Flink)
        Total += ExpProcessEntrySize(CONTAINING_RECORD(Entry, EPROCESS, ActiveProcessLinks));
    Reply = ExAllocatePoolWithTag(PagedPool, Total, EXP_TAG);
    if (Reply == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(Reply, Total);
    for (PLIST_ENTRY Entry = PsActiveProcessHead.Flink; Entry != &PsActiveProcessHead; Entry = Entry->Flink) {
        PEPROCESS Process = CONTAINING_RECORD(Entry, EPROCESS, ActiveProcessLinks);
        ULONG Size = ExpProcessEntrySize(Process);

        ExpFillProcess(Process, Reply + Offset, (PUCHAR)User + Offset);
        if (Entry->Flink != &PsActiveProcessHead)
            ((PSYSTEM_PROCESS_INFORMATION)(Reply + Offset))->NextEntryOffset = Size;
        Offset += Size;
    }
    Status = ExReturnInformation(Mode, User, Length, ReturnLength, Reply, Total);
    ExFreePool(Reply);
    return Status;
}

NTSTATUS NTAPI NtQuerySystemInformation(SYSTEM_INFORMATION_CLASS SystemInformationClass, PVOID SystemInformation,
                                        ULONG SystemInformationLength, PULONG ReturnLength)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    SYSTEM_PROCESSOR_INFORMATION Processor;
    SYSTEM_TIMEOFDAY_INFORMATION Time;
    SYSTEM_BASIC_INFORMATION Basic;

    switch (SystemInformationClass) {
    case SystemBasicInformation:
        ExpFillBasic(&Basic);
        return ExReturnInformation(Mode, SystemInformation, SystemInformationLength, ReturnLength, &Basic,
                                   sizeof Basic);
    case SystemProcessorInformation:
        KeQueryProcessorInformation(&Processor);
        return ExReturnInformation(Mode, SystemInformation, SystemInformationLength, ReturnLength, &Processor,
                                   sizeof Processor);
    case SystemTimeOfDayInformation:
        ExpFillTimeOfDay(&Time);
        return ExReturnInformation(Mode, SystemInformation, SystemInformationLength, ReturnLength, &Time,
                                   sizeof Time);
    case SystemProcessInformation:
        return ExpReturnProcesses(Mode, SystemInformation, SystemInformationLength, ReturnLength);
    case SystemNumaProcessorMap:
        return ExpReturnNumaMap(Mode, SystemInformation, SystemInformationLength, ReturnLength);
    default:
        return STATUS_INVALID_INFO_CLASS;
    }
}

/* --- Setting: sessions and the window manager's driver --------------------------------------------------------- */

/* The caller gets a session of its own and tells which; needs the right to act as the system. */
static NTSTATUS ExpCreateSession(PVOID Information, ULONG Length, KPROCESSOR_MODE Mode)
{
    PEPROCESS Process = PsGetCurrentProcess();
    ULONG SessionId = MmGetSessionId(Process);
    NTSTATUS Status = STATUS_SUCCESS;

    if (Length != sizeof SessionId)
        return STATUS_INFO_LENGTH_MISMATCH;
    if (Mode == UserMode && !SePrivilegeCheckToken(NULL, SE_TCB_PRIVILEGE))
        return STATUS_PRIVILEGE_NOT_HELD;
    if (SessionId == MM_NO_SESSION) {
        Status = MmSessionCreate(Process, &SessionId);
        if (!NT_SUCCESS(Status))
            return Status;
        Process->SessionId = SessionId;
        Process->Token->SessionId = SessionId;
    }
    return ExCopyToMode(Mode, Information, &SessionId, sizeof SessionId);
}

static NTSTATUS ExpDetachSession(PVOID Information, ULONG Length, KPROCESSOR_MODE Mode)
{
    PEPROCESS Process = PsGetCurrentProcess();
    ULONG SessionId;
    NTSTATUS Status;

    if (Length != sizeof SessionId)
        return STATUS_INFO_LENGTH_MISMATCH;
    if (Mode == UserMode && !SePrivilegeCheckToken(NULL, SE_TCB_PRIVILEGE))
        return STATUS_PRIVILEGE_NOT_HELD;
    Status = ExCopyFromMode(Mode, &SessionId, Information, sizeof SessionId);
    if (NT_SUCCESS(Status) && SessionId != MmGetSessionId(Process))
        Status = STATUS_INVALID_PARAMETER;
    return NT_SUCCESS(Status) ? MmSessionDetach(Process) : Status;
}

/* Loads a driver into the caller's session and calls its entry point; another session may have loaded it already. */
static NTSTATUS ExpExtendServiceTable(PVOID Information, ULONG Length, KPROCESSOR_MODE Mode)
{
    UNICODE_STRING Path;
    PVOID Base, Entry;
    NTSTATUS Status;

    if (Length != sizeof(UNICODE_STRING))
        return STATUS_INFO_LENGTH_MISMATCH;
    if (Mode == UserMode && !SePrivilegeCheckToken(NULL, SE_LOAD_DRIVER_PRIVILEGE)) {
        ExRecordFact("access.denied", "type=Driver privilege=%s", SePrivilegeName(SE_LOAD_DRIVER_PRIVILEGE));
        return STATUS_PRIVILEGE_NOT_HELD;
    }
    if (MmGetSessionId(PsGetCurrentProcess()) == MM_NO_SESSION)
        return STATUS_INVALID_DEVICE_REQUEST;
    Status = ExCaptureUnicodeString(Mode, &Path, Information);
    if (!NT_SUCCESS(Status))
        return Status;
    Status = MmLoadSystemImage(&Path, TRUE, &Base, &Entry);
    if (NT_SUCCESS(Status)) {
        DRIVER_OBJECT Driver = { .DriverStart = Base, .DriverName = Path };

        Status = ((DRIVER_INITIALIZE *)Entry)(&Driver, NULL);
        if (!NT_SUCCESS(Status))
            MmUnloadSystemImage(Base);
    }
    ExFreeCapturedString(&Path);
    return Status;
}

NTSTATUS NTAPI NtSetSystemInformation(SYSTEM_INFORMATION_CLASS SystemInformationClass, PVOID SystemInformation,
                                      ULONG SystemInformationLength)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();

    switch (SystemInformationClass) {
    case SystemSessionCreate:
        return ExpCreateSession(SystemInformation, SystemInformationLength, Mode);
    case SystemSessionDetach:
        return ExpDetachSession(SystemInformation, SystemInformationLength, Mode);
    case SystemExtendServiceTableInformation:
        return ExpExtendServiceTable(SystemInformation, SystemInformationLength, Mode);
    default:
        return STATUS_INVALID_INFO_CLASS;
    }
}
