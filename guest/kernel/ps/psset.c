/* What may be changed of processes and threads. */
#include "psp.h"

static NTSTATUS PspSetCritical(PBOOLEAN Flag, ULONG Value)
{
    if (ExGetPreviousMode() == UserMode && !SePrivilegeCheckToken(NULL, SE_DEBUG_PRIVILEGE))
        return STATUS_PRIVILEGE_NOT_HELD;
    *Flag = Value != 0;
    return STATUS_SUCCESS;
}

/* The session is the token's and the PEB's too. */
static NTSTATUS PspSetSession(PEPROCESS Process, ULONG SessionId)
{
    SIZE_T Done;

    if (ExGetPreviousMode() == UserMode && !SePrivilegeCheckToken(NULL, SE_TCB_PRIVILEGE))
        return STATUS_PRIVILEGE_NOT_HELD;
    Process->SessionId = SessionId;
    Process->Token->SessionId = SessionId;
    return Process->Peb == NULL ? STATUS_SUCCESS
                                : MmCopyVirtualMemory(NULL, &SessionId, Process, &Process->Peb->SessionId,
                                                      sizeof SessionId, &Done);
}

static NTSTATUS PspSetPriority(PEPROCESS Process, KPRIORITY Priority)
{
    if (Priority < 1 || Priority >= MAXIMUM_PRIORITY)
        return STATUS_INVALID_PARAMETER;
    if (Priority > Process->Pcb.BasePriority && ExGetPreviousMode() == UserMode &&
        !SePrivilegeCheckToken(NULL, SE_INC_BASE_PRIORITY_PRIVILEGE))
        return STATUS_PRIVILEGE_NOT_HELD;
    Process->Pcb.BasePriority = Priority;
    for (PLIST_ENTRY Entry = Process->ThreadListHead.Flink; Entry != &Process->ThreadListHead; Entry = Entry->Flink)
        KeSetPriorityThread(&CONTAINING_RECORD(Entry, ETHREAD, ThreadListEntry)->Tcb, Priority);
    ExRecordFact("process.priority", "pid=%u name=%s priority=%u", HandleToUlong(Process->UniqueProcessId),
                 Process->ImageFileName, (ULONG)Priority);
    return STATUS_SUCCESS;
}

/* One processor: the only mask that is not empty and names none that is not there. */
static NTSTATUS PspSetAffinity(KAFFINITY Mask)
{
    return Mask == 1 ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
}

/* A process may give up its right to make code, and never gets it back. */
static NTSTATUS PspSetMitigation(PEPROCESS Process, PROCESS_MITIGATION_POLICY_INFORMATION Information)
{
    PROCESS_MITIGATION_DYNAMIC_CODE_POLICY Policy = Information.DynamicCodePolicy;

    if (Information.Policy != ProcessDynamicCodePolicy)
        return STATUS_NOT_SUPPORTED;
    if ((Policy.Flags & ~1u) != 0)
        return STATUS_INVALID_PARAMETER;    /* no opt-out, no downgrade, no audit */
    if (Process->DynamicCodeProhibited && !Policy.ProhibitDynamicCode)
        return STATUS_ACCESS_DENIED;
    if (Policy.ProhibitDynamicCode && !Process->DynamicCodeProhibited) {
        Process->DynamicCodeProhibited = TRUE;
        ExRecordFact("process.mitigation", "pid=%u name=%s policy=%s", HandleToUlong(Process->UniqueProcessId),
                     Process->ImageFileName, "dynamic-code");
    }
    return STATUS_SUCCESS;
}

static NTSTATUS PspSetProcessValue(PEPROCESS Process, PROCESSINFOCLASS Class, ULONG Value)
{
    NTSTATUS Status;

    switch (Class) {
    case ProcessBasePriority:
        return PspSetPriority(Process, (KPRIORITY)(Value & 0x7FFFFFFF));
    case ProcessSessionInformation:
        return PspSetSession(Process, Value);
    case ProcessBreakOnTermination:
        Status = PspSetCritical(&Process->BreakOnTermination, Value);
        if (NT_SUCCESS(Status) && Value != 0)
            ExRecordFact("process.critical", "pid=%u name=%s", HandleToUlong(Process->UniqueProcessId),
                         Process->ImageFileName);
        return Status;
    case ProcessDefaultHardErrorMode:
        Process->DefaultHardErrorProcessing = Value;
        ExRecordFact("process.hard-error-mode", "pid=%u mode=%u", HandleToUlong(Process->UniqueProcessId), Value);
        return STATUS_SUCCESS;
    default:
        return STATUS_INVALID_INFO_CLASS;
    }
}

/* What is as wide as an address. */
static BOOLEAN PspIsWideClass(PROCESSINFOCLASS Class)
{
    return Class == ProcessDeviceMap || Class == ProcessAffinityMask || Class == ProcessMitigationPolicy;
}

static NTSTATUS PspSetDeviceMap(PEPROCESS Process, HANDLE DirectoryHandle, KPROCESSOR_MODE Mode)
{
    POBJECT_DIRECTORY Directory;
    NTSTATUS Status = ObReferenceObjectByHandle(DirectoryHandle, DIRECTORY_TRAVERSE, ObpDirectoryObjectType, Mode,
                                                (PVOID *)&Directory, NULL);

    if (NT_SUCCESS(Status)) {
        ObSetDeviceMap(Process, Directory);
        ObDereferenceObject(Directory);
    }
    return Status;
}

static NTSTATUS PspSetWideValue(PEPROCESS Process, PROCESSINFOCLASS Class, ULONG_PTR Value, KPROCESSOR_MODE Mode)
{
    PROCESS_MITIGATION_POLICY_INFORMATION Mitigation;

    if (Class == ProcessDeviceMap)
        return PspSetDeviceMap(Process, (HANDLE)Value, Mode);
    if (Class == ProcessAffinityMask)
        return PspSetAffinity(Value);
    RtlCopyMemory(&Mitigation, &Value, sizeof Mitigation);
    return PspSetMitigation(Process, Mitigation);
}

NTSTATUS NTAPI NtSetInformationProcess(HANDLE ProcessHandle, PROCESSINFOCLASS ProcessInformationClass,
                                       PVOID ProcessInformation, ULONG ProcessInformationLength)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    ACCESS_MASK Access = ProcessInformationClass == ProcessSessionInformation
                             ? PROCESS_SET_INFORMATION | PROCESS_SET_SESSIONID
                             : PROCESS_SET_INFORMATION;
    BOOLEAN IsWide = PspIsWideClass(ProcessInformationClass);
    PEPROCESS Process;
    ULONG_PTR Value = 0;
    NTSTATUS Status;

    if (ProcessInformationLength != (IsWide ? sizeof(ULONG_PTR) : sizeof(ULONG)))
        return STATUS_INFO_LENGTH_MISMATCH;
    Status = ExCopyFromMode(Mode, &Value, ProcessInformation, ProcessInformationLength);
    if (!NT_SUCCESS(Status))
        return Status;
    Status = ObReferenceObjectByHandle(ProcessHandle, Access, PsProcessType, Mode, (PVOID *)&Process, NULL);
    if (!NT_SUCCESS(Status))
        return Status;
    Status = IsWide ? PspSetWideValue(Process, ProcessInformationClass, Value, Mode)
                    : PspSetProcessValue(Process, ProcessInformationClass, (ULONG)Value);
    ObDereferenceObject(Process);
    return Status;
}

/* Takes over the reference to Token, NULL: back to the process's own. */
static VOID PspAssignImpersonation(PETHREAD Thread, PTOKEN Token)
{
    PTOKEN Old = Thread->ImpersonationToken;

    Thread->ImpersonationToken = Token;
    if (Old != NULL)
        ObDereferenceObject(Old);
}

static NTSTATUS PspSetImpersonation(PETHREAD Thread, HANDLE TokenHandle, KPROCESSOR_MODE Mode)
{
    PTOKEN Token = NULL;
    NTSTATUS Status = STATUS_SUCCESS;

    if (TokenHandle != NULL) {
        Status = ObReferenceObjectByHandle(TokenHandle, TOKEN_IMPERSONATE, SeTokenObjectType, Mode,
                                           (PVOID *)&Token, NULL);
        if (NT_SUCCESS(Status) && Token->TokenType != TokenImpersonation) {
            ObDereferenceObject(Token);
            Status = STATUS_BAD_IMPERSONATION_LEVEL;
        }
    }
    if (NT_SUCCESS(Status))
        PspAssignImpersonation(Thread, Token);
    return Status;
}

NTSTATUS NTAPI NtSetInformationThread(HANDLE ThreadHandle, THREADINFOCLASS ThreadInformationClass,
                                      PVOID ThreadInformation, ULONG ThreadInformationLength)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    BOOLEAN IsToken = ThreadInformationClass == ThreadImpersonationToken;
    ULONG_PTR Value = 0;
    PETHREAD Thread;
    NTSTATUS Status;

    if (ThreadInformationLength != (IsToken ? sizeof(HANDLE) : sizeof(ULONG)))
        return STATUS_INFO_LENGTH_MISMATCH;
    Status = ExCopyFromMode(Mode, &Value, ThreadInformation, ThreadInformationLength);
    if (!NT_SUCCESS(Status))
        return Status;
    Status = ObReferenceObjectByHandle(ThreadHandle, IsToken ? THREAD_SET_THREAD_TOKEN : THREAD_SET_INFORMATION,
                                       PsThreadType, Mode, (PVOID *)&Thread, NULL);
    if (!NT_SUCCESS(Status))
        return Status;
    switch (ThreadInformationClass) {
    case ThreadImpersonationToken:
        Status = PspSetImpersonation(Thread, (HANDLE)Value, Mode);
        break;
    case ThreadBreakOnTermination:
        Status = PspSetCritical(&Thread->BreakOnTermination, (ULONG)Value);
        if (NT_SUCCESS(Status) && Value != 0)
            ExRecordFact("thread.critical", "pid=%u name=%s tid=%u", HandleToUlong(Thread->Cid.UniqueProcess),
                         Thread->ThreadsProcess->ImageFileName, HandleToUlong(Thread->Cid.UniqueThread));
        break;
    case ThreadPriority:
    case ThreadBasePriority:
        if ((LONG)Value < 1 || Value >= MAXIMUM_PRIORITY)
            Status = STATUS_INVALID_PARAMETER;
        else
            KeSetPriorityThread(&Thread->Tcb, (KPRIORITY)Value);
        break;
    default:
        Status = STATUS_INVALID_INFO_CLASS;
        break;
    }
    ObDereferenceObject(Thread);
    return Status;
}
