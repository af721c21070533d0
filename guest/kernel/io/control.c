/* Requests by number to devices and file systems; flushing; taking back what is under way. */
#include "iop.h"

#define IOP_CONTROL_LIMIT 0x10000u      /* bytes each way */

NTSTATUS IopComplete(PIO_STATUS_BLOCK IoStatusBlock, HANDLE Event, NTSTATUS Status, ULONG_PTR Information)
{
    IO_STATUS_BLOCK Result = { .Status = Status, .Information = Information };
    NTSTATUS Stored;

    if (NT_ERROR(Status))
        Result.Information = 0;
    Stored = ExCopyToMode(ExGetPreviousMode(), IoStatusBlock, &Result, sizeof Result);
    if (!NT_SUCCESS(Stored))
        return Stored;
    return Event != NULL && !NT_ERROR(Status) && !NT_SUCCESS(Stored = NtSetEvent(Event, NULL)) ? Stored : Status;
}

/* The right that a control code names itself, in its bits 14 and 15. */
static ACCESS_MASK IopControlAccess(ULONG Code)
{
    return ((Code >> 14 & 1) != 0 ? FILE_READ_DATA : 0) | ((Code >> 14 & 2) != 0 ? FILE_WRITE_DATA : 0);
}

static NTSTATUS IopCallControl(PFILE_OBJECT File, ULONG Code, PVOID Input, ULONG InputLength, PVOID Output,
                               ULONG OutputLength, PULONG Done)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    PUCHAR Buffer;
    NTSTATUS Status = STATUS_SUCCESS, Stored;

    if (File->Operations->Control == NULL)
        return STATUS_INVALID_DEVICE_REQUEST;
    if (InputLength > IOP_CONTROL_LIMIT || OutputLength > IOP_CONTROL_LIMIT)
        return STATUS_INVALID_PARAMETER;
    Buffer = ExAllocatePoolWithTag(PagedPool, InputLength + OutputLength + 1, IOP_TAG);
    if (Buffer == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    if (InputLength != 0)
        Status = ExCopyFromMode(Mode, Buffer, Input, InputLength);
    if (NT_SUCCESS(Status))
        Status = File->Operations->Control(File, Code, Buffer, InputLength, Buffer + InputLength, OutputLength, Done);
    if (!NT_ERROR(Status) && *Done != 0) {
        Stored = ExCopyToMode(Mode, Output, Buffer + InputLength, min(*Done, OutputLength));
        Status = NT_SUCCESS(Stored) ? Status : Stored;
    }
    ExFreePoolWithTag(Buffer, IOP_TAG);
    return Status;
}

static NTSTATUS IopControl(HANDLE FileHandle, HANDLE Event, PVOID ApcRoutine, PIO_STATUS_BLOCK IoStatusBlock, ULONG Code,
                           PVOID Input, ULONG InputLength, PVOID Output, ULONG OutputLength)
{
    PFILE_OBJECT File;
    ULONG Done = 0;
    NTSTATUS Status;

    if (ApcRoutine != NULL)
        return STATUS_INVALID_PARAMETER;        /* there are no asynchronous procedure calls */
    Status = ObReferenceObjectByHandle(FileHandle, IopControlAccess(Code), IoFileObjectType, ExGetPreviousMode(),
                                       (PVOID *)&File, NULL);
    if (!NT_SUCCESS(Status))
        return Status;
    Status = IopCallControl(File, Code, Input, InputLength, Output, OutputLength, &Done);
    ObDereferenceObject(File);
    return IopComplete(IoStatusBlock, Event, Status, Done);
}

NTSTATUS NTAPI NtFsControlFile(HANDLE FileHandle, HANDLE Event, PVOID ApcRoutine, PVOID ApcContext,
                               PIO_STATUS_BLOCK IoStatusBlock, ULONG FsControlCode, PVOID InputBuffer,
                               ULONG InputBufferLength, PVOID OutputBuffer, ULONG OutputBufferLength)
{
    UNREFERENCED_PARAMETER(ApcContext);
    return IopControl(FileHandle, Event, ApcRoutine, IoStatusBlock, FsControlCode, InputBuffer, InputBufferLength,
                      OutputBuffer, OutputBufferLength);
}

NTSTATUS NTAPI NtDeviceIoControlFile(HANDLE FileHandle, HANDLE Event, PVOID ApcRoutine, PVOID ApcContext,
                                     PIO_STATUS_BLOCK IoStatusBlock, ULONG IoControlCode, PVOID InputBuffer,
                                     ULONG InputBufferLength, PVOID OutputBuffer, ULONG OutputBufferLength)
{
    UNREFERENCED_PARAMETER(ApcContext);
    return IopControl(FileHandle, Event, ApcRoutine, IoStatusBlock, IoControlCode, InputBuffer, InputBufferLength,
                      OutputBuffer, OutputBufferLength);
}

NTSTATUS NTAPI NtFlushBuffersFile(HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock)
{
    OBJECT_HANDLE_INFORMATION Handle;
    PFILE_OBJECT File;
    NTSTATUS Status = ObReferenceObjectByHandle(FileHandle, 0, IoFileObjectType, ExGetPreviousMode(), (PVOID *)&File, &Handle);

    if (!NT_SUCCESS(Status))
        return Status;
    if ((Handle.GrantedAccess & (FILE_WRITE_DATA | FILE_APPEND_DATA)) == 0)
        Status = STATUS_ACCESS_DENIED;
    else
        Status = IoFlushFile(File);
    ObDereferenceObject(File);
    return IopComplete(IoStatusBlock, NULL, Status, 0);
}

/* Every transfer is complete when its call returns: nothing is ever under way. */
NTSTATUS NTAPI NtCancelIoFile(HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock)
{
    PFILE_OBJECT File;
    NTSTATUS Status = ObReferenceObjectByHandle(FileHandle, 0, IoFileObjectType, ExGetPreviousMode(), (PVOID *)&File, NULL);

    if (!NT_SUCCESS(Status))
        return Status;
    ObDereferenceObject(File);
    return IopComplete(IoStatusBlock, NULL, STATUS_SUCCESS, 0);
}
