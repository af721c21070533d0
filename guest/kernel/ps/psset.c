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

NTSTATUS NTAPI NtSetInformationProcess(HANDLE ProcessHandle, PROCESSINFOCLASS ProcessInformationClass,
                                       PVOID ProcessInformation, ULONG ProcessInformationLength)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    ACCESS_MASK Access = ProcessInformationClass == ProcessSessionInformation
                             ? PROCESS_SET_INFORMATION | PROCESS_SET_SESSIONID
                             : PROCESS_SET_INFORMATION;
    BOOLEAN IsMap = ProcessInformationClass == ProcessDeviceMap;
    PEPROCESS Process;
    ULONG_PTR Value = 0;
    NTSTATUS Status;

    if (ProcessInformationLength != (IsMap ? sizeof(HANDLE) : sizeof(ULONG)))
        return STATUS_INFO_LENGTH_MISMATCH;
    Status = ExCopyFromMode(Mode, &Value, ProcessInformation, ProcessInformationLength);
    if (!NT_SUCCESS(Status))
        return Status;
    Status = ObReferenceObjectByHandle(ProcessHandle, Access, PsProcessType, Mode, (PVOID *)&Process, NULL);
    if (!NT_SUCCESS(Status))
        return Status;
    Status = IsMap ? PspSetDeviceMap(Process, (HANDLE)Value, Mode)
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
