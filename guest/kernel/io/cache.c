/* A volume's bytes at any offset. Without a block cache: parts of sectors are read, changed and written at once. */
#include "diskp.h"

static NTSTATUS IopPartOfSector(PDEVICE_OBJECT Volume, BOOLEAN Write, ULONG64 Offset, PUCHAR Buffer, ULONG Length)
{
    UCHAR Sector[IO_SECTOR_SIZE];
    ULONG64 Base = Offset & ~(ULONG64)(IO_SECTOR_SIZE - 1);
    NTSTATUS Status = IoTransferVolume(Volume, FALSE, Base, Sector, sizeof Sector);

    if (!NT_SUCCESS(Status))
        return Status;
    if (!Write) {
        RtlCopyMemory(Buffer, Sector + (Offset - Base), Length);
        return STATUS_SUCCESS;
    }
    RtlCopyMemory(Sector + (Offset - Base), Buffer, Length);
    return IoTransferVolume(Volume, TRUE, Base, Sector, sizeof Sector);
}

static NTSTATUS IopAnyBytes(PDEVICE_OBJECT Volume, BOOLEAN Write, ULONG64 Offset, PUCHAR Buffer, ULONG Length)
{
    NTSTATUS Status = STATUS_SUCCESS;

    while (Length != 0 && NT_SUCCESS(Status)) {
        ULONG Into = (ULONG)(Offset % IO_SECTOR_SIZE);
        BOOLEAN Part = Into != 0 || Length < IO_SECTOR_SIZE;
        ULONG Now = Part ? min(Length, IO_SECTOR_SIZE - Into) : Length & ~(IO_SECTOR_SIZE - 1);

        Status = Part ? IopPartOfSector(Volume, Write, Offset, Buffer, Now)
                      : IoTransferVolume(Volume, Write, Offset, Buffer, Now);
        Offset += Now;
        Buffer += Now;
        Length -= Now;
    }
    return Status;
}

NTSTATUS IoReadVolume(PDEVICE_OBJECT Volume, ULONG64 Offset, PVOID Buffer, ULONG Length)
{
    return IopAnyBytes(Volume, FALSE, Offset, Buffer, Length);
}

NTSTATUS IoWriteVolume(PDEVICE_OBJECT Volume, ULONG64 Offset, const VOID *Buffer, ULONG Length)
{
    return IopAnyBytes(Volume, TRUE, Offset, (PVOID)Buffer, Length);
}

NTSTATUS IoFlushVolume(PDEVICE_OBJECT Volume) { return IoFlushDisk(Volume); }

VOID IoPurgeVolume(PDEVICE_OBJECT Volume, ULONG64 Offset, ULONG64 Length)
{
    UNREFERENCED_PARAMETER(Volume);
    UNREFERENCED_PARAMETER(Offset);
    UNREFERENCED_PARAMETER(Length);
}
