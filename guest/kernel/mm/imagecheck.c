/* Whether a program's bytes are those that it was linked with: what runs is checked once, when its file is first mapped.
 * A driver must have a checksum (sysload.c); a program without one, 0 in its header, is not checked. */
#include "mip.h"

#define MI_CHECK_CHUNK 0x10000u     /* even, so that no word of the sum is split */

/* STATUS_IMAGE_CHECKSUM_MISMATCH when the file has another checksum than its header says. */
NTSTATUS MiCheckImageFile(PFILE_OBJECT File, PMI_IMAGE Image)
{
    ULONG Told = Image->Headers->OptionalHeader.CheckSum, Done;
    USHORT Sum = 0;
    PUCHAR Buffer;
    NTSTATUS Status = STATUS_SUCCESS;

    if (Told == 0)
        return STATUS_SUCCESS;
    Buffer = ExAllocatePoolWithTag(PagedPool, MI_CHECK_CHUNK, MI_TAG);
    if (Buffer == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    for (ULONG Offset = 0; Offset < Image->FileSize && NT_SUCCESS(Status); Offset += Done) {
        ULONG Length = Image->FileSize - Offset < MI_CHECK_CHUNK ? Image->FileSize - Offset : MI_CHECK_CHUNK;

        Status = IoReadFile(File, Offset, Buffer, Length, &Done);
        if (NT_SUCCESS(Status) && Done != Length)
            Status = STATUS_INVALID_IMAGE_FORMAT;
        if (NT_SUCCESS(Status))
            Sum = RtlpChecksumWords(Sum, Buffer, Done);
    }
    ExFreePoolWithTag(Buffer, MI_TAG);
    if (NT_SUCCESS(Status) && RtlpFinishImageChecksum(Sum, Told, Image->FileSize) != Told)
        Status = STATUS_IMAGE_CHECKSUM_MISMATCH;
    return Status;
}
