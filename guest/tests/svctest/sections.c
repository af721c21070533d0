/* Sections of files: views of the boot volume's files, and of a file on a volume that may be written when there is one. */
#include "svctest.h"

#define FILE_BYTES 0x2345u

static NTSTATUS OpenFile(PCWSTR Path, ACCESS_MASK Access, ULONG Disposition, PHANDLE File)
{
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Name;
    IO_STATUS_BLOCK Io;

    RtlInitUnicodeString(&Name, Path);
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    return NtCreateFile(File, Access | SYNCHRONIZE, &Attributes, &Io, NULL, FILE_ATTRIBUTE_NORMAL,
                        FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, Disposition,
                        FILE_SYNCHRONOUS_IO_NONALERT | FILE_NON_DIRECTORY_FILE, NULL, 0);
}

static NTSTATUS MapFile(HANDLE File, ULONG Protect, LONGLONG Size, PUCHAR *View, PSIZE_T ViewSize)
{
    LARGE_INTEGER Maximum = { .QuadPart = Size };
    PVOID Base = NULL;
    HANDLE Section;
    NTSTATUS Status = NtCreateSection(&Section, SECTION_ALL_ACCESS, NULL, &Maximum, Protect, SEC_COMMIT, File);

    if (!NT_SUCCESS(Status))
        return Status;
    *ViewSize = 0;
    Status = NtMapViewOfSection(Section, NtCurrentProcess(), &Base, 0, 0, NULL, ViewSize, ViewUnmap, 0, Protect);
    NtClose(Section);
    *View = Base;
    return Status;
}

static ULONG64 SizeOf(HANDLE File)
{
    FILE_STANDARD_INFORMATION Standard = { 0 };
    IO_STATUS_BLOCK Io;

    NtQueryInformationFile(File, &Io, &Standard, sizeof Standard, FileStandardInformation);
    return (ULONG64)Standard.EndOfFile.QuadPart;
}

static BOOLEAN IsZero(const UCHAR *Bytes, SIZE_T Length)
{
    for (SIZE_T i = 0; i < Length; i++) {
        if (Bytes[i] != 0)
            return FALSE;
    }
    return TRUE;
}

/* Every byte of the view is what NtReadFile gives, and zero behind the file's end. */
static BOOLEAN IsFile(HANDLE File, const UCHAR *View, SIZE_T ViewSize)
{
    static UCHAR Buffer[0x1000];
    ULONG64 Size = SizeOf(File);
    LARGE_INTEGER Offset = { .QuadPart = 0 };
    IO_STATUS_BLOCK Io;

    for (; (ULONG64)Offset.QuadPart < Size; Offset.QuadPart += (LONGLONG)Io.Information) {
        if (!NT_SUCCESS(NtReadFile(File, NULL, NULL, NULL, &Io, Buffer, sizeof Buffer, &Offset, NULL)) ||
            Io.Information == 0 || memcmp(Buffer, View + Offset.QuadPart, Io.Information) != 0)
            return FALSE;
    }
    return IsZero(View + Size, ViewSize - Size);
}

static VOID TestReadOnlyFile(VOID)
{
    PUCHAR View = NULL, Other = NULL;
    SIZE_T Size = 0, OtherSize = 0;
    PVOID Base;
    IO_STATUS_BLOCK Io;
    HANDLE File;

    CHECK_STATUS("sections: open", OpenFile(L"\\SystemRoot\\System32\\ntdll.dll", FILE_READ_DATA, FILE_OPEN, &File), 0);
    CHECK_STATUS("sections: map a file", MapFile(File, PAGE_READONLY, 0, &View, &Size), 0);
    CHECK("sections: the view is the file, zero behind its end",
          Size == ROUND_TO_PAGES(SizeOf(File)) && IsFile(File, View, Size));
    CHECK_STATUS("sections: a file that may not grow", MapFile(File, PAGE_READONLY, (LONGLONG)Size + 1, &Other, &OtherSize),
                 STATUS_SECTION_TOO_BIG);
    CHECK_STATUS("sections: no right to write", MapFile(File, PAGE_READWRITE, 0, &Other, &OtherSize), STATUS_ACCESS_DENIED);
    CHECK_STATUS("sections: no right to execute", MapFile(File, PAGE_EXECUTE_READ, 0, &Other, &OtherSize),
                 STATUS_ACCESS_DENIED);
    CHECK_STATUS("sections: map a copy", MapFile(File, PAGE_WRITECOPY, 0, &Other, &OtherSize), 0);
    Other[5] = (UCHAR)(View[5] + 1);
    CHECK("sections: a copy is one's own", Other[5] != View[5] && IsFile(File, View, Size));
    Base = View;
    OtherSize = 0;
    CHECK_STATUS("sections: flush a view", NtFlushVirtualMemory(NtCurrentProcess(), &Base, &OtherSize, &Io), 0);
    CHECK("sections: flushed it all", OtherSize == Size && Io.Information == Size);
    CHECK_STATUS("sections: unmap", NtUnmapViewOfSection(NtCurrentProcess(), View), 0);
    CHECK_STATUS("sections: unmap the copy", NtUnmapViewOfSection(NtCurrentProcess(), Other), 0);
    NtClose(File);
}

/* A private page that is there, then guarded: one touch is refused, the next one finds the page as it was. */
static VOID TestPageStates(VOID)
{
    PVOID Base = NULL;
    SIZE_T Size = 0x1000;
    ULONG Old;
    UCHAR Byte = 0;
    SIZE_T Done;
    IO_STATUS_BLOCK Io;

    CHECK_STATUS("pages: allocate",
                 NtAllocateVirtualMemory(NtCurrentProcess(), &Base, 0, &Size, MEM_COMMIT, PAGE_READWRITE), 0);
    *(PUCHAR)Base = 77;
    NtProtectVirtualMemory(NtCurrentProcess(), &Base, &Size, PAGE_READWRITE | PAGE_GUARD, &Old);
    CHECK_STATUS("pages: a guard refuses once",
                 NtReadVirtualMemory(NtCurrentProcess(), Base, &Byte, 1, &Done), STATUS_ACCESS_VIOLATION);
    CHECK_STATUS("pages: and no more", NtReadVirtualMemory(NtCurrentProcess(), Base, &Byte, 1, &Done), 0);
    CHECK("pages: guarded bytes stay", Byte == 77);
    NtProtectVirtualMemory(NtCurrentProcess(), &Base, &Size, PAGE_NOACCESS, &Old);
    NtProtectVirtualMemory(NtCurrentProcess(), &Base, &Size, PAGE_READWRITE, &Old);
    CHECK("pages: closed bytes stay", *(volatile UCHAR *)Base == 77);
    CHECK_STATUS("pages: no view to flush", NtFlushVirtualMemory(NtCurrentProcess(), &Base, &Size, &Io),
                 STATUS_NOT_MAPPED_VIEW);
    Size = 0;
    NtFreeVirtualMemory(NtCurrentProcess(), &Base, &Size, MEM_RELEASE);
}

static VOID TestCoherence(HANDLE File, PUCHAR View, SIZE_T Size)
{
    LARGE_INTEGER Offset = { .QuadPart = 0xFFE };
    IO_STATUS_BLOCK Io;
    UCHAR Bytes[4] = { 1, 2, 3, 4 };
    PVOID Base = View;

    View[0x1500] = 0x5A;
    Offset.QuadPart = 0x1500;
    CHECK("coherence: a read sees the view", NT_SUCCESS(NtReadFile(File, NULL, NULL, NULL, &Io, Bytes, 1, &Offset, NULL)) &&
                                                 Bytes[0] == 0x5A);
    Bytes[0] = 1;
    Offset.QuadPart = 0xFFE;
    CHECK_STATUS("coherence: write", NtWriteFile(File, NULL, NULL, NULL, &Io, Bytes, 4, &Offset, NULL), 0);
    CHECK("coherence: the view sees a write", memcmp(View + 0xFFE, Bytes, 4) == 0 && View[0x1500] == 0x5A);
    Size = 0;
    CHECK_STATUS("coherence: flush", NtFlushVirtualMemory(NtCurrentProcess(), &Base, &Size, &Io), 0);
    View[0x1501] = 0x5B;                /* noticed again after the flush */
    CHECK("coherence: view and file agree", IsFile(File, View, ROUND_TO_PAGES(FILE_BYTES)));
}

static VOID TestWritableFile(VOID)
{
    PUCHAR View = NULL;
    SIZE_T Size = 0;
    UCHAR Bytes[2] = { 0 };
    LARGE_INTEGER Offset = { .QuadPart = 0x1500 };
    FILE_DISPOSITION_INFORMATION Delete = { TRUE };
    IO_STATUS_BLOCK Io;
    HANDLE File;

    if (!NT_SUCCESS(OpenFile(L"\\SystemRoot\\Temp\\section.tst", FILE_READ_DATA | FILE_WRITE_DATA | DELETE,
                             FILE_OVERWRITE_IF, &File)))
        return;                         /* the system volume is only read */
    CHECK_STATUS("files: nothing to map", MapFile(File, PAGE_READWRITE, 0, &View, &Size), STATUS_MAPPED_FILE_SIZE_ZERO);
    CHECK_STATUS("files: a section makes it grow", MapFile(File, PAGE_READWRITE, FILE_BYTES, &View, &Size), 0);
    CHECK("files: it grew", SizeOf(File) == FILE_BYTES && Size == ROUND_TO_PAGES(FILE_BYTES) && IsZero(View, Size));
    TestCoherence(File, View, Size);
    Delete.DeleteFile = TRUE;
    CHECK("files: mapped files stay", !NT_SUCCESS(NtSetInformationFile(File, &Io, &Delete, sizeof Delete,
                                                                       FileDispositionInformation)));
    CHECK_STATUS("files: unmap", NtUnmapViewOfSection(NtCurrentProcess(), View), 0);
    CHECK("files: the view's bytes are in the file",
          NT_SUCCESS(NtReadFile(File, NULL, NULL, NULL, &Io, Bytes, 2, &Offset, NULL)) && Bytes[0] == 0x5A &&
              Bytes[1] == 0x5B && SizeOf(File) == FILE_BYTES);
    NtSetInformationFile(File, &Io, &Delete, sizeof Delete, FileDispositionInformation);
    NtClose(File);
    DbgPrint("ok files on a volume that may be written\n");
}

VOID TestSections(VOID)
{
    TestReadOnlyFile();
    TestPageStates();
    TestWritableFile();
}
