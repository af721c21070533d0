/* The I/O manager's inside. */
#pragma once
#include <nt.h>
#include <nt_services.h>
#include "ex.h"
#include "io.h"
#include "loader.h"
#include "mm.h"
#include "ob.h"
#include "se.h"

#define IOP_TAG 'poI '
extern const GENERIC_MAPPING IopFileMapping;

#define IOP_WRITE_ACCESS (FILE_WRITE_DATA | FILE_APPEND_DATA | FILE_WRITE_EA | FILE_WRITE_ATTRIBUTES | DELETE | \
                          GENERIC_WRITE | GENERIC_ALL)

/* What an open asks for, on its way through Ob's walk to the device's parse procedure. */
typedef struct _OPEN_PACKET {
    IO_CREATE_PARAMETERS Parameters;
} OPEN_PACKET, *POPEN_PACKET;

/* open.c: ParseProcedure of devices. */
NTSTATUS NTAPI IopParseDevice(PVOID ParseObject, PVOID ObjectType, PACCESS_STATE AccessState,
                              KPROCESSOR_MODE AccessMode, ULONG Attributes, PUNICODE_STRING CompleteName,
                              PUNICODE_STRING RemainingName, PVOID Context,
                              PSECURITY_QUALITY_OF_SERVICE SecurityQos, PVOID *Object);

NTSTATUS NTAPI IopParseFile(PVOID ParseObject, PVOID ObjectType, PACCESS_STATE AccessState,
                            KPROCESSOR_MODE AccessMode, ULONG Attributes, PUNICODE_STRING CompleteName,
                            PUNICODE_STRING RemainingName, PVOID Context, PSECURITY_QUALITY_OF_SERVICE SecurityQos,
                            PVOID *Object);
/* The device-relative path of Name below Directory, from pool. */
NTSTATUS IopRelativeName(PFILE_OBJECT Directory, PCUNICODE_STRING Name, PUNICODE_STRING FullName);
/* Are NtCreateFile's choices possible together? Maps generic rights. */
NTSTATUS IopCheckCreateParameters(PIO_CREATE_PARAMETERS Parameters);
NTSTATUS IopOpen(PHANDLE FileHandle, POBJECT_ATTRIBUTES ObjectAttributes, PIO_STATUS_BLOCK IoStatusBlock,
                 POPEN_PACKET Packet);

/* control.c: the end of a service: its result for the caller, its event when it did not fail. */
NTSTATUS IopComplete(PIO_STATUS_BLOCK IoStatusBlock, HANDLE Event, NTSTATUS Status, ULONG_PTR Information);

/* mount.c: gives File the operations of the file system on the volume Device, mounting it when need be. */
NTSTATUS IopMountForOpen(PDEVICE_OBJECT Device, PFILE_OBJECT File);

/* close.c: the File type's procedures. */
VOID NTAPI IopCloseFile(struct _EPROCESS *Process, PVOID Object, ACCESS_MASK GrantedAccess, ULONG HandleCount);
VOID NTAPI IopDeleteFile(PVOID Object);

/* device.c */
NTSTATUS IopCreateObjectTypes(VOID);
NTSTATUS IopCreatePermanentLink(PCWSTR Path, PCWSTR Target);
NTSTATUS IopReplacePermanentLink(PCWSTR Path, PCWSTR Target);   /* the old one, if there is one, goes */
NTSTATUS IopCreatePermanentDirectory(PCWSTR Path);              /* success when it is there already */
/* Devices whose operations lie in the driver's image: is one in use, and away with all of them. */
BOOLEAN IopIsDriverBusy(PDRIVER_OBJECT Driver);
VOID IopDeleteDriverDevices(PDRIVER_OBJECT Driver);

/* services.c: a driver's key below Services. */
typedef struct _IOP_SERVICE {
    LIST_ENTRY Entry;
    UNICODE_STRING RegistryPath;        /* all strings owned */
    UNICODE_STRING ImagePath;
    UNICODE_STRING DriverName;          /* \Driver\X, or \FileSystem\X */
    ULONG Start, Type;
    ULONG Group;                        /* place in ServiceGroupOrder; ~0: in none */
    ULONG64 Tag;                        /* place in GroupOrderList; behind those the other tags by number; ~0: no tag */
} IOP_SERVICE, *PIOP_SERVICE;
NTSTATUS IopReadService(PCUNICODE_STRING RegistryPath, PIOP_SERVICE *Service);
VOID IopFreeService(PIOP_SERVICE Service);
#define SERVICE_BOOT_START   0u
#define SERVICE_SYSTEM_START 1u
VOID IopFindServices(ULONG Start, PLIST_ENTRY Services);    /* of this kind of start, in the order in which they do */

/* driver.c */
NTSTATUS IopCreateDriverType(VOID);
NTSTATUS IopLoadDriver(PIOP_SERVICE Service);
NTSTATUS IopUnloadDriver(PIOP_SERVICE Service);
/* The last component of the name of the driver in whose image Address lies; empty: the kernel. */
VOID IopFindDriverName(PVOID Address, PUNICODE_STRING Name);

/* bootfs.c: the boot modules as a read-only volume. */
NTSTATUS IopMountBootModules(PLOADER_PARAMETER_BLOCK LoaderBlock);
