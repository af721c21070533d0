/* What a file is: attributes, size, name, position. */
#include "iop.h"

NTSTATUS IoQueryFileAttributes(PFILE_OBJECT FileObject, PIO_FILE_ATTRIBUTES Attributes)
{
    RtlZeroMemory(Attributes, sizeof *Attributes);
    if (FileObject->Operations->QueryAttributes == NULL)
        return STATUS_INVALID_DEVICE_REQUEST;
    return FileObject->Operations->QueryAttributes(FileObject, Attributes);
}

VOID IoGetFileBaseName(PFILE_OBJECT FileObject, PUNICODE_STRING BaseName)
{
    USHORT Start = FileObject->FileName.Length / sizeof(WCHAR);

    while (Start != 0 && FileObject->FileName.Buffer[Start - 1] != OBJ_NAME_PATH_SEPARATOR)
        Start--;
    BaseName->Buffer = FileObject->FileName.Buffer + Start;
    BaseName->Length = (USHORT)(FileObject->FileName.Length - Start * sizeof(WCHAR));
    BaseName->MaximumLength = BaseName->Length;
}

static VOID IopFillBasic(const IO_FILE_ATTRIBUTES *Attributes, PFILE_BASIC_INFORMATION Basic)
{
    RtlZeroMemory(Basic, sizeof *Basic);
    Basic->CreationTime = Attributes->CreationTime;
    Basic->LastAccessTime = Attributes->LastAccessTime;
    Basic->LastWriteTime = Basic->ChangeTime = Attributes->LastWriteTime;
    Basic->FileAttributes = Attributes->FileAttributes;
}

static NTSTATUS IopQueryName(PFILE_OBJECT File, PVOID Buffer, ULONG Length, PULONG Returned)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    ULONG NameLength = File->FileName.Length, Room;
    ULONG Fixed = FIELD_OFFSET(FILE_NAME_INFORMATION, FileName);
    NTSTATUS Status;

    if (Length < Fixed)
        return STATUS_INFO_LENGTH_MISMATCH;
    Room = Length - Fixed < NameLength ? Length - Fixed : NameLength;
    Status = ExCopyToMode(Mode, Buffer, &NameLength, sizeof NameLength);
    if (NT_SUCCESS(Status))
        Status = ExCopyToMode(Mode, (PUCHAR)Buffer + Fixed, File->FileName.Buffer, Room);
    *Returned = Fixed + Room;
    return NT_SUCCESS(Status) && Room < NameLength ? STATUS_BUFFER_OVERFLOW : Status;
}

static NTSTATUS IopReturn(PVOID Buffer, ULONG Length, const VOID *Data, ULONG Size, PULONG Returned)
{
    if (Length < Size)
        return STATUS_INFO_LENGTH_MISMATCH;
    *Returned = Size;
    return ExCopyToMode(ExGetPreviousMode(), Buffer, Data, Size);
}

static NTSTATUS IopQuery(PFILE_OBJECT File, FILE_INFORMATION_CLASS Class, PVOID Buffer, ULONG Length, PULONG Returned)
{
    IO_FILE_ATTRIBUTES Attributes;
    FILE_BASIC_INFORMATION Basic;
    FILE_STANDARD_INFORMATION Standard = { 0 };
    FILE_POSITION_INFORMATION Position;
    NTSTATUS Status;

    switch (Class) {
    case FileBasicInformation:
        Status = IoQueryFileAttributes(File, &Attributes);
        IopFillBasic(&Attributes, &Basic);
        return NT_SUCCESS(Status) ? IopReturn(Buffer, Length, &Basic, sizeof Basic, Returned) : Status;
    case FileStandardInformation:
        Status = IoQueryFileAttributes(File, &Attributes);
        Standard.AllocationSize.QuadPart = (LONGLONG)Attributes.AllocationSize;
        Standard.EndOfFile.QuadPart = (LONGLONG)Attributes.EndOfFile;
        Standard.NumberOfLinks = Attributes.NumberOfLinks;
        Standard.Directory = File->Directory;
        return NT_SUCCESS(Status) ? IopReturn(Buffer, Length, &Standard, sizeof Standard, Returned) : Status;
    case FilePositionInformation:
        Position.CurrentByteOffset.QuadPart = (LONGLONG)File->CurrentByteOffset;
        return IopReturn(Buffer, Length, &Position, sizeof Position, Returned);
    case FileNameInformation:
        return IopQueryName(File, Buffer, Length, Returned);
    default:
        return STATUS_INVALID_INFO_CLASS;
    }
}

NTSTATUS NTAPI NtQueryInformationFile(HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock, PVOID FileInformation,
                                      ULONG Length, FILE_INFORMATION_CLASS FileInformationClass)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    IO_STATUS_BLOCK Result = { 0 };
    PFILE_OBJECT File;
    ULONG Returned = 0;
    NTSTATUS Status, Stored;

    Status = ObReferenceObjectByHandle(FileHandle, FileInformationClass == FileBasicInformation ? FILE_READ_ATTRIBUTES : 0,
                                       IoFileObjectType, Mode, (PVOID *)&File, NULL);
    if (!NT_SUCCESS(Status))
        return Status;
    Status = IopQuery(File, FileInformationClass, FileInformation, Length, &Returned);
    Result.Status = Status;
    Result.Information = Returned;
    Stored = ExCopyToMode(Mode, IoStatusBlock, &Result, sizeof Result);
    ObDereferenceObject(File);
    return NT_SUCCESS(Stored) ? Status : Stored;
}

NTSTATUS NTAPI NtQueryAttributesFile(POBJECT_ATTRIBUTES ObjectAttributes, PFILE_BASIC_INFORMATION FileInformation)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    OPEN_PACKET Packet = { .Parameters = { .DesiredAccess = FILE_READ_ATTRIBUTES, .Disposition = FILE_OPEN,
                                           .ShareAccess = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE } };
    IO_FILE_ATTRIBUTES Attributes;
    FILE_BASIC_INFORMATION Basic;
    PFILE_OBJECT File;
    HANDLE Handle;
    NTSTATUS Status = ObOpenObjectByName(ObjectAttributes, IoFileObjectType, Mode, NULL, FILE_READ_ATTRIBUTES, &Packet,
                                         &Handle);

    if (!NT_SUCCESS(Status))
        return Status;
    Status = ObReferenceObjectByHandle(Handle, 0, IoFileObjectType, Mode, (PVOID *)&File, NULL);
    ObCloseHandle(Handle, Mode);
    if (!NT_SUCCESS(Status))
        return Status;
    Status = IoQueryFileAttributes(File, &Attributes);
    ObDereferenceObject(File);
    if (!NT_SUCCESS(Status))
        return Status;
    IopFillBasic(&Attributes, &Basic);
    return ExCopyToMode(Mode, FileInformation, &Basic, sizeof Basic);
}
