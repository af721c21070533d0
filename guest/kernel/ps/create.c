/* NtCreateUserProcess: a process from its image, with its first thread. */
#include "psp.h"

/* What a creation has made so far; the caller's failure states follow from how far it came. */
typedef struct _PSP_USER_PROCESS {
    PSP_ATTRIBUTES Attributes;
    PFILE_OBJECT File;
    PVOID Section;
    SECTION_IMAGE_INFORMATION Image;
    PEPROCESS Parent;
    PEPROCESS Process;
    PETHREAD Thread;
    PVOID Parameters;
    PS_CREATE_STATE State;
} PSP_USER_PROCESS, *PPSP_USER_PROCESS;

static NTSTATUS PspOpenImage(PPSP_USER_PROCESS New)
{
    NTSTATUS Status;

    New->State = PsCreateFailOnFileOpen;
    Status = IoOpenFile(&New->Attributes.ImageName, FILE_EXECUTE | FILE_READ_DATA | SYNCHRONIZE,
                        FILE_NON_DIRECTORY_FILE, &New->File);
    if (!NT_SUCCESS(Status))
        return Status;
    New->State = PsCreateFailOnSectionCreate;
    Status = MmCreateSection(&New->Section, NULL, PAGE_EXECUTE, SEC_IMAGE, New->File);
    if (!NT_SUCCESS(Status))
        return Status;
    New->State = PsCreateFailExeFormat;
    Status = MmGetSectionImageInformation(New->Section, &New->Image);
    if (NT_SUCCESS(Status) && (New->Image.ImageCharacteristics & IMAGE_FILE_DLL) != 0)
        Status = STATUS_INVALID_IMAGE_FORMAT;
    return Status;
}

/* Who may ask for what: the parent lends its identity, and only a protected creator makes a protected child. */
static NTSTATUS PspCheckRequest(PPSP_USER_PROCESS New, KPROCESSOR_MODE Mode, ULONG ProcessFlags)
{
    NTSTATUS Status;

    if (New->Attributes.ImageName.Length == 0)
        return STATUS_INVALID_PARAMETER;
    if (New->Attributes.ParentProcess != NULL) {
        Status = ObReferenceObjectByHandle(New->Attributes.ParentProcess, PROCESS_CREATE_PROCESS, PsProcessType,
                                           Mode, (PVOID *)&New->Parent, NULL);
        if (!NT_SUCCESS(Status))
            return Status;
    } else {
        New->Parent = PsGetCurrentProcess();
        ObReferenceObject(New->Parent);
    }
    if ((ProcessFlags & PROCESS_CREATE_FLAGS_CREATE_SESSION) != 0 && Mode == UserMode &&
        !SePrivilegeCheckToken(NULL, SE_TCB_PRIVILEGE))
        return STATUS_PRIVILEGE_NOT_HELD;
    if (Mode == UserMode && !PspDominates(PsGetCurrentProcess()->Protection, New->Attributes.Protection)) {
        ExRecordFact("access.denied", "type=Process path=%wZ protection=%x", &New->Attributes.ImageName,
                     (ULONG)New->Attributes.Protection);
        return STATUS_ACCESS_DENIED;
    }
    return STATUS_SUCCESS;
}

static NTSTATUS PspMapImages(PPSP_USER_PROCESS New)
{
    PEPROCESS Process = New->Process;
    SIZE_T ViewSize = 0;
    PVOID Base = NULL;
    NTSTATUS Status;

    ObReferenceObject(New->Section);
    Process->SectionObject = New->Section;
    Status = MmMapViewOfSection(New->Section, Process, &Base, 0, 0, NULL, &ViewSize, ViewUnmap, 0, PAGE_EXECUTE);
    if (!NT_SUCCESS(Status))
        return Status;
    Process->SectionBaseAddress = Base;
    return PspMapSystemDll(Process) ? STATUS_SUCCESS : STATUS_CONFLICTING_ADDRESSES;
}

static NTSTATUS PspBuildProcess(PPSP_USER_PROCESS New, KPROCESSOR_MODE Mode, ULONG ProcessFlags, ULONG ThreadFlags,
                                POBJECT_ATTRIBUTES ProcessObjectAttributes,
                                POBJECT_ATTRIBUTES ThreadObjectAttributes, PVOID ProcessParameters)
{
    PSP_CREATE Create = { New->Parent, &New->Attributes.ImageName, New->Attributes.Protection,
                          (ProcessFlags & PROCESS_CREATE_FLAGS_INHERIT_HANDLES) != 0,
                          (ProcessFlags & PROCESS_CREATE_FLAGS_CREATE_SESSION) != 0 };
    PVOID Entry;
    NTSTATUS Status;

    New->State = PsCreateInitialState;
    Status = PspCreateProcess(&Create, ProcessObjectAttributes, Mode, &New->Process);
    if (NT_SUCCESS(Status))
        Status = PspMapImages(New);
    if (NT_SUCCESS(Status))
        Status = PspCopyProcessParameters(Mode, ProcessParameters, New->Process, &New->Parameters);
    if (NT_SUCCESS(Status))
        Status = PspCreatePeb(New->Process, New->Parameters, &New->Image);
    if (!NT_SUCCESS(Status))
        return Status;
    Entry = (PUCHAR)New->Image.TransferAddress;
    return PspCreateUserThread(New->Process, Entry, New->Process->Peb, New->Image.MaximumStackSize,
                               (ThreadFlags & THREAD_CREATE_FLAGS_CREATE_SUSPENDED) != 0, ThreadObjectAttributes,
                               Mode, &New->Thread);
}

static NTSTATUS PspReturnResults(PPSP_USER_PROCESS New, KPROCESSOR_MODE Mode, PPS_CREATE_INFO CreateInfo)
{
    PS_CREATE_INFO Info = { .Size = sizeof Info, .State = PsCreateSuccess };
    NTSTATUS Status = STATUS_SUCCESS;

    Info.SuccessState.UserProcessParametersNative = (ULONGLONG)New->Parameters;
    Info.SuccessState.PebAddressNative = (ULONGLONG)New->Process->Peb;
    if (New->Attributes.ClientId != NULL)
        Status = ExCopyToMode(Mode, New->Attributes.ClientId, &New->Thread->Cid, sizeof(CLIENT_ID));
    if (NT_SUCCESS(Status) && New->Attributes.TebAddress != NULL)
        Status = ExCopyToMode(Mode, New->Attributes.TebAddress, &New->Thread->Teb, sizeof(PVOID));
    if (NT_SUCCESS(Status) && New->Attributes.ImageInfo != NULL)
        Status = ExCopyToMode(Mode, New->Attributes.ImageInfo, &New->Image, sizeof New->Image);
    if (NT_SUCCESS(Status) && CreateInfo != NULL)
        Status = ExCopyToMode(Mode, CreateInfo, &Info, sizeof Info);
    return Status;
}

/* Drops what was referenced on the way; a process that failed to come up ends at once. */
static VOID PspReleaseCreation(PPSP_USER_PROCESS New, NTSTATUS Status)
{
    if (New->Process != NULL && !NT_SUCCESS(Status)) {
        New->Process->ExitStatus = Status;
        PspExitProcess(New->Process);
        ObDereferenceObject(New->Process);
    }
    if (New->Parent != NULL)
        ObDereferenceObject(New->Parent);
    if (New->Section != NULL)
        ObDereferenceObject(New->Section);
    if (New->File != NULL)
        ObDereferenceObject(New->File);
    PspReleaseAttributes(&New->Attributes);
}

static NTSTATUS PspReportFailure(PPSP_USER_PROCESS New, KPROCESSOR_MODE Mode, PPS_CREATE_INFO CreateInfo,
                                 NTSTATUS Status)
{
    if (CreateInfo != NULL)
        ExCopyToMode(Mode, &CreateInfo->State, &New->State, sizeof New->State);
    PspReleaseCreation(New, Status);
    return Status;
}

NTSTATUS NTAPI NtCreateUserProcess(PHANDLE ProcessHandle, PHANDLE ThreadHandle, ACCESS_MASK ProcessDesiredAccess,
                                   ACCESS_MASK ThreadDesiredAccess, POBJECT_ATTRIBUTES ProcessObjectAttributes,
                                   POBJECT_ATTRIBUTES ThreadObjectAttributes, ULONG ProcessFlags, ULONG ThreadFlags,
                                   PVOID ProcessParameters, PPS_CREATE_INFO CreateInfo,
                                   PPS_ATTRIBUTE_LIST AttributeList)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    PSP_USER_PROCESS New = { 0 };
    HANDLE Process = NULL, Thread = NULL;
    NTSTATUS Status;

    Status = PspCaptureAttributes(Mode, AttributeList, &New.Attributes);
    if (!NT_SUCCESS(Status))
        return Status;
    Status = PspCheckRequest(&New, Mode, ProcessFlags);
    if (NT_SUCCESS(Status))
        Status = PspOpenImage(&New);
    if (NT_SUCCESS(Status))
        Status = PspBuildProcess(&New, Mode, ProcessFlags, ThreadFlags, ProcessObjectAttributes,
                                 ThreadObjectAttributes, ProcessParameters);
    if (!NT_SUCCESS(Status))
        return PspReportFailure(&New, Mode, CreateInfo, Status);
    Status = PspReturnResults(&New, Mode, CreateInfo);
    /* The thread holds itself, and through itself the process, so both outlive the insertions. */
    if (NT_SUCCESS(Status))
        Status = ObInsertObject(New.Process, NULL, ProcessDesiredAccess, 0, NULL, &Process);
    if (NT_SUCCESS(Status))
        Status = ObInsertObject(New.Thread, NULL, ThreadDesiredAccess, 0, NULL, &Thread);
    if (NT_SUCCESS(Status))
        Status = ObReturnHandle(Mode, ProcessHandle, Process, Status);
    if (NT_SUCCESS(Status))
        Status = ObReturnHandle(Mode, ThreadHandle, Thread, Status);
    if (!NT_SUCCESS(Status))
        PspTerminateProcess(New.Process, Status);
    KeReadyThread(&New.Thread->Tcb);
    if (New.Thread->SuspendCount == 0)
        PspRecordResume(New.Thread);
    PspReleaseCreation(&New, STATUS_SUCCESS);
    return Status;
}
