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

/* All that a query may answer, for one file; the name follows FILE_ALL_INFORMATION's fixed part. */
static NTSTATUS IopFillAll(PFILE_OBJECT File, ACCESS_MASK Granted, PFILE_ALL_INFORMATION All, PIO_FILE_ATTRIBUTES Attributes)
{
    NTSTATUS Status = IoQueryFileAttributes(File, Attributes);

    RtlZeroMemory(All, sizeof *All);
    IopFillBasic(Attributes, &All->BasicInformation);
    All->StandardInformation.AllocationSize.QuadPart = (LONGLONG)Attributes->AllocationSize;
    All->StandardInformation.EndOfFile.QuadPart = (LONGLONG)Attributes->EndOfFile;
    All->StandardInformation.NumberOfLinks = Attributes->NumberOfLinks;
    All->StandardInformation.DeletePending = File->DeletePending;
    All->StandardInformation.Directory = File->Directory;
    All->InternalInformation.IndexNumber.QuadPart = (LONGLONG)Attributes->FileId;
    All->AccessInformation.AccessFlags = Granted;
    All->PositionInformation.CurrentByteOffset.QuadPart = (LONGLONG)File->CurrentByteOffset;
    All->ModeInformation.Mode = File->CreateOptions & (FILE_WRITE_THROUGH | FILE_SEQUENTIAL_ONLY |
                                                       FILE_NO_INTERMEDIATE_BUFFERING | FILE_SYNCHRONOUS_IO_ALERT |
                                                       FILE_SYNCHRONOUS_IO_NONALERT | FILE_DELETE_ON_CLOSE);
    All->NameInformation.FileNameLength = File->FileName.Length;
    return Status;
}

/* Fixed bytes, then the file's name as far as there is room. */
static NTSTATUS IopReturnNamed(PFILE_OBJECT File, PVOID Buffer, ULONG Length, const VOID *Data, ULONG Fixed, PULONG Returned)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    ULONG Room;
    NTSTATUS Status;

    if (Length < Fixed)
        return STATUS_INFO_LENGTH_MISMATCH;
    Room = min(Length - Fixed, (ULONG)File->FileName.Length);
    Status = ExCopyToMode(Mode, Buffer, Data, Fixed);
    if (NT_SUCCESS(Status) && Room != 0)
        Status = ExCopyToMode(Mode, (PUCHAR)Buffer + Fixed, File->FileName.Buffer, Room);
    *Returned = Fixed + Room;
    return NT_SUCCESS(Status) && Room < File->FileName.Length ? STATUS_BUFFER_OVERFLOW : Status;
}

static NTSTATUS IopReturn(PVOID Buffer, ULONG Length, const VOID *Data, ULONG Size, PULONG Returned)
{
    if (Length < Size)
        return STATUS_INFO_LENGTH_MISMATCH;
    *Returned = Size;
    return ExCopyToMode(ExGetPreviousMode(), Buffer, Data, Size);
}

static VOID IopFillNetworkOpen(const FILE_ALL_INFORMATION *All, PFILE_NETWORK_OPEN_INFORMATION Open)
{
    RtlZeroMemory(Open, sizeof *Open);
    Open->CreationTime = All->BasicInformation.CreationTime;
    Open->LastAccessTime = All->BasicInformation.LastAccessTime;
    Open->LastWriteTime = All->BasicInformation.LastWriteTime;
    Open->ChangeTime = All->BasicInformation.ChangeTime;
    Open->AllocationSize = All->StandardInformation.AllocationSize;
    Open->EndOfFile = All->StandardInformation.EndOfFile;
    Open->FileAttributes = All->BasicInformation.FileAttributes;
}

/* A part of FILE_ALL_INFORMATION that is a class by itself; NULL: none is. */
static const VOID *IopPartOfAll(const FILE_ALL_INFORMATION *All, FILE_INFORMATION_CLASS Class, PULONG Size)
{
#define PART(Field) (*Size = sizeof All->Field, &All->Field)
    switch (Class) {
    case FileBasicInformation:
        return PART(BasicInformation);
    case FileStandardInformation:
        return PART(StandardInformation);
    case FileInternalInformation:
        return PART(InternalInformation);
    case FileEaInformation:
        return PART(EaInformation);
    case FileAccessInformation:
        return PART(AccessInformation);
    case FilePositionInformation:
        return PART(PositionInformation);
    case FileModeInformation:
        return PART(ModeInformation);
    case FileAlignmentInformation:
        return PART(AlignmentInformation);
    default:
        return NULL;
    }
#undef PART
}

/* These are the file object's own: no file system is asked. */
static BOOLEAN IopNeedsNoFileSystem(FILE_INFORMATION_CLASS Class)
{
    return Class == FileNameInformation || Class == FilePositionInformation || Class == FileModeInformation ||
           Class == FileAccessInformation || Class == FileAlignmentInformation;
}

static NTSTATUS IopQuery(PFILE_OBJECT File, ACCESS_MASK Granted, FILE_INFORMATION_CLASS Class, PVOID Buffer, ULONG Length,
                         PULONG Returned)
{
    IO_FILE_ATTRIBUTES Attributes;
    FILE_ALL_INFORMATION All;
    FILE_NETWORK_OPEN_INFORMATION Open;
    FILE_ATTRIBUTE_TAG_INFORMATION Tag = { 0 };
    ULONG NameLength = File->FileName.Length, Size;
    NTSTATUS Status = IopFillAll(File, Granted, &All, &Attributes);
    const VOID *Part = IopPartOfAll(&All, Class, &Size);

    if (!NT_SUCCESS(Status) && !IopNeedsNoFileSystem(Class))
        return Status;
    if (Part != NULL)
        return IopReturn(Buffer, Length, Part, Size, Returned);
    switch (Class) {
    case FileNameInformation:
        return IopReturnNamed(File, Buffer, Length, &NameLength, FIELD_OFFSET(FILE_NAME_INFORMATION, FileName), Returned);
    case FileAllInformation:
        return IopReturnNamed(File, Buffer, Length, &All,
                              FIELD_OFFSET(FILE_ALL_INFORMATION, NameInformation) +
                                  FIELD_OFFSET(FILE_NAME_INFORMATION, FileName), Returned);
    case FileNetworkOpenInformation:
        IopFillNetworkOpen(&All, &Open);
        return IopReturn(Buffer, Length, &Open, sizeof Open, Returned);
    default:
        Tag.FileAttributes = Attributes.FileAttributes;
        return IopReturn(Buffer, Length, &Tag, sizeof Tag, Returned);
    }
}

/* Does the class exist, and what right does it need? */
static BOOLEAN IopQueryClass(FILE_INFORMATION_CLASS Class, PACCESS_MASK Right)
{
    FILE_ALL_INFORMATION None;
    ULONG Size;

    *Right = Class == FileBasicInformation || Class == FileAllInformation || Class == FileNetworkOpenInformation ||
             Class == FileAttributeTagInformation ? FILE_READ_ATTRIBUTES : 0;
    return *Right != 0 || Class == FileNameInformation || IopPartOfAll(&None, Class, &Size) != NULL;
}

NTSTATUS NTAPI NtQueryInformationFile(HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock, PVOID FileInformation,
                                      ULONG Length, FILE_INFORMATION_CLASS FileInformationClass)
{
    OBJECT_HANDLE_INFORMATION Handle;
    ACCESS_MASK Right;
    PFILE_OBJECT File;
    ULONG Returned = 0;
    NTSTATUS Status;

    if (!IopQueryClass(FileInformationClass, &Right))
        return STATUS_INVALID_INFO_CLASS;
    Status = ObReferenceObjectByHandle(FileHandle, Right, IoFileObjectType, ExGetPreviousMode(), (PVOID *)&File, &Handle);
    if (!NT_SUCCESS(Status))
        return Status;
    Status = IopQuery(File, Handle.GrantedAccess, FileInformationClass, FileInformation, Length, &Returned);
    ObDereferenceObject(File);
    return IopComplete(IoStatusBlock, NULL, Status, Returned);
}

/* Opens the caller's name for its attributes alone, asks, and closes. */
static NTSTATUS IopQueryByName(POBJECT_ATTRIBUTES ObjectAttributes, PFILE_ALL_INFORMATION All)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    OPEN_PACKET Packet = { .Parameters = { .DesiredAccess = FILE_READ_ATTRIBUTES, .Disposition = FILE_OPEN,
                                           .ShareAccess = FILE_SHARE_VALID_FLAGS } };
    IO_FILE_ATTRIBUTES Attributes;
    PFILE_OBJECT File;
    HANDLE Handle;
    NTSTATUS Status = ObOpenObjectByName(ObjectAttributes, IoFileObjectType, Mode, NULL, FILE_READ_ATTRIBUTES, &Packet,
                                         &Handle);

    if (!NT_SUCCESS(Status))
        return Status;
    Status = ObReferenceObjectByHandle(Handle, 0, IoFileObjectType, Mode, (PVOID *)&File, NULL);
    if (NT_SUCCESS(Status)) {
        Status = IopFillAll(File, FILE_READ_ATTRIBUTES, All, &Attributes);
        ObDereferenceObject(File);
    }
    ObCloseHandle(Handle, Mode);
    return Status;
}

NTSTATUS NTAPI NtQueryAttributesFile(POBJECT_ATTRIBUTES ObjectAttributes, PFILE_BASIC_INFORMATION FileInformation)
{
    FILE_ALL_INFORMATION All;
    NTSTATUS Status = IopQueryByName(ObjectAttributes, &All);

    return NT_SUCCESS(Status) ? ExCopyToMode(ExGetPreviousMode(), FileInformation, &All.BasicInformation,
                                             sizeof All.BasicInformation) : Status;
}

NTSTATUS NTAPI NtQueryFullAttributesFile(POBJECT_ATTRIBUTES ObjectAttributes, PFILE_NETWORK_OPEN_INFORMATION FileInformation)
{
    FILE_ALL_INFORMATION All;
    FILE_NETWORK_OPEN_INFORMATION Open;
    NTSTATUS Status = IopQueryByName(ObjectAttributes, &All);

    if (!NT_SUCCESS(Status))
        return Status;
    IopFillNetworkOpen(&All, &Open);
    return ExCopyToMode(ExGetPreviousMode(), FileInformation, &Open, sizeof Open);
}
