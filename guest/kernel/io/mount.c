/* File systems: who can mount, what is mounted where, and its orderly end. */
#include "diskp.h"

#define IOP_FILE_SYSTEMS 8

static const IO_FILE_SYSTEM *IopFileSystems[IOP_FILE_SYSTEMS];
static ULONG IopFileSystemCount;
static BOOLEAN IopShutDown;

VOID IoRegisterFileSystem(const IO_FILE_SYSTEM *FileSystem)
{
    if (IopFileSystemCount < IOP_FILE_SYSTEMS)
        IopFileSystems[IopFileSystemCount++] = FileSystem;
    for (PLIST_ENTRY Entry = IopVolumes.Flink; Entry != &IopVolumes; Entry = Entry->Flink)
        CONTAINING_RECORD(Entry, IOP_VOLUME, Entry)->Unrecognized = FALSE;
}

PVOID IoVolumeVcb(PDEVICE_OBJECT Device)
{
    return Device->Vpb != NULL ? Device->Vpb->Vcb : NULL;
}

/* What the file system says of a volume that it has just mounted; a stand-in for an open file asks. */
static VOID IopRecordMount(PIOP_VOLUME Volume)
{
    const IO_FILE_SYSTEM *FileSystem = Volume->Vpb.FileSystem;
    FILE_OBJECT File = { .DeviceObject = Volume->Device, .Operations = FileSystem->Operations };
    IO_VOLUME_ATTRIBUTES Attributes = { 0 };
    UNICODE_STRING Label, System;
    ULONG Dirty = 0, Done, Cluster;
    CHAR Serial[16], Letter[4] = { (CHAR)Volume->Letter, Volume->Letter != 0 ? ':' : 0 };
    WCHAR Path[64];
    UNICODE_STRING Name;

    if (FileSystem->Operations->QueryVolume != NULL)
        FileSystem->Operations->QueryVolume(&File, &Attributes);
    if (FileSystem->Operations->Control != NULL)
        FileSystem->Operations->Control(&File, FSCTL_IS_VOLUME_DIRTY, NULL, 0, &Dirty, sizeof Dirty, &Done);
    snprintf(Serial, sizeof Serial, "%04X-%04X", Attributes.SerialNumber >> 16, Attributes.SerialNumber & 0xFFFF);
    _snwprintf(Path, RTL_NUMBER_OF(Path), L"\\Device\\HarddiskVolume%u", Volume->Number);
    RtlInitUnicodeString(&Name, Path);
    RtlInitUnicodeString(&Label, Attributes.Label);
    RtlInitUnicodeString(&System, Attributes.FileSystemName);
    Cluster = Attributes.SectorsPerCluster * Attributes.BytesPerSector;
    ExRecordFact("volume.mount", "device=%wZ letter=%s filesystem=%wZ serial=%s label=%wZ bytes=%I64u cluster=%u "
                 "free=%I64u dirty=%u journal=%s", &Name, Letter, &System, Serial, &Label, IoVolumeSize(Volume->Device), Cluster,
                 Attributes.FreeClusters * Cluster, (ULONG)((Dirty & VOLUME_IS_DIRTY) != 0),
                 FileSystem->QueryJournal != NULL ? FileSystem->QueryJournal(Volume->Vpb.Vcb) : "none");
}

NTSTATUS IopMountVolume(PIOP_VOLUME Volume)
{
    NTSTATUS Status = STATUS_UNRECOGNIZED_VOLUME;

    if (Volume->Vpb.FileSystem != NULL)
        return STATUS_SUCCESS;
    if (IopShutDown)
        return STATUS_SHUTDOWN_IN_PROGRESS;
    if (Volume->Unrecognized)
        return STATUS_UNRECOGNIZED_VOLUME;
    for (ULONG i = 0; i < IopFileSystemCount && Status == STATUS_UNRECOGNIZED_VOLUME; i++) {
        PVOID Vcb = NULL;

        Status = IopFileSystems[i]->Mount(Volume->Device, &Vcb);
        if (NT_SUCCESS(Status)) {
            Volume->Vpb.FileSystem = IopFileSystems[i];
            Volume->Vpb.Vcb = Vcb;
            IopRecordMount(Volume);
        }
    }
    Volume->Unrecognized = Status == STATUS_UNRECOGNIZED_VOLUME;
    return Status;
}

NTSTATUS IopMountForOpen(PDEVICE_OBJECT Device, PFILE_OBJECT File)
{
    PIOP_VOLUME Volume = Device->DeviceExtension;
    NTSTATUS Status;

    if (!IopIsVolumeDevice(Device) || File->FileName.Length == 0)
        return STATUS_SUCCESS;              /* the device as it is */
    Status = IopMountVolume(Volume);
    if (NT_SUCCESS(Status))
        File->Operations = Volume->Vpb.FileSystem->Operations;
    return Status;
}

/* The file systems put everything on their disks, then the disks on their media; nothing is mounted afterwards. */
VOID IoShutdownSystem(VOID)
{
    if (IopShutDown)
        return;
    IopShutDown = TRUE;
    for (PLIST_ENTRY Entry = IopVolumes.Flink; Entry != &IopVolumes; Entry = Entry->Flink) {
        PIOP_VOLUME Volume = CONTAINING_RECORD(Entry, IOP_VOLUME, Entry);
        WCHAR Path[64];
        UNICODE_STRING Name;
        const IO_FILE_SYSTEM *FileSystem = Volume->Vpb.FileSystem;
        NTSTATUS Status = FileSystem != NULL ? FileSystem->Shutdown(Volume->Vpb.Vcb) : STATUS_SUCCESS;
        NTSTATUS Flushed = IoFlushVolume(Volume->Device);       /* what was written to it raw, too */

        if (FileSystem == NULL)
            continue;
        _snwprintf(Path, RTL_NUMBER_OF(Path), L"\\Device\\HarddiskVolume%u", Volume->Number);
        RtlInitUnicodeString(&Name, Path);
        ExRecordFact("volume.dismount", "device=%wZ clean=%u", &Name, (ULONG)(NT_SUCCESS(Status) && NT_SUCCESS(Flushed)));
    }
    for (PLIST_ENTRY Entry = IopDisks.Flink; Entry != &IopDisks; Entry = Entry->Flink)
        IopFlushDisk(CONTAINING_RECORD(Entry, IOP_DISK, Entry));
}
