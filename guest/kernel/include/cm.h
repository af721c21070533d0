/* Configuration manager: the registry. SYSTEM comes with the boot modules, the other hives by NtInitializeRegistry. */
#pragma once

#include <ntdef.h>
#include <ntstatus.h>

typedef struct _LOADER_PARAMETER_BLOCK *PLOADER_PARAMETER_BLOCK;

extern struct _OBJECT_TYPE *CmpKeyObjectType;

/*
 * Mounts the hive at \Registry\Machine\SYSTEM, recovered with its logs if they are among the modules too, and makes the
 * CurrentControlSet link; Control\SystemStartOptions becomes the command line. A hive that stays damaged ends in
 * bugcheck 0x74; FALSE: no memory. Needs IoInitSystem (the boot modules). Fact kernel.hive.
 */
BOOLEAN CmInitSystem(PLOADER_PARAMETER_BLOCK LoaderBlock);

/*
 * For the kernel's own use: a value by the key's path below \Registry and the value's name, e.g.
 * (L"\\Registry\\Machine\\SYSTEM\\CurrentControlSet\\Control\\Session Manager", L"ProtectionMode").
 * STATUS_BUFFER_TOO_SMALL sets *Length to what is needed.
 */
NTSTATUS CmQueryValue(PCWSTR KeyPath, PCWSTR ValueName, PULONG Type, PVOID Data, PULONG Length);

/* Everything that has changed goes to the disk, and nothing after it. Before the volumes go. */
VOID CmShutdownSystem(VOID);
