/* The files of a hive: the primary and its two logs. */
#include "cmp.h"
#include "io.h"

#define CMP_LARGEST_FILE (HV_MAXIMUM_LENGTH / 4)

typedef struct _CMP_FILES {
    PFILE_OBJECT File[HvFiles];
    UNICODE_STRING Path;                /* as opened */
} CMP_FILES;

static const PCWSTR CmpExtensions[HvFiles] = { L"", L".LOG1", L".LOG2" };

static NTSTATUS CmpOpenFile(PCMP_FILES Files, HV_FILE File, ACCESS_MASK Access, ULONG Disposition)
{
    IO_CREATE_PARAMETERS Parameters = { 0 };
    UNICODE_STRING Name;
    NTSTATUS Status;

    Name.Length = 0;
    Name.MaximumLength = Files->Path.Length + 8 * sizeof(WCHAR);
    Name.Buffer = ExAllocatePoolWithTag(PagedPool, Name.MaximumLength, CMP_TAG);
    if (Name.Buffer == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlAppendUnicodeStringToString(&Name, &Files->Path);
    RtlAppendUnicodeToString(&Name, CmpExtensions[File]);
    Parameters.DesiredAccess = Access;
    Parameters.Disposition = Disposition;
    Parameters.Options = FILE_NON_DIRECTORY_FILE | FILE_SYNCHRONOUS_IO_NONALERT;
    Parameters.FileAttributes = FILE_ATTRIBUTE_NORMAL;
    if ((Access & FILE_WRITE_DATA) == 0)
        Parameters.ShareAccess = FILE_SHARE_READ;
    Status = IoCreateFileEx2(&Name, &Parameters, &Files->File[File]);
    ExFreePoolWithTag(Name.Buffer, CMP_TAG);
    return Status;
}

NTSTATUS CmpOpenFiles(PCUNICODE_STRING Path, PCMP_FILES *Opened, PBOOLEAN Writable)
{
    ACCESS_MASK Access = FILE_READ_DATA | FILE_WRITE_DATA | SYNCHRONIZE;
    PCMP_FILES Files = ExAllocatePoolWithTag(PagedPool, sizeof *Files, CMP_TAG);
    NTSTATUS Status;

    if (Files == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    Status = ExCaptureUnicodeString(KernelMode, &Files->Path, Path);
    if (NT_SUCCESS(Status))
        Status = CmpOpenFile(Files, HvPrimary, Access, FILE_OPEN);
    *Writable = NT_SUCCESS(Status);
    if (Status == STATUS_MEDIA_WRITE_PROTECTED || Status == STATUS_ACCESS_DENIED) {
        Access = FILE_READ_DATA | SYNCHRONIZE;
        Status = CmpOpenFile(Files, HvPrimary, Access, FILE_OPEN);
    }
    for (HV_FILE Log = HvLog1; NT_SUCCESS(Status) && Log < HvFiles; Log++) {
        Status = CmpOpenFile(Files, Log, Access, FILE_OPEN);
        if (Status == STATUS_OBJECT_NAME_NOT_FOUND || Status == STATUS_NO_SUCH_FILE)
            Status = STATUS_SUCCESS;
    }
    if (!NT_SUCCESS(Status)) {
        CmpCloseFiles(Files);
        return Status;
    }
    *Opened = Files;
    return STATUS_SUCCESS;
}

NTSTATUS CmpReadFile(PCMP_FILES Files, HV_FILE File, PVOID *Data, PSIZE_T Size)
{
    IO_FILE_ATTRIBUTES Attributes;
    ULONG Done = 0;
    NTSTATUS Status;

    *Data = NULL;
    *Size = 0;
    if (Files->File[File] == NULL)
        return STATUS_SUCCESS;
    Status = IoQueryFileAttributes(Files->File[File], &Attributes);
    if (!NT_SUCCESS(Status))
        return Status;
    if (Attributes.EndOfFile > CMP_LARGEST_FILE)
        return STATUS_REGISTRY_CORRUPT;
    *Data = ExAllocatePoolWithTag(PagedPool, (SIZE_T)Attributes.EndOfFile + 1, CMP_TAG);
    if (*Data == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    if (Attributes.EndOfFile != 0)
        Status = IoReadFile(Files->File[File], 0, *Data, (ULONG)Attributes.EndOfFile, &Done);
    if (!NT_SUCCESS(Status) || Done != Attributes.EndOfFile) {
        ExFreePoolWithTag(*Data, CMP_TAG);
        *Data = NULL;
        return NT_SUCCESS(Status) ? STATUS_END_OF_FILE : Status;
    }
    *Size = Done;
    return STATUS_SUCCESS;
}

NTSTATUS CmpGetFilePath(PCMP_FILES Files, PUNICODE_STRING Path)
{
    PFILE_OBJECT File = Files->File[HvPrimary];
    UNICODE_STRING Device;
    NTSTATUS Status = ObGetObjectPath(File->DeviceObject, &Device);

    if (!NT_SUCCESS(Status))
        return Status;
    Path->Length = 0;
    Path->MaximumLength = Device.Length + File->FileName.Length + sizeof(WCHAR);
    Path->Buffer = ExAllocatePoolWithTag(PagedPool, Path->MaximumLength, CMP_TAG);
    if (Path->Buffer != NULL) {
        RtlAppendUnicodeStringToString(Path, &Device);
        RtlAppendUnicodeStringToString(Path, &File->FileName);
    }
    ObFreeObjectPath(&Device);
    return Path->Buffer != NULL ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

VOID CmpCloseFiles(PCMP_FILES Files)
{
    for (HV_FILE File = HvPrimary; File < HvFiles; File++) {
        if (Files->File[File] != NULL)
            ObDereferenceObject(Files->File[File]);
    }
    ExFreeCapturedString(&Files->Path);
    ExFreePoolWithTag(Files, CMP_TAG);
}

/* Both logs come with the first write to one: a hive that was written has them. */
static NTSTATUS CmpMakeLogs(PCMP_FILES Files)
{
    NTSTATUS Status = STATUS_SUCCESS;

    for (HV_FILE Log = HvLog1; NT_SUCCESS(Status) && Log < HvFiles; Log++) {
        if (Files->File[Log] == NULL)
            Status = CmpOpenFile(Files, Log, FILE_READ_DATA | FILE_WRITE_DATA | SYNCHRONIZE, FILE_OPEN_IF);
    }
    return Status;
}

static NTSTATUS CmpWriteFile(PVOID Context, HV_FILE File, ULONG64 Offset, const VOID *Buffer, ULONG Length)
{
    PCMP_FILES Files = Context;
    ULONG Done = 0;
    NTSTATUS Status = File != HvPrimary ? CmpMakeLogs(Files) : STATUS_SUCCESS;

    if (NT_SUCCESS(Status))
        Status = IoWriteFile(Files->File[File], Offset, Buffer, Length, &Done);
    if (NT_SUCCESS(Status) && Done != Length)
        Status = STATUS_DISK_FULL;
    return Status;
}

static NTSTATUS CmpSetFileSize(PVOID Context, HV_FILE File, ULONG64 Size)
{
    return IoSetEndOfFile(((PCMP_FILES)Context)->File[File], Size);
}

static NTSTATUS CmpFlushFile(PVOID Context, HV_FILE File)
{
    return IoFlushFile(((PCMP_FILES)Context)->File[File]);
}

const HV_FILE_OPERATIONS CmpFileOperations = { CmpWriteFile, CmpSetFileSize, CmpFlushFile };
