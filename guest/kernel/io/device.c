/* The Device and File types; making devices and the links to them. */
#include "iop.h"

POBJECT_TYPE IoDeviceObjectType, IoFileObjectType;

const GENERIC_MAPPING IopFileMapping = {
    FILE_GENERIC_READ, FILE_GENERIC_WRITE, FILE_GENERIC_EXECUTE, FILE_ALL_ACCESS
};

NTSTATUS IopCreateObjectTypes(VOID)
{
    static UNICODE_STRING DeviceName = RTL_CONSTANT_STRING(L"Device"), FileName = RTL_CONSTANT_STRING(L"File");
    OBJECT_TYPE_INITIALIZER Type = { 0 };
    NTSTATUS Status;

    Type.Length = sizeof Type;
    Type.PoolType = NonPagedPool;
    Type.ValidAccessMask = FILE_ALL_ACCESS;
    Type.GenericMapping = IopFileMapping;
    Type.ParseProcedure = IopParseDevice;
    Status = ObCreateObjectType(&DeviceName, &Type, NULL, &IoDeviceObjectType);
    if (!NT_SUCCESS(Status))
        return Status;
    Type.ParseProcedure = IopParseFile;
    Type.CloseProcedure = IopCloseFile;
    Type.DeleteProcedure = IopDeleteFile;
    return ObCreateObjectType(&FileName, &Type, NULL, &IoFileObjectType);
}

NTSTATUS IoCreateDevice(PCUNICODE_STRING DeviceName, const IO_DEVICE_OPERATIONS *Operations, PVOID Extension,
                        ULONG DeviceType, ULONG Characteristics, PDEVICE_OBJECT *DeviceObject)
{
    UNICODE_STRING Name = *DeviceName;
    OBJECT_ATTRIBUTES Attributes;
    PDEVICE_OBJECT Device;
    NTSTATUS Status;

    InitializeObjectAttributes(&Attributes, &Name, OBJ_PERMANENT | OBJ_CASE_INSENSITIVE, NULL, SePublicDefaultSd);
    Status = ObCreateObject(KernelMode, IoDeviceObjectType, &Attributes, KernelMode, NULL, sizeof *Device, 0, 0,
                            (PVOID *)&Device);
    if (!NT_SUCCESS(Status))
        return Status;
    Device->Operations = Operations;
    Device->DeviceExtension = Extension;
    Device->DeviceType = DeviceType;
    Device->Characteristics = Characteristics;
    return ObInsertObject(Device, NULL, 0, 1, (PVOID *)DeviceObject, NULL);
}

NTSTATUS IopCreatePermanentLink(PCWSTR Path, PCWSTR Target)
{
    UNICODE_STRING Name, LinkTarget;
    OBJECT_ATTRIBUTES Attributes;
    POBJECT_SYMBOLIC_LINK Link;
    NTSTATUS Status;

    RtlInitUnicodeString(&Name, Path);
    RtlInitUnicodeString(&LinkTarget, Target);
    InitializeObjectAttributes(&Attributes, &Name, OBJ_PERMANENT | OBJ_CASE_INSENSITIVE, NULL, SePublicDefaultSd);
    Status = ObCreateObject(KernelMode, ObpSymbolicLinkObjectType, &Attributes, KernelMode, NULL, sizeof *Link, 0, 0,
                            (PVOID *)&Link);
    if (!NT_SUCCESS(Status))
        return Status;
    Status = ExCaptureUnicodeString(KernelMode, &Link->LinkTarget, &LinkTarget);
    if (!NT_SUCCESS(Status)) {
        ObDereferenceObject(Link);
        return Status;
    }
    KeQuerySystemTime(&Link->CreationTime);
    return ObInsertObject(Link, NULL, 0, 0, NULL, NULL);
}

struct _EPROCESS *IoGetCurrentProcess(VOID)
{
    return (struct _EPROCESS *)KeGetCurrentProcess();
}
