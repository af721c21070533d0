/* Loads a PE32+ image: sections to their places, base relocations, and a mapping with W^X per section. */
#include "boot.h"

#include <nt.h>

/* KiSystemStartup is in the higher half wherever the image prefers to be: this is where we put it. */
#define BOOT_KERNEL_BASE 0xFFFFF80000000000ull

static PIMAGE_NT_HEADERS64 Headers(PCVOID Base)
{
    return (PIMAGE_NT_HEADERS64)((ULONG64)Base + (ULONG64)((const IMAGE_DOS_HEADER *)Base)->e_lfanew);
}

/* Whether all sections are in the file, and have their places in the image. */
static BOOLEAN HasSections(const LOADER_MODULE *File, PIMAGE_NT_HEADERS64 Nt)
{
    PIMAGE_SECTION_HEADER Section = IMAGE_FIRST_SECTION(Nt);

    for (ULONG i = 0; i < Nt->FileHeader.NumberOfSections; i++, Section++) {
        if ((ULONG64)Section->PointerToRawData + min(Section->SizeOfRawData, Section->Misc.VirtualSize) > File->Size ||
            (ULONG64)Section->VirtualAddress + Section->Misc.VirtualSize > Nt->OptionalHeader.SizeOfImage)
            return FALSE;
    }
    return TRUE;
}

/* A kernel of other bytes than it was linked with would run into anything: like a driver it must have a checksum. */
static BOOLEAN IsAsLinked(const LOADER_MODULE *File, PIMAGE_NT_HEADERS64 Nt)
{
    ULONG Told = Nt->OptionalHeader.CheckSum;

    return Told != 0 && File->Size == (ULONG)File->Size &&
           RtlpFinishImageChecksum(RtlpChecksumWords(0, File->Base, File->Size), Told, (ULONG)File->Size) == Told;
}

ULONG64 BootCheckImage(const LOADER_MODULE *File)
{
    const IMAGE_DOS_HEADER *Dos = File->Base;
    PIMAGE_NT_HEADERS64 Nt;

    if (File->Size < sizeof(*Dos) || Dos->e_magic != IMAGE_DOS_SIGNATURE || Dos->e_lfanew < 0 ||
        (ULONG64)Dos->e_lfanew + sizeof(*Nt) > File->Size)
        BootFail("ntoskrnl.exe is no PE image");
    Nt = Headers(File->Base);
    if (Nt->Signature != IMAGE_NT_SIGNATURE || Nt->OptionalHeader.Magic != IMAGE_NT_OPTIONAL_HDR64_MAGIC)
        BootFail("ntoskrnl.exe is no PE32+ image");
    if (Nt->FileHeader.Machine != BootImageMachine)
        BootFail("ntoskrnl.exe is made for another architecture");
    if (Nt->OptionalHeader.SectionAlignment != BOOT_PAGE || Nt->OptionalHeader.SizeOfHeaders > File->Size ||
        Nt->OptionalHeader.SizeOfHeaders > Nt->OptionalHeader.SizeOfImage ||
        (PUCHAR)(IMAGE_FIRST_SECTION(Nt) + Nt->FileHeader.NumberOfSections) >
            (PUCHAR)File->Base + Nt->OptionalHeader.SizeOfHeaders ||
        Nt->OptionalHeader.AddressOfEntryPoint >= Nt->OptionalHeader.SizeOfImage)
        BootFail("ntoskrnl.exe has damaged headers");
    if (!HasSections(File, Nt))
        BootFail("ntoskrnl.exe is cut short");
    if (!IsAsLinked(File, Nt))
        BootFail("ntoskrnl.exe is damaged: its checksum is wrong");
    return BOOT_PAGE_UP((ULONG64)Nt->OptionalHeader.SizeOfImage);
}

static VOID Relocate(PUCHAR Memory, PIMAGE_NT_HEADERS64 Nt, ULONG64 Delta)
{
    IMAGE_DATA_DIRECTORY Directory = Nt->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_BASERELOC];
    ULONG Offset = 0, ImageSize = Nt->OptionalHeader.SizeOfImage;

    if (Directory.VirtualAddress > ImageSize || Directory.Size > ImageSize - Directory.VirtualAddress)
        BootFail("ntoskrnl.exe has damaged relocations");
    while (Offset + sizeof(IMAGE_BASE_RELOCATION) <= Directory.Size) {
        PIMAGE_BASE_RELOCATION Block = (PIMAGE_BASE_RELOCATION)(Memory + Directory.VirtualAddress + Offset);
        PUSHORT Entry = (PUSHORT)(Block + 1);
        ULONG Count = (ULONG)((Block->SizeOfBlock - sizeof(*Block)) / sizeof(USHORT));

        if (Block->SizeOfBlock < sizeof(*Block) || Block->SizeOfBlock > Directory.Size - Offset)
            BootFail("ntoskrnl.exe has damaged relocations");
        for (ULONG i = 0; i < Count; i++) {
            ULONG64 Place, At = (ULONG64)Block->VirtualAddress + (Entry[i] & 0xFFF);
            if (Entry[i] >> 12 == IMAGE_REL_BASED_ABSOLUTE)
                continue;
            if (Entry[i] >> 12 != IMAGE_REL_BASED_DIR64)
                BootFail("ntoskrnl.exe has an unknown kind of relocation");
            if (At + sizeof(Place) > ImageSize)
                BootFail("ntoskrnl.exe has damaged relocations");
            __builtin_memcpy(&Place, Memory + At, sizeof(Place));
            Place += Delta;
            __builtin_memcpy(Memory + At, &Place, sizeof(Place));
        }
        Offset += Block->SizeOfBlock;
    }
}

VOID BootLoadImage(const LOADER_MODULE *File, BOOT_IMAGE *Image)
{
    PIMAGE_NT_HEADERS64 Nt;
    PIMAGE_SECTION_HEADER Section;
    PUCHAR Memory;

    BootCheckImage(File);
    Nt = Headers(File->Base);
    Memory = BootAllocate(Nt->OptionalHeader.SizeOfImage);
    __builtin_memcpy(Memory, File->Base, Nt->OptionalHeader.SizeOfHeaders);
    Section = IMAGE_FIRST_SECTION(Nt);
    for (ULONG i = 0; i < Nt->FileHeader.NumberOfSections; i++, Section++) {
        ULONG Size = min(Section->SizeOfRawData, Section->Misc.VirtualSize);

        __builtin_memcpy(Memory + Section->VirtualAddress, (PUCHAR)File->Base + Section->PointerToRawData, Size);
    }
    Image->Physical = (ULONG64)Memory;
    Image->Size = BOOT_PAGE_UP((ULONG64)Nt->OptionalHeader.SizeOfImage);
    Image->Base = BOOT_KERNEL_BASE;
    Image->Entry = Image->Base + Nt->OptionalHeader.AddressOfEntryPoint;
    if (Image->Base != Nt->OptionalHeader.ImageBase)
        Relocate(Memory, Nt, Image->Base - Nt->OptionalHeader.ImageBase);
}

VOID BootMapImage(ULONG64 Root, const BOOT_IMAGE *Image)
{
    PIMAGE_NT_HEADERS64 Nt = Headers((PVOID)Image->Physical);
    PIMAGE_SECTION_HEADER Section = IMAGE_FIRST_SECTION(Nt);

    BootMap(Root, Image->Base, Image->Physical, BOOT_PAGE_UP((ULONG64)Nt->OptionalHeader.SizeOfHeaders), 0);
    for (ULONG i = 0; i < Nt->FileHeader.NumberOfSections; i++, Section++) {
        ULONG Flags = 0;
        if (Section->Characteristics & IMAGE_SCN_MEM_WRITE)
            Flags |= BOOT_MAP_WRITE;
        if (Section->Characteristics & IMAGE_SCN_MEM_EXECUTE)
            Flags |= BOOT_MAP_EXECUTE;
        if (Flags == (BOOT_MAP_WRITE | BOOT_MAP_EXECUTE))
            BootFail("ntoskrnl.exe has a section that is writable and executable");
        BootMap(Root, Image->Base + Section->VirtualAddress, Image->Physical + Section->VirtualAddress,
                BOOT_PAGE_UP((ULONG64)Section->Misc.VirtualSize), Flags);
    }
}
