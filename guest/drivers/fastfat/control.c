/* The volume under lock and key: FSCTL_LOCK_VOLUME and its kin, which come by opens of the volume itself. */
#include "fat.h"
#include "ps.h"

/* ---- everything anew --------------------------------------------------------------------------------------------- */

/* A node is still the file that its entry names: same name, same kind, same first cluster. */
static BOOLEAN FatIsSame(PFCB Fcb, const FAT_FOUND *Found)
{
    BOOLEAN Directory = (Found->Entry.Attributes & FILE_ATTRIBUTE_DIRECTORY) != 0;

    return Directory == (Fcb->Type == FatDirectory) && FatEntryCluster(&Found->Entry) == Fcb->FirstCluster;
}

static VOID FatInvalidate(PFCB Fcb)
{
    Fcb->Invalid = TRUE;
    FatDropExtents(Fcb);
    for (PLIST_ENTRY Entry = Fcb->Children.Flink; Entry != &Fcb->Children; Entry = Entry->Flink)
        FatInvalidate(CONTAINING_RECORD(Entry, FCB, Sibling));
}

/* Depth is that of the nodes, which no path that was opened exceeds. */
static VOID FatRevalidateBelow(PFCB Directory, PFAT_FOUND Found)
{
    for (PLIST_ENTRY Entry = Directory->Children.Flink; Entry != &Directory->Children; Entry = Entry->Flink) {
        PFCB Fcb = CONTAINING_RECORD(Entry, FCB, Sibling);

        FatDropExtents(Fcb);
        if (!NT_SUCCESS(FatLookup(Directory, &Fcb->Name, Found)) || !FatIsSame(Fcb, Found)) {
            FatInvalidate(Fcb);
            continue;
        }
        Fcb->Entry = Found->Entry;
        Fcb->FirstSlot = Found->FirstSlot;
        Fcb->Slot = Found->Slot;
        FatRevalidateBelow(Fcb, Found);
    }
}

VOID FatRevalidate(PVCB Vcb)
{
    PFAT_FOUND Found = ExAllocatePoolWithTag(PagedPool, sizeof *Found, FAT_TAG);
    NTSTATUS Status = FatReadVolumeFacts(Vcb);

    if (Vcb->Bitmap != NULL)
        ExFreePoolWithTag(Vcb->Bitmap, FAT_TAG);
    Vcb->Bitmap = NULL;
    Vcb->PendingFree = 0;
    FatDropExtents(Vcb->Root);
    Vcb->Root->FirstCluster = Vcb->RootCluster;
    if (!NT_SUCCESS(Status) || Found == NULL || !NT_SUCCESS(FatReadLabel(Vcb)))
        FatInvalidate(Vcb->Root);
    else
        FatRevalidateBelow(Vcb->Root, Found);
    if (Found != NULL)
        ExFreePoolWithTag(Found, FAT_TAG);
}

/* ---- requests ---------------------------------------------------------------------------------------------------- */

static VOID FatRecordLock(PVCB Vcb, PCSTR Event)
{
    PEPROCESS Process = IoGetCurrentProcess();

    ExRecordFact(Event, "device=%wZ pid=%u name=%s", &Vcb->DevicePath, HandleToUlong(Process->UniqueProcessId),
                 Process->ImageFileName);
}

/* A volume that has not been written since it was mounted may be locked although files are open: they only read, and
 * are looked up again afterwards. One that was written must be at rest. */
static NTSTATUS FatLock(PVCB Vcb, PFILE_OBJECT File)
{
    NTSTATUS Status;

    if (Vcb->LockedBy != NULL || (Vcb->WriteEnabled && Vcb->OpenFiles != 0))
        return STATUS_ACCESS_DENIED;
    Status = FatCommit(Vcb);
    if (NT_SUCCESS(Status) && Vcb->WriteEnabled && !Vcb->StaysDirty)
        Status = FatSetDirtyBit(Vcb, FALSE);
    if (NT_SUCCESS(Status))
        Status = IoFlushVolume(Vcb->Volume);
    if (!NT_SUCCESS(Status))
        return Status;
    Vcb->WriteEnabled = FALSE;
    Vcb->LockedBy = File;
    FatRecordLock(Vcb, "volume.lock");
    return STATUS_SUCCESS;
}

static NTSTATUS FatUnlock(PVCB Vcb, PFILE_OBJECT File)
{
    NTSTATUS Status;

    if (Vcb->LockedBy != File)
        return STATUS_NOT_LOCKED;
    Status = IoFlushVolume(Vcb->Volume);
    FatRevalidate(Vcb);
    Vcb->LockedBy = NULL;
    FatRecordLock(Vcb, "volume.unlock");
    return Status;
}

/* The volume is mounted as long as the system runs; what NT calls dismounted is a volume whose open files are gone. */
static NTSTATUS FatDismount(PVCB Vcb, PFILE_OBJECT File)
{
    NTSTATUS Status;

    if (Vcb->LockedBy != File)
        return STATUS_ACCESS_DENIED;
    Status = IoFlushVolume(Vcb->Volume);
    for (PLIST_ENTRY Entry = Vcb->Root->Children.Flink; Entry != &Vcb->Root->Children; Entry = Entry->Flink)
        FatInvalidate(CONTAINING_RECORD(Entry, FCB, Sibling));
    return Status;
}

static NTSTATUS FatIsDirty(PVCB Vcb, PVOID Output, ULONG OutputLength, PULONG Done)
{
    BOOLEAN Dirty;
    ULONG Flags;
    NTSTATUS Status;

    if (OutputLength < sizeof Flags)
        return STATUS_BUFFER_TOO_SMALL;
    Status = FatQueryDirtyBit(Vcb, &Dirty);
    /* The bit of who writes right now says nothing about what the volume was like. */
    Flags = Vcb->StaysDirty || (Dirty && !Vcb->WriteEnabled) ? VOLUME_IS_DIRTY : 0;
    RtlCopyMemory(Output, &Flags, sizeof Flags);
    *Done = sizeof Flags;
    return Status;
}

static NTSTATUS FatMarkDirty(PVCB Vcb)
{
    NTSTATUS Status = FatEnableWrites(Vcb);

    if (NT_SUCCESS(Status))
        Vcb->StaysDirty = TRUE;
    return Status;
}

NTSTATUS FatControl(PFILE_OBJECT File, ULONG Code, const VOID *Input, ULONG InputLength, PVOID Output,
                    ULONG OutputLength, PULONG Done)
{
    PVCB Vcb = IoVolumeVcb(File->DeviceObject);

    UNREFERENCED_PARAMETER(Input);
    UNREFERENCED_PARAMETER(InputLength);
    *Done = 0;
    if (Code == FSCTL_IS_VOLUME_DIRTY)
        return FatIsDirty(Vcb, Output, OutputLength, Done);
    if (File->FsContext != NULL)        /* a file: the others are for the volume's own opens */
        return STATUS_INVALID_PARAMETER;
    switch (Code) {
    case FSCTL_LOCK_VOLUME:
        return FatLock(Vcb, File);
    case FSCTL_UNLOCK_VOLUME:
        return FatUnlock(Vcb, File);
    case FSCTL_DISMOUNT_VOLUME:
        return FatDismount(Vcb, File);
    case FSCTL_MARK_VOLUME_DIRTY:
        return FatMarkDirty(Vcb);
    default:
        return STATUS_INVALID_DEVICE_REQUEST;
    }
}
