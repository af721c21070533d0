/* S16: the DLLs that every process takes from \KnownDlls, whatever lies in a folder of its path. */
#include "smss.h"

static HANDLE ObjectDirectory, DllDirectory;
static UNICODE_STRING DllPath;
static ULONG Mapped;

static VOID OpenDllDirectory(VOID)
{
    UNICODE_STRING NtPath;

    if (!RtlDosPathNameToNtPathName_U(DllPath.Buffer, &NtPath, NULL, NULL))
        SmpTerminate(STATUS_OBJECT_NAME_INVALID, "DllDirectory");
    SMP_CHECK(SmpOpenFile(&NtPath, FILE_LIST_DIRECTORY | FILE_TRAVERSE, FILE_DIRECTORY_FILE, &DllDirectory),
              "DllDirectory");
    RtlFreeUnicodeString(&NtPath);
}

static BOOLEAN IsListed(PLIST_ENTRY List, PCUNICODE_STRING File, BOOLEAN ByValue)
{
    for (PLIST_ENTRY Link = List->Flink; Link != List; Link = Link->Flink) {
        PSMP_REGISTRY_VALUE Entry = CONTAINING_RECORD(Link, SMP_REGISTRY_VALUE, Link);

        if (RtlEqualUnicodeString(ByValue ? &Entry->Value : &Entry->Name, File, TRUE))
            return TRUE;
    }
    return FALSE;
}

/* What a known DLL imports becomes known too, behind all others of the list. */
static VOID NTAPI AddImport(PVOID Parameter, PCHAR ModuleName)
{
    UNICODE_STRING File;

    UNREFERENCED_PARAMETER(Parameter);
    if (!RtlCreateUnicodeStringFromAsciiz(&File, ModuleName))
        SmpTerminate(STATUS_NO_MEMORY, "KnownDlls");
    if (!IsListed(&SmpKnownDllsList, &File, TRUE))
        SMP_CHECK(SmpSaveValue(&SmpKnownDllsList, File.Buffer, File.Buffer), "KnownDlls");
    RtlFreeUnicodeString(&File);
}

/* A file with another checksum than its own, or that is no DLL, is a damaged system: it does not go on. */
static NTSTATUS MapDll(PUNICODE_STRING FileName)
{
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Io;
    USHORT Characteristics;
    HANDLE File, Section;
    NTSTATUS Status;

    InitializeObjectAttributes(&Attributes, FileName, OBJ_CASE_INSENSITIVE, DllDirectory, NULL);
    Status = NtOpenFile(&File, SYNCHRONIZE | FILE_EXECUTE | FILE_READ_DATA, &Attributes, &Io,
                        FILE_SHARE_READ | FILE_SHARE_DELETE, FILE_NON_DIRECTORY_FILE | FILE_SYNCHRONOUS_IO_NONALERT);
    if (!NT_SUCCESS(Status))
        return Status;
    Status = LdrVerifyImageMatchesChecksum((HANDLE)((ULONG_PTR)File | 1), AddImport, NULL, &Characteristics);
    if (NT_SUCCESS(Status) && !(Characteristics & IMAGE_FILE_DLL))
        Status = STATUS_INVALID_IMAGE_FORMAT;
    if (!NT_SUCCESS(Status)) {
        DbgPrint("SMSS: known DLL %wZ is damaged or is no DLL\n", FileName);
        SmpTerminate(Status, "known DLL");
    }
    InitializeObjectAttributes(&Attributes, FileName, OBJ_CASE_INSENSITIVE | OBJ_PERMANENT, ObjectDirectory,
                               SmpLiberalSecurityDescriptor);
    Status = NtCreateSection(&Section, SECTION_ALL_ACCESS, &Attributes, NULL, PAGE_EXECUTE, SEC_IMAGE, File);
    if (NT_SUCCESS(Status))
        NtClose(Section);
    NtClose(File);
    return Status;
}

/* Takes DllDirectory out of the list of DLLs, once; the folder of the system is the default. */
static VOID FindDllPath(VOID)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"DllDirectory");
    PSMP_REGISTRY_VALUE Entry = SmpFindValue(&SmpKnownDllsList, &Name);

    if (DllPath.Buffer)
        return;
    if (Entry) {
        RemoveEntryList(&Entry->Link);
        DllPath = Entry->Value;
    } else {
        SMP_CHECK(SmpExpand(L"%SystemRoot%\\System32", &DllPath), "DllDirectory");
    }
}

/* \KnownDlls and, in it, the link that says from which folder the DLLs are. */
VOID SmpCreateKnownDllsDirectory(VOID)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\KnownDlls"), LinkName = RTL_CONSTANT_STRING(L"KnownDllPath");
    OBJECT_ATTRIBUTES Attributes;
    HANDLE Link;

    FindDllPath();
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE | OBJ_PERMANENT | OBJ_OPENIF, NULL,
                               SmpKnownDllsSecurityDescriptor);
    SMP_CHECK(NtCreateDirectoryObject(&ObjectDirectory, DIRECTORY_ALL_ACCESS, &Attributes), "\\KnownDlls");
    InitializeObjectAttributes(&Attributes, &LinkName, OBJ_CASE_INSENSITIVE | OBJ_PERMANENT | OBJ_OPENIF,
                               ObjectDirectory, SmpPrimarySecurityDescriptor);
    SMP_CHECK(NtCreateSymbolicLinkObject(&Link, SYMBOLIC_LINK_ALL_ACCESS, &Attributes, &DllPath), "KnownDllPath");
    NtClose(Link);
}

/* S16 */
VOID SmpInitializeKnownDlls(VOID)
{
    FindDllPath();
    RtlpClaim("smss.known-dlls.begin", "directory=%wZ", &DllPath);
    if (!ObjectDirectory)
        SmpCreateKnownDllsDirectory();
    if (!IsListEmpty(&SmpKnownDllsList))
        OpenDllDirectory();
    /* The list grows at its end while it is walked. */
    for (PLIST_ENTRY Link = SmpKnownDllsList.Flink; Link != &SmpKnownDllsList; Link = Link->Flink) {
        PSMP_REGISTRY_VALUE Dll = CONTAINING_RECORD(Link, SMP_REGISTRY_VALUE, Link);
        NTSTATUS Status;

        if (IsListed(&SmpExcludeKnownDllList, &Dll->Value, FALSE))
            continue;
        Status = MapDll(&Dll->Value);
        Mapped += NT_SUCCESS(Status);
        RtlpClaim("smss.known-dll", "name=%wZ file=%wZ status=%x", &Dll->Name, &Dll->Value, Status);
        /* A file that two values name is known already, and nothing is wrong. */
        if (!NT_SUCCESS(Status) && Status != STATUS_OBJECT_NAME_COLLISION)
            SmpLogEvent(SMP_EVENT_KNOWN_DLL, Status, L"A known DLL was left out: ", &Dll->Value);
    }
    if (DllDirectory)
        NtClose(DllDirectory);
    NtClose(ObjectDirectory);
    RtlpClaim("smss.known-dlls.end", "count=%u", Mapped);
}
