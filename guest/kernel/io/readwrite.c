/* Reading and writing, for services and for the kernel itself. Every transfer is complete when its call returns. */
#include "iop.h"

#define IOP_CHUNK 0x10000u      /* transfers to and from user memory go through a buffer of this size */

typedef enum _IOP_DIRECTION { IopRead, IopWrite } IOP_DIRECTION;

NTSTATUS IoReadFile(PFILE_OBJECT FileObject, ULONG64 Offset, PVOID Buffer, ULONG Length, PULONG BytesRead)
{
    *BytesRead = 0;
    if (FileObject->Directory || FileObject->Operations->Read == NULL)
        return STATUS_INVALID_DEVICE_REQUEST;
    return FileObject->Operations->Read(FileObject, Offset, Buffer, Length, BytesRead);
}

/* One piece of a transfer, at most as long as the buffer. */
static NTSTATUS IopTransferChunk(PFILE_OBJECT File, IOP_DIRECTION Direction, ULONG64 Offset, PUCHAR User, PVOID Buffer,
                                 ULONG Length, PULONG Done)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    const IO_DEVICE_OPERATIONS *Operations = File->Operations;
    NTSTATUS Status;

    if (Direction == IopRead) {
        Status = Operations->Read(File, Offset, Buffer, Length, Done);
        return NT_SUCCESS(Status) ? ExCopyToMode(Mode, User, Buffer, *Done) : Status;
    }
    Status = ExCopyFromMode(Mode, Buffer, User, Length);
    return NT_SUCCESS(Status) ? Operations->Write(File, Offset, Buffer, Length, Done) : Status;
}

static NTSTATUS IopTransfer(PFILE_OBJECT File, IOP_DIRECTION Direction, ULONG64 Offset, PVOID User, ULONG Length,
                            PULONG Total)
{
    ULONG Size = Length < IOP_CHUNK ? Length : IOP_CHUNK;
    PVOID Buffer;
    NTSTATUS Status = STATUS_SUCCESS;

    *Total = 0;
    if (File->Directory || (Direction == IopRead ? File->Operations->Read == NULL
                                                 : File->Operations->Write == NULL))
        return STATUS_INVALID_DEVICE_REQUEST;
    if (Length == 0)
        return STATUS_SUCCESS;
    Buffer = ExAllocatePoolWithTag(PagedPool, Size, IOP_TAG);
    if (Buffer == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    while (*Total < Length && NT_SUCCESS(Status)) {
        ULONG Wanted = Length - *Total < Size ? Length - *Total : Size, Done = 0;

        Status = IopTransferChunk(File, Direction, Offset + *Total, (PUCHAR)User + *Total, Buffer, Wanted, &Done);
        if (!NT_SUCCESS(Status))
            break;
        *Total += Done;
        if (Done < Wanted)
            break;
    }
    ExFreePoolWithTag(Buffer, IOP_TAG);
    /* What was transferred before the end of the file counts. */
    return Status == STATUS_END_OF_FILE && *Total != 0 ? STATUS_SUCCESS : Status;
}

static NTSTATUS IopReadWrite(HANDLE FileHandle, IOP_DIRECTION Direction, HANDLE Event, PVOID ApcRoutine,
                             PIO_STATUS_BLOCK IoStatusBlock, PVOID Buffer, ULONG Length, PLARGE_INTEGER ByteOffset)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    ACCESS_MASK Right = Direction == IopRead ? FILE_READ_DATA : FILE_WRITE_DATA;
    IO_STATUS_BLOCK Result = { 0 };
    PFILE_OBJECT File;
    LARGE_INTEGER Offset;
    ULONG Done = 0;
    NTSTATUS Status, Stored;

    if (ApcRoutine != NULL)
        return STATUS_INVALID_PARAMETER;        /* there are no asynchronous procedure calls */
    Status = ObReferenceObjectByHandle(FileHandle, Right, IoFileObjectType, Mode, (PVOID *)&File, NULL);
    if (!NT_SUCCESS(Status))
        return Status;
    Offset.QuadPart = (LONGLONG)File->CurrentByteOffset;
    if (ByteOffset != NULL)
        Status = ExCopyFromMode(Mode, &Offset, ByteOffset, sizeof Offset);
    if (NT_SUCCESS(Status) && Offset.QuadPart < 0)
        Status = STATUS_INVALID_PARAMETER;
    if (NT_SUCCESS(Status)) {
        Status = IopTransfer(File, Direction, (ULONG64)Offset.QuadPart, Buffer, Length, &Done);
        if (NT_SUCCESS(Status))
            File->CurrentByteOffset = (ULONG64)Offset.QuadPart + Done;
        Result.Status = Status;
        Result.Information = Done;
        Stored = ExCopyToMode(Mode, IoStatusBlock, &Result, sizeof Result);
        if (!NT_SUCCESS(Stored))
            Status = Stored;
        else if (Event != NULL && NT_SUCCESS(Status))
            Status = NtSetEvent(Event, NULL);
    }
    ObDereferenceObject(File);
    return Status;
}

NTSTATUS NTAPI NtReadFile(HANDLE FileHandle, HANDLE Event, PVOID ApcRoutine, PVOID ApcContext,
                          PIO_STATUS_BLOCK IoStatusBlock, PVOID Buffer, ULONG Length, PLARGE_INTEGER ByteOffset,
                          PULONG Key)
{
    UNREFERENCED_PARAMETER(ApcContext);
    UNREFERENCED_PARAMETER(Key);
    return IopReadWrite(FileHandle, IopRead, Event, ApcRoutine, IoStatusBlock, Buffer, Length, ByteOffset);
}

NTSTATUS NTAPI NtWriteFile(HANDLE FileHandle, HANDLE Event, PVOID ApcRoutine, PVOID ApcContext,
                           PIO_STATUS_BLOCK IoStatusBlock, PVOID Buffer, ULONG Length, PLARGE_INTEGER ByteOffset,
                           PULONG Key)
{
    UNREFERENCED_PARAMETER(ApcContext);
    UNREFERENCED_PARAMETER(Key);
    return IopReadWrite(FileHandle, IopWrite, Event, ApcRoutine, IoStatusBlock, Buffer, Length, ByteOffset);
}
