/* What processes and threads say about themselves. */
#include "psp.h"

/* A string behind its UNICODE_STRING, with the address that it has in the caller's memory. */
static NTSTATUS PspReturnString(KPROCESSOR_MODE Mode, PCUNICODE_STRING String, PVOID Buffer, ULONG Length,
                                PULONG ReturnLength)
{
    ULONG Needed = sizeof(UNICODE_STRING) + String->Length + sizeof(WCHAR);
    PUNICODE_STRING Reply = ExAllocatePoolWithTag(PagedPool, Needed, PSP_TAG);
    NTSTATUS Status;

    if (Reply == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(Reply, Needed);
    Reply->Length = String->Length;
    Reply->MaximumLength = String->Length + sizeof(WCHAR);
    Reply->Buffer = (PWSTR)((PUNICODE_STRING)Buffer + 1);
    if (String->Length != 0)
        RtlCopyMemory(Reply + 1, String->Buffer, String->Length);
    Status = ExReturnInformation(Mode, Buffer, Length, ReturnLength, Reply, Needed);
    ExFreePool(Reply);
    return Status;
}

static VOID PspFillBasic(PEPROCESS Process, PPROCESS_BASIC_INFORMATION Basic)
{
    Basic->ExitStatus = Process->ExitStatus;
    Basic->PebBaseAddress = Process->Peb;
    Basic->AffinityMask = 1;
    Basic->BasePriority = Process->Pcb.BasePriority;
    Basic->UniqueProcessId = Process->UniqueProcessId;
    Basic->InheritedFromUniqueProcessId = Process->InheritedFromUniqueProcessId;
}

static NTSTATUS PspReturnDeviceMap(PEPROCESS Process, KPROCESSOR_MODE Mode, PVOID Buffer, ULONG Length,
                                   PULONG ReturnLength)
{
    PROCESS_DEVICEMAP_INFORMATION Information = { .Query.DriveMap = ObQueryDriveMap(Process) };

    for (ULONG i = 0; i < 26; i++)
        Information.Query.DriveType[i] = (Information.Query.DriveMap & 1u << i) != 0 ? DOSDEVICE_DRIVE_FIXED
                                                                                    : DOSDEVICE_DRIVE_UNKNOWN;
    return ExReturnInformation(Mode, Buffer, Length, ReturnLength, &Information.Query, sizeof Information.Query);
}

NTSTATUS NTAPI NtQueryInformationProcess(HANDLE ProcessHandle, PROCESSINFOCLASS ProcessInformationClass,
                                         PVOID ProcessInformation, ULONG ProcessInformationLength,
                                         PULONG ReturnLength)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    ACCESS_MASK Access = ProcessInformationClass == ProcessProtectionInformation ||
                                 ProcessInformationClass == ProcessBasicInformation ||
                                 ProcessInformationClass == ProcessSessionInformation ||
                                 ProcessInformationClass == ProcessImageFileName
                             ? PROCESS_QUERY_LIMITED_INFORMATION
                             : PROCESS_QUERY_INFORMATION;
    OBJECT_HANDLE_INFORMATION Handle;
    PROCESS_BASIC_INFORMATION Basic;
    SECTION_IMAGE_INFORMATION Image;
    PEPROCESS Process;
    ULONG Number = 0;
    NTSTATUS Status;

    Status = ObReferenceObjectByHandle(ProcessHandle, 0, PsProcessType, Mode, (PVOID *)&Process, &Handle);
    if (!NT_SUCCESS(Status))
        return Status;
    /* The full right holds the limited one. */
    if (Mode == UserMode && (Handle.GrantedAccess & (Access | PROCESS_QUERY_INFORMATION)) == 0) {
        ObDereferenceObject(Process);
        return STATUS_ACCESS_DENIED;
    }
    switch (ProcessInformationClass) {
    case ProcessBasicInformation:
        PspFillBasic(Process, &Basic);
        Status = ExReturnInformation(Mode, ProcessInformation, ProcessInformationLength, ReturnLength, &Basic,
                                     sizeof Basic);
        break;
    case ProcessSessionInformation:
        Number = Process->SessionId;
        goto ReturnNumber;
    case ProcessBreakOnTermination:
        Number = Process->BreakOnTermination;
        goto ReturnNumber;
    case ProcessDefaultHardErrorMode:
        Number = Process->DefaultHardErrorProcessing;
        goto ReturnNumber;
    case ProcessHandleCount:
        Number = ObGetHandleCount(Process);
    ReturnNumber:
        Status = ExReturnInformation(Mode, ProcessInformation, ProcessInformationLength, ReturnLength, &Number,
                                     sizeof Number);
        break;
    case ProcessDeviceMap:
        Status = PspReturnDeviceMap(Process, Mode, ProcessInformation, ProcessInformationLength, ReturnLength);
        break;
    case ProcessProtectionInformation:
        Status = ExReturnInformation(Mode, ProcessInformation, ProcessInformationLength, ReturnLength,
                                     &Process->Protection, sizeof Process->Protection);
        break;
    case ProcessImageFileName:
        Status = PspReturnString(Mode, &Process->ImagePathName, ProcessInformation, ProcessInformationLength,
                                 ReturnLength);
        break;
    case ProcessImageInformation:
        Status = Process->SectionObject != NULL ? MmGetSectionImageInformation(Process->SectionObject, &Image)
                                                : STATUS_INVALID_PARAMETER;
        if (NT_SUCCESS(Status))
            Status = ExReturnInformation(Mode, ProcessInformation, ProcessInformationLength, ReturnLength, &Image,
                                         sizeof Image);
        break;
    default:
        Status = STATUS_INVALID_INFO_CLASS;
        break;
    }
    ObDereferenceObject(Process);
    return Status;
}

NTSTATUS NTAPI NtQueryInformationThread(HANDLE ThreadHandle, THREADINFOCLASS ThreadInformationClass,
                                        PVOID ThreadInformation, ULONG ThreadInformationLength, PULONG ReturnLength)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    THREAD_BASIC_INFORMATION Basic;
    PETHREAD Thread;
    ULONG Number;
    NTSTATUS Status;

    Status = ObReferenceObjectByHandle(ThreadHandle, THREAD_QUERY_INFORMATION, PsThreadType, Mode,
                                       (PVOID *)&Thread, NULL);
    if (!NT_SUCCESS(Status))
        return Status;
    switch (ThreadInformationClass) {
    case ThreadBasicInformation:
        Basic.ExitStatus = Thread->Tcb.State == Terminated ? Thread->ExitStatus : STATUS_PENDING;
        Basic.TebBaseAddress = Thread->Teb;
        Basic.ClientId = Thread->Cid;
        Basic.AffinityMask = 1;
        Basic.Priority = Thread->Tcb.Priority;
        Basic.BasePriority = Thread->Tcb.BasePriority;
        Status = ExReturnInformation(Mode, ThreadInformation, ThreadInformationLength, ReturnLength, &Basic,
                                     sizeof Basic);
        break;
    case ThreadQuerySetWin32StartAddress:
        Status = ExReturnInformation(Mode, ThreadInformation, ThreadInformationLength, ReturnLength,
                                     &Thread->Win32StartAddress, sizeof Thread->Win32StartAddress);
        break;
    case ThreadAmILastThread:
        Number = Thread->ThreadsProcess->ActiveThreads == 1;
        Status = ExReturnInformation(Mode, ThreadInformation, ThreadInformationLength, ReturnLength, &Number,
                                     sizeof Number);
        break;
    case ThreadBreakOnTermination:
        Number = Thread->BreakOnTermination;
        Status = ExReturnInformation(Mode, ThreadInformation, ThreadInformationLength, ReturnLength, &Number,
                                     sizeof Number);
        break;
    default:
        Status = STATUS_INVALID_INFO_CLASS;
        break;
    }
    ObDereferenceObject(Thread);
    return Status;
}
