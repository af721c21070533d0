/* viostor.sys: virtio block devices on PCI, with the version-1 layout of registers and queues. */
#pragma once
#include <nt.h>
#include "ex.h"
#include "hal.h"
#include "io.h"
#include "ke.h"
#include "mm.h"

#define VIO_TAG 'soiV'
#define VIO_TIMEOUT_MS 10000u

/* Device status. */
#define VIRTIO_ACKNOWLEDGE 0x01u
#define VIRTIO_DRIVER      0x02u
#define VIRTIO_DRIVER_OK   0x04u
#define VIRTIO_FEATURES_OK 0x08u
#define VIRTIO_NEEDS_RESET 0x40u
#define VIRTIO_FAILED      0x80u

/* Features, by bit number. */
#define VIRTIO_BLK_F_SIZE_MAX 1
#define VIRTIO_BLK_F_SEG_MAX  2
#define VIRTIO_BLK_F_RO       5
#define VIRTIO_BLK_F_FLUSH    9
#define VIRTIO_F_VERSION_1    32

/* The common configuration; every field is read and written with its own width. */
typedef struct _VIRTIO_COMMON {
    ULONG DeviceFeatureSelect, DeviceFeature, DriverFeatureSelect, DriverFeature;
    USHORT ConfigVector, QueueCount;
    UCHAR Status, Generation;
    USHORT QueueSelect, QueueSize, QueueVector, QueueEnable, QueueNotifyOffset;
    ULONG QueueDescLow, QueueDescHigh, QueueDriverLow, QueueDriverHigh, QueueDeviceLow, QueueDeviceHigh;
} VIRTIO_COMMON;
C_ASSERT(sizeof(VIRTIO_COMMON) == 56 && offsetof(VIRTIO_COMMON, QueueDescLow) == 32);

typedef struct _VIRTIO_BLK_CONFIG {
    ULONG CapacityLow, CapacityHigh;        /* sectors of 512 bytes */
    ULONG SizeMax, SegMax;
} VIRTIO_BLK_CONFIG;

typedef struct _VIRTQ_DESC {
    ULONG64 Address;
    ULONG Length;
    USHORT Flags, Next;
} VIRTQ_DESC;
#define VIRTQ_DESC_NEXT  1u
#define VIRTQ_DESC_WRITE 2u                 /* the device writes */

typedef struct _VIRTQ_AVAIL {
    USHORT Flags, Index;
    USHORT Ring[];
} VIRTQ_AVAIL;

typedef struct _VIRTQ_USED {
    USHORT Flags, Index;
    struct { ULONG Id, Length; } Ring[];
} VIRTQ_USED;

/* Each part of the queue and the request's own ends have a page, so 256 descriptors are the most. */
#define VIO_QUEUE_LIMIT 256u

typedef struct _VIRTIO_BLK_REQUEST {
    ULONG Type, Reserved;
    ULONG64 Sector;
    volatile UCHAR Status;                  /* written by the device */
} VIRTIO_BLK_REQUEST;
#define VIRTIO_BLK_T_IN    0u
#define VIRTIO_BLK_T_OUT   1u
#define VIRTIO_BLK_T_FLUSH 4u
#define VIRTIO_BLK_HEADER  16u              /* bytes of the request that the device reads */
#define VIRTIO_BLK_S_OK     0u
#define VIRTIO_BLK_S_UNSUPP 2u
#define VIO_STATUS_NONE     0xFFu           /* what stands in Status before the device answers */

typedef struct _VIO_DEVICE {
    HAL_PCI_FUNCTION Function;
    volatile VIRTIO_COMMON *Common;
    volatile VIRTIO_BLK_CONFIG *Config;
    volatile UCHAR *Isr;
    volatile USHORT *Notify;
    ULONG NotifyMultiplier, NotifyLength;
    VIRTQ_DESC *Desc;
    volatile VIRTQ_AVAIL *Avail;
    volatile VIRTQ_USED *Used;
    VIRTIO_BLK_REQUEST *Request;
    ULONG64 RequestPhysical;
    USHORT QueueSize, LastUsed;
    ULONG SegMax, SizeMax;                  /* pieces of one request, bytes of one piece */
    BOOLEAN ReadOnly, CanFlush, Failed;
    BOOLEAN Busy;                           /* a request is with the device */
    KEVENT Done;
    KDPC Dpc;
} VIO_DEVICE, *PVIO_DEVICE;

/* device.c: finds the registers, agrees on features, sets the queue up; the capacity in sectors. */
NTSTATUS VioStartDevice(PVIO_DEVICE Device, PULONG64 SectorCount);
VOID VioStopDevice(PVIO_DEVICE Device);     /* the device forgets its queue: it writes to memory no more */
/* registers.c */
NTSTATUS VioMapRegisters(PVIO_DEVICE Device);
/* request.c: one request at a time. */
extern const IO_DISK_OPERATIONS VioDiskOperations;
KDEFERRED_ROUTINE VioRequestDone;
