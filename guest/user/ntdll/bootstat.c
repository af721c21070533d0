/* Boot status data: NT keeps them in \SystemRoot\bootstat.dat. Where there is no such file, or it cannot be written, the
   status of the file system says so. */
#include "ntdllp.h"

NTSTATUS NTAPI RtlLockBootStatusData(PHANDLE FileHandle)
{
    UNICODE_STRING Path = RTL_CONSTANT_STRING(L"\\SystemRoot\\bootstat.dat");
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Io;

    InitializeObjectAttributes(&Attributes, &Path, OBJ_CASE_INSENSITIVE, NULL, NULL);
    return NtOpenFile(FileHandle, FILE_READ_DATA | FILE_WRITE_DATA | SYNCHRONIZE, &Attributes, &Io, 0,
                      FILE_SYNCHRONOUS_IO_NONALERT | FILE_NON_DIRECTORY_FILE);
}

NTSTATUS NTAPI RtlUnlockBootStatusData(HANDLE FileHandle)
{
    return NtClose(FileHandle);
}

NTSTATUS NTAPI RtlGetSetBootStatusData(HANDLE FileHandle, BOOLEAN Read, RTL_BSD_ITEM_TYPE Item, PVOID Buffer,
                                       ULONG BufferLength, PULONG ReturnLength)
{
    /* Offset and size of each item in the file. */
    static const struct {
        UCHAR Offset;
        UCHAR Size;
    } Items[RtlBsdItemMax] = { { 0, 4 }, { 4, 4 }, { 8, 1 }, { 9, 1 }, { 10, 1 }, { 11, 1 } };
    LARGE_INTEGER Offset;
    IO_STATUS_BLOCK Io;
    NTSTATUS Status;

    if ((ULONG)Item >= RtlBsdItemMax)
        return STATUS_INVALID_PARAMETER;
    if (ReturnLength)
        *ReturnLength = Items[Item].Size;
    if (BufferLength < Items[Item].Size)
        return STATUS_BUFFER_TOO_SMALL;
    Offset.QuadPart = Items[Item].Offset;
    if (Read)
        Status = NtReadFile(FileHandle, NULL, NULL, NULL, &Io, Buffer, Items[Item].Size, &Offset, NULL);
    else
        Status = NtWriteFile(FileHandle, NULL, NULL, NULL, &Io, Buffer, Items[Item].Size, &Offset, NULL);
    return NT_SUCCESS(Status) && Io.Information != Items[Item].Size ? STATUS_END_OF_FILE : Status;
}
