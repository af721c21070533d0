/* The volume's label and its figures. */
#include "fat.h"

static BOOLEAN FatIsLabelEntry(const FAT_DIRENT *Entry)
{
    return Entry->Name[0] != FAT_DELETED && (Entry->Attributes & 0x3F) != FAT_ATTRIBUTE_LFN &&
           (Entry->Attributes & (FAT_ATTRIBUTE_LABEL | FILE_ATTRIBUTE_DIRECTORY)) == FAT_ATTRIBUTE_LABEL;
}

/* The slot of the root's label entry; STATUS_NO_MORE_FILES. */
static NTSTATUS FatFindLabel(PVCB Vcb, PULONG Slot, PFAT_DIRENT Label)
{
    FAT_SCAN Scan = { .Directory = Vcb->Root };
    PFAT_DIRENT Entry;
    NTSTATUS Status;

    for (*Slot = 0; NT_SUCCESS(Status = FatScanSlot(&Scan, *Slot, &Entry)) && Entry->Name[0] != 0; ++*Slot)
        if (FatIsLabelEntry(Entry)) {
            *Label = *Entry;
            return STATUS_SUCCESS;
        }
    return NT_SUCCESS(Status) || Status == STATUS_END_OF_FILE ? STATUS_NO_MORE_FILES : Status;
}

NTSTATUS FatReadLabel(PVCB Vcb)
{
    FAT_DIRENT Label;
    ULONG Slot, Length = 11;
    NTSTATUS Status = FatFindLabel(Vcb, &Slot, &Label);

    RtlZeroMemory(Vcb->Label, sizeof Vcb->Label);
    if (Status == STATUS_NO_MORE_FILES)
        return STATUS_SUCCESS;
    if (!NT_SUCCESS(Status))
        return Status;
    while (Length != 0 && Label.Name[Length - 1] == ' ')
        Length--;
    for (ULONG i = 0; i < Length; i++)
        Vcb->Label[i] = Label.Name[i] < 0x80 && Label.Name[i] >= 0x20 ? Label.Name[i] : L'_';
    return STATUS_SUCCESS;
}

/* Eleven characters, upper case, of those that a short name may have and blanks between. */
static NTSTATUS FatEncodeLabel(PCUNICODE_STRING Label, PUCHAR Name)
{
    UCHAR Short[11];

    RtlFillMemory(Name, 11, ' ');
    if (Label->Length > 11 * sizeof(WCHAR))
        return STATUS_INVALID_VOLUME_LABEL;
    for (ULONG i = 0; i < Label->Length / sizeof(WCHAR); i++) {
        WCHAR Upper = RtlUpcaseUnicodeChar(Label->Buffer[i]);
        UNICODE_STRING One = { sizeof Upper, sizeof Upper, &Upper };

        if (!(Upper == L' ' && i != 0) && !FatIsShortName(&One, Short))
            return STATUS_INVALID_VOLUME_LABEL;
        Name[i] = (UCHAR)Upper;
    }
    return STATUS_SUCCESS;
}

static NTSTATUS FatWriteLabel(PVCB Vcb, const UCHAR *Name, BOOLEAN Empty)
{
    FAT_DIRENT Entry = { .Attributes = FAT_ATTRIBUTE_LABEL };
    ULONG Slot;
    NTSTATUS Status = FatFindLabel(Vcb, &Slot, &Entry);

    if (Status == STATUS_NO_MORE_FILES && Empty)
        return STATUS_SUCCESS;
    if (Status == STATUS_NO_MORE_FILES) {
        RtlCopyMemory(Entry.Name, Name, 11);
        Status = FatAddSlot(Vcb->Root, &Entry, &Slot);
    }
    if (!NT_SUCCESS(Status))
        return Status;
    RtlCopyMemory(Entry.Name, Name, 11);
    FatStampWrite(&Entry);
    Entry.Attributes = FAT_ATTRIBUTE_LABEL;
    if (Empty)
        Entry.Name[0] = FAT_DELETED;
    return FatChangeSlot(Vcb->Root, Slot, &Entry);
}

NTSTATUS FatSetLabel(PFILE_OBJECT File, PCUNICODE_STRING Label)
{
    PVCB Vcb = IoVolumeVcb(File->DeviceObject);
    UCHAR Name[11];
    NTSTATUS Status = FatEncodeLabel(Label, Name);

    if (NT_SUCCESS(Status))
        Status = FatBegin(Vcb, 1);
    if (!NT_SUCCESS(Status))
        return Status;
    Status = FatEnd(Vcb, FatWriteLabel(Vcb, Name, Label->Length == 0));
    if (!NT_SUCCESS(Status)) {
        FatDropExtents(Vcb->Root);
        return Status;
    }
    return FatReadLabel(Vcb);
}

NTSTATUS FatQueryVolume(PFILE_OBJECT File, PIO_VOLUME_ATTRIBUTES Attributes)
{
    PVCB Vcb = IoVolumeVcb(File->DeviceObject);
    ULONG Free;
    NTSTATUS Status = FatQueryFree(Vcb, &Free);

    if (!NT_SUCCESS(Status))
        return Status;
    RtlZeroMemory(Attributes, sizeof *Attributes);
    Attributes->TotalClusters = Vcb->ClusterCount;
    Attributes->FreeClusters = Free;
    Attributes->SectorsPerCluster = Vcb->SectorsPerCluster;
    Attributes->BytesPerSector = FAT_SECTOR;
    Attributes->SerialNumber = Vcb->SerialNumber;
    Attributes->FileSystemAttributes = FILE_CASE_PRESERVED_NAMES | FILE_UNICODE_ON_DISK |
                                       (Vcb->ReadOnly ? FILE_READ_ONLY_VOLUME : 0);
    RtlCopyMemory(Attributes->Label, Vcb->Label, sizeof Vcb->Label);
    wcscpy(Attributes->FileSystemName, L"FAT32");
    return STATUS_SUCCESS;
}
