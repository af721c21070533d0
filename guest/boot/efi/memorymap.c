/* The firmware's memory: pages for the loader, and in the end all of it. */
#include "efiload.h"

#define MAP_PAGES 16

static EFI_MEMORY_DESCRIPTOR *Map;
static ULONG64 MapSize, MapEntry;

PVOID EfiAllocate(ULONG64 Size)
{
    EFI_PHYSICAL_ADDRESS Address;

    if (EFI_ERROR(EfiSystem->BootServices->AllocatePages(AllocateAnyPages, EfiLoaderData, BOOT_PAGE_UP(Size) / BOOT_PAGE,
                                                         &Address)))
        BootFail("out of memory");
    return (PVOID)Address;
}

/* What a boot loader may not keep: everything that firmware needs no longer is RAM like any other. */
static BOOLEAN IsRam(ULONG Type, PBOOLEAN Firmware)
{
    switch (Type) {
    case EfiLoaderCode:
    case EfiLoaderData:
    case EfiBootServicesCode:
    case EfiBootServicesData:
    case EfiConventionalMemory:
        *Firmware = FALSE;
        return TRUE;
    case EfiRuntimeServicesCode:
    case EfiRuntimeServicesData:
    case EfiACPIReclaimMemory:
    case EfiACPIMemoryNVS:
    case EfiPalCode:
        *Firmware = TRUE;
        return TRUE;
    default:
        return FALSE;
    }
}

/* All RAM first, so that neighbours become one range; then what stays the firmware's. */
static VOID Announce(BOOLEAN Reserving)
{
    for (ULONG64 Offset = 0; Offset + MapEntry <= MapSize; Offset += MapEntry) {
        const EFI_MEMORY_DESCRIPTOR *Range = (const EFI_MEMORY_DESCRIPTOR *)((PUCHAR)Map + Offset);
        ULONG64 End = Range->PhysicalStart + Range->NumberOfPages * BOOT_PAGE;
        BOOLEAN Firmware;

        if (!IsRam(Range->Type, &Firmware))
            continue;
        if (!Reserving)
            BootAddMemory(Range->PhysicalStart, End);
        else if (Firmware)
            BootReserve(LoaderFirmware, Range->PhysicalStart, End);
    }
}

/* The map may change between asking for it and leaving: then once more. */
VOID EfiExitBootServices(VOID)
{
    Map = EfiAllocate(MAP_PAGES * BOOT_PAGE);
    for (ULONG Try = 0;; Try++) {
        ULONG Version;
        ULONG64 Key;

        MapSize = MAP_PAGES * BOOT_PAGE;
        if (Try == 8 || EFI_ERROR(EfiSystem->BootServices->GetMemoryMap(&MapSize, Map, &Key, &MapEntry, &Version)) ||
            MapEntry < sizeof(*Map))
            BootFail("the firmware gives no memory map");
        if (!EFI_ERROR(EfiSystem->BootServices->ExitBootServices(EfiImage, Key)))
            break;
    }
    EfiHasBootServices = FALSE;
    Announce(FALSE);
    Announce(TRUE);
}
