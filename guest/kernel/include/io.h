/* I/O manager: devices, file objects, the boot-module volume. */
#pragma once

#include <ntdef.h>
#include <ntstatus.h>
#include <ntioapi.h>

typedef struct _LOADER_PARAMETER_BLOCK *PLOADER_PARAMETER_BLOCK;
typedef struct _DEVICE_OBJECT DEVICE_OBJECT, *PDEVICE_OBJECT;
typedef struct _FILE_OBJECT FILE_OBJECT, *PFILE_OBJECT;
typedef struct _DRIVER_OBJECT DRIVER_OBJECT, *PDRIVER_OBJECT;

typedef struct _IO_FILE_ATTRIBUTES {
    ULONG64 EndOfFile;
    ULONG64 AllocationSize;
    ULONG64 FileId;
    LARGE_INTEGER Time;             /* one time for all four; 0 when the volume keeps none */
    ULONG FileAttributes;
    ULONG NumberOfLinks;
} IO_FILE_ATTRIBUTES, *PIO_FILE_ATTRIBUTES;

/*
 * What a device can do; a missing routine means STATUS_INVALID_DEVICE_REQUEST. Buffers are kernel
 * memory, names relative to the device (`\Windows\System32\ntdll.dll`, empty for the device itself).
 * All are called at PASSIVE_LEVEL and may wait.
 */
typedef struct _IO_DEVICE_OPERATIONS {
    /* Finds File->FileName and fills FsContext and Directory; FileName and GrantedAccess are set. */
    NTSTATUS (*Create)(PDEVICE_OBJECT Device, PFILE_OBJECT File, ULONG Disposition, ULONG Options);
    NTSTATUS (*Read)(PFILE_OBJECT File, ULONG64 Offset, PVOID Buffer, ULONG Length, PULONG Done);
    NTSTATUS (*Write)(PFILE_OBJECT File, ULONG64 Offset, const VOID *Buffer, ULONG Length, PULONG Done);
    NTSTATUS (*QueryAttributes)(PFILE_OBJECT File, PIO_FILE_ATTRIBUTES Attributes);
} IO_DEVICE_OPERATIONS;

struct _DEVICE_OBJECT {
    const IO_DEVICE_OPERATIONS *Operations;
    PVOID DeviceExtension;
    ULONG DeviceType;               /* FILE_DEVICE_DISK, FILE_DEVICE_NULL... */
    ULONG Characteristics;          /* FILE_READ_ONLY_DEVICE... */
};

struct _FILE_OBJECT {
    PDEVICE_OBJECT DeviceObject;    /* referenced */
    PVOID FsContext;                /* the file system's node */
    PVOID SectionContext;           /* Mm: the image's control area, not referenced */
    UNICODE_STRING FileName;        /* relative to the device, owned */
    ULONG64 CurrentByteOffset;
    ACCESS_MASK GrantedAccess;
    ULONG CreateOptions;
    BOOLEAN Directory;
};

struct _DRIVER_OBJECT {
    PVOID DriverStart;
    ULONG DriverSize;
    UNICODE_STRING DriverName;
    NTSTATUS (*DriverInit)(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath);
    VOID (*DriverUnload)(PDRIVER_OBJECT Driver);
};

typedef NTSTATUS DRIVER_INITIALIZE(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath);

extern struct _OBJECT_TYPE *IoDeviceObjectType;
extern struct _OBJECT_TYPE *IoFileObjectType;

/* Mounts the boot modules, makes \Device\BootModules, \Device\Null, \SystemRoot, \GLOBAL??\C:. */
BOOLEAN IoInitSystem(PLOADER_PARAMETER_BLOCK LoaderBlock);

/* Makes the permanent device object \Device\... (referenced). */
NTSTATUS IoCreateDevice(PCUNICODE_STRING DeviceName, const IO_DEVICE_OPERATIONS *Operations, PVOID Extension,
                        ULONG DeviceType, ULONG Characteristics, PDEVICE_OBJECT *DeviceObject);

/* Opens an existing file for the kernel itself, without a handle; the caller drops the reference. */
NTSTATUS IoOpenFile(PUNICODE_STRING FileName, ACCESS_MASK DesiredAccess, ULONG CreateOptions,
                    PFILE_OBJECT *FileObject);
NTSTATUS IoReadFile(PFILE_OBJECT FileObject, ULONG64 Offset, PVOID Buffer, ULONG Length, PULONG BytesRead);
NTSTATUS IoQueryFileAttributes(PFILE_OBJECT FileObject, PIO_FILE_ATTRIBUTES Attributes);
/* The last component of the file's name, inside FileObject->FileName. */
VOID IoGetFileBaseName(PFILE_OBJECT FileObject, PUNICODE_STRING BaseName);
/* The process whose thread is running; what drivers call. */
struct _EPROCESS *IoGetCurrentProcess(VOID);
/* A boot module's bytes by its name in the archive (`Windows/System32/config/SYSTEM`), for Cm. */
NTSTATUS IoFindBootModule(PCSTR Name, PVOID *Data, PSIZE_T Size);
