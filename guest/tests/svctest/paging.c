/* Paging files: what NtCreatePagingFile refuses, and, where a volume may be written, pages that left RAM and came back. */
#include "svctest.h"

#define MEGABYTE (1ull << 20)
#define SHARED_BYTES (4 * MEGABYTE)

static NTSTATUS CreatePagingFile(PCWSTR Path, LONGLONG Minimum, LONGLONG Maximum)
{
    LARGE_INTEGER Least = { .QuadPart = Minimum }, Most = { .QuadPart = Maximum };
    UNICODE_STRING Name;

    RtlInitUnicodeString(&Name, Path);
    return NtCreatePagingFile(&Name, &Least, &Most, 0);
}

static PVOID Commit(SIZE_T Size)
{
    PVOID Base = NULL;

    return NT_SUCCESS(NtAllocateVirtualMemory(NtCurrentProcess(), &Base, 0, &Size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE))
               ? Base : NULL;
}

static VOID Release(PVOID Base)
{
    SIZE_T Size = 0;

    NtFreeVirtualMemory(NtCurrentProcess(), &Base, &Size, MEM_RELEASE);
}

static VOID Fill(PUCHAR Base, SIZE_T Size, ULONG64 Seed)
{
    for (SIZE_T Offset = 0; Offset < Size; Offset += PAGE_SIZE)
        *(ULONG64 *)(Base + Offset) = Seed + Offset;
}

static BOOLEAN IsFilled(PUCHAR Base, SIZE_T Size, ULONG64 Seed)
{
    for (SIZE_T Offset = 0; Offset < Size; Offset += PAGE_SIZE) {
        if (*(ULONG64 *)(Base + Offset) != Seed + Offset)
            return FALSE;
    }
    return TRUE;
}

static SIZE_T RamBytes(VOID)
{
    SYSTEM_BASIC_INFORMATION Basic = { 0 };

    NtQuerySystemInformation(SystemBasicInformation, &Basic, sizeof Basic, NULL);
    return (SIZE_T)Basic.NumberOfPhysicalPages * PAGE_SIZE;
}

/* Memory of a section, seen twice: what one view writes the other reads, also when it was out in between. */
static PUCHAR MapShared(PUCHAR *Again)
{
    LARGE_INTEGER Size = { .QuadPart = SHARED_BYTES };
    PVOID Views[2] = { NULL, NULL };
    HANDLE Section;

    if (!NT_SUCCESS(NtCreateSection(&Section, SECTION_ALL_ACCESS, NULL, &Size, PAGE_READWRITE, SEC_COMMIT, NULL)))
        return NULL;
    for (ULONG i = 0; i < 2; i++) {
        SIZE_T ViewSize = 0;

        NtMapViewOfSection(Section, NtCurrentProcess(), &Views[i], 0, 0, NULL, &ViewSize, ViewUnmap, 0, PAGE_READWRITE);
    }
    NtClose(Section);
    *Again = Views[1];
    return Views[0];
}

/* Everything else leaves RAM while all of it is used for something else. */
static VOID PushOut(SIZE_T Ram)
{
    PVOID Big = Commit(Ram);

    CHECK("paging: as much as the RAM", Big != NULL);
    if (Big == NULL)
        return;
    Fill(Big, Ram, 7);
    CHECK("paging: every page is what was written", IsFilled(Big, Ram, 7));
    Release(Big);
}

static VOID TestPagedOut(VOID)
{
    SIZE_T Size = PAGE_SIZE, Done;
    PUCHAR Private = Commit(SHARED_BYTES), Again = NULL, Shared = MapShared(&Again);
    PVOID Page = Private;
    ULONG64 Word = 0;
    ULONG Old;

    CHECK("paging: memory to lose", Private != NULL && Shared != NULL && Again != NULL);
    Fill(Private, SHARED_BYTES, 1);
    Fill(Shared, SHARED_BYTES, 2);
    PushOut(RamBytes());
    CHECK_STATUS("paging: a service reads what is out",
                 NtReadVirtualMemory(NtCurrentProcess(), Private, &Word, sizeof Word, &Done), 0);
    CHECK("paging: it is what it was", Word == 1);
    CHECK("paging: the other view comes back", IsFilled(Again, SHARED_BYTES, 2));
    Fill(Again, SHARED_BYTES, 3);
    CHECK("paging: both views are one", IsFilled(Shared, SHARED_BYTES, 3));
    PushOut(RamBytes());
    Page = Private + PAGE_SIZE;
    NtProtectVirtualMemory(NtCurrentProcess(), &Page, &Size, PAGE_NOACCESS, &Old);
    CHECK_STATUS("paging: what is out can be closed", NtReadVirtualMemory(NtCurrentProcess(), Page, &Word, 8, &Done),
                 STATUS_ACCESS_VIOLATION);
    NtProtectVirtualMemory(NtCurrentProcess(), &Page, &Size, PAGE_READWRITE, &Old);
    Page = Private + 2 * PAGE_SIZE;
    NtFreeVirtualMemory(NtCurrentProcess(), &Page, &Size, MEM_DECOMMIT);
    Size = PAGE_SIZE;
    NtAllocateVirtualMemory(NtCurrentProcess(), &Page, 0, &Size, MEM_COMMIT, PAGE_READWRITE);
    CHECK("paging: what was given back is gone", *(ULONG64 *)Page == 0);
    *(ULONG64 *)Page = 1 + 2 * PAGE_SIZE;
    CHECK("paging: all comes back", IsFilled(Private, SHARED_BYTES, 1) && IsFilled(Shared, SHARED_BYTES, 3));
    Release(Private);
    NtUnmapViewOfSection(NtCurrentProcess(), Shared);
    NtUnmapViewOfSection(NtCurrentProcess(), Again);
}

static VOID TestExistingPagingFile(PCWSTR Path)
{
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Name;
    IO_STATUS_BLOCK Io;
    HANDLE File;

    RtlInitUnicodeString(&Name, Path);
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    CHECK("paging: nobody else opens it",
          !NT_SUCCESS(NtOpenFile(&File, FILE_READ_DATA | SYNCHRONIZE, &Attributes, &Io,
                                 FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, FILE_SYNCHRONOUS_IO_NONALERT)));
    CHECK_STATUS("paging: it does not shrink", CreatePagingFile(Path, MEGABYTE, 200 * MEGABYTE), STATUS_INVALID_PARAMETER_2);
    CHECK_STATUS("paging: nor its limit", CreatePagingFile(Path, 8 * MEGABYTE, 8 * MEGABYTE), STATUS_INVALID_PARAMETER_3);
    CHECK_STATUS("paging: it grows", CreatePagingFile(Path, 16 * MEGABYTE, 160 * MEGABYTE), 0);
    CHECK_STATUS("paging: more than there is room for",
                 CreatePagingFile(L"\\SystemRoot\\Temp\\large.sys", 1024 * MEGABYTE, 1024 * MEGABYTE), STATUS_DISK_FULL);
}

VOID TestPaging(VOID)
{
    static const WCHAR Path[] = L"\\SystemRoot\\Temp\\paging.tst";
    BOOLEAN Was;
    PVOID TooMuch;

    RtlAdjustPrivilege(SE_CREATE_PAGEFILE_PRIVILEGE, FALSE, FALSE, &Was);
    CHECK_STATUS("paging: a privilege is needed", CreatePagingFile(Path, MEGABYTE, MEGABYTE), STATUS_PRIVILEGE_NOT_HELD);
    RtlAdjustPrivilege(SE_CREATE_PAGEFILE_PRIVILEGE, TRUE, FALSE, &Was);
    CHECK_STATUS("paging: too small", CreatePagingFile(Path, PAGE_SIZE, MEGABYTE), STATUS_INVALID_PARAMETER_2);
    CHECK_STATUS("paging: less at most than at least", CreatePagingFile(Path, 2 * MEGABYTE, MEGABYTE),
                 STATUS_INVALID_PARAMETER_3);
    CHECK("paging: not on a device", !NT_SUCCESS(CreatePagingFile(L"\\Device\\Null", MEGABYTE, MEGABYTE)));
    TooMuch = Commit(RamBytes());
    CHECK("paging: no more is promised than there is", TooMuch == NULL);
    if (!NT_SUCCESS(CreatePagingFile(Path, 8 * MEGABYTE, 128 * MEGABYTE)))
        return;                         /* the system volume is only read */
    TestExistingPagingFile(Path);
    TestPagedOut();
    DbgPrint("ok paging on a volume that may be written\n");
}
