/* What the boot stub hands to the kernel: memory, modules, command line, firmware tables. */
#pragma once

#include <ntdef.h>

#define LOADER_BLOCK_VERSION       1
#define LOADER_MEMORY_DESCRIPTORS  32
#define LOADER_MODULES             96

/* The direct map: all RAM, writable, never executable. A physical address p is at KSEG_BASE + p. */
#define KSEG_BASE                  0xFFFF800000000000ULL

typedef enum _LOADER_MEMORY_TYPE {
    LoaderFree = 1,             /* RAM that nobody uses */
    LoaderKernelImage,          /* ntoskrnl.exe as loaded */
    LoaderBootData,             /* this block, the page tables, the boot stack: in use until the kernel lets go of them */
    LoaderBootModules,          /* the boot modules' archive: read only, stays */
    LoaderFirmware              /* RAM kept by firmware or occupied by the stub's own image */
} LOADER_MEMORY_TYPE;

/* Sorted by BasePage, not overlapping. */
typedef struct _LOADER_MEMORY_DESCRIPTOR {
    LOADER_MEMORY_TYPE Type;
    ULONG64 BasePage;           /* physical address >> 12 */
    ULONG64 PageCount;
} LOADER_MEMORY_DESCRIPTOR, *PLOADER_MEMORY_DESCRIPTOR;

/* One file of the boot modules. Name is NUL-terminated, without a leading slash: Windows/System32/smss.exe. */
typedef struct _LOADER_MODULE {
    PCSTR Name;
    PVOID Base;                 /* in the direct map; aligned to 4 bytes only */
    ULONG64 PhysicalAddress;
    ULONG64 Size;
} LOADER_MODULE, *PLOADER_MODULE;

/* Every pointer is a virtual address in the direct map, unless its name says Physical. */
typedef struct _LOADER_PARAMETER_BLOCK {
    ULONG Version;              /* LOADER_BLOCK_VERSION */
    ULONG Size;
    ULONG64 PageTableRootPhysical;
    ULONG64 KernelBase;
    ULONG64 KernelSize;         /* SizeOfImage */
    ULONG64 KernelPhysical;
    ULONG64 DirectMapEnd;       /* first physical address that the direct map does not reach */
    PCSTR CommandLine;
    ULONG64 AcpiRsdpPhysical;   /* 0 without ACPI */
    ULONG64 DeviceTreePhysical; /* 0 without a device tree */
    ULONG MemoryDescriptorCount;
    ULONG ModuleCount;
    LOADER_MEMORY_DESCRIPTOR MemoryDescriptors[LOADER_MEMORY_DESCRIPTORS];
    LOADER_MODULE Modules[LOADER_MODULES];
} LOADER_PARAMETER_BLOCK, *PLOADER_PARAMETER_BLOCK;

/* The kernel's entry, first C line after the stub (arch/<arch>/entry.S). */
DECLSPEC_NORETURN VOID KiSystemStartup(PLOADER_PARAMETER_BLOCK LoaderBlock);
