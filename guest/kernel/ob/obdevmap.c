/* Device maps: what `\??` means to a process. */
#include "obp.h"

VOID ObSetDeviceMap(PEPROCESS Process, POBJECT_DIRECTORY Directory)
{
    POBJECT_DIRECTORY Old = Process->DeviceMap;

    if (Directory != NULL)
        ObReferenceObject(Directory);
    Process->DeviceMap = Directory;
    if (Old != NULL)
        ObDereferenceObject(Old);
}

ULONG ObQueryDriveMap(PEPROCESS Process)
{
    WCHAR Drive[] = L"A:";
    UNICODE_STRING Name = RTL_CONSTANT_STRING(Drive);
    ULONG Map = 0;

    for (ULONG Letter = 0; Letter < 26; Letter++) {
        Drive[0] = (WCHAR)(L'A' + Letter);
        if ((Process->DeviceMap != NULL && ObpLookupDirectoryEntry(Process->DeviceMap, &Name) != NULL) ||
            ObpLookupDirectoryEntry(ObpGlobalDosDevicesDirectory, &Name) != NULL)
            Map |= 1u << Letter;
    }
    return Map;
}
