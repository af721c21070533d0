/* Process objects: made, inserted, ended, deleted. */
#include "psp.h"

LIST_ENTRY PsActiveProcessHead;

ULONG PsGetProcessSessionId(PEPROCESS Process)
{
    return Process->SessionId;
}

/* The file name of an NT path as 8-bit text, for facts. */
static VOID PspSetImageFileName(PEPROCESS Process, PUNICODE_STRING Path)
{
    ULONG Start = Path->Length / sizeof(WCHAR), Length = 0;

    while (Start > 0 && Path->Buffer[Start - 1] != OBJ_NAME_PATH_SEPARATOR)
        Start--;
    for (; Start + Length < Path->Length / sizeof(WCHAR) && Length + 1 < sizeof Process->ImageFileName; Length++) {
        WCHAR c = Path->Buffer[Start + Length];

        Process->ImageFileName[Length] = c >= 0x20 && c < 0x7F ? (CHAR)c : '?';
    }
    Process->ImageFileName[Length] = 0;
}

static NTSTATUS PspCopyImagePath(PEPROCESS Process, PUNICODE_STRING Path)
{
    Process->ImagePathName.Buffer = ExAllocatePoolWithTag(PagedPool, Path->Length + sizeof(WCHAR), PSP_TAG);
    if (Process->ImagePathName.Buffer == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlCopyMemory(Process->ImagePathName.Buffer, Path->Buffer, Path->Length);
    Process->ImagePathName.Buffer[Path->Length / sizeof(WCHAR)] = 0;
    Process->ImagePathName.Length = Path->Length;
    Process->ImagePathName.MaximumLength = Path->Length + sizeof(WCHAR);
    return STATUS_SUCCESS;
}

/* Session, address space, token and handles. Takes references that PspDeleteProcess drops. */
static NTSTATUS PspEquipProcess(PEPROCESS Process, const PSP_CREATE *Create)
{
    PEPROCESS Parent = Create->Parent;
    NTSTATUS Status;

    Status = PspCopyImagePath(Process, Create->ImageName);
    if (!NT_SUCCESS(Status))
        return Status;
    PspSetImageFileName(Process, Create->ImageName);
    Status = MmCreateProcessAddressSpace(Process);
    if (!NT_SUCCESS(Status))
        return Status;
    KeInitializeProcess(&Process->Pcb, Parent != NULL ? Parent->Pcb.BasePriority : 8, Process->Vm.DirectoryTableBase);
    Process->SessionId = Parent != NULL ? Parent->SessionId : 0;
    Process->UniqueProcessId = PspAllocateCid(Process);
    if (Process->UniqueProcessId == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    if (Parent == NULL) {
        Process->Token = SeMakeSystemToken();
        return Process->Token != NULL ? ObInitProcess(NULL, Process) : STATUS_INSUFFICIENT_RESOURCES;
    }
    Process->InheritedFromUniqueProcessId = Parent->UniqueProcessId;
    Process->DefaultHardErrorProcessing = Parent->DefaultHardErrorProcessing;
    ObSetDeviceMap(Process, Parent->DeviceMap);
    if (Create->CreateSession)
        Status = MmSessionCreate(Process, &Process->SessionId);
    else
        Status = MmSessionAttach(Process, Parent);
    if (NT_SUCCESS(Status))
        Status = SeSubProcessToken(Parent->Token, Process->SessionId, &Process->Token);
    if (NT_SUCCESS(Status))
        Status = ObInitProcess(Create->InheritHandles ? Parent : NULL, Process);
    return Status;
}

NTSTATUS PspCreateProcess(const PSP_CREATE *Create, POBJECT_ATTRIBUTES Attributes, KPROCESSOR_MODE Mode,
                          PEPROCESS *Process)
{
    PEPROCESS New;
    NTSTATUS Status;

    Status = ObCreateObject(Mode, PsProcessType, Attributes, KernelMode, NULL, sizeof *New, 0, 0, (PVOID *)&New);
    if (!NT_SUCCESS(Status))
        return Status;
    RtlZeroMemory(New, sizeof *New);
    InitializeListHead(&New->ThreadListHead);
    InitializeListHead(&New->ActiveProcessLinks);
    New->ExitStatus = STATUS_PENDING;
    New->Protection = Create->Protection;
    KeQuerySystemTime(&New->CreateTime);
    Status = PspEquipProcess(New, Create);
    if (!NT_SUCCESS(Status)) {
        ObDereferenceObject(New);
        return Status;
    }
    InsertTailList(&PsActiveProcessHead, &New->ActiveProcessLinks);
    if (Create->Parent != NULL)
        ExRecordFact("process.create",
                     "pid=%u ppid=%u name=%s parent=%s session=%u path=%wZ protection=%x",
                     HandleToUlong(New->UniqueProcessId), HandleToUlong(New->InheritedFromUniqueProcessId),
                     New->ImageFileName, Create->Parent->ImageFileName, New->SessionId, &New->ImagePathName,
                     (ULONG)New->Protection);
    *Process = New;
    return STATUS_SUCCESS;
}

/* Runs on the last thread of the process, or for a process that never had one. */
VOID PspExitProcess(PEPROCESS Process)
{
    Process->ProcessExiting = TRUE;
    KeQuerySystemTime(&Process->ExitTime);
    ExRecordFactFor(Process, "process.exit", "pid=%u name=%s session=%u status=%x",
                    HandleToUlong(Process->UniqueProcessId), Process->ImageFileName, Process->SessionId,
                    (ULONG)Process->ExitStatus);
    ObKillProcess(Process);
    MmCleanProcessAddressSpace(Process);
    MmSessionLeave(Process);
    RemoveEntryList(&Process->ActiveProcessLinks);
    InitializeListHead(&Process->ActiveProcessLinks);
    Process->ProcessDeleted = TRUE;
    KeSetProcess(&Process->Pcb);
}

VOID PspDeleteProcess(PVOID Object)
{
    PEPROCESS Process = Object;

    if (!IsListEmpty(&Process->ActiveProcessLinks))
        RemoveEntryList(&Process->ActiveProcessLinks);
    if (Process->UniqueProcessId != NULL)
        PspFreeCid(Process->UniqueProcessId);
    ObKillProcess(Process);
    ObSetDeviceMap(Process, NULL);
    if (Process->SectionObject != NULL)
        ObDereferenceObject(Process->SectionObject);
    if (Process->Token != NULL)
        ObDereferenceObject(Process->Token);
    if (Process->Vm.DirectoryTableBase != 0) {
        if (!Process->ProcessDeleted) {
            MmCleanProcessAddressSpace(Process);
            MmSessionLeave(Process);
        }
        MmDeleteProcessAddressSpace(Process);
    }
    if (Process->ImagePathName.Buffer != NULL)
        ExFreePool(Process->ImagePathName.Buffer);
}
