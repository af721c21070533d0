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
    LARGE_INTEGER CreationTime, LastAccessTime, LastWriteTime;      /* 0 when the volume keeps none */
    ULONG FileAttributes;
    ULONG NumberOfLinks;
} IO_FILE_ATTRIBUTES, *PIO_FILE_ATTRIBUTES;

/* How a file is to be opened or made, in NtCreateFile's terms, and what came of it. */
typedef struct _IO_CREATE_PARAMETERS {
    ACCESS_MASK DesiredAccess;      /* specific rights: generic ones are mapped */
    ULONG ShareAccess;
    ULONG Disposition;
    ULONG Options;
    ULONG FileAttributes;           /* of a file that is made */
    ULONG64 AllocationSize;
    ULONG Flags;                    /* IO_OPEN_PAGING_FILE */
    ULONG Information;              /* out: FILE_OPENED, FILE_CREATED, FILE_OVERWRITTEN... */
} IO_CREATE_PARAMETERS, *PIO_CREATE_PARAMETERS;

/* The file's clusters never move, lie together where there is room, and are not filled with zeros. */
#define IO_OPEN_PAGING_FILE 0x0002u

typedef struct _IO_DIRECTORY_ENTRY {
    IO_FILE_ATTRIBUTES Attributes;
    USHORT NameLength;              /* bytes */
    USHORT ShortNameLength;
    WCHAR ShortName[12];
    WCHAR Name[256];
} IO_DIRECTORY_ENTRY, *PIO_DIRECTORY_ENTRY;

typedef struct _IO_VOLUME_ATTRIBUTES {
    ULONG64 TotalClusters, FreeClusters;
    ULONG SectorsPerCluster, BytesPerSector;
    ULONG SerialNumber;
    ULONG FileSystemAttributes;     /* FILE_CASE_PRESERVED_NAMES, FILE_UNICODE_ON_DISK... */
    WCHAR Label[12];                /* NUL-terminated */
    WCHAR FileSystemName[8];        /* FAT32, RAW */
} IO_VOLUME_ATTRIBUTES, *PIO_VOLUME_ATTRIBUTES;

/*
 * What a device or a file system can do; a missing routine means STATUS_INVALID_DEVICE_REQUEST. Buffers are
 * kernel memory, names relative to the device (`\Windows\System32\ntdll.dll`, empty for the device itself).
 * All are called at PASSIVE_LEVEL and keep the processor: a disk's answer is waited for without a switch
 * (KeWaitForDevice), so no other thread sees what is half done.
 */
typedef struct _IO_DEVICE_OPERATIONS {
    /* Finds or makes File->FileName; fills FsContext, Directory, SectionObjectPointer and Information. */
    NTSTATUS (*Create)(PDEVICE_OBJECT Device, PFILE_OBJECT File, PIO_CREATE_PARAMETERS Parameters);
    NTSTATUS (*Read)(PFILE_OBJECT File, ULONG64 Offset, PVOID Buffer, ULONG Length, PULONG Done);
    NTSTATUS (*Write)(PFILE_OBJECT File, ULONG64 Offset, const VOID *Buffer, ULONG Length, PULONG Done);
    NTSTATUS (*Flush)(PFILE_OBJECT File);           /* on the disk when it returns */
    NTSTATUS (*QueryAttributes)(PFILE_OBJECT File, PIO_FILE_ATTRIBUTES Attributes);
    NTSTATUS (*SetAttributes)(PFILE_OBJECT File, const FILE_BASIC_INFORMATION *Information);    /* 0: leave as is */
    NTSTATUS (*SetEndOfFile)(PFILE_OBJECT File, ULONG64 EndOfFile);
    NTSTATUS (*SetAllocation)(PFILE_OBJECT File, ULONG64 AllocationSize);
    NTSTATUS (*Rename)(PFILE_OBJECT File, PCUNICODE_STRING NewName, BOOLEAN ReplaceIfExists);
    NTSTATUS (*SetDisposition)(PFILE_OBJECT File, BOOLEAN Delete);
    /* The entry with number *Index or the next one that matches Pattern (empty: all); *Index is then the one after
     * it. STATUS_NO_MORE_FILES. */
    NTSTATUS (*QueryDirectory)(PFILE_OBJECT File, PCUNICODE_STRING Pattern, PULONG Index, PIO_DIRECTORY_ENTRY Entry);
    NTSTATUS (*QueryVolume)(PFILE_OBJECT File, PIO_VOLUME_ATTRIBUTES Attributes);
    NTSTATUS (*SetLabel)(PFILE_OBJECT File, PCUNICODE_STRING Label);
    /* NtDeviceIoControlFile and NtFsControlFile. */
    NTSTATUS (*Control)(PFILE_OBJECT File, ULONG Code, const VOID *Input, ULONG InputLength, PVOID Output,
                        ULONG OutputLength, PULONG Done);
    /* Where the file's byte Offset lies on its volume and how many bytes go on from there (paging files). */
    NTSTATUS (*QueryExtent)(PFILE_OBJECT File, ULONG64 Offset, PULONG64 VolumeOffset, PULONG64 Length);
    VOID (*Cleanup)(PFILE_OBJECT File);             /* its last handle is closed */
    VOID (*Close)(PFILE_OBJECT File);               /* its last reference is gone */
} IO_DEVICE_OPERATIONS;

typedef struct _VPB VPB, *PVPB;

struct _DEVICE_OBJECT {
    const IO_DEVICE_OPERATIONS *Operations;
    PVOID DeviceExtension;
    PVPB Vpb;                       /* volumes: what is mounted there (io/iop.h) */
    ULONG DeviceType;               /* FILE_DEVICE_DISK, FILE_DEVICE_NULL... */
    ULONG Characteristics;          /* FILE_READ_ONLY_DEVICE... */
    LIST_ENTRY AllDevices;          /* io/device.c */
};

/* One per file, not per open: the file system keeps it, Mm fills it. */
typedef struct _SECTION_OBJECT_POINTERS {
    PVOID DataSectionObject;        /* control areas, not referenced */
    PVOID SharedCacheMap;
    PVOID ImageSectionObject;
} SECTION_OBJECT_POINTERS, *PSECTION_OBJECT_POINTERS;

struct _FILE_OBJECT {
    PDEVICE_OBJECT DeviceObject;    /* referenced */
    const IO_DEVICE_OPERATIONS *Operations;     /* the device's, or those of the file system mounted on it */
    PVOID FsContext;                /* the file system's node, shared by all opens of the file */
    PVOID FsContext2;               /* the file system's own for this open */
    PSECTION_OBJECT_POINTERS SectionObjectPointer;
    UNICODE_STRING FileName;        /* relative to the device, owned */
    ULONG64 CurrentByteOffset;
    ACCESS_MASK GrantedAccess;
    ULONG ShareAccess;
    ULONG CreateOptions;
    BOOLEAN Directory;
    BOOLEAN DeletePending;
    BOOLEAN Opened;                 /* Create succeeded: Cleanup and Close are due, once each */
    BOOLEAN CleanedUp;
    ULONG DirectoryIndex;           /* where NtQueryDirectoryFile goes on */
    UNICODE_STRING DirectoryPattern;    /* of the first NtQueryDirectoryFile, owned */
};

/* ---- disks and volumes ------------------------------------------------------------------------------------------ */

#define IO_SECTOR_SIZE 512u

/* What a disk's driver offers; sectors of IO_SECTOR_SIZE bytes, Buffer is any kernel memory. */
typedef struct _IO_DISK_OPERATIONS {
    NTSTATUS (*Read)(PVOID Context, ULONG64 Sector, ULONG Count, PVOID Buffer);
    NTSTATUS (*Write)(PVOID Context, ULONG64 Sector, ULONG Count, const VOID *Buffer);
    NTSTATUS (*Flush)(PVOID Context);
} IO_DISK_OPERATIONS;

/* From a driver's DriverEntry: makes \Device\Harddisk<n>\DR<n>, reads the partition table, makes its volumes. Context and
 * driver must stay. */
NTSTATUS IoRegisterDisk(const IO_DISK_OPERATIONS *Operations, PVOID Context, ULONG64 SectorCount, BOOLEAN ReadOnly);

/* A volume's bytes through the block cache (io/cache.c), at any offset and length. Written blocks reach the disk with
 * IoFlushVolume, which ends with the disk's own flush, or when the cache needs room. */
NTSTATUS IoReadVolume(PDEVICE_OBJECT Volume, ULONG64 Offset, PVOID Buffer, ULONG Length);
NTSTATUS IoWriteVolume(PDEVICE_OBJECT Volume, ULONG64 Offset, const VOID *Buffer, ULONG Length);
NTSTATUS IoFlushVolume(PDEVICE_OBJECT Volume);
/* Around the cache, whole sectors: for paging files and whoever orders writes by itself. */
NTSTATUS IoTransferVolume(PDEVICE_OBJECT Volume, BOOLEAN Write, ULONG64 Offset, PVOID Buffer, ULONG Length);
NTSTATUS IoFlushDisk(PDEVICE_OBJECT Volume);                /* the disk's own cache alone */
VOID IoPurgeVolume(PDEVICE_OBJECT Volume, ULONG64 Offset, ULONG64 Length);     /* forgets blocks, dirty ones too */
ULONG64 IoVolumeSize(PDEVICE_OBJECT Volume);                /* bytes; 0: no volume */
ULONG64 IoVolumeOffset(PDEVICE_OBJECT Volume);              /* where it begins on its disk, bytes */

/* A file system offers itself from DriverEntry; the first open of a path on a volume asks each to mount it. */
typedef struct _IO_FILE_SYSTEM {
    PCWSTR Name;
    NTSTATUS (*Mount)(PDEVICE_OBJECT Volume, PVOID *Vcb);       /* STATUS_UNRECOGNIZED_VOLUME: not mine */
    NTSTATUS (*Shutdown)(PVOID Vcb);                            /* everything on the disk, the dirty bit off */
    const IO_DEVICE_OPERATIONS *Operations;                     /* Create gets the volume; IoVolumeVcb gives the Vcb */
    PCSTR (*QueryJournal)(PVOID Vcb);                           /* clean, replayed, torn; NULL: there is none */
} IO_FILE_SYSTEM, *PIO_FILE_SYSTEM;
/* Does a name match a pattern of NtQueryDirectoryFile: * ? and DOS's < > "? Upper-cases both when IgnoreCase. */
BOOLEAN NTAPI FsRtlIsNameInExpression(PUNICODE_STRING Expression, PUNICODE_STRING Name, BOOLEAN IgnoreCase,
                                      PWCH UpcaseTable);
VOID IoRegisterFileSystem(const IO_FILE_SYSTEM *FileSystem);
PVOID IoVolumeVcb(PDEVICE_OBJECT Volume);                   /* NULL: nothing is mounted */

/* ---- drivers ---------------------------------------------------------------------------------------------------- */

struct _DRIVER_OBJECT {
    PVOID DriverStart;
    ULONG DriverSize;
    UNICODE_STRING DriverName;
    NTSTATUS (*DriverInit)(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath);
    VOID (*DriverUnload)(PDRIVER_OBJECT Driver);
};

typedef NTSTATUS DRIVER_INITIALIZE(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath);

extern struct _OBJECT_TYPE *IoDeviceObjectType, *IoDriverObjectType;
extern struct _OBJECT_TYPE *IoFileObjectType;

/* Mounts the boot modules, makes \Device\BootModules, \SystemRoot, \GLOBAL??\C:. */
BOOLEAN IoInitSystem(PLOADER_PARAMETER_BLOCK LoaderBlock);

/* Makes the permanent device object \Device\... (referenced). */
NTSTATUS IoCreateDevice(PCUNICODE_STRING DeviceName, const IO_DEVICE_OPERATIONS *Operations, PVOID Extension,
                        ULONG DeviceType, ULONG Characteristics, PDEVICE_OBJECT *DeviceObject);

/* Takes the device's name away; it is gone with its last reference. */
VOID IoDeleteDevice(PDEVICE_OBJECT DeviceObject);

/* Loads and starts the boot-start drivers of the registry's Services, then gives volumes their letters; with
 * `systempartition=` on the command line \SystemRoot and C: lead to that volume, or bugcheck 0x7B. In the profile
 * win11/observed the drivers with Start=1 follow. Needs CmInitSystem. */
BOOLEAN IoInitDrivers(PLOADER_PARAMETER_BLOCK LoaderBlock);
/* The end of the system: every mounted file system is closed in order and every disk flushed. At PASSIVE_LEVEL. */
VOID IoShutdownSystem(VOID);

/* Opens an existing file for the kernel itself, without a handle; the caller drops the reference. */
NTSTATUS IoOpenFile(PUNICODE_STRING FileName, ACCESS_MASK DesiredAccess, ULONG CreateOptions,
                    PFILE_OBJECT *FileObject);
NTSTATUS IoReadFile(PFILE_OBJECT FileObject, ULONG64 Offset, PVOID Buffer, ULONG Length, PULONG BytesRead);
/* The same with all of NtCreateFile's choices (DesiredAccess may be generic); a file object of the kernel's own without
 * a handle: Cleanup and Close come with its last reference. */
NTSTATUS IoCreateFileEx2(PUNICODE_STRING FileName, PIO_CREATE_PARAMETERS Parameters, PFILE_OBJECT *FileObject);
NTSTATUS IoWriteFile(PFILE_OBJECT FileObject, ULONG64 Offset, const VOID *Buffer, ULONG Length, PULONG Done);
NTSTATUS IoSetEndOfFile(PFILE_OBJECT FileObject, ULONG64 EndOfFile);
NTSTATUS IoFlushFile(PFILE_OBJECT FileObject);          /* everything of its volume is on the disk */
/* Where byte Offset of the file lies on its volume (IoTransferVolume) and how many bytes of the file go on there. */
NTSTATUS IoQueryFileExtent(PFILE_OBJECT FileObject, ULONG64 Offset, PULONG64 VolumeOffset, PULONG64 Length);
NTSTATUS IoQueryFileAttributes(PFILE_OBJECT FileObject, PIO_FILE_ATTRIBUTES Attributes);
/* The last component of the file's name, inside FileObject->FileName. */
VOID IoGetFileBaseName(PFILE_OBJECT FileObject, PUNICODE_STRING BaseName);
/* The process whose thread is running; what drivers call. */
struct _EPROCESS *IoGetCurrentProcess(VOID);
/* A boot module's bytes by its name in the archive (`Windows/System32/config/SYSTEM`), for Cm. */
NTSTATUS IoFindBootModule(PCSTR Name, PVOID *Data, PSIZE_T Size);
