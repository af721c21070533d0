/* The Device and File types; making devices and the links to them. */
#include "iop.h"

POBJECT_TYPE IoDeviceObjectType, IoFileObjectType;

const GENERIC_MAPPING IopFileMapping = {
    FILE_GENERIC_READ, FILE_GENERIC_WRITE, FILE_GENERIC_EXECUTE, FILE_ALL_ACCESS
};

static LIST_ENTRY IopDevices = { &IopDevices, &IopDevices };

static VOID NTAPI IopDeleteDevice(PVOID Object)
{
    PDEVICE_OBJECT Device = Object;

    if (Device->AllDevices.Flink != NULL)
        RemoveEntryList(&Device->AllDevices);
}

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
    Type.DeleteProcedure = IopDeleteDevice;
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
    InsertTailList(&IopDevices, &Device->AllDevices);
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

NTSTATUS IopReplacePermanentLink(PCWSTR Path, PCWSTR Target)
{
    UNICODE_STRING Name;
    PVOID Link;

    RtlInitUnicodeString(&Name, Path);
    if (NT_SUCCESS(ObReferenceObjectByName(&Name, OBJ_OPENLINK | OBJ_CASE_INSENSITIVE, NULL, 0, ObpSymbolicLinkObjectType,
                                           KernelMode, NULL, &Link))) {
        ObMakeTemporaryObject(Link);
        ObDereferenceObject(Link);
    }
    return IopCreatePermanentLink(Path, Target);
}

NTSTATUS IopCreatePermanentDirectory(PCWSTR Path)
{
    UNICODE_STRING Name;
    OBJECT_ATTRIBUTES Attributes;
    PVOID Directory;
    NTSTATUS Status;

    RtlInitUnicodeString(&Name, Path);
    InitializeObjectAttributes(&Attributes, &Name, OBJ_PERMANENT | OBJ_CASE_INSENSITIVE, NULL, SePublicDefaultSd);
    Status = ObCreateObject(KernelMode, ObpDirectoryObjectType, &Attributes, KernelMode, NULL, sizeof(OBJECT_DIRECTORY), 0,
                            0, &Directory);
    if (!NT_SUCCESS(Status))
        return Status;
    RtlZeroMemory(Directory, sizeof(OBJECT_DIRECTORY));
    Status = ObInsertObject(Directory, NULL, 0, 0, NULL, NULL);
    return Status == STATUS_OBJECT_NAME_COLLISION ? STATUS_SUCCESS : Status;
}

/* ---- the devices of a driver ------------------------------------------------------------------------------------- */

VOID IoDeleteDevice(PDEVICE_OBJECT DeviceObject) { ObMakeTemporaryObject(DeviceObject); }

static BOOLEAN IopIsDeviceOf(PDEVICE_OBJECT Device, PDRIVER_OBJECT Driver)
{
    return (ULONG_PTR)Device->Operations - (ULONG_PTR)Driver->DriverStart < Driver->DriverSize;
}

/* A name alone is one reference; every open file and everybody who looked the device up adds one. */
BOOLEAN IopIsDriverBusy(PDRIVER_OBJECT Driver)
{
    for (PLIST_ENTRY Entry = IopDevices.Flink; Entry != &IopDevices; Entry = Entry->Flink) {
        PDEVICE_OBJECT Device = CONTAINING_RECORD(Entry, DEVICE_OBJECT, AllDevices);

        if (IopIsDeviceOf(Device, Driver) && OBJECT_TO_OBJECT_HEADER(Device)->PointerCount > 1)
            return TRUE;
    }
    return FALSE;
}

VOID IopDeleteDriverDevices(PDRIVER_OBJECT Driver)
{
    for (PLIST_ENTRY Entry = IopDevices.Flink, Next; Entry != &IopDevices; Entry = Next) {
        PDEVICE_OBJECT Device = CONTAINING_RECORD(Entry, DEVICE_OBJECT, AllDevices);

        Next = Entry->Flink;
        if (IopIsDeviceOf(Device, Driver))
            IoDeleteDevice(Device);
    }
}

struct _EPROCESS *IoGetCurrentProcess(VOID)
{
    return (struct _EPROCESS *)KeGetCurrentProcess();
}
