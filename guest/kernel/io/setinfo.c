/* Changing files: attributes, size, name, end of life. */
#include "iop.h"

NTSTATUS IoSetEndOfFile(PFILE_OBJECT FileObject, ULONG64 EndOfFile)
{
    if (FileObject->Directory || FileObject->Operations->SetEndOfFile == NULL)
        return STATUS_INVALID_DEVICE_REQUEST;
    return FileObject->Operations->SetEndOfFile(FileObject, EndOfFile);
}

NTSTATUS IoQueryFileExtent(PFILE_OBJECT FileObject, ULONG64 Offset, PULONG64 VolumeOffset, PULONG64 Length)
{
    if (FileObject->Directory || FileObject->Operations->QueryExtent == NULL)
        return STATUS_INVALID_DEVICE_REQUEST;
    return FileObject->Operations->QueryExtent(FileObject, Offset, VolumeOffset, Length);
}

static NTSTATUS IopSetBasic(PFILE_OBJECT File, const FILE_BASIC_INFORMATION *Basic)
{
    if (File->Operations->SetAttributes == NULL)
        return STATUS_INVALID_DEVICE_REQUEST;
    if (Basic->CreationTime.QuadPart < -1 || Basic->LastAccessTime.QuadPart < -1 || Basic->LastWriteTime.QuadPart < -1 ||
        (Basic->FileAttributes & ~(FILE_ATTRIBUTE_VALID_FLAGS | FILE_ATTRIBUTE_DIRECTORY)) != 0)
        return STATUS_INVALID_PARAMETER;
    if (!File->Directory && (Basic->FileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0)
        return STATUS_INVALID_PARAMETER;
    return File->Operations->SetAttributes(File, Basic);
}

static NTSTATUS IopSetAllocation(PFILE_OBJECT File, LONGLONG Size)
{
    if (File->Directory || File->Operations->SetAllocation == NULL)
        return STATUS_INVALID_DEVICE_REQUEST;
    return Size < 0 ? STATUS_INVALID_PARAMETER : File->Operations->SetAllocation(File, (ULONG64)Size);
}

static NTSTATUS IopSetDisposition(PFILE_OBJECT File, BOOLEAN Delete)
{
    if (File->Operations->SetDisposition == NULL)
        return STATUS_INVALID_DEVICE_REQUEST;
    return File->Operations->SetDisposition(File, Delete);
}

/* ---- rename ------------------------------------------------------------------------------------------------------ */

/* Where a full NT path leads to: the device and the rest. The open itself tells: it goes to the target's directory. */
static NTSTATUS IopFullTarget(PFILE_OBJECT File, PCUNICODE_STRING Name, PUNICODE_STRING Target)
{
    UNICODE_STRING Directory = *Name, Leaf = *Name;
    IO_CREATE_PARAMETERS Parameters = { .DesiredAccess = FILE_TRAVERSE, .ShareAccess = FILE_SHARE_VALID_FLAGS,
                                        .Disposition = FILE_OPEN, .Options = FILE_DIRECTORY_FILE };
    PFILE_OBJECT Parent;
    NTSTATUS Status;

    while (Directory.Length != 0 && Directory.Buffer[Directory.Length / sizeof(WCHAR) - 1] != OBJ_NAME_PATH_SEPARATOR)
        Directory.Length -= sizeof(WCHAR);      /* keeps the separator: `\??\C:\` is the root, `\??\C:` the volume */
    if (Directory.Length == 0)
        return STATUS_OBJECT_NAME_INVALID;
    Leaf.Buffer += Directory.Length / sizeof(WCHAR);
    Leaf.Length -= Directory.Length;
    if (Leaf.Length == 0)
        return STATUS_OBJECT_NAME_INVALID;
    Status = IoCreateFileEx2(&Directory, &Parameters, &Parent);
    if (!NT_SUCCESS(Status))
        return Status == STATUS_OBJECT_NAME_NOT_FOUND ? STATUS_OBJECT_PATH_NOT_FOUND : Status;
    Status = Parent->DeviceObject == File->DeviceObject ? IopRelativeName(Parent, &Leaf, Target) : STATUS_NOT_SAME_DEVICE;
    ObDereferenceObject(Parent);
    return Status;
}

/* A name alone stays in the file's own directory. */
static NTSTATUS IopSiblingTarget(PFILE_OBJECT File, PCUNICODE_STRING Name, PUNICODE_STRING Target)
{
    UNICODE_STRING Parent = File->FileName, Base;
    ULONG Length;

    IoGetFileBaseName(File, &Base);
    Parent.Length -= Base.Length;
    Length = (ULONG)Parent.Length + Name->Length;
    if (Length > UNICODE_STRING_MAX_BYTES - sizeof(WCHAR))
        return STATUS_NAME_TOO_LONG;
    Target->Buffer = ExAllocatePoolWithTag(PagedPool, Length + sizeof(WCHAR), IOP_TAG);
    if (Target->Buffer == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    Target->Length = 0;
    Target->MaximumLength = (USHORT)(Length + sizeof(WCHAR));
    RtlAppendUnicodeStringToString(Target, &Parent);
    return RtlAppendUnicodeStringToString(Target, Name);
}

static NTSTATUS IopTargetBelow(PFILE_OBJECT File, HANDLE Root, PCUNICODE_STRING Name, PUNICODE_STRING Target)
{
    PFILE_OBJECT Directory;
    NTSTATUS Status = ObReferenceObjectByHandle(Root, 0, IoFileObjectType, ExGetPreviousMode(), (PVOID *)&Directory, NULL);

    if (!NT_SUCCESS(Status))
        return Status;
    if (Directory->DeviceObject != File->DeviceObject)
        Status = STATUS_NOT_SAME_DEVICE;
    else if (!Directory->Directory)
        Status = STATUS_INVALID_PARAMETER;
    else
        Status = IopRelativeName(Directory, Name, Target);
    ObDereferenceObject(Directory);
    return Status;
}

/* Name is in kernel memory. */
static NTSTATUS IopRename(PFILE_OBJECT File, const FILE_RENAME_INFORMATION *Rename, PCUNICODE_STRING Name)
{
    UNICODE_STRING Target = { 0 };
    NTSTATUS Status;

    if (File->Operations->Rename == NULL)
        return STATUS_INVALID_DEVICE_REQUEST;
    if (Name->Length == 0)
        return STATUS_OBJECT_NAME_INVALID;
    if (Rename->RootDirectory != NULL)
        Status = IopTargetBelow(File, Rename->RootDirectory, Name, &Target);
    else if (Name->Buffer[0] == OBJ_NAME_PATH_SEPARATOR)
        Status = IopFullTarget(File, Name, &Target);
    else
        Status = IopSiblingTarget(File, Name, &Target);
    if (NT_SUCCESS(Status))
        Status = File->Operations->Rename(File, &Target, Rename->ReplaceIfExists);
    if (NT_SUCCESS(Status)) {
        UNICODE_STRING Old = File->FileName;

        File->FileName = Target;        /* both from pool */
        Target = Old;
    }
    if (Target.Buffer != NULL)
        ExFreePool(Target.Buffer);
    return Status;
}

static NTSTATUS IopSetRename(PFILE_OBJECT File, PVOID Information, ULONG Length)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    ULONG Fixed = FIELD_OFFSET(FILE_RENAME_INFORMATION, FileName);
    FILE_RENAME_INFORMATION Rename;
    UNICODE_STRING User, Name;
    NTSTATUS Status;

    if (Length < sizeof Rename)
        return STATUS_INFO_LENGTH_MISMATCH;
    Status = ExCopyFromMode(Mode, &Rename, Information, sizeof Rename);
    if (!NT_SUCCESS(Status))
        return Status;
    if (Rename.FileNameLength % sizeof(WCHAR) != 0 || Rename.FileNameLength > UNICODE_STRING_MAX_BYTES - sizeof(WCHAR) ||
        Rename.FileNameLength > Length - Fixed)
        return STATUS_INVALID_PARAMETER;
    User.Buffer = (PWSTR)((PUCHAR)Information + Fixed);
    User.Length = User.MaximumLength = (USHORT)Rename.FileNameLength;
    Name.Buffer = ExAllocatePoolWithTag(PagedPool, User.Length + sizeof(WCHAR), IOP_TAG);
    if (Name.Buffer == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    Name.Length = Name.MaximumLength = User.Length;
    Status = ExCopyFromMode(Mode, Name.Buffer, User.Buffer, User.Length);
    if (NT_SUCCESS(Status))
        Status = IopRename(File, &Rename, &Name);
    ExFreePool(Name.Buffer);
    return Status;
}

/* ---- the service ------------------------------------------------------------------------------------------------- */

/* The right that a class needs and the bytes of it that must be there. */
static BOOLEAN IopSetClass(FILE_INFORMATION_CLASS Class, PACCESS_MASK Right, PULONG Size)
{
    static const struct {
        FILE_INFORMATION_CLASS Class;
        ACCESS_MASK Right;
        ULONG Size;
    } Classes[] = {
        { FileBasicInformation, FILE_WRITE_ATTRIBUTES, sizeof(FILE_BASIC_INFORMATION) },
        { FilePositionInformation, 0, sizeof(FILE_POSITION_INFORMATION) },
        { FileEndOfFileInformation, FILE_WRITE_DATA, sizeof(FILE_END_OF_FILE_INFORMATION) },
        { FileAllocationInformation, FILE_WRITE_DATA, sizeof(FILE_ALLOCATION_INFORMATION) },
        { FileDispositionInformation, DELETE, sizeof(FILE_DISPOSITION_INFORMATION) },
        { FileRenameInformation, DELETE, 0 },
    };

    for (ULONG i = 0; i < RTL_NUMBER_OF(Classes); i++)
        if (Classes[i].Class == Class) {
            *Right = Classes[i].Right;
            *Size = Classes[i].Size;
            return TRUE;
        }
    return FALSE;
}

static NTSTATUS IopSet(PFILE_OBJECT File, FILE_INFORMATION_CLASS Class, PVOID Information, ULONG Length, ULONG Size)
{
    union {
        FILE_BASIC_INFORMATION Basic;
        LARGE_INTEGER Number;           /* position, end of file, allocation */
        FILE_DISPOSITION_INFORMATION Disposition;
    } Buffer;
    NTSTATUS Status;

    if (Class == FileRenameInformation)
        return IopSetRename(File, Information, Length);
    Status = ExCopyFromMode(ExGetPreviousMode(), &Buffer, Information, Size);
    if (!NT_SUCCESS(Status))
        return Status;
    switch (Class) {
    case FileBasicInformation:
        return IopSetBasic(File, &Buffer.Basic);
    case FileDispositionInformation:
        return IopSetDisposition(File, Buffer.Disposition.DeleteFile);
    case FileAllocationInformation:
        return IopSetAllocation(File, Buffer.Number.QuadPart);
    default:
        if (Buffer.Number.QuadPart < 0)
            return STATUS_INVALID_PARAMETER;
        if (Class == FileEndOfFileInformation)
            return IoSetEndOfFile(File, (ULONG64)Buffer.Number.QuadPart);
        File->CurrentByteOffset = (ULONG64)Buffer.Number.QuadPart;
        return STATUS_SUCCESS;
    }
}

NTSTATUS NTAPI NtSetInformationFile(HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock, PVOID FileInformation,
                                    ULONG Length, FILE_INFORMATION_CLASS FileInformationClass)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    IO_STATUS_BLOCK Result = { 0 };
    ACCESS_MASK Right;
    ULONG Size;
    PFILE_OBJECT File;
    NTSTATUS Status, Stored;

    if (!IopSetClass(FileInformationClass, &Right, &Size))
        return STATUS_INVALID_INFO_CLASS;
    if (Length < Size)
        return STATUS_INFO_LENGTH_MISMATCH;
    Status = ObReferenceObjectByHandle(FileHandle, Right, IoFileObjectType, Mode, (PVOID *)&File, NULL);
    if (!NT_SUCCESS(Status))
        return Status;
    Status = IopSet(File, FileInformationClass, FileInformation, Length, Size);
    ObDereferenceObject(File);
    Result.Status = Status;
    Stored = ExCopyToMode(Mode, IoStatusBlock, &Result, sizeof Result);
    return NT_SUCCESS(Stored) ? Status : Stored;
}
