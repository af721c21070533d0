/* PE32+ files as images: the checks that make every later use of an offset safe, and relocation. */
#include "mip.h"

#define MI_MAXIMUM_IMAGE (64u << 20)
#define MI_MAXIMUM_SECTIONS 96
/* All headers with the section table, as NT limits them. */
#define MI_MAXIMUM_HEADERS (2u * PAGE_SIZE)

static BOOLEAN MiCheckHeaders(PMI_IMAGE Image)
{
    PIMAGE_OPTIONAL_HEADER64 Optional = &Image->Headers->OptionalHeader;
    ULONG64 SectionsOffset = (PUCHAR)Image->Sections - Image->File;

    return Optional->SectionAlignment == PAGE_SIZE && Optional->ImageBase % 0x10000 == 0 &&
           Optional->SizeOfImage != 0 && Optional->SizeOfImage <= MI_MAXIMUM_IMAGE &&
           Optional->SizeOfHeaders <= Image->FileSize && Optional->SizeOfHeaders <= Optional->SizeOfImage &&
           Optional->AddressOfEntryPoint < Optional->SizeOfImage && Image->SectionCount <= MI_MAXIMUM_SECTIONS &&
           SectionsOffset + Image->SectionCount * sizeof(IMAGE_SECTION_HEADER) <= Optional->SizeOfHeaders &&
           SectionsOffset + Image->SectionCount * sizeof(IMAGE_SECTION_HEADER) <= Image->BytesRead;
}

/* Sections follow each other without gaps up to the image's end, and have their bytes inside the file. */
static NTSTATUS MiCheckSections(PMI_IMAGE Image)
{
    ULONG64 Free = ROUND_TO_PAGES(Image->Headers->OptionalHeader.SizeOfHeaders);

    for (ULONG i = 0; i < Image->SectionCount; i++) {
        PIMAGE_SECTION_HEADER Section = &Image->Sections[i];
        ULONG64 Size = Section->Misc.VirtualSize != 0 ? Section->Misc.VirtualSize : Section->SizeOfRawData;

        if (Section->VirtualAddress % PAGE_SIZE != 0 || Section->VirtualAddress != Free ||
            Section->VirtualAddress + Size > Image->Headers->OptionalHeader.SizeOfImage ||
            (ULONG64)Section->PointerToRawData + Section->SizeOfRawData > Image->FileSize)
            return STATUS_INVALID_IMAGE_FORMAT;
        if ((Section->Characteristics & IMAGE_SCN_MEM_WRITE) != 0 &&
            (Section->Characteristics & IMAGE_SCN_MEM_EXECUTE) != 0)
            return STATUS_INVALID_IMAGE_PROTECT;
        Free = ROUND_TO_PAGES(Section->VirtualAddress + Size);
    }
    return Free == ROUND_TO_PAGES(Image->Headers->OptionalHeader.SizeOfImage) ? STATUS_SUCCESS
                                                                              : STATUS_INVALID_IMAGE_FORMAT;
}

static NTSTATUS MiCheckImage(PMI_IMAGE Image)
{
    NTSTATUS Status = RtlImageNtHeaderEx(0, Image->File, Image->BytesRead, &Image->Headers);

    if (!NT_SUCCESS(Status))
        return Status;
    /* The native machine is the one that this kernel itself was made for. */
    if (Image->Headers->FileHeader.Machine != RtlImageNtHeader((PVOID)KeLoaderBlock->KernelBase)->FileHeader.Machine)
        return STATUS_IMAGE_MACHINE_TYPE_MISMATCH;
    if ((Image->Headers->FileHeader.Characteristics & IMAGE_FILE_EXECUTABLE_IMAGE) == 0)
        return STATUS_INVALID_IMAGE_FORMAT;
    Image->Sections = IMAGE_FIRST_SECTION(Image->Headers);
    Image->SectionCount = Image->Headers->FileHeader.NumberOfSections;
    if (!MiCheckHeaders(Image))
        return STATUS_INVALID_IMAGE_FORMAT;
    Image->PageCount = (ULONG)BYTES_TO_PAGES(Image->Headers->OptionalHeader.SizeOfImage);
    return MiCheckSections(Image);
}

NTSTATUS MiReadImage(PFILE_OBJECT File, BOOLEAN HeadersOnly, PMI_IMAGE Image)
{
    IO_FILE_ATTRIBUTES Attributes;
    ULONG Done;
    NTSTATUS Status = IoQueryFileAttributes(File, &Attributes);

    if (!NT_SUCCESS(Status))
        return Status;
    if (File->Directory || Attributes.EndOfFile < sizeof(IMAGE_DOS_HEADER) || Attributes.EndOfFile > MI_MAXIMUM_IMAGE)
        return STATUS_INVALID_IMAGE_FORMAT;
    RtlZeroMemory(Image, sizeof *Image);
    Image->FileSize = (ULONG)Attributes.EndOfFile;
    Image->BytesRead = HeadersOnly && Image->FileSize > MI_MAXIMUM_HEADERS ? MI_MAXIMUM_HEADERS : Image->FileSize;
    Image->File = ExAllocatePoolWithTag(PagedPool, Image->BytesRead, MI_TAG);
    if (Image->File == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    Status = IoReadFile(File, 0, Image->File, Image->BytesRead, &Done);
    if (NT_SUCCESS(Status))
        Status = Done == Image->BytesRead ? MiCheckImage(Image) : STATUS_INVALID_IMAGE_FORMAT;
    if (Status != STATUS_SUCCESS) {
        MiReleaseImage(Image);
        /* NT reports another machine's image by a code that counts as a success; here it is never one. */
        return NT_SUCCESS(Status) ? STATUS_INVALID_IMAGE_FORMAT : Status;
    }
    return STATUS_SUCCESS;
}

VOID MiReleaseImage(PMI_IMAGE Image)
{
    ExFreePoolWithTag(Image->File, MI_TAG);
    Image->File = NULL;
}

ULONG MiSectionProtection(ULONG Characteristics)
{
    if ((Characteristics & IMAGE_SCN_MEM_WRITE) != 0)
        return (Characteristics & IMAGE_SCN_MEM_SHARED) != 0 ? PAGE_READWRITE : PAGE_WRITECOPY;
    return (Characteristics & IMAGE_SCN_MEM_EXECUTE) != 0 ? PAGE_EXECUTE_READ : PAGE_READONLY;
}

/* Copies what [From, From + Size) of the file contributes to the page that begins at PageRva. */
static VOID MiCopyPart(PUCHAR Page, ULONG64 PageRva, const UCHAR *From, ULONG64 PartRva, ULONG64 Size)
{
    ULONG64 Start = PartRva > PageRva ? PartRva : PageRva;
    ULONG64 End = PartRva + Size < PageRva + PAGE_SIZE ? PartRva + Size : PageRva + PAGE_SIZE;

    if (Start < End)
        RtlCopyMemory(Page + (Start - PageRva), From + (Start - PartRva), End - Start);
}

VOID MiFillImagePage(PMI_IMAGE Image, ULONG Index, PVOID Page)
{
    ULONG64 PageRva = (ULONG64)Index << PAGE_SHIFT;

    MiCopyPart(Page, PageRva, Image->File, 0, Image->Headers->OptionalHeader.SizeOfHeaders);
    for (ULONG i = 0; i < Image->SectionCount; i++) {
        PIMAGE_SECTION_HEADER Section = &Image->Sections[i];
        ULONG64 Size = Section->SizeOfRawData;

        if (Section->Misc.VirtualSize != 0 && Section->Misc.VirtualSize < Size)
            Size = Section->Misc.VirtualSize;
        MiCopyPart(Page, PageRva, Image->File + Section->PointerToRawData, Section->VirtualAddress, Size);
    }
}

/* Adds Delta to the eight bytes at Rva, which may lie across two pages. */
static BOOLEAN MiRelocateQuad(ULONG64 Rva, ULONG PageCount, ULONG64 Delta, MI_RELOCATION_PAGE *Page, PVOID Context)
{
    UCHAR Bytes[8];
    ULONG64 Value;

    if (Rva + sizeof Value > (ULONG64)PageCount << PAGE_SHIFT)
        return FALSE;
    for (ULONG i = 0; i < sizeof Value; i++) {
        PUCHAR Source = Page(Context, (ULONG)((Rva + i) >> PAGE_SHIFT));

        if (Source == NULL)
            return FALSE;
        Bytes[i] = Source[(Rva + i) % PAGE_SIZE];
    }
    RtlCopyMemory(&Value, Bytes, sizeof Value);
    Value += Delta;
    RtlCopyMemory(Bytes, &Value, sizeof Value);
    for (ULONG i = 0; i < sizeof Value; i++)
        Page(Context, (ULONG)((Rva + i) >> PAGE_SHIFT))[(Rva + i) % PAGE_SIZE] = Bytes[i];
    return TRUE;
}

NTSTATUS MiRelocatePages(const UCHAR *Relocations, ULONG Size, ULONG PageCount, ULONG64 Delta,
                         MI_RELOCATION_PAGE *Page, PVOID Context)
{
    ULONG Offset = 0;

    while (Size - Offset >= sizeof(IMAGE_BASE_RELOCATION)) {
        IMAGE_BASE_RELOCATION Block;

        RtlCopyMemory(&Block, Relocations + Offset, sizeof Block);
        if (Block.SizeOfBlock < sizeof Block || Block.SizeOfBlock > Size - Offset)
            return STATUS_INVALID_IMAGE_FORMAT;
        for (ULONG At = Offset + sizeof Block; At + sizeof(USHORT) <= Offset + Block.SizeOfBlock; At += sizeof(USHORT)) {
            USHORT Entry = (USHORT)(Relocations[At] | Relocations[At + 1] << 8);

            if (Entry >> 12 == IMAGE_REL_BASED_ABSOLUTE)
                continue;
            if (Entry >> 12 != IMAGE_REL_BASED_DIR64 ||
                !MiRelocateQuad((ULONG64)Block.VirtualAddress + (Entry & 0xFFF), PageCount, Delta, Page, Context))
                return STATUS_INVALID_IMAGE_FORMAT;
        }
        Offset += Block.SizeOfBlock;
    }
    return STATUS_SUCCESS;
}
