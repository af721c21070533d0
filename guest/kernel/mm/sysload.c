/* System images: drivers for everyone in the system range, drivers of a session in its own space. */
#include "mip.h"

static LIST_ENTRY MiSystemImages = { &MiSystemImages, &MiSystemImages };

/* Where an image goes: the tables to change, the list to join. */
typedef struct _MI_IMAGE_HOME {
    ULONG64 Root;
    PLIST_ENTRY Images;
    PMM_SESSION_SPACE Session;          /* NULL: system-wide */
} MI_IMAGE_HOME;

static MI_IMAGE_HOME MiSystemHome(VOID)
{
    return (MI_IMAGE_HOME){ MiKernelPageTableRoot, &MiSystemImages, NULL };
}

static MI_IMAGE_HOME MiSessionHome(PEPROCESS Process)
{
    return (MI_IMAGE_HOME){ Process->Vm.DirectoryTableBase, &Process->Vm.Session->Images, Process->Vm.Session };
}

/* One page that is never mapped lies between two images. */
static PUCHAR MiReserveImageRange(MI_IMAGE_HOME *Home, ULONG Pages)
{
    PUCHAR Base;

    if (Home->Session == NULL)
        return MiReserveSystemRange(Pages);
    Base = (PUCHAR)Home->Session->NextAddress;
    Home->Session->NextAddress += (ULONG64)(Pages + 1) << PAGE_SHIFT;
    return Base;
}

static PMI_SYSTEM_IMAGE MiFindSystemImage(MI_IMAGE_HOME *Home, PUNICODE_STRING Name)
{
    for (PLIST_ENTRY Entry = Home->Images->Flink; Entry != Home->Images; Entry = Entry->Flink) {
        PMI_SYSTEM_IMAGE Image = CONTAINING_RECORD(Entry, MI_SYSTEM_IMAGE, Link);

        if (RtlEqualUnicodeString(&Image->Name, Name, TRUE))
            return Image;
    }
    return NULL;
}

static PMI_SYSTEM_IMAGE MiAllocateSystemImage(PUNICODE_STRING Name)
{
    PMI_SYSTEM_IMAGE Image = ExAllocatePoolWithTag(NonPagedPool, sizeof *Image + Name->Length, MI_TAG);

    if (Image == NULL)
        return NULL;
    Image->Name.Length = Image->Name.MaximumLength = Name->Length;
    Image->Name.Buffer = (PWSTR)(Image + 1);
    RtlCopyMemory(Image->Name.Buffer, Name->Buffer, Name->Length);
    return Image;
}

static VOID MiUnloadImage(PMI_SYSTEM_IMAGE Image, ULONG64 Root)
{
    RemoveEntryList(&Image->Link);
    MiUnmapAndFreePages(Root, Image->Base, Image->PageCount);
    ExFreePoolWithTag(Image, MI_TAG);
}

/* Fills one import table from the kernel's exports. The lookup and address tables end with a zero. */
static NTSTATUS MiBindThunks(PUCHAR Base, ULONG ImageSize, ULONG LookupRva, ULONG AddressRva)
{
    for (;; LookupRva += sizeof(ULONG64), AddressRva += sizeof(ULONG64)) {
        ULONG64 Lookup;
        BOOLEAN Forwarder;
        PVOID Address;
        PCSTR Name;
        NTSTATUS Status;

        if (LookupRva > ImageSize - sizeof(ULONG64) || AddressRva > ImageSize - sizeof(ULONG64))
            return STATUS_INVALID_IMAGE_FORMAT;
        RtlCopyMemory(&Lookup, Base + LookupRva, sizeof Lookup);
        if (Lookup == 0)
            return STATUS_SUCCESS;
        if (IMAGE_SNAP_BY_ORDINAL64(Lookup))
            return STATUS_ORDINAL_NOT_FOUND;
        if (Lookup >= ImageSize - sizeof(IMAGE_IMPORT_BY_NAME))
            return STATUS_INVALID_IMAGE_FORMAT;
        Name = (PCSTR)Base + Lookup + offsetof(IMAGE_IMPORT_BY_NAME, Name);
        if (memchr(Name, 0, ImageSize - (Name - (PCSTR)Base)) == NULL)
            return STATUS_INVALID_IMAGE_FORMAT;
        Status = RtlpFindExport((PVOID)KeLoaderBlock->KernelBase, Name, 0, &Address, &Forwarder);
        if (!NT_SUCCESS(Status) || Forwarder) {
            DbgPrint("Mm: ntoskrnl.exe does not export %s\r\n", Name);
            return STATUS_DRIVER_ENTRYPOINT_NOT_FOUND;
        }
        RtlCopyMemory(Base + AddressRva, &Address, sizeof Address);
    }
}

/* Kernel images import from the kernel and from nothing else. */
static NTSTATUS MiBindImports(PUCHAR Base, ULONG ImageSize)
{
    ULONG Size;
    PIMAGE_IMPORT_DESCRIPTOR Import = RtlImageDirectoryEntryToData(Base, TRUE, IMAGE_DIRECTORY_ENTRY_IMPORT, &Size);

    for (; Import != NULL && Size >= sizeof *Import && Import->Name != 0; Import++, Size -= sizeof *Import) {
        static const CHAR Kernel[] = "ntoskrnl.exe";
        NTSTATUS Status;

        if (Import->Name > ImageSize - sizeof Kernel)
            return STATUS_INVALID_IMAGE_FORMAT;
        if (memcmp(Base + Import->Name, Kernel, sizeof Kernel) != 0)
            return STATUS_DLL_NOT_FOUND;
        Status = MiBindThunks(Base, ImageSize,
                              Import->OriginalFirstThunk != 0 ? Import->OriginalFirstThunk : Import->FirstThunk,
                              Import->FirstThunk);
        if (!NT_SUCCESS(Status))
            return Status;
    }
    return STATUS_SUCCESS;
}

/* Nothing writable stays executable: every page gets what its section asks for, the rest becomes read-only. */
static VOID MiProtectSystemImage(PMI_IMAGE Image, PUCHAR Base, ULONG64 Root)
{
    for (ULONG Page = 0; Page < Image->PageCount; Page++)
        KiProtectPage(Root, Base + ((ULONG64)Page << PAGE_SHIFT), 0);
    for (ULONG i = 0; i < Image->SectionCount; i++) {
        PIMAGE_SECTION_HEADER Section = &Image->Sections[i];
        ULONG Size = Section->Misc.VirtualSize != 0 ? Section->Misc.VirtualSize : Section->SizeOfRawData;
        PUCHAR Start = Base + Section->VirtualAddress;
        ULONG Flags = 0;

        if ((Section->Characteristics & IMAGE_SCN_MEM_WRITE) != 0)
            Flags = KI_PAGE_WRITE;
        else if ((Section->Characteristics & IMAGE_SCN_MEM_EXECUTE) != 0)
            Flags = KI_PAGE_EXECUTE;
        if (Flags == KI_PAGE_EXECUTE)
            KiSynchronizeInstructionCache(Start, Size);
        for (ULONG Offset = 0; Flags != 0 && Offset < Size; Offset += PAGE_SIZE)
            KiProtectPage(Root, Start + Offset, Flags);
    }
}

/* Puts the file's image at Base: bytes, relocation, imports, protections. On failure nothing stays mapped. */
static NTSTATUS MiBuildSystemImage(PMI_IMAGE Image, PUCHAR Base, ULONG64 Root)
{
    NTSTATUS Status;

    if (!MiMapNewPages(Root, Base, Image->PageCount, KI_PAGE_WRITE))
        return STATUS_INSUFFICIENT_RESOURCES;
    for (ULONG Page = 0; Page < Image->PageCount; Page++)
        MiFillImagePage(Image, Page, Base + ((ULONG64)Page << PAGE_SHIFT));
    Status = LdrRelocateImage(Base, (ULONG64)Base - Image->Headers->OptionalHeader.ImageBase);
    if (NT_SUCCESS(Status))
        Status = MiBindImports(Base, Image->PageCount << PAGE_SHIFT);
    if (NT_SUCCESS(Status))
        MiProtectSystemImage(Image, Base, Root);
    else
        MiUnmapAndFreePages(Root, Base, Image->PageCount);
    return Status;
}

/* The kernel jumps to the entry point, so it must lie in code. */
static BOOLEAN MiIsEntryExecutable(PMI_IMAGE Image)
{
    ULONG Entry = Image->Headers->OptionalHeader.AddressOfEntryPoint;

    for (ULONG i = 0; i < Image->SectionCount; i++) {
        PIMAGE_SECTION_HEADER Section = &Image->Sections[i];

        if ((Section->Characteristics & IMAGE_SCN_MEM_EXECUTE) != 0 && Entry >= Section->VirtualAddress &&
            Entry - Section->VirtualAddress < Section->Misc.VirtualSize)
            return TRUE;
    }
    return FALSE;
}

static NTSTATUS MiReadSystemImage(PUNICODE_STRING FileName, PMI_IMAGE Image)
{
    PFILE_OBJECT File;
    NTSTATUS Status = IoOpenFile(FileName, FILE_READ_DATA | FILE_EXECUTE | SYNCHRONIZE, FILE_NON_DIRECTORY_FILE, &File);

    if (!NT_SUCCESS(Status))
        return Status;
    Status = MiReadImage(File, FALSE, Image);
    ObDereferenceObject(File);
    if (!NT_SUCCESS(Status))
        return Status;
    if (Image->Headers->OptionalHeader.Subsystem != IMAGE_SUBSYSTEM_NATIVE || !MiIsEntryExecutable(Image))
        Status = STATUS_INVALID_IMAGE_FORMAT;
    else if (Image->Headers->OptionalHeader.CheckSum != RtlpImageChecksum(Image->File, Image->FileSize))
        Status = STATUS_IMAGE_CHECKSUM_MISMATCH;    /* of a driver NT wants it, and 0 does not stand for any */
    if (!NT_SUCCESS(Status))
        MiReleaseImage(Image);
    return Status;
}

NTSTATUS MmLoadSystemImage(PUNICODE_STRING FileName, BOOLEAN Session, PVOID *Base, PVOID *Entry)
{
    PEPROCESS Process = PsGetCurrentProcess();
    MI_IMAGE_HOME Home;
    PMI_SYSTEM_IMAGE Loaded;
    MI_IMAGE Image;
    NTSTATUS Status;

    if (Session && Process->Vm.Session == NULL)
        return STATUS_INVALID_DEVICE_REQUEST;
    Home = Session ? MiSessionHome(Process) : MiSystemHome();
    MiBalanceMemory();
    Loaded = MiFindSystemImage(&Home, FileName);
    if (Loaded != NULL) {
        *Base = Loaded->Base;
        *Entry = Loaded->Entry;
        return STATUS_IMAGE_ALREADY_LOADED;
    }
    Status = MiReadSystemImage(FileName, &Image);
    if (!NT_SUCCESS(Status))
        return Status;
    Loaded = MiAllocateSystemImage(FileName);
    if (Loaded != NULL) {
        Loaded->Base = MiReserveImageRange(&Home, Image.PageCount);
        Loaded->PageCount = Image.PageCount;
        Loaded->Entry = Loaded->Base + Image.Headers->OptionalHeader.AddressOfEntryPoint;
        Status = MiBuildSystemImage(&Image, Loaded->Base, Home.Root);
        if (!NT_SUCCESS(Status))
            ExFreePoolWithTag(Loaded, MI_TAG);
    } else {
        Status = STATUS_INSUFFICIENT_RESOURCES;
    }
    MiReleaseImage(&Image);
    if (!NT_SUCCESS(Status))
        return Status;
    InsertTailList(Home.Images, &Loaded->Link);
    *Base = Loaded->Base;
    *Entry = Loaded->Entry;
    ExRecordFact("driver.load", "path=%wZ session=%u", FileName, Session ? MmGetSessionId(Process) : 0);
    return STATUS_SUCCESS;
}

static NTSTATUS MiUnloadFrom(MI_IMAGE_HOME *Home, PVOID Base)
{
    for (PLIST_ENTRY Entry = Home->Images->Flink; Entry != Home->Images; Entry = Entry->Flink) {
        PMI_SYSTEM_IMAGE Image = CONTAINING_RECORD(Entry, MI_SYSTEM_IMAGE, Link);

        if (Image->Base == Base) {
            MiUnloadImage(Image, Home->Root);
            return STATUS_SUCCESS;
        }
    }
    return STATUS_INVALID_PARAMETER;
}

NTSTATUS MmUnloadSystemImage(PVOID Base)
{
    PEPROCESS Process = PsGetCurrentProcess();
    MI_IMAGE_HOME Home = MiSystemHome();
    NTSTATUS Status = MiUnloadFrom(&Home, Base);

    if (NT_SUCCESS(Status) || Process->Vm.Session == NULL)
        return Status;
    Home = MiSessionHome(Process);
    return MiUnloadFrom(&Home, Base);
}

/* Called while Root still shows the session. */
VOID MiUnloadSessionImages(PMM_SESSION_SPACE Session, ULONG64 Root)
{
    while (!IsListEmpty(&Session->Images))
        MiUnloadImage(CONTAINING_RECORD(Session->Images.Flink, MI_SYSTEM_IMAGE, Link), Root);
}
