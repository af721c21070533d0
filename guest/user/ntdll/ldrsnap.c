/* Imports: loading what an image needs and filling its address table. Every caller owns the loader lock. */
#include "ntdllp.h"

#define FORWARDER_DEPTH 8 /* a chain that is longer can only be a circle */

static NTSTATUS ResolveForwarder(PCSTR Text, ULONG Depth, PVOID *Address);

static NTSTATUS ResolveAt(PVOID Base, PCSTR Name, ULONG Ordinal, ULONG Depth, PVOID *Address)
{
    BOOLEAN Forwarder;
    NTSTATUS Status = RtlpFindExport(Base, Name, Ordinal, Address, &Forwarder);

    return NT_SUCCESS(Status) && Forwarder ? ResolveForwarder(*Address, Depth, Address) : Status;
}

/* `module.Name` or `module.#12`; the module is loaded when it is not there yet. */
static NTSTATUS ResolveForwarder(PCSTR Text, ULONG Depth, PVOID *Address)
{
    PCSTR Dot = strrchr(Text, '.');
    WCHAR Buffer[64];
    UNICODE_STRING Module = { 0, sizeof(Buffer), Buffer };
    PLDR_DATA_TABLE_ENTRY Entry;
    NTSTATUS Status;

    if (!Dot || Depth >= FORWARDER_DEPTH || Dot - Text >= (SSIZE_T)RTL_NUMBER_OF(Buffer) - 5)
        return STATUS_INVALID_IMAGE_FORMAT;
    for (PCSTR At = Text; At < Dot; At++)
        Buffer[At - Text] = (UCHAR)*At;
    Module.Length = (USHORT)((Dot - Text) * sizeof(WCHAR));
    RtlAppendUnicodeToString(&Module, L".dll");
    Entry = LdrpFindModuleByName(&Module);
    if (!Entry) {
        Status = LdrpLoadModule(&Module, &Entry);
        if (!NT_SUCCESS(Status))
            return Status;
    }
    if (Dot[1] == '#')
        return ResolveAt(Entry->DllBase, NULL, strtoul(Dot + 2, NULL, 10), Depth + 1, Address);
    return ResolveAt(Entry->DllBase, Dot + 1, 0, Depth + 1, Address);
}

NTSTATUS LdrpResolveExport(PVOID Base, PCSTR Name, ULONG Ordinal, PVOID *Address)
{
    return ResolveAt(Base, Name, Ordinal, 0, Address);
}

/* Fills one DLL's part of the address table. The lookup table has the names; without one it is the address table. */
static NTSTATUS SnapThunks(PUCHAR Base, ULONG ImageSize, PIMAGE_IMPORT_DESCRIPTOR Import, PLDR_DATA_TABLE_ENTRY Dll)
{
    ULONG LookupRva = Import->OriginalFirstThunk ? Import->OriginalFirstThunk : Import->FirstThunk;

    for (ULONG Offset = 0;; Offset += sizeof(IMAGE_THUNK_DATA64)) {
        PIMAGE_THUNK_DATA64 Lookup = (PIMAGE_THUNK_DATA64)(Base + LookupRva + Offset);
        PIMAGE_THUNK_DATA64 Thunk = (PIMAGE_THUNK_DATA64)(Base + Import->FirstThunk + Offset);
        ULONG64 Name;
        PVOID Address;
        NTSTATUS Status;

        if ((ULONG64)LookupRva + Offset + 8 > ImageSize || (ULONG64)Import->FirstThunk + Offset + 8 > ImageSize)
            return STATUS_INVALID_IMAGE_FORMAT;
        Name = Lookup->u1.AddressOfData;
        if (!Name)
            return STATUS_SUCCESS;
        if (IMAGE_SNAP_BY_ORDINAL64(Name)) {
            Status = LdrpResolveExport(Dll->DllBase, NULL, (ULONG)IMAGE_ORDINAL64(Name), &Address);
        } else {
            if (Name + sizeof(IMAGE_IMPORT_BY_NAME) > ImageSize)
                return STATUS_INVALID_IMAGE_FORMAT;
            Status = LdrpResolveExport(Dll->DllBase, ((PIMAGE_IMPORT_BY_NAME)(Base + Name))->Name, 0, &Address);
        }
        if (!NT_SUCCESS(Status)) {
            if (IMAGE_SNAP_BY_ORDINAL64(Name))
                DbgPrint("loader: %wZ has no ordinal %u\n", &Dll->BaseDllName, (ULONG)IMAGE_ORDINAL64(Name));
            else
                DbgPrint("loader: %wZ has no entry point %s\n", &Dll->BaseDllName,
                         ((PIMAGE_IMPORT_BY_NAME)(Base + Name))->Name);
            return Status;
        }
        Thunk->u1.Function = (ULONG_PTR)Address;
    }
}

/* The address table may lie in a read-only section: write access for as long as it is filled. */
static NTSTATUS OpenAddressTable(PVOID Base, PVOID *Table, PSIZE_T Size, PULONG Old, BOOLEAN Writable)
{
    ULONG Bytes;

    *Table = RtlImageDirectoryEntryToData(Base, TRUE, IMAGE_DIRECTORY_ENTRY_IAT, &Bytes);
    *Size = Bytes;
    if (!*Table)
        return STATUS_SUCCESS;
    return NtProtectVirtualMemory(NtCurrentProcess(), Table, Size, Writable ? PAGE_READWRITE : *Old, Old);
}

NTSTATUS LdrpSnapImports(PLDR_DATA_TABLE_ENTRY Entry)
{
    PUCHAR Base = Entry->DllBase;
    ULONG Size, Old = 0;
    PIMAGE_IMPORT_DESCRIPTOR Import, End;
    SIZE_T TableSize;
    PVOID Table;
    NTSTATUS Status;

    Import = RtlImageDirectoryEntryToData(Base, TRUE, IMAGE_DIRECTORY_ENTRY_IMPORT, &Size);
    if (!Import)
        return STATUS_SUCCESS;
    Status = OpenAddressTable(Base, &Table, &TableSize, &Old, TRUE);
    if (!NT_SUCCESS(Status))
        return Status;
    for (End = Import + Size / sizeof(*Import); Import < End && Import->Name && Import->FirstThunk; Import++) {
        UNICODE_STRING Name;
        PLDR_DATA_TABLE_ENTRY Dll;

        if (Import->Name >= Entry->SizeOfImage ||
            !RtlCreateUnicodeStringFromAsciiz(&Name, (PCSZ)Base + Import->Name)) {
            Status = STATUS_INVALID_IMAGE_FORMAT;
            break;
        }
        Status = LdrpLoadModule(&Name, &Dll);
        if (!NT_SUCCESS(Status))
            DbgPrint("loader: %wZ needs %wZ: status 0x%X\n", &Entry->BaseDllName, &Name, Status);
        RtlFreeUnicodeString(&Name);
        if (NT_SUCCESS(Status))
            Status = SnapThunks(Base, Entry->SizeOfImage, Import, Dll);
        if (!NT_SUCCESS(Status))
            break;
    }
    if (Table) {
        NTSTATUS Closed = OpenAddressTable(Base, &Table, &TableSize, &Old, FALSE);

        Status = NT_SUCCESS(Status) ? Closed : Status;
    }
    return Status;
}
