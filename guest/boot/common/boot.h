/* The contract of the boot stubs and the UEFI loader: what the common code offers, and what each architecture gives it. */
#pragma once

#include <loader.h>

#define BOOT_PAGE          0x1000ull
#define BOOT_LARGE_PAGE    0x200000ull
#define BOOT_PAGE_UP(x)    (((x) + BOOT_PAGE - 1) & ~(BOOT_PAGE - 1))

/* ---- architecture ---------------------------------------------------------------------------------------------- */

extern const USHORT BootImageMachine;               /* IMAGE_FILE_MACHINE_... */
VOID BootPutString(PCSTR Text);                     /* first serial port */
DECLSPEC_NORETURN VOID BootPowerOff(VOID);

#define BOOT_MAP_WRITE   0x1u
#define BOOT_MAP_EXECUTE 0x2u
#define BOOT_MAP_LARGE   0x4u                       /* the entry is a 2 MiB leaf */
ULONG64 BootTableEntry(ULONG64 Table);              /* a page-table entry that points to the next table */
ULONG64 BootLeafEntry(ULONG64 Physical, ULONG Flags);

/* ---- common ---------------------------------------------------------------------------------------------------- */

/* Says why the boot cannot go on, and powers the machine off. */
DECLSPEC_NORETURN VOID BootFail(PCSTR Reason);

/* Memory: RAM is announced first (neighbours become one range), then what is taken of it, then pages come from the gap [Cursor, Limit). */
VOID BootAddMemory(ULONG64 Base, ULONG64 End);
VOID BootReserve(LOADER_MEMORY_TYPE Type, ULONG64 Base, ULONG64 End);
VOID BootSetAllocationArea(ULONG64 Base, ULONG64 Limit);
PVOID BootAllocate(ULONG64 Size);                   /* zeroed whole pages; fails for good when there are none */

/* What the architecture learnt from its firmware; physical addresses. */
typedef struct _BOOT_INFORMATION {
    ULONG64 ModulesBase, ModulesSize;               /* the cpio archive, or where the modules are that are listed */
    const LOADER_MODULE *Modules;                   /* NULL: an archive */
    ULONG ModuleCount;
    PCSTR CommandLine;                              /* NULL: none */
    ULONG64 AcpiRsdp;
    ULONG64 DeviceTree;
    ULONG64 StubBase, StubEnd;                      /* stays mapped one to one for the jump, within one large page */
} BOOT_INFORMATION;

/* The kernel loaded and mapped: what the architecture needs for the jump. */
typedef struct _BOOT_TARGET {
    ULONG64 PageTableRoot;
    ULONG64 Entry;                                  /* KiSystemStartup */
    ULONG64 LoaderBlock;                            /* virtual, in the direct map */
} BOOT_TARGET;

VOID BootLoadKernel(const BOOT_INFORMATION *Information, BOOT_TARGET *Target);
VOID BootMap(ULONG64 Root, ULONG64 Virtual, ULONG64 Physical, ULONG64 Size, ULONG Flags);

/* cpio.c: the files of a "newc" archive, as modules. */
VOID BootListModules(ULONG64 Base, ULONG64 Size, PLOADER_PARAMETER_BLOCK Block);
PLOADER_MODULE BootFindModule(PLOADER_PARAMETER_BLOCK Block, PCSTR Name);      /* case-insensitive; NULL: none */

/* peload.c: copies the image's sections to memory of its own and relocates them to Base. */
typedef struct _BOOT_IMAGE {
    ULONG64 Physical;
    ULONG64 Size;                                   /* SizeOfImage, whole pages */
    ULONG64 Base;                                   /* virtual */
    ULONG64 Entry;                                  /* virtual */
} BOOT_IMAGE;
/* What SizeOfImage says, in whole pages; fails for good when it is no kernel for this machine. */
ULONG64 BootCheckImage(const LOADER_MODULE *File);
VOID BootLoadImage(const LOADER_MODULE *File, BOOT_IMAGE *Image);
VOID BootMapImage(ULONG64 Root, const BOOT_IMAGE *Image);   /* each section with its own protection */
