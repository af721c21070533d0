/* The part of UEFI 2.x that the loader uses. Members that it does not call are there for their place alone. */
#pragma once

#include <ntdef.h>

typedef ULONG64 EFI_STATUS, EFI_PHYSICAL_ADDRESS;
typedef PVOID EFI_HANDLE;
typedef GUID EFI_GUID;

#define EFI_SUCCESS        0ull
#define EFI_ERROR(Status)  ((Status) >> 63)

typedef struct _EFI_TABLE_HEADER {
    ULONG64 Signature;
    ULONG Revision, HeaderSize, Crc32, Reserved;
} EFI_TABLE_HEADER;

typedef struct _EFI_TEXT_OUTPUT {
    PVOID Reset;
    EFI_STATUS (*OutputString)(struct _EFI_TEXT_OUTPUT *This, const WCHAR *String);
} EFI_TEXT_OUTPUT;

typedef enum _EFI_MEMORY_TYPE {
    EfiReservedMemoryType,
    EfiLoaderCode,
    EfiLoaderData,
    EfiBootServicesCode,
    EfiBootServicesData,
    EfiRuntimeServicesCode,
    EfiRuntimeServicesData,
    EfiConventionalMemory,
    EfiUnusableMemory,
    EfiACPIReclaimMemory,
    EfiACPIMemoryNVS,
    EfiMemoryMappedIO,
    EfiMemoryMappedIOPortSpace,
    EfiPalCode
} EFI_MEMORY_TYPE;

typedef struct _EFI_MEMORY_DESCRIPTOR {
    ULONG Type;
    ULONG Pad;
    EFI_PHYSICAL_ADDRESS PhysicalStart;
    ULONG64 VirtualStart, NumberOfPages, Attribute;
} EFI_MEMORY_DESCRIPTOR;

typedef enum _EFI_ALLOCATE_TYPE { AllocateAnyPages, AllocateMaxAddress, AllocateAddress } EFI_ALLOCATE_TYPE;
typedef enum _EFI_LOCATE_SEARCH_TYPE { AllHandles, ByRegisterNotify, ByProtocol } EFI_LOCATE_SEARCH_TYPE;
typedef enum _EFI_RESET_TYPE { EfiResetCold, EfiResetWarm, EfiResetShutdown } EFI_RESET_TYPE;

typedef struct _EFI_BOOT_SERVICES {
    EFI_TABLE_HEADER Hdr;
    PVOID RaiseTPL, RestoreTPL;
    EFI_STATUS (*AllocatePages)(EFI_ALLOCATE_TYPE Type, EFI_MEMORY_TYPE Memory, ULONG64 Pages,
                                EFI_PHYSICAL_ADDRESS *Address);
    PVOID FreePages;
    EFI_STATUS (*GetMemoryMap)(ULONG64 *Size, EFI_MEMORY_DESCRIPTOR *Map, ULONG64 *Key, ULONG64 *DescriptorSize,
                               ULONG *DescriptorVersion);
    PVOID AllocatePool, FreePool;
    PVOID CreateEvent, SetTimer, WaitForEvent, SignalEvent, CloseEvent, CheckEvent;
    PVOID InstallProtocolInterface, ReinstallProtocolInterface, UninstallProtocolInterface;
    EFI_STATUS (*HandleProtocol)(EFI_HANDLE Handle, const EFI_GUID *Protocol, PVOID *Interface);
    PVOID Reserved, RegisterProtocolNotify, LocateHandle, LocateDevicePath, InstallConfigurationTable;
    PVOID LoadImage, StartImage, Exit, UnloadImage;
    EFI_STATUS (*ExitBootServices)(EFI_HANDLE Image, ULONG64 Key);
    PVOID GetNextMonotonicCount, Stall, SetWatchdogTimer, ConnectController, DisconnectController;
    PVOID OpenProtocol, CloseProtocol, OpenProtocolInformation, ProtocolsPerHandle;
    EFI_STATUS (*LocateHandleBuffer)(EFI_LOCATE_SEARCH_TYPE Search, const EFI_GUID *Protocol, PVOID Key,
                                     ULONG64 *Count, EFI_HANDLE **Handles);
} EFI_BOOT_SERVICES;
C_ASSERT(offsetof(EFI_BOOT_SERVICES, HandleProtocol) == 152 && offsetof(EFI_BOOT_SERVICES, ExitBootServices) == 232 &&
         offsetof(EFI_BOOT_SERVICES, LocateHandleBuffer) == 312);

typedef struct _EFI_RUNTIME_SERVICES {
    EFI_TABLE_HEADER Hdr;
    PVOID GetTime, SetTime, GetWakeupTime, SetWakeupTime, SetVirtualAddressMap, ConvertPointer;
    PVOID GetVariable, GetNextVariableName, SetVariable, GetNextHighMonotonicCount;
    VOID (*ResetSystem)(EFI_RESET_TYPE Type, EFI_STATUS Status, ULONG64 DataSize, PVOID Data);
} EFI_RUNTIME_SERVICES;

typedef struct _EFI_CONFIGURATION_TABLE {
    EFI_GUID VendorGuid;
    PVOID VendorTable;
} EFI_CONFIGURATION_TABLE;

typedef struct _EFI_SYSTEM_TABLE {
    EFI_TABLE_HEADER Hdr;
    WCHAR *FirmwareVendor;
    ULONG FirmwareRevision;
    EFI_HANDLE ConsoleInHandle;
    PVOID ConIn;
    EFI_HANDLE ConsoleOutHandle;
    EFI_TEXT_OUTPUT *ConOut;
    EFI_HANDLE StandardErrorHandle;
    PVOID StdErr;
    EFI_RUNTIME_SERVICES *RuntimeServices;
    EFI_BOOT_SERVICES *BootServices;
    ULONG64 NumberOfTableEntries;
    EFI_CONFIGURATION_TABLE *ConfigurationTable;
} EFI_SYSTEM_TABLE;
C_ASSERT(offsetof(EFI_SYSTEM_TABLE, ConOut) == 64 && offsetof(EFI_SYSTEM_TABLE, ConfigurationTable) == 112);

typedef struct _EFI_LOADED_IMAGE {
    ULONG Revision;
    EFI_HANDLE ParentHandle;
    EFI_SYSTEM_TABLE *SystemTable;
    EFI_HANDLE DeviceHandle;
} EFI_LOADED_IMAGE;
C_ASSERT(offsetof(EFI_LOADED_IMAGE, DeviceHandle) == 24);

typedef struct _EFI_DEVICE_PATH { UCHAR Type, SubType, Length[2]; } EFI_DEVICE_PATH;
#define EFI_PATH_MEDIA      4
#define EFI_PATH_HARD_DRIVE 1
#define EFI_PATH_END        0x7F

/* A partition: the media device path's first kind. */
typedef struct __attribute__((packed)) _EFI_HARD_DRIVE_PATH {
    EFI_DEVICE_PATH Header;
    ULONG PartitionNumber;
    ULONG64 PartitionStart, PartitionSize;
    UCHAR Signature[16];
    UCHAR PartitionFormat, SignatureType;
} EFI_HARD_DRIVE_PATH;
C_ASSERT(sizeof(EFI_HARD_DRIVE_PATH) == 42);
#define EFI_SIGNATURE_GUID  2

#define EFI_FILE_MODE_READ  1ull
typedef struct _EFI_FILE {
    ULONG64 Revision;
    EFI_STATUS (*Open)(struct _EFI_FILE *This, struct _EFI_FILE **File, const WCHAR *Name, ULONG64 Mode,
                       ULONG64 Attributes);
    EFI_STATUS (*Close)(struct _EFI_FILE *This);
    PVOID Delete;
    EFI_STATUS (*Read)(struct _EFI_FILE *This, ULONG64 *Size, PVOID Buffer);
    PVOID Write;
    EFI_STATUS (*GetPosition)(struct _EFI_FILE *This, ULONG64 *Position);
    EFI_STATUS (*SetPosition)(struct _EFI_FILE *This, ULONG64 Position);     /* ~0: the end */
} EFI_FILE;

typedef struct _EFI_FILE_SYSTEM {
    ULONG64 Revision;
    EFI_STATUS (*OpenVolume)(struct _EFI_FILE_SYSTEM *This, EFI_FILE **Root);
} EFI_FILE_SYSTEM;

#define EFI_LOADED_IMAGE_GUID { 0x5B1B31A1, 0x9562, 0x11D2, { 0x8E, 0x3F, 0x00, 0xA0, 0xC9, 0x69, 0x72, 0x3B } }
#define EFI_DEVICE_PATH_GUID  { 0x09576E91, 0x6D3F, 0x11D2, { 0x8E, 0x39, 0x00, 0xA0, 0xC9, 0x69, 0x72, 0x3B } }
#define EFI_FILE_SYSTEM_GUID  { 0x964E5B22, 0x6459, 0x11D2, { 0x8E, 0x39, 0x00, 0xA0, 0xC9, 0x69, 0x72, 0x3B } }
#define EFI_ACPI_20_GUID      { 0x8868E871, 0xE4F1, 0x11D3, { 0xBC, 0x22, 0x00, 0x80, 0xC7, 0x3C, 0x88, 0x81 } }
#define EFI_ACPI_10_GUID      { 0xEB9D2D30, 0x2D88, 0x11D3, { 0x9A, 0x16, 0x00, 0x90, 0x27, 0x3F, 0xC1, 0x4D } }
#define EFI_DEVICE_TREE_GUID  { 0xB1B621D5, 0xF19C, 0x41A5, { 0x83, 0x0B, 0xD9, 0x15, 0x2C, 0x69, 0xAA, 0xE0 } }
