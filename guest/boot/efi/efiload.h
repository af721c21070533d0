/* What the UEFI loader's files share. */
#pragma once

#include <boot.h>

#include "efi.h"

extern EFI_HANDLE EfiImage;
extern EFI_SYSTEM_TABLE *EfiSystem;
extern BOOLEAN EfiHasBootServices;                  /* until ExitBootServices */

/* fail.c: BootFail, with the name of a file. */
DECLSPEC_NORETURN VOID EfiFailFile(PCSTR Reason, PCSTR Name);

/* memorymap.c */
PVOID EfiAllocate(ULONG64 Size);                    /* pages of the loader's own; fails for good when there are none */
/* Takes the machine from the firmware and tells memory.c what RAM there is. */
VOID EfiExitBootServices(VOID);

/* volume.c: the two volumes of the disk that the loader came from. */
typedef struct _EFI_VOLUMES {
    EFI_FILE *Boot;                                 /* root directories */
    EFI_FILE *System;
    CHAR SystemGuid[37];                            /* of its partition, lower case */
} EFI_VOLUMES;
VOID EfiFindVolumes(EFI_VOLUMES *Volumes);

/* file.c: names as modules have them, Windows/System32/..., or with \. */
EFI_FILE *EfiOpenFile(EFI_FILE *Root, PCSTR Name);  /* NULL: there is none */
ULONG64 EfiFileSize(EFI_FILE *File, PCSTR Name);
VOID EfiReadFile(EFI_FILE *File, PCSTR Name, PVOID Buffer, ULONG64 Size);      /* all of it, or it fails for good */

/* modules.c: what the kernel is given of the system volume. */
typedef struct _EFI_MODULES {
    LOADER_MODULE Module[LOADER_MODULES];
    ULONG Count;
    ULONG64 Base, Size;                             /* one range of pages with all contents and names */
} EFI_MODULES;
VOID EfiLoadModules(EFI_FILE *System, EFI_MODULES *Modules);

/* drivers.c: calls Add for each boot-start driver of the SYSTEM hive. */
typedef VOID EFI_ADD_ROUTINE(PVOID Context, PCSTR Name);
VOID EfiFindDrivers(PCVOID Hive, ULONG64 Size, EFI_ADD_ROUTINE *Add, PVOID Context);

/* <arch>/: leaves the firmware's world. Entered with interrupts on; the trampoline's page stays mapped one to one. */
extern CHAR EfiTrampoline[], EfiTrampolineEnd[];
VOID EfiQuietMachine(VOID);                         /* devices of the firmware's that would interrupt */
DECLSPEC_NORETURN VOID EfiEnterKernel(ULONG64 Root, ULONG64 Entry, ULONG64 Block);
