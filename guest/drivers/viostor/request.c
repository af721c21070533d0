/* One request at a time: its pieces of memory, the device's doorbell, the answer. */
#include "viostor.h"

VOID VioRequestDone(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    PVIO_DEVICE Device = Context;

    UNREFERENCED_PARAMETER(Dpc);
    UNREFERENCED_PARAMETER(Argument1);
    UNREFERENCED_PARAMETER(Argument2);
    KeSetEvent(&Device->Done, 0, FALSE);
}

static BOOLEAN VioIsAnswered(PVIO_DEVICE Device)
{
    return Device->Used->Index != Device->LastUsed;
}

/* From DISPATCH_LEVEL upwards, after a crash, nobody sets the event: the queue itself is watched. */
static NTSTATUS VioPoll(PVIO_DEVICE Device)
{
    for (ULONG i = 0; i < VIO_TIMEOUT_MS * 10; i++) {
        if (VioIsAnswered(Device))
            return STATUS_SUCCESS;
        KeStallExecutionProcessor(100);
    }
    return STATUS_TIMEOUT;
}

static NTSTATUS VioWait(PVIO_DEVICE Device)
{
    NTSTATUS Status = STATUS_SUCCESS;

    if (KeGetCurrentIrql() >= DISPATCH_LEVEL)
        return VioPoll(Device);
    /* The event may still be set by an interrupt that came late for the request before. */
    while (!VioIsAnswered(Device) && Status == STATUS_SUCCESS)
        Status = KeWaitForDevice(&Device->Done, VIO_TIMEOUT_MS);
    return VioIsAnswered(Device) ? STATUS_SUCCESS : Status;
}

/* Descriptors 0 to Count - 1 are one chain. A device that does not answer may do so later, into memory that has then another
 * owner; so it is reset, and every later request fails at once. */
static NTSTATUS VioSubmit(PVIO_DEVICE Device)
{
    VIRTIO_BLK_REQUEST *Request = Device->Request;

    Request->Status = VIO_STATUS_NONE;
    Device->Busy = TRUE;
    Device->Avail->Ring[Device->Avail->Index % Device->QueueSize] = 0;
    KeMemoryBarrier();
    Device->Avail->Index++;
    KeMemoryBarrier();
    *Device->Notify = 0;
    if (VioWait(Device) != STATUS_SUCCESS) {
        VioStopDevice(Device);
        return STATUS_IO_TIMEOUT;
    }
    KeMemoryBarrier();
    Device->Busy = FALSE;
    Device->LastUsed = Device->Used->Index;
    if (Device->Common->Status & VIRTIO_NEEDS_RESET)
        Device->Failed = TRUE;
    if (Request->Status == VIRTIO_BLK_S_UNSUPP)
        return STATUS_INVALID_DEVICE_REQUEST;
    return Request->Status == VIRTIO_BLK_S_OK ? STATUS_SUCCESS : STATUS_IO_DEVICE_ERROR;
}

static VOID VioSetDescriptor(PVIO_DEVICE Device, ULONG Index, ULONG64 Address, ULONG Length, ULONG Flags)
{
    Device->Desc[Index] = (VIRTQ_DESC){ Address, Length, (USHORT)Flags, (USHORT)(Index + 1) };
}

/* Pages that lie together in memory are one piece. Returns the bytes that the pieces from descriptor 1 on cover, whole
 * sectors; *Next is the first descriptor that is free. */
static ULONG VioDescribeBuffer(PVIO_DEVICE Device, PUCHAR Buffer, ULONG Length, ULONG Flags, PULONG Next)
{
    ULONG Covered = 0, Index = 0;

    while (Covered < Length) {
        ULONG Piece = (ULONG)min((ULONG64)(Length - Covered), PAGE_SIZE - ((ULONG_PTR)(Buffer + Covered) & (PAGE_SIZE - 1)));
        ULONG64 Physical = MmVirtualToPhysical(Buffer + Covered);
        VIRTQ_DESC *Last = &Device->Desc[Index];

        if (Physical == 0)
            break;
        if (Index != 0 && Last->Address + Last->Length == Physical && Last->Length + Piece <= Device->SizeMax) {
            Last->Length += Piece;
        } else {
            if (Index == Device->SegMax)
                break;
            Piece = min(Piece, Device->SizeMax);
            VioSetDescriptor(Device, ++Index, Physical, Piece, Flags | VIRTQ_DESC_NEXT);
        }
        Covered += Piece;
    }
    /* The end of a sector that did not fit comes with the next request. */
    for (ULONG Rest = Covered % IO_SECTOR_SIZE; Rest != 0;) {
        ULONG Cut = min(Rest, Device->Desc[Index].Length);

        Device->Desc[Index].Length -= Cut;
        Covered -= Cut;
        Rest -= Cut;
        if (Device->Desc[Index].Length == 0)
            Index--;
    }
    *Next = Index + 1;
    return Covered;
}

/* Only a crash comes in the middle of a request: what the crash has to write waits for that one's end. */
static BOOLEAN VioFinishInterrupted(PVIO_DEVICE Device)
{
    if (VioPoll(Device) != STATUS_SUCCESS)
        return FALSE;
    Device->LastUsed = Device->Used->Index;
    Device->Busy = FALSE;
    return TRUE;
}

static NTSTATUS VioRequest(PVIO_DEVICE Device, ULONG Type, ULONG64 Sector, PUCHAR Buffer, ULONG Length, PULONG Done)
{
    ULONG Status = 1, Flags = Type == VIRTIO_BLK_T_IN ? VIRTQ_DESC_WRITE : 0;

    *Done = 0;
    if (Device->Failed)
        return STATUS_IO_DEVICE_ERROR;
    if (Device->Busy && !VioFinishInterrupted(Device))
        return STATUS_IO_TIMEOUT;
    if (Length != 0) {
        *Done = VioDescribeBuffer(Device, Buffer, Length, Flags, &Status);
        if (*Done == 0)
            return STATUS_INVALID_PARAMETER;        /* no memory that is there, or a sector in too many pieces */
    }
    Device->Request->Type = Type;
    Device->Request->Reserved = 0;
    Device->Request->Sector = Sector;
    VioSetDescriptor(Device, 0, Device->RequestPhysical, VIRTIO_BLK_HEADER, VIRTQ_DESC_NEXT);
    VioSetDescriptor(Device, Status, Device->RequestPhysical + offsetof(VIRTIO_BLK_REQUEST, Status), 1, VIRTQ_DESC_WRITE);
    return VioSubmit(Device);
}

static NTSTATUS VioTransfer(PVIO_DEVICE Device, ULONG Type, ULONG64 Sector, ULONG Count, PUCHAR Buffer)
{
    ULONG64 Left = (ULONG64)Count * IO_SECTOR_SIZE;
    NTSTATUS Status = STATUS_SUCCESS;

    while (Left != 0 && NT_SUCCESS(Status)) {
        ULONG Done;

        Status = VioRequest(Device, Type, Sector, Buffer, (ULONG)min(Left, 1ull << 30), &Done);
        Sector += Done / IO_SECTOR_SIZE;
        Buffer += Done;
        Left -= Done;
    }
    return Status;
}

static NTSTATUS VioRead(PVOID Context, ULONG64 Sector, ULONG Count, PVOID Buffer)
{
    return VioTransfer(Context, VIRTIO_BLK_T_IN, Sector, Count, Buffer);
}

static NTSTATUS VioWrite(PVOID Context, ULONG64 Sector, ULONG Count, const VOID *Buffer)
{
    return VioTransfer(Context, VIRTIO_BLK_T_OUT, Sector, Count, (PUCHAR)Buffer);
}

/* A device without the feature has no cache of its own that could be lost. */
static NTSTATUS VioFlush(PVOID Context)
{
    PVIO_DEVICE Device = Context;
    ULONG Done;

    return Device->CanFlush ? VioRequest(Device, VIRTIO_BLK_T_FLUSH, 0, NULL, 0, &Done) : STATUS_SUCCESS;
}

const IO_DISK_OPERATIONS VioDiskOperations = { .Read = VioRead, .Write = VioWrite, .Flush = VioFlush };
