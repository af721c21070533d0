/* The volumes behind the drive letters: which there are, and how much is free on them. */
#include "smss.h"

BOOLEAN SmpQueryVolume(WCHAR Letter, PULONG64 FreeBytes)
{
    WCHAR Text[] = L"\\??\\?:\\";
    FILE_FS_DEVICE_INFORMATION Device;
    FILE_FS_SIZE_INFORMATION Size;
    UNICODE_STRING Path;
    IO_STATUS_BLOCK Io;
    HANDLE Root;
    NTSTATUS Status;

    Text[4] = Letter;
    RtlInitUnicodeString(&Path, Text);
    if (!NT_SUCCESS(SmpOpenFile(&Path, FILE_READ_ATTRIBUTES, FILE_DIRECTORY_FILE, &Root)))
        return FALSE;
    Status = NtQueryVolumeInformationFile(Root, &Io, &Device, sizeof(Device), FileFsDeviceInformation);
    if (NT_SUCCESS(Status) && Device.Characteristics & FILE_READ_ONLY_DEVICE)
        Status = STATUS_MEDIA_WRITE_PROTECTED;
    if (NT_SUCCESS(Status))
        Status = NtQueryVolumeInformationFile(Root, &Io, &Size, sizeof(Size), FileFsSizeInformation);
    NtClose(Root);
    if (!NT_SUCCESS(Status))
        return FALSE;
    *FreeBytes = (ULONG64)Size.AvailableAllocationUnits.QuadPart * Size.SectorsPerAllocationUnit * Size.BytesPerSector;
    return TRUE;
}

ULONG SmpQueryDriveLetters(VOID)
{
    PROCESS_DEVICEMAP_INFORMATION Map;
    ULONG Letters = 0;
    NTSTATUS Status = NtQueryInformationProcess(NtCurrentProcess(), ProcessDeviceMap, &Map.Query, sizeof(Map.Query),
                                                NULL);

    if (!NT_SUCCESS(Status))
        return 0;
    for (ULONG i = 0; i < 26; i++) {
        ULONG64 Free;

        if (Map.Query.DriveMap & 1u << i && Map.Query.DriveType[i] == DOSDEVICE_DRIVE_FIXED &&
            SmpQueryVolume((WCHAR)(L'A' + i), &Free))
            Letters |= 1u << i;
    }
    return Letters;
}
