/* Drivers: the Driver type, loading, starting and unloading, and those that start with the system. */
#include "iop.h"
#include "diskp.h"

POBJECT_TYPE IoDriverObjectType;

typedef struct _IOP_DRIVER {
    DRIVER_OBJECT Object;
    LIST_ENTRY Entry;                   /* IopDrivers */
} IOP_DRIVER, *PIOP_DRIVER;

static LIST_ENTRY IopDrivers = { &IopDrivers, &IopDrivers };

static VOID NTAPI IopDeleteDriver(PVOID Object)
{
    PIOP_DRIVER Driver = Object;

    if (Driver->Entry.Flink != NULL)
        RemoveEntryList(&Driver->Entry);
    if (Driver->Object.DriverName.Buffer != NULL)
        ExFreePool(Driver->Object.DriverName.Buffer);
}

NTSTATUS IopCreateDriverType(VOID)
{
    static UNICODE_STRING Name = RTL_CONSTANT_STRING(L"Driver");
    OBJECT_TYPE_INITIALIZER Type = {
        .Length = sizeof Type, .PoolType = NonPagedPool, .ValidAccessMask = FILE_ALL_ACCESS,
        .GenericMapping = { FILE_GENERIC_READ, FILE_GENERIC_WRITE, FILE_GENERIC_EXECUTE, FILE_ALL_ACCESS },
        .DeleteProcedure = IopDeleteDriver
    };

    return ObCreateObjectType(&Name, &Type, NULL, &IoDriverObjectType);
}

VOID IopFindDriverName(PVOID Address, PUNICODE_STRING Name)
{
    RtlInitUnicodeString(Name, L"");
    for (PLIST_ENTRY Entry = IopDrivers.Flink; Entry != &IopDrivers; Entry = Entry->Flink) {
        PDRIVER_OBJECT Driver = &CONTAINING_RECORD(Entry, IOP_DRIVER, Entry)->Object;
        PWSTR Last;

        if ((ULONG_PTR)Address - (ULONG_PTR)Driver->DriverStart >= Driver->DriverSize)
            continue;
        Last = wcsrchr(Driver->DriverName.Buffer, OBJ_NAME_PATH_SEPARATOR);
        RtlInitUnicodeString(Name, Last != NULL ? Last + 1 : Driver->DriverName.Buffer);
        return;
    }
}

/* The object for an image that was just loaded, with its name and a reference. */
static NTSTATUS IopCreateDriver(PIOP_SERVICE Service, PVOID Base, PVOID Entry, PIOP_DRIVER *Result)
{
    OBJECT_ATTRIBUTES Attributes;
    PIOP_DRIVER Driver;
    NTSTATUS Status;

    InitializeObjectAttributes(&Attributes, &Service->DriverName, OBJ_PERMANENT | OBJ_CASE_INSENSITIVE, NULL,
                               SePublicDefaultSd);
    Status = ObCreateObject(KernelMode, IoDriverObjectType, &Attributes, KernelMode, NULL, sizeof *Driver, 0, 0,
                            (PVOID *)&Driver);
    if (!NT_SUCCESS(Status))
        return Status;
    RtlZeroMemory(Driver, sizeof *Driver);
    Driver->Object.DriverStart = Base;
    Driver->Object.DriverSize = RtlImageNtHeader(Base)->OptionalHeader.SizeOfImage;
    Driver->Object.DriverInit = (DRIVER_INITIALIZE *)Entry;
    Status = ExCaptureUnicodeString(KernelMode, &Driver->Object.DriverName, &Service->DriverName);
    if (!NT_SUCCESS(Status)) {
        ObDereferenceObject(Driver);
        return Status;
    }
    InsertTailList(&IopDrivers, &Driver->Entry);
    return ObInsertObject(Driver, NULL, 0, 1, (PVOID *)Result, NULL);
}

/* The devices first: their operations are in the image. Drops the caller's reference. */
static VOID IopRemoveDriver(PIOP_DRIVER Driver)
{
    PVOID Base = Driver->Object.DriverStart;

    IopDeleteDriverDevices(&Driver->Object);
    ObMakeTemporaryObject(Driver);
    ObDereferenceObject(Driver);
    MmUnloadSystemImage(Base);
}

NTSTATUS IopLoadDriver(PIOP_SERVICE Service)
{
    PVOID Base, Entry, Existing;
    PIOP_DRIVER Driver;
    NTSTATUS Status;

    if (NT_SUCCESS(ObReferenceObjectByName(&Service->DriverName, OBJ_CASE_INSENSITIVE, NULL, 0, IoDriverObjectType,
                                           KernelMode, NULL, &Existing))) {
        ObDereferenceObject(Existing);
        return STATUS_IMAGE_ALREADY_LOADED;
    }
    Status = MmLoadSystemImage(&Service->ImagePath, FALSE, &Base, &Entry);
    if (!NT_SUCCESS(Status)) {
        ExRecordFact("driver.load-failed", "path=%wZ status=%x", &Service->ImagePath, (ULONG)Status);
        return Status;
    }
    Status = IopCreateDriver(Service, Base, Entry, &Driver);
    if (!NT_SUCCESS(Status)) {
        MmUnloadSystemImage(Base);
        return Status;
    }
    Status = Driver->Object.DriverInit(&Driver->Object, &Service->RegistryPath);
    ExRecordFact("driver.start", "path=%wZ status=%x", &Service->ImagePath, (ULONG)Status);
    if (NT_SUCCESS(Status))
        ObDereferenceObject(Driver);            /* its name keeps it */
    else
        IopRemoveDriver(Driver);
    return Status;
}

/* Only a driver that can be unloaded, and of whose devices nobody has one open. */
NTSTATUS IopUnloadDriver(PIOP_SERVICE Service)
{
    PIOP_DRIVER Driver;
    NTSTATUS Status;

    Status = ObReferenceObjectByName(&Service->DriverName, OBJ_CASE_INSENSITIVE, NULL, 0, IoDriverObjectType, KernelMode,
                                     NULL, (PVOID *)&Driver);
    if (!NT_SUCCESS(Status))
        return Status;
    if (Driver->Object.DriverUnload == NULL)
        Status = STATUS_INVALID_DEVICE_REQUEST;
    else if (IopIsDriverBusy(&Driver->Object))
        Status = STATUS_DEVICE_BUSY;
    if (!NT_SUCCESS(Status)) {
        ObDereferenceObject(Driver);
        return Status;
    }
    Driver->Object.DriverUnload(&Driver->Object);
    ExRecordFact("driver.unload", "path=%wZ", &Service->ImagePath);
    IopRemoveDriver(Driver);
    return STATUS_SUCCESS;
}

/* One that fails is left out: whoever cannot do without it will miss it. */
static VOID IopStartDrivers(ULONG Start)
{
    LIST_ENTRY Services;

    IopFindServices(Start, &Services);
    while (!IsListEmpty(&Services)) {
        PIOP_SERVICE Service = CONTAINING_RECORD(RemoveHeadList(&Services), IOP_SERVICE, Entry);
        NTSTATUS Status = IopLoadDriver(Service);

        if (!NT_SUCCESS(Status))
            DbgPrint("Io: %wZ: 0x%08X\n", &Service->ImagePath, (ULONG)Status);
        IopFreeService(Service);
    }
}

/* Who starts the drivers with Start=1 (C4): by the documents the Session Manager, by other sources the kernel. */
static BOOLEAN IopStartsSystemDrivers(VOID)
{
    CHAR Profile[64];

    return ExCommandLineValue("profile", Profile, sizeof Profile) && strcmp(Profile, "win11/observed") == 0;
}

BOOLEAN IoInitDrivers(PLOADER_PARAMETER_BLOCK LoaderBlock)
{
    UNREFERENCED_PARAMETER(LoaderBlock);
    if (!NT_SUCCESS(IopCreatePermanentDirectory(L"\\Driver")) ||
        !NT_SUCCESS(IopCreatePermanentDirectory(L"\\FileSystem")) ||
        !NT_SUCCESS(IopCreatePermanentDirectory(L"\\ArcName")))
        return FALSE;
    IopStartDrivers(SERVICE_BOOT_START);
    IopStartVolumes();
    if (IopStartsSystemDrivers())
        IopStartDrivers(SERVICE_SYSTEM_START);
    return TRUE;
}
