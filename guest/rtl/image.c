/* PE32+ images in memory: headers, directories, sections, relocation. Every offset is checked before it is used. */
#include <nt.h>

NTSTATUS NTAPI RtlImageNtHeaderEx(ULONG Flags, PVOID Base, ULONG64 Size, PIMAGE_NT_HEADERS *OutHeaders)
{
    PIMAGE_DOS_HEADER Dos = Base;
    PIMAGE_NT_HEADERS Nt;
    BOOLEAN Check = !(Flags & RTL_IMAGE_NT_HEADER_EX_FLAG_NO_RANGE_CHECK);

    *OutHeaders = NULL;
    if (!Base || (Check && Size < sizeof(*Dos)) || Dos->e_magic != IMAGE_DOS_SIGNATURE)
        return STATUS_INVALID_IMAGE_FORMAT;
    /* The loaders map one page of headers at least; nothing that we load has its PE header beyond 1 KiB. */
    if (Dos->e_lfanew < (LONG)sizeof(*Dos) || Dos->e_lfanew > 0x400 || Dos->e_lfanew % 4 ||
        (Check && Size < Dos->e_lfanew + sizeof(*Nt)))
        return STATUS_INVALID_IMAGE_FORMAT;
    Nt = (PIMAGE_NT_HEADERS)((PUCHAR)Base + Dos->e_lfanew);
    if (Nt->Signature != IMAGE_NT_SIGNATURE || Nt->OptionalHeader.Magic != IMAGE_NT_OPTIONAL_HDR64_MAGIC ||
        Nt->FileHeader.SizeOfOptionalHeader < offsetof(IMAGE_OPTIONAL_HEADER64, DataDirectory))
        return STATUS_INVALID_IMAGE_FORMAT;
    *OutHeaders = Nt;
    return STATUS_SUCCESS;
}

PIMAGE_NT_HEADERS NTAPI RtlImageNtHeader(PVOID Base)
{
    PIMAGE_NT_HEADERS Nt;

    RtlImageNtHeaderEx(RTL_IMAGE_NT_HEADER_EX_FLAG_NO_RANGE_CHECK, Base, 0, &Nt);
    return Nt;
}

PIMAGE_SECTION_HEADER NTAPI RtlImageRvaToSection(PIMAGE_NT_HEADERS NtHeaders, PVOID Base, ULONG Rva)
{
    PIMAGE_SECTION_HEADER Section = IMAGE_FIRST_SECTION(NtHeaders);

    UNREFERENCED_PARAMETER(Base);
    for (ULONG i = 0; i < NtHeaders->FileHeader.NumberOfSections; i++, Section++) {
        if (Rva >= Section->VirtualAddress && Rva - Section->VirtualAddress < Section->SizeOfRawData)
            return Section;
    }
    return NULL;
}

PVOID NTAPI RtlImageRvaToVa(PIMAGE_NT_HEADERS NtHeaders, PVOID Base, ULONG Rva,
                            PIMAGE_SECTION_HEADER *LastRvaSection)
{
    PIMAGE_SECTION_HEADER Section = LastRvaSection ? *LastRvaSection : NULL;

    if (!Section || Rva < Section->VirtualAddress || Rva - Section->VirtualAddress >= Section->SizeOfRawData)
        Section = RtlImageRvaToSection(NtHeaders, Base, Rva);
    if (!Section)
        return NULL;
    if (LastRvaSection)
        *LastRvaSection = Section;
    return (PUCHAR)Base + Section->PointerToRawData + (Rva - Section->VirtualAddress);
}

PVOID NTAPI RtlImageDirectoryEntryToData(PVOID Base, BOOLEAN MappedAsImage, USHORT DirectoryEntry, PULONG Size)
{
    /* Bit 0 of a handle from LoadLibrary marks a data file, as NT has it. */
    PVOID Image = (PVOID)((ULONG_PTR)Base & ~(ULONG_PTR)3);
    PIMAGE_NT_HEADERS Nt = RtlImageNtHeader(Image);
    PIMAGE_DATA_DIRECTORY Directory;

    *Size = 0;
    if (!Nt || DirectoryEntry >= IMAGE_NUMBEROF_DIRECTORY_ENTRIES ||
        DirectoryEntry >= Nt->OptionalHeader.NumberOfRvaAndSizes)
        return NULL;
    Directory = &Nt->OptionalHeader.DataDirectory[DirectoryEntry];
    if (!Directory->VirtualAddress || !Directory->Size || Directory->VirtualAddress >= Nt->OptionalHeader.SizeOfImage ||
        Directory->Size > Nt->OptionalHeader.SizeOfImage - Directory->VirtualAddress)
        return NULL;
    *Size = Directory->Size;
    if (((ULONG_PTR)Base & 3) != 0)
        MappedAsImage = FALSE;
    if (MappedAsImage || Directory->VirtualAddress < Nt->OptionalHeader.SizeOfHeaders)
        return (PUCHAR)Image + Directory->VirtualAddress;
    return RtlImageRvaToVa(Nt, Image, Directory->VirtualAddress, NULL);
}

NTSTATUS NTAPI LdrRelocateImage(PVOID Base, ULONG64 Delta)
{
    PIMAGE_NT_HEADERS Nt = RtlImageNtHeader(Base);
    ULONG Size, ImageSize;
    PUCHAR At, End;

    if (!Nt)
        return STATUS_INVALID_IMAGE_FORMAT;
    if (!Delta)
        return STATUS_SUCCESS;
    ImageSize = Nt->OptionalHeader.SizeOfImage;
    At = RtlImageDirectoryEntryToData(Base, TRUE, IMAGE_DIRECTORY_ENTRY_BASERELOC, &Size);
    if (!At)
        return Nt->FileHeader.Characteristics & IMAGE_FILE_RELOCS_STRIPPED ? STATUS_CONFLICTING_ADDRESSES
                                                                           : STATUS_SUCCESS;
    for (End = At + Size; (SIZE_T)(End - At) >= sizeof(IMAGE_BASE_RELOCATION);) {
        PIMAGE_BASE_RELOCATION Block = (PIMAGE_BASE_RELOCATION)At;
        PUSHORT Entry = (PUSHORT)(Block + 1);

        if (Block->SizeOfBlock < sizeof(*Block) || Block->SizeOfBlock > (SIZE_T)(End - At))
            return STATUS_INVALID_IMAGE_FORMAT;
        for (; (PUCHAR)(Entry + 1) <= At + Block->SizeOfBlock; Entry++) {
            ULONG64 Rva = (ULONG64)Block->VirtualAddress + (*Entry & 0xFFF);
            ULONG64 Value;

            if (*Entry >> 12 == IMAGE_REL_BASED_ABSOLUTE)
                continue;
            if (*Entry >> 12 != IMAGE_REL_BASED_DIR64 || Rva + sizeof(Value) > ImageSize)
                return STATUS_INVALID_IMAGE_FORMAT;
            memcpy(&Value, (PUCHAR)Base + Rva, sizeof(Value));
            Value += Delta;
            memcpy((PUCHAR)Base + Rva, &Value, sizeof(Value));
        }
        At += Block->SizeOfBlock;
    }
    return STATUS_SUCCESS;
}

ULONG NTAPI RtlpImageChecksum(CONST VOID *FileData, ULONG FileSize)
{
    PIMAGE_NT_HEADERS Nt;

    if (!NT_SUCCESS(RtlImageNtHeaderEx(0, (PVOID)FileData, FileSize, &Nt)))
        return 0;
    return RtlpFinishImageChecksum(RtlpChecksumWords(0, FileData, FileSize), Nt->OptionalHeader.CheckSum, FileSize);
}
