/* What a volume is: sizes, label, file system. */
#include "iop.h"

#define IOP_VOLUME_REPLY 128u

typedef struct _IOP_REPLY {
    ULONG Size;                 /* of the whole answer */
    ULONG Least;                /* less room than this is an error; between the two the text is cut */
    DECLSPEC_ALIGN(8) UCHAR Data[IOP_VOLUME_REPLY];
} IOP_REPLY, *PIOP_REPLY;

/* Text behind a fixed part. */
static VOID IopReplyText(PIOP_REPLY Reply, ULONG Offset, PCWSTR Text, PULONG Length)
{
    *Length = (ULONG)(wcslen(Text) * sizeof(WCHAR));
    RtlCopyMemory(Reply->Data + Offset, Text, *Length);
    Reply->Least = Offset;
    Reply->Size = Offset + *Length;
}

static VOID IopReplySizes(PIOP_REPLY Reply, FS_INFORMATION_CLASS Class, const IO_VOLUME_ATTRIBUTES *Attributes)
{
    PFILE_FS_SIZE_INFORMATION Size = (PVOID)Reply->Data;
    PFILE_FS_FULL_SIZE_INFORMATION Full = (PVOID)Reply->Data;

    if (Class == FileFsSizeInformation) {
        Size->TotalAllocationUnits.QuadPart = (LONGLONG)Attributes->TotalClusters;
        Size->AvailableAllocationUnits.QuadPart = (LONGLONG)Attributes->FreeClusters;
        Size->SectorsPerAllocationUnit = Attributes->SectorsPerCluster;
        Size->BytesPerSector = Attributes->BytesPerSector;
        Reply->Size = Reply->Least = sizeof *Size;
        return;
    }
    Full->TotalAllocationUnits.QuadPart = (LONGLONG)Attributes->TotalClusters;
    Full->CallerAvailableAllocationUnits.QuadPart = (LONGLONG)Attributes->FreeClusters;
    Full->ActualAvailableAllocationUnits.QuadPart = (LONGLONG)Attributes->FreeClusters;
    Full->SectorsPerAllocationUnit = Attributes->SectorsPerCluster;
    Full->BytesPerSector = Attributes->BytesPerSector;
    Reply->Size = Reply->Least = sizeof *Full;
}

static NTSTATUS IopReplyDevice(PFILE_OBJECT File, PIOP_REPLY Reply)
{
    PFILE_FS_DEVICE_INFORMATION Device = (PVOID)Reply->Data;

    Device->DeviceType = File->DeviceObject->DeviceType;
    Device->Characteristics = File->DeviceObject->Characteristics;
    Reply->Size = Reply->Least = sizeof *Device;
    return STATUS_SUCCESS;
}

static NTSTATUS IopAskVolume(PFILE_OBJECT File, FS_INFORMATION_CLASS Class, PIOP_REPLY Reply)
{
    PFILE_FS_VOLUME_INFORMATION Volume = (PVOID)Reply->Data;
    PFILE_FS_ATTRIBUTE_INFORMATION System = (PVOID)Reply->Data;
    IO_VOLUME_ATTRIBUTES Attributes = { 0 };
    ULONG Length;
    NTSTATUS Status;

    if (Class == FileFsDeviceInformation)
        return IopReplyDevice(File, Reply);
    if (File->Operations->QueryVolume == NULL)
        return STATUS_INVALID_DEVICE_REQUEST;
    Status = File->Operations->QueryVolume(File, &Attributes);
    if (!NT_SUCCESS(Status))
        return Status;
    switch (Class) {
    case FileFsVolumeInformation:
        Volume->VolumeSerialNumber = Attributes.SerialNumber;
        IopReplyText(Reply, FIELD_OFFSET(FILE_FS_VOLUME_INFORMATION, VolumeLabel), Attributes.Label, &Length);
        Volume->VolumeLabelLength = Length;
        return STATUS_SUCCESS;
    case FileFsAttributeInformation:
        System->FileSystemAttributes = Attributes.FileSystemAttributes;
        System->MaximumComponentNameLength = 255;
        IopReplyText(Reply, FIELD_OFFSET(FILE_FS_ATTRIBUTE_INFORMATION, FileSystemName), Attributes.FileSystemName, &Length);
        System->FileSystemNameLength = Length;
        return STATUS_SUCCESS;
    default:
        IopReplySizes(Reply, Class, &Attributes);
        return STATUS_SUCCESS;
    }
}

NTSTATUS NTAPI NtQueryVolumeInformationFile(HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock, PVOID FsInformation,
                                            ULONG Length, FS_INFORMATION_CLASS FsInformationClass)
{
    IOP_REPLY Reply = { 0 };
    PFILE_OBJECT File;
    ULONG Given = 0;
    NTSTATUS Status, Stored;

    if (FsInformationClass != FileFsVolumeInformation && FsInformationClass != FileFsSizeInformation &&
        FsInformationClass != FileFsDeviceInformation && FsInformationClass != FileFsAttributeInformation &&
        FsInformationClass != FileFsFullSizeInformation)
        return STATUS_INVALID_INFO_CLASS;
    Status = ObReferenceObjectByHandle(FileHandle, 0, IoFileObjectType, ExGetPreviousMode(), (PVOID *)&File, NULL);
    if (!NT_SUCCESS(Status))
        return Status;
    Status = IopAskVolume(File, FsInformationClass, &Reply);
    ObDereferenceObject(File);
    if (NT_SUCCESS(Status) && Length < Reply.Least)
        return STATUS_INFO_LENGTH_MISMATCH;
    if (NT_SUCCESS(Status)) {
        Given = min(Length, Reply.Size);
        Stored = ExCopyToMode(ExGetPreviousMode(), FsInformation, Reply.Data, Given);
        if (!NT_SUCCESS(Stored))
            return Stored;
        if (Given < Reply.Size)
            Status = STATUS_BUFFER_OVERFLOW;
    }
    return IopComplete(IoStatusBlock, NULL, Status, Given);
}

NTSTATUS NTAPI NtSetVolumeInformationFile(HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock, PVOID FsInformation,
                                          ULONG Length, FS_INFORMATION_CLASS FsInformationClass)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    ULONG Fixed = FIELD_OFFSET(FILE_FS_LABEL_INFORMATION, VolumeLabel), Bytes;
    WCHAR Buffer[33];
    UNICODE_STRING Label = { 0, 0, Buffer };
    PFILE_OBJECT File;
    NTSTATUS Status;

    if (FsInformationClass != FileFsLabelInformation)
        return STATUS_INVALID_INFO_CLASS;
    if (Length < Fixed)
        return STATUS_INFO_LENGTH_MISMATCH;
    Status = ExCopyFromMode(Mode, &Bytes, FsInformation, sizeof Bytes);
    if (NT_SUCCESS(Status) && (Bytes > Length - Fixed || Bytes % sizeof(WCHAR) != 0))
        Status = STATUS_INVALID_PARAMETER;
    else if (NT_SUCCESS(Status) && Bytes > sizeof Buffer)
        Status = STATUS_INVALID_VOLUME_LABEL;
    if (NT_SUCCESS(Status))
        Status = ExCopyFromMode(Mode, Buffer, (PUCHAR)FsInformation + Fixed, Bytes);
    if (!NT_SUCCESS(Status))
        return Status;
    Label.Length = Label.MaximumLength = (USHORT)Bytes;
    Status = ObReferenceObjectByHandle(FileHandle, FILE_WRITE_DATA, IoFileObjectType, Mode, (PVOID *)&File, NULL);
    if (!NT_SUCCESS(Status))
        return Status;
    Status = File->Operations->SetLabel != NULL ? File->Operations->SetLabel(File, &Label) : STATUS_INVALID_DEVICE_REQUEST;
    ObDereferenceObject(File);
    return IopComplete(IoStatusBlock, NULL, Status, 0);
}
