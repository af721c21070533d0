/* The disk that the loader was started from: its own volume, and the one with Windows on it. */
#include "efiload.h"

static const EFI_GUID LoadedImageGuid = EFI_LOADED_IMAGE_GUID;
static const EFI_GUID DevicePathGuid = EFI_DEVICE_PATH_GUID;
static const EFI_GUID FileSystemGuid = EFI_FILE_SYSTEM_GUID;

static PVOID Protocol(EFI_HANDLE Handle, const EFI_GUID *Guid)
{
    PVOID Interface = NULL;

    return EFI_ERROR(EfiSystem->BootServices->HandleProtocol(Handle, Guid, &Interface)) ? NULL : Interface;
}

/* The partition at the end of a volume's device path; what is before it, *Length bytes, is the disk's own path. */
static const EFI_HARD_DRIVE_PATH *FindPartition(const EFI_DEVICE_PATH *Path, PULONG Length)
{
    const UCHAR *Node = (const UCHAR *)Path;

    for (;;) {
        const EFI_DEVICE_PATH *Header = (const EFI_DEVICE_PATH *)Node;
        ULONG Size = Header->Length[0] | (ULONG)Header->Length[1] << 8;

        if (Header->Type == EFI_PATH_END || Size < sizeof(*Header))
            return NULL;
        if (Header->Type == EFI_PATH_MEDIA && Header->SubType == EFI_PATH_HARD_DRIVE &&
            Size >= sizeof(EFI_HARD_DRIVE_PATH)) {
            *Length = (ULONG)(Node - (const UCHAR *)Path);
            return (const EFI_HARD_DRIVE_PATH *)Node;
        }
        Node += Size;
    }
}

/* As everybody writes GUIDs: the first three numbers are little-endian on the disk. */
static VOID WriteGuid(const UCHAR *Guid, PCHAR Text)
{
    static const UCHAR Order[16] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };
    static const CHAR Digits[] = "0123456789abcdef";

    for (ULONG i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *Text++ = '-';
        *Text++ = Digits[Guid[Order[i]] >> 4];
        *Text++ = Digits[Guid[Order[i]] & 15];
    }
    *Text = 0;
}

static EFI_FILE *OpenRoot(EFI_HANDLE Handle)
{
    EFI_FILE_SYSTEM *FileSystem = Protocol(Handle, &FileSystemGuid);
    EFI_FILE *Root;

    return FileSystem == NULL || EFI_ERROR(FileSystem->OpenVolume(FileSystem, &Root)) ? NULL : Root;
}

static BOOLEAN HasKernel(EFI_FILE *Root)
{
    EFI_FILE *Kernel = EfiOpenFile(Root, "Windows/System32/ntoskrnl.exe");

    if (Kernel != NULL)
        Kernel->Close(Kernel);
    return Kernel != NULL;
}

/* Is the volume on the disk with this path? Then, with a kernel on it, it is the system volume. */
static BOOLEAN TryVolume(EFI_HANDLE Handle, const EFI_DEVICE_PATH *Disk, ULONG DiskLength, EFI_VOLUMES *Volumes)
{
    const EFI_DEVICE_PATH *Path = Protocol(Handle, &DevicePathGuid);
    ULONG Length = 0;
    const EFI_HARD_DRIVE_PATH *Partition = Path ? FindPartition(Path, &Length) : NULL;
    EFI_FILE *Root;

    if (Partition == NULL || Partition->SignatureType != EFI_SIGNATURE_GUID || Length != DiskLength ||
        __builtin_memcmp(Path, Disk, Length) != 0)
        return FALSE;
    Root = OpenRoot(Handle);
    if (Root == NULL || !HasKernel(Root))
        return FALSE;
    Volumes->System = Root;
    WriteGuid(Partition->Signature, Volumes->SystemGuid);
    return TRUE;
}

VOID EfiFindVolumes(EFI_VOLUMES *Volumes)
{
    EFI_LOADED_IMAGE *Loaded = Protocol(EfiImage, &LoadedImageGuid);
    const EFI_DEVICE_PATH *Path = Loaded ? Protocol(Loaded->DeviceHandle, &DevicePathGuid) : NULL;
    EFI_HANDLE *Handles;
    ULONG Length = 0;
    ULONG64 Count;

    if (Path == NULL || FindPartition(Path, &Length) == NULL)
        BootFail("the loader does not come from a partition of a disk");
    Volumes->Boot = OpenRoot(Loaded->DeviceHandle);
    if (Volumes->Boot == NULL)
        BootFail("the firmware cannot read the EFI system partition");
    if (EFI_ERROR(EfiSystem->BootServices->LocateHandleBuffer(ByProtocol, &FileSystemGuid, NULL, &Count, &Handles)))
        BootFail("the firmware has no file systems");
    for (ULONG64 i = 0; i < Count; i++)
        if (TryVolume(Handles[i], Path, Length, Volumes))
            return;
    BootFail("no volume of this disk has \\Windows\\System32\\ntoskrnl.exe");
}
