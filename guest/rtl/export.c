/* Exports of mapped images: by name (binary search) and by ordinal, with forwarders recognised. */
#include <nt.h>

typedef struct _EXPORTS {
    PUCHAR Base;
    ULONG ImageSize;
    PIMAGE_EXPORT_DIRECTORY Directory;
    ULONG DirectorySize;
    PULONG Functions;
    PULONG Names;
    PUSHORT Ordinals;
} EXPORTS;

static BOOLEAN Inside(const EXPORTS *Exports, ULONG Rva, ULONG64 Size)
{
    return Rva <= Exports->ImageSize && Size <= Exports->ImageSize - Rva;
}

static BOOLEAN OpenExports(EXPORTS *Exports, PVOID Base)
{
    PIMAGE_NT_HEADERS Nt = RtlImageNtHeader(Base);
    PIMAGE_EXPORT_DIRECTORY Directory;

    if (!Nt)
        return FALSE;
    Exports->Base = Base;
    Exports->ImageSize = Nt->OptionalHeader.SizeOfImage;
    Directory = RtlImageDirectoryEntryToData(Base, TRUE, IMAGE_DIRECTORY_ENTRY_EXPORT, &Exports->DirectorySize);
    if (!Directory || Exports->DirectorySize < sizeof(*Directory) ||
        !Inside(Exports, Directory->AddressOfFunctions, 4ull * Directory->NumberOfFunctions) ||
        !Inside(Exports, Directory->AddressOfNames, 4ull * Directory->NumberOfNames) ||
        !Inside(Exports, Directory->AddressOfNameOrdinals, 2ull * Directory->NumberOfNames))
        return FALSE;
    Exports->Directory = Directory;
    Exports->Functions = (PULONG)(Exports->Base + Directory->AddressOfFunctions);
    Exports->Names = (PULONG)(Exports->Base + Directory->AddressOfNames);
    Exports->Ordinals = (PUSHORT)(Exports->Base + Directory->AddressOfNameOrdinals);
    return TRUE;
}

/* The name's index in the address table, MAXULONG when it is not exported. */
static ULONG FindName(const EXPORTS *Exports, PCSTR Name)
{
    ULONG Low = 0, High = Exports->Directory->NumberOfNames;

    while (Low < High) {
        ULONG Middle = Low + (High - Low) / 2, Rva = Exports->Names[Middle];
        int Order;

        if (Rva >= Exports->ImageSize)
            return MAXULONG;
        Order = strncmp(Name, (PCSTR)Exports->Base + Rva, Exports->ImageSize - Rva);
        if (Order == 0)
            return Exports->Ordinals[Middle];
        if (Order < 0)
            High = Middle;
        else
            Low = Middle + 1;
    }
    return MAXULONG;
}

NTSTATUS NTAPI RtlpFindExport(PVOID Base, PCSTR Name, ULONG Ordinal, PVOID *Address, PBOOLEAN Forwarder)
{
    NTSTATUS Missing = Name ? STATUS_ENTRYPOINT_NOT_FOUND : STATUS_ORDINAL_NOT_FOUND;
    EXPORTS Exports;
    ULONG Index, Rva;

    *Address = NULL;
    *Forwarder = FALSE;
    if (!OpenExports(&Exports, Base))
        return Missing;
    Index = Name ? FindName(&Exports, Name) : Ordinal - Exports.Directory->Base;
    if (Index >= Exports.Directory->NumberOfFunctions || !(Rva = Exports.Functions[Index]))
        return Missing;
    if (Rva >= Exports.ImageSize)
        return STATUS_INVALID_IMAGE_FORMAT;
    *Address = Exports.Base + Rva;
    /* An address inside the export directory itself is the text of a forwarder. */
    *Forwarder = *Address >= (PVOID)Exports.Directory &&
                 (PUCHAR)*Address < (PUCHAR)Exports.Directory + Exports.DirectorySize;
    return STATUS_SUCCESS;
}

PVOID NTAPI RtlFindExportedRoutineByName(PVOID Base, PCSTR Name)
{
    BOOLEAN Forwarder;
    PVOID Address;

    return NT_SUCCESS(RtlpFindExport(Base, Name, 0, &Address, &Forwarder)) && !Forwarder ? Address : NULL;
}
