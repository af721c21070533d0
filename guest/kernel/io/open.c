/* Opening files: from a name through Ob's walk to the device, which finds the file. */
#include "iop.h"

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
    if (NT_SUCCESS(Status) && (Device->Characteristics & FILE_READ_ONLY_DEVICE) != 0 &&
        ((Packet->Parameters.DesiredAccess & IOP_WRITE_ACCESS) != 0 ||
         (Packet->Parameters.Disposition != FILE_OPEN && Packet->Parameters.Disposition != FILE_OPEN_IF)))
        Status = STATUS_MEDIA_WRITE_PROTECTED;
    if (NT_SUCCESS(Status))
        Status = Device->Operations->Create(Device, New, &Packet->Parameters);
    if (NT_SUCCESS(Status) && New->Directory && (Packet->Parameters.Options & FILE_NON_DIRECTORY_FILE) != 0)
        Status = STATUS_FILE_IS_A_DIRECTORY;
    if (NT_SUCCESS(Status) && !New->Directory && (Packet->Parameters.Options & FILE_DIRECTORY_FILE) != 0)
        Status = STATUS_NOT_A_DIRECTORY;
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

NTSTATUS IoOpenFile(PUNICODE_STRING FileName, ACCESS_MASK DesiredAccess, ULONG CreateOptions, PFILE_OBJECT *FileObject)
{
    OPEN_PACKET Packet = { .Parameters = { .DesiredAccess = DesiredAccess, .ShareAccess = FILE_SHARE_READ,
                                           .Disposition = FILE_OPEN, .Options = CreateOptions } };

    return ObReferenceObjectByName(FileName, OBJ_CASE_INSENSITIVE, NULL, DesiredAccess, IoFileObjectType, KernelMode,
                                   &Packet, (PVOID *)FileObject);
}

static NTSTATUS IopOpen(PHANDLE FileHandle, POBJECT_ATTRIBUTES ObjectAttributes, PIO_STATUS_BLOCK IoStatusBlock,
                        POPEN_PACKET Packet)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    IO_STATUS_BLOCK Result = { 0 };
    HANDLE Handle;
    NTSTATUS Status = ObOpenObjectByName(ObjectAttributes, IoFileObjectType, Mode, NULL, Packet->Parameters.DesiredAccess,
                                         Packet, &Handle);

    if (!NT_SUCCESS(Status))
        return Status;
    Result.Status = STATUS_SUCCESS;
    Result.Information = Packet->Parameters.Information;
    Status = ExCopyToMode(Mode, IoStatusBlock, &Result, sizeof Result);
    return ObReturnHandle(Mode, FileHandle, Handle, Status);
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
    if (CreateDisposition > FILE_OVERWRITE_IF)
        return STATUS_INVALID_PARAMETER;
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
