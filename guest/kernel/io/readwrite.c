/* Reading and writing, for services and for the kernel itself. Every transfer is complete when its call returns. */
#include "iop.h"

#define IOP_CHUNK 0x10000u      /* transfers to and from user memory go through a buffer of this size */

typedef enum _IOP_DIRECTION { IopRead, IopWrite } IOP_DIRECTION;

/* Views of the file and its bytes stay the same: what a view changed is read, what is written is seen in the views. */
static NTSTATUS IopReadAndMerge(PFILE_OBJECT File, ULONG64 Offset, PVOID Buffer, ULONG Length, PULONG Done)
{
    NTSTATUS Status = File->Operations->Read(File, Offset, Buffer, Length, Done);

    if (NT_SUCCESS(Status))
        MmReadDataSection(File->SectionObjectPointer, Offset, Buffer, *Done);
    return Status;
}

static NTSTATUS IopWriteAndShow(PFILE_OBJECT File, ULONG64 Offset, const VOID *Buffer, ULONG Length, PULONG Done)
{
    NTSTATUS Status = File->Operations->Write(File, Offset, Buffer, Length, Done);

    if (NT_SUCCESS(Status))
        MmUpdateDataSection(File->SectionObjectPointer, Offset, Buffer, *Done);
    return Status;
}

NTSTATUS IoReadFile(PFILE_OBJECT FileObject, ULONG64 Offset, PVOID Buffer, ULONG Length, PULONG BytesRead)
{
    *BytesRead = 0;
    if (FileObject->Directory || FileObject->Operations->Read == NULL)
        return STATUS_INVALID_DEVICE_REQUEST;
    return IopReadAndMerge(FileObject, Offset, Buffer, Length, BytesRead);
}

NTSTATUS IoWriteFile(PFILE_OBJECT FileObject, ULONG64 Offset, const VOID *Buffer, ULONG Length, PULONG Done)
{
    *Done = 0;
    if (FileObject->Directory || FileObject->Operations->Write == NULL)
        return STATUS_INVALID_DEVICE_REQUEST;
    return IopWriteAndShow(FileObject, Offset, Buffer, Length, Done);
}

NTSTATUS IoFlushFile(PFILE_OBJECT FileObject)
{
    return FileObject->Operations->Flush != NULL ? FileObject->Operations->Flush(FileObject) : STATUS_SUCCESS;
}

/* One piece of a transfer, at most as long as the buffer. */
static NTSTATUS IopTransferChunk(PFILE_OBJECT File, IOP_DIRECTION Direction, ULONG64 Offset, PUCHAR User, PVOID Buffer,
                                 ULONG Length, PULONG Done)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    NTSTATUS Status;

    if (Direction == IopRead) {
        Status = IopReadAndMerge(File, Offset, Buffer, Length, Done);
        return NT_SUCCESS(Status) ? ExCopyToMode(Mode, User, Buffer, *Done) : Status;
    }
    Status = ExCopyFromMode(Mode, Buffer, User, Length);
    return NT_SUCCESS(Status) ? IopWriteAndShow(File, Offset, Buffer, Length, Done) : Status;
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

/* Where a transfer begins. A handle that may only append writes at the end, whatever it says. */
static NTSTATUS IopStartOffset(PFILE_OBJECT File, IOP_DIRECTION Direction, ACCESS_MASK Granted, PLARGE_INTEGER ByteOffset,
                               PULONG64 Start)
{
    BOOLEAN AtEnd = Direction == IopWrite && (Granted & (FILE_WRITE_DATA | FILE_APPEND_DATA)) == FILE_APPEND_DATA;
    LARGE_INTEGER Offset;
    IO_FILE_ATTRIBUTES Attributes;
    NTSTATUS Status = STATUS_SUCCESS;

    Offset.QuadPart = (LONGLONG)File->CurrentByteOffset;
    if (ByteOffset != NULL)
        Status = ExCopyFromMode(ExGetPreviousMode(), &Offset, ByteOffset, sizeof Offset);
    if (!NT_SUCCESS(Status))
        return Status;
    if (Offset.HighPart == -1 && Offset.LowPart == FILE_USE_FILE_POINTER_POSITION)
        Offset.QuadPart = (LONGLONG)File->CurrentByteOffset;
    if (Offset.HighPart == -1 && Offset.LowPart == FILE_WRITE_TO_END_OF_FILE && Direction == IopWrite)
        AtEnd = TRUE;
    if (AtEnd) {
        Status = IoQueryFileAttributes(File, &Attributes);
        *Start = Attributes.EndOfFile;
        return Status;
    }
    *Start = (ULONG64)Offset.QuadPart;
    return Offset.QuadPart < 0 ? STATUS_INVALID_PARAMETER : STATUS_SUCCESS;
}

/* The transfer, its result and its signals; File is referenced. */
static NTSTATUS IopReadWriteFile(PFILE_OBJECT File, ACCESS_MASK Granted, IOP_DIRECTION Direction, HANDLE Event,
                                 PIO_STATUS_BLOCK IoStatusBlock, PVOID Buffer, ULONG Length, PLARGE_INTEGER ByteOffset)
{
    IO_STATUS_BLOCK Result = { 0 };
    ULONG64 Start = 0;
    ULONG Done = 0;
    NTSTATUS Stored, Status = IopStartOffset(File, Direction, Granted, ByteOffset, &Start);

    if (!NT_SUCCESS(Status))
        return Status;
    Status = IopTransfer(File, Direction, Start, Buffer, Length, &Done);
    if (NT_SUCCESS(Status))
        File->CurrentByteOffset = Start + Done;
    if (NT_SUCCESS(Status) && Direction == IopWrite && (File->CreateOptions & FILE_WRITE_THROUGH) != 0)
        Status = IoFlushFile(File);
    Result.Status = Status;
    Result.Information = Done;
    Stored = ExCopyToMode(ExGetPreviousMode(), IoStatusBlock, &Result, sizeof Result);
    if (!NT_SUCCESS(Stored))
        return Stored;
    return Event != NULL && NT_SUCCESS(Status) ? NtSetEvent(Event, NULL) : Status;
}

static NTSTATUS IopReadWrite(HANDLE FileHandle, IOP_DIRECTION Direction, HANDLE Event, PVOID ApcRoutine,
                             PIO_STATUS_BLOCK IoStatusBlock, PVOID Buffer, ULONG Length, PLARGE_INTEGER ByteOffset)
{
    OBJECT_HANDLE_INFORMATION Handle;
    PFILE_OBJECT File;
    NTSTATUS Status;

    if (ApcRoutine != NULL)
        return STATUS_INVALID_PARAMETER;        /* there are no asynchronous procedure calls */
    Status = ObReferenceObjectByHandle(FileHandle, Direction == IopRead ? FILE_READ_DATA : 0, IoFileObjectType,
                                       ExGetPreviousMode(), (PVOID *)&File, &Handle);
    if (!NT_SUCCESS(Status))
        return Status;
    if (Direction == IopWrite && (Handle.GrantedAccess & (FILE_WRITE_DATA | FILE_APPEND_DATA)) == 0)
        Status = STATUS_ACCESS_DENIED;
    else
        Status = IopReadWriteFile(File, Handle.GrantedAccess, Direction, Event, IoStatusBlock, Buffer, Length, ByteOffset);
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
