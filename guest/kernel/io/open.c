/* Opening files: from a name through Ob's walk to the device, which finds or makes the file. */
#include "iop.h"

/* May a device that is only read be opened so? */
static NTSTATUS IopCheckReadOnly(PDEVICE_OBJECT Device, const IO_CREATE_PARAMETERS *Parameters)
{
    if ((Device->Characteristics & FILE_READ_ONLY_DEVICE) == 0)
        return STATUS_SUCCESS;
    if ((Parameters->DesiredAccess & IOP_WRITE_ACCESS) != 0 ||
        (Parameters->Disposition != FILE_OPEN && Parameters->Disposition != FILE_OPEN_IF))
        return STATUS_MEDIA_WRITE_PROTECTED;
    return STATUS_SUCCESS;
}

static NTSTATUS IopOpenOnDevice(PDEVICE_OBJECT Device, PFILE_OBJECT File, PIO_CREATE_PARAMETERS Parameters)
{
    NTSTATUS Status = IopCheckReadOnly(Device, Parameters);

    if (NT_SUCCESS(Status) && Device->DeviceType == FILE_DEVICE_DISK && Device->Vpb != NULL)
        Status = IopMountForOpen(Device, File);
    if (NT_SUCCESS(Status))
        Status = File->Operations->Create != NULL ? File->Operations->Create(Device, File, Parameters)
                                                  : STATUS_INVALID_DEVICE_REQUEST;
    if (!NT_SUCCESS(Status))
        return Status;
    File->Opened = TRUE;
    if (File->Directory && (Parameters->Options & FILE_NON_DIRECTORY_FILE) != 0)
        return STATUS_FILE_IS_A_DIRECTORY;
    if (!File->Directory && (Parameters->Options & FILE_DIRECTORY_FILE) != 0)
        return STATUS_NOT_A_DIRECTORY;
    return STATUS_SUCCESS;
}

/* A file object on Device for the path that is left; the reference is the caller's. */
static NTSTATUS IopCreateFileObject(PDEVICE_OBJECT Device, PCUNICODE_STRING Path, POPEN_PACKET Packet,
                                    PFILE_OBJECT *File)
{
    PFILE_OBJECT New;
    NTSTATUS Status = ObCreateObject(KernelMode, IoFileObjectType, NULL, KernelMode, NULL, sizeof *New, 0, 0,
                                     (PVOID *)&New);

    if (!NT_SUCCESS(Status))
        return Status;
    ObReferenceObject(Device);
    New->DeviceObject = Device;
    New->Operations = Device->Operations;
    New->GrantedAccess = Packet->Parameters.DesiredAccess;
    New->ShareAccess = Packet->Parameters.ShareAccess;
    New->CreateOptions = Packet->Parameters.Options;
    Status = ExCaptureUnicodeString(KernelMode, &New->FileName, Path);
    if (NT_SUCCESS(Status))
        Status = IopOpenOnDevice(Device, New, &Packet->Parameters);
    if (!NT_SUCCESS(Status)) {
        ObDereferenceObject(New);
        return Status;
    }
    return ObInsertObject(New, NULL, 0, 1, (PVOID *)File, NULL);
}

NTSTATUS NTAPI IopParseDevice(PVOID ParseObject, PVOID ObjectType, PACCESS_STATE AccessState,
                              KPROCESSOR_MODE AccessMode, ULONG Attributes, PUNICODE_STRING CompleteName,
                              PUNICODE_STRING RemainingName, PVOID Context,
                              PSECURITY_QUALITY_OF_SERVICE SecurityQos, PVOID *Object)
{
    UNREFERENCED_PARAMETER(AccessState);
    UNREFERENCED_PARAMETER(AccessMode);
    UNREFERENCED_PARAMETER(Attributes);
    UNREFERENCED_PARAMETER(CompleteName);
    UNREFERENCED_PARAMETER(SecurityQos);
    if (Context != NULL && ObjectType == IoFileObjectType)
        return IopCreateFileObject(ParseObject, RemainingName, Context, (PFILE_OBJECT *)Object);
    /* Without an open packet the name can only mean the device itself. */
    if (RemainingName->Length != 0)
        return STATUS_OBJECT_PATH_NOT_FOUND;
    if (ObjectType != NULL && ObjectType != IoDeviceObjectType)
        return STATUS_OBJECT_TYPE_MISMATCH;
    ObReferenceObject(ParseObject);
    *Object = ParseObject;
    return STATUS_SUCCESS;
}

NTSTATUS IopRelativeName(PFILE_OBJECT Directory, PCUNICODE_STRING Name, PUNICODE_STRING FullName)
{
    UNICODE_STRING Base = Directory->FileName;
    ULONG Length;

    RtlZeroMemory(FullName, sizeof *FullName);
    if (Name->Length != 0 && Name->Buffer[0] == OBJ_NAME_PATH_SEPARATOR)
        return STATUS_OBJECT_PATH_SYNTAX_BAD;
    if (Name->Length != 0 && !Directory->Directory)
        return STATUS_OBJECT_PATH_NOT_FOUND;
    if (Base.Length != 0 && Base.Buffer[Base.Length / sizeof(WCHAR) - 1] == OBJ_NAME_PATH_SEPARATOR && Name->Length != 0)
        Base.Length -= sizeof(WCHAR);
    Length = (ULONG)Base.Length + (Name->Length != 0 ? sizeof(WCHAR) + Name->Length : 0);
    if (Length > UNICODE_STRING_MAX_BYTES - sizeof(WCHAR))
        return STATUS_NAME_TOO_LONG;
    FullName->Buffer = ExAllocatePoolWithTag(PagedPool, Length + sizeof(WCHAR), IOP_TAG);
    if (FullName->Buffer == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    FullName->MaximumLength = (USHORT)(Length + sizeof(WCHAR));
    RtlAppendUnicodeStringToString(FullName, &Base);
    if (Name->Length != 0) {
        RtlAppendUnicodeToString(FullName, L"\\");
        RtlAppendUnicodeStringToString(FullName, Name);
    }
    return STATUS_SUCCESS;
}

/* ParseProcedure of files: what a name means below an open directory. */
NTSTATUS NTAPI IopParseFile(PVOID ParseObject, PVOID ObjectType, PACCESS_STATE AccessState,
                            KPROCESSOR_MODE AccessMode, ULONG Attributes, PUNICODE_STRING CompleteName,
                            PUNICODE_STRING RemainingName, PVOID Context, PSECURITY_QUALITY_OF_SERVICE SecurityQos,
                            PVOID *Object)
{
    PFILE_OBJECT Directory = ParseObject;
    UNICODE_STRING FullName;
    NTSTATUS Status;

    UNREFERENCED_PARAMETER(AccessState);
    UNREFERENCED_PARAMETER(AccessMode);
    UNREFERENCED_PARAMETER(Attributes);
    UNREFERENCED_PARAMETER(CompleteName);
    UNREFERENCED_PARAMETER(SecurityQos);
    if (Context == NULL || ObjectType != IoFileObjectType)
        return STATUS_OBJECT_TYPE_MISMATCH;
    Status = IopRelativeName(Directory, RemainingName, &FullName);
    if (NT_SUCCESS(Status)) {
        Status = IopCreateFileObject(Directory->DeviceObject, &FullName, Context, (PFILE_OBJECT *)Object);
        ExFreePool(FullName.Buffer);
    }
    return Status;
}

NTSTATUS IopCheckCreateParameters(PIO_CREATE_PARAMETERS Parameters)
{
    ULONG Options = Parameters->Options;

    if (Parameters->Disposition > FILE_OVERWRITE_IF || (Options & ~FILE_VALID_OPTION_FLAGS) != 0 ||
        (Parameters->ShareAccess & ~FILE_SHARE_VALID_FLAGS) != 0 ||
        (Parameters->FileAttributes & ~(FILE_ATTRIBUTE_VALID_FLAGS | FILE_ATTRIBUTE_DIRECTORY)) != 0)
        return STATUS_INVALID_PARAMETER;
    if ((Options & FILE_DIRECTORY_FILE) != 0 &&
        ((Options & FILE_NON_DIRECTORY_FILE) != 0 ||
         (Parameters->Disposition != FILE_OPEN && Parameters->Disposition != FILE_CREATE &&
          Parameters->Disposition != FILE_OPEN_IF)))
        return STATUS_INVALID_PARAMETER;
    if ((Options & FILE_OPEN_BY_FILE_ID) != 0)
        return STATUS_NOT_SUPPORTED;            /* FAT's files have no numbers that last */
    if ((Parameters->DesiredAccess & MAXIMUM_ALLOWED) != 0)
        Parameters->DesiredAccess |= FILE_ALL_ACCESS;
    Parameters->DesiredAccess &= ~MAXIMUM_ALLOWED;
    RtlMapGenericMask(&Parameters->DesiredAccess, (PGENERIC_MAPPING)&IopFileMapping);
    if ((Options & FILE_DELETE_ON_CLOSE) != 0 && (Parameters->DesiredAccess & DELETE) == 0)
        return STATUS_INVALID_PARAMETER;
    if ((Options & (FILE_SYNCHRONOUS_IO_ALERT | FILE_SYNCHRONOUS_IO_NONALERT)) ==
            (FILE_SYNCHRONOUS_IO_ALERT | FILE_SYNCHRONOUS_IO_NONALERT))
        return STATUS_INVALID_PARAMETER;
    return STATUS_SUCCESS;
}

NTSTATUS IoCreateFileEx2(PUNICODE_STRING FileName, PIO_CREATE_PARAMETERS Parameters, PFILE_OBJECT *FileObject)
{
    OPEN_PACKET Packet = { .Parameters = *Parameters };
    NTSTATUS Status = IopCheckCreateParameters(&Packet.Parameters);

    if (!NT_SUCCESS(Status))
        return Status;
    Status = ObReferenceObjectByName(FileName, OBJ_CASE_INSENSITIVE, NULL, Packet.Parameters.DesiredAccess,
                                     IoFileObjectType, KernelMode, &Packet, (PVOID *)FileObject);
    Parameters->Information = Packet.Parameters.Information;
    return Status;
}

NTSTATUS IoOpenFile(PUNICODE_STRING FileName, ACCESS_MASK DesiredAccess, ULONG CreateOptions, PFILE_OBJECT *FileObject)
{
    IO_CREATE_PARAMETERS Parameters = { .DesiredAccess = DesiredAccess, .ShareAccess = FILE_SHARE_READ,
                                        .Disposition = FILE_OPEN, .Options = CreateOptions };

    return IoCreateFileEx2(FileName, &Parameters, FileObject);
}

NTSTATUS IopOpen(PHANDLE FileHandle, POBJECT_ATTRIBUTES ObjectAttributes, PIO_STATUS_BLOCK IoStatusBlock,
                 POPEN_PACKET Packet)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    IO_STATUS_BLOCK Result = { 0 };
    HANDLE Handle;
    NTSTATUS Status = IopCheckCreateParameters(&Packet->Parameters);

    if (!NT_SUCCESS(Status))
        return Status;
    Status = ObOpenObjectByName(ObjectAttributes, IoFileObjectType, Mode, NULL, Packet->Parameters.DesiredAccess, Packet,
                                &Handle);
    if (!NT_SUCCESS(Status))
        return Status;
    Result.Status = STATUS_SUCCESS;
    Result.Information = Packet->Parameters.Information;
    Status = ExCopyToMode(Mode, IoStatusBlock, &Result, sizeof Result);
    if (!NT_SUCCESS(Status)) {
        ObCloseHandle(Handle, Mode);
        return Status;
    }
    return ObReturnHandle(Mode, FileHandle, Handle, STATUS_SUCCESS);
}

NTSTATUS NTAPI NtOpenFile(PHANDLE FileHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                          PIO_STATUS_BLOCK IoStatusBlock, ULONG ShareAccess, ULONG OpenOptions)
{
    OPEN_PACKET Packet = { .Parameters = { .DesiredAccess = DesiredAccess, .ShareAccess = ShareAccess,
                                           .Disposition = FILE_OPEN, .Options = OpenOptions } };

    return IopOpen(FileHandle, ObjectAttributes, IoStatusBlock, &Packet);
}

NTSTATUS NTAPI NtCreateFile(PHANDLE FileHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                            PIO_STATUS_BLOCK IoStatusBlock, PLARGE_INTEGER AllocationSize, ULONG FileAttributes,
                            ULONG ShareAccess, ULONG CreateDisposition, ULONG CreateOptions, PVOID EaBuffer,
                            ULONG EaLength)
{
    OPEN_PACKET Packet = { .Parameters = { .DesiredAccess = DesiredAccess, .ShareAccess = ShareAccess,
                                           .Disposition = CreateDisposition, .Options = CreateOptions,
                                           .FileAttributes = FileAttributes } };
    LARGE_INTEGER Allocation = { .QuadPart = 0 };
    NTSTATUS Status;

    UNREFERENCED_PARAMETER(EaBuffer);
    if (EaLength != 0)
        return STATUS_EAS_NOT_SUPPORTED;
    if (AllocationSize != NULL) {
        Status = ExCopyFromMode(ExGetPreviousMode(), &Allocation, AllocationSize, sizeof Allocation);
        if (!NT_SUCCESS(Status))
            return Status;
        if (Allocation.QuadPart < 0)
            return STATUS_INVALID_PARAMETER;
        Packet.Parameters.AllocationSize = (ULONG64)Allocation.QuadPart;
    }
    return IopOpen(FileHandle, ObjectAttributes, IoStatusBlock, &Packet);
}

NTSTATUS NTAPI NtDeleteFile(POBJECT_ATTRIBUTES ObjectAttributes)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    OPEN_PACKET Packet = { .Parameters = { .DesiredAccess = DELETE, .ShareAccess = FILE_SHARE_VALID_FLAGS,
                                           .Disposition = FILE_OPEN, .Options = FILE_DELETE_ON_CLOSE } };
    HANDLE Handle;
    NTSTATUS Status = ObOpenObjectByName(ObjectAttributes, IoFileObjectType, Mode, NULL, DELETE, &Packet, &Handle);

    if (NT_SUCCESS(Status))
        ObCloseHandle(Handle, Mode);            /* the last close deletes */
    return Status;
}
