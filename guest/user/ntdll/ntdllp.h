/* What ntdll's files share among themselves. */
#pragma once

#include <nt.h>
#include <nt_services.h>

/* This DLL's own headers; the linker defines it. */
extern IMAGE_DOS_HEADER __ImageBase;

/* ---- loader ---- */

extern PEB_LDR_DATA LdrpLdrData;
extern RTL_CRITICAL_SECTION LdrpLoaderLock;

/* Adds a mapped image to the load-order and memory-order lists. The caller owns the loader lock. */
NTSTATUS LdrpInsertModule(PVOID Base, PCUNICODE_STRING FullName, PCUNICODE_STRING BaseName,
                          PLDR_DATA_TABLE_ENTRY *Entry);
VOID LdrpRemoveModule(PLDR_DATA_TABLE_ENTRY Entry);
PLDR_DATA_TABLE_ENTRY LdrpFindModuleByName(PCUNICODE_STRING BaseName);
PLDR_DATA_TABLE_ENTRY LdrpFindModuleByBase(PVOID Base);
/* Maps a DLL by its base name from \KnownDlls or \SystemRoot\System32, relocated. */
NTSTATUS LdrpMapDll(PCUNICODE_STRING BaseName, PVOID *Base);
/* Gives sections their final protections back, or opens them for writing. */
NTSTATUS LdrpSetImageProtection(PVOID Base, BOOLEAN Writable);
/* Loads DLLs and their imports without running them; adds a reference to one that is there. */
NTSTATUS LdrpLoadModule(PCUNICODE_STRING BaseName, PLDR_DATA_TABLE_ENTRY *Entry);
/* Binds an image's imports, loading what it needs. */
NTSTATUS LdrpSnapImports(PLDR_DATA_TABLE_ENTRY Entry);
/* An export, following forwarders into other DLLs. Name NULL: by ordinal. */
NTSTATUS LdrpResolveExport(PVOID Base, PCSTR Name, ULONG Ordinal, PVOID *Address);
/* Runs the initialisers of DLLs that have not run yet, imported ones first. */
NTSTATUS LdrpRunInitializers(VOID);
/* Drops one reference; at zero the DLL is detached, its imports are released, and it is unmapped. */
VOID LdrpReleaseModule(PLDR_DATA_TABLE_ENTRY Entry);
/* `csrss` becomes `csrss.dll`; a path loses its folders. Name points into Buffer, which holds 64 characters. */
NTSTATUS LdrpBaseDllName(PCUNICODE_STRING DllName, PWSTR Buffer, PUNICODE_STRING Name);

/* ---- registry ---- */

/* The key's absolute path for RTL_REGISTRY_*, or its handle. */
NTSTATUS RtlpGetRegistryHandle(ULONG RelativeTo, PCWSTR Path, ACCESS_MASK Access, PHANDLE Key);
/* The whole path of a key, without a separator at its end, into Name's buffer of RTLP_REGISTRY_PATH characters. */
#define RTLP_REGISTRY_PATH 512
NTSTATUS RtlpBuildRegistryPath(ULONG RelativeTo, PCWSTR Path, PUNICODE_STRING Name);
