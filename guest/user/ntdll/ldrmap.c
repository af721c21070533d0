/* Mapping of DLLs: from a section of \KnownDlls, or from the file in \SystemRoot\System32. */
#include "ntdllp.h"

static NTSTATUS OpenKnownSection(PCUNICODE_STRING BaseName, PHANDLE Section)
{
    WCHAR Buffer[96];
    UNICODE_STRING Path = { 0, sizeof(Buffer), Buffer };
    OBJECT_ATTRIBUTES Attributes;

    RtlAppendUnicodeToString(&Path, L"\\KnownDlls\\");
    RtlAppendUnicodeStringToString(&Path, BaseName);
    InitializeObjectAttributes(&Attributes, &Path, OBJ_CASE_INSENSITIVE, NULL, NULL);
    return NtOpenSection(Section, SECTION_MAP_READ | SECTION_MAP_EXECUTE | SECTION_MAP_WRITE, &Attributes);
}

static NTSTATUS CreateFileSection(PCUNICODE_STRING BaseName, PHANDLE Section)
{
    WCHAR Buffer[128];
    UNICODE_STRING Path = { 0, sizeof(Buffer), Buffer };
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Io;
    HANDLE File;
    NTSTATUS Status;

    RtlAppendUnicodeToString(&Path, L"\\SystemRoot\\System32\\");
    RtlAppendUnicodeStringToString(&Path, BaseName);
    InitializeObjectAttributes(&Attributes, &Path, OBJ_CASE_INSENSITIVE, NULL, NULL);
    Status = NtOpenFile(&File, FILE_EXECUTE | FILE_READ_DATA | SYNCHRONIZE, &Attributes, &Io,
                        FILE_SHARE_READ | FILE_SHARE_DELETE, FILE_SYNCHRONOUS_IO_NONALERT | FILE_NON_DIRECTORY_FILE);
    if (Status == STATUS_OBJECT_NAME_NOT_FOUND || Status == STATUS_OBJECT_PATH_NOT_FOUND)
        return STATUS_DLL_NOT_FOUND;
    if (!NT_SUCCESS(Status))
        return Status;
    Status = NtCreateSection(Section, SECTION_ALL_ACCESS, NULL, NULL, PAGE_EXECUTE, SEC_IMAGE, File);
    NtClose(File);
    return Status;
}

static ULONG SectionProtection(ULONG Characteristics)
{
    BOOLEAN Write = (Characteristics & IMAGE_SCN_MEM_WRITE) != 0;

    if (Characteristics & IMAGE_SCN_MEM_EXECUTE)
        return Write ? PAGE_EXECUTE_READWRITE : PAGE_EXECUTE_READ;
    return Write ? PAGE_READWRITE : PAGE_READONLY;
}

NTSTATUS LdrpSetImageProtection(PVOID Base, BOOLEAN Writable)
{
    PIMAGE_NT_HEADERS Nt = RtlImageNtHeader(Base);
    PIMAGE_SECTION_HEADER Section = IMAGE_FIRST_SECTION(Nt);

    for (ULONG i = 0; i < Nt->FileHeader.NumberOfSections; i++, Section++) {
        PVOID Address = (PUCHAR)Base + Section->VirtualAddress;
        SIZE_T Size = max(Section->Misc.VirtualSize, Section->SizeOfRawData);
        ULONG Old;
        NTSTATUS Status;

        /* What is writable anyway needs no change in either direction. */
        if (!Size || Section->Characteristics & IMAGE_SCN_MEM_WRITE)
            continue;
        Status = NtProtectVirtualMemory(NtCurrentProcess(), &Address, &Size,
                                        Writable ? PAGE_READWRITE : SectionProtection(Section->Characteristics), &Old);
        if (!NT_SUCCESS(Status))
            return Status;
    }
    return STATUS_SUCCESS;
}

/* Nothing to do when the memory manager has relocated the image: then the header in memory says where it is. */
static NTSTATUS RelocateIfNeeded(PVOID Base)
{
    PIMAGE_NT_HEADERS Nt = RtlImageNtHeader(Base);
    ULONG64 Delta = (ULONG64)(ULONG_PTR)Base - Nt->OptionalHeader.ImageBase;
    NTSTATUS Status;

    if (!Delta)
        return STATUS_SUCCESS;
    Status = LdrpSetImageProtection(Base, TRUE);
    if (NT_SUCCESS(Status))
        Status = LdrRelocateImage(Base, Delta);
    if (NT_SUCCESS(Status))
        Status = LdrpSetImageProtection(Base, FALSE);
    return Status;
}

NTSTATUS LdrpMapDll(PCUNICODE_STRING BaseName, PVOID *Base)
{
    SIZE_T ViewSize = 0;
    PIMAGE_NT_HEADERS Nt;
    HANDLE Section;
    NTSTATUS Status;

    Status = OpenKnownSection(BaseName, &Section);
    if (!NT_SUCCESS(Status))
        Status = CreateFileSection(BaseName, &Section);
    if (!NT_SUCCESS(Status))
        return Status;
    *Base = NULL;
    Status = NtMapViewOfSection(Section, NtCurrentProcess(), Base, 0, 0, NULL, &ViewSize, ViewShare, 0,
                                PAGE_READWRITE);
    NtClose(Section);
    if (!NT_SUCCESS(Status))
        return Status;
    Nt = RtlImageNtHeader(*Base);
    if (!Nt || Nt->FileHeader.Machine != IMAGE_FILE_MACHINE_NATIVE ||
        !(Nt->FileHeader.Characteristics & IMAGE_FILE_DLL))
        Status = STATUS_INVALID_IMAGE_FORMAT;
    else
        Status = RelocateIfNeeded(*Base);
    if (!NT_SUCCESS(Status))
        NtUnmapViewOfSection(NtCurrentProcess(), *Base);
    return Status;
}
