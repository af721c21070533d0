/* The GUID partition table: header and entries count only when their checksums agree; else the copy at the disk's end. */
#include "diskp.h"

#define GPT_SIGNATURE     0x5452415020494645ull     /* `EFI PART` */
#define GPT_HEADER_SIZE   92u
#define GPT_ENTRY_SIZE    128u
#define GPT_ENTRIES_LIMIT 0x100000u                 /* bytes of entries that are read at all */

typedef struct __attribute__((packed)) _GPT_HEADER {
    ULONG64 Signature;
    ULONG Revision, HeaderSize, HeaderCrc, Reserved;
    ULONG64 MyLba, AlternateLba, FirstUsable, LastUsable;
    GUID DiskId;
    ULONG64 EntryLba;
    ULONG EntryCount, EntrySize, EntryCrc;
} GPT_HEADER;
C_ASSERT(sizeof(GPT_HEADER) == GPT_HEADER_SIZE);

typedef struct __attribute__((packed)) _GPT_ENTRY {
    GUID Type, Id;
    ULONG64 First, Last, Attributes;
    WCHAR Name[36];
} GPT_ENTRY;
C_ASSERT(sizeof(GPT_ENTRY) == GPT_ENTRY_SIZE);

/* Entries are whole powers of two of 128 bytes, and lie on the disk outside what partitions may use. */
static BOOLEAN IopIsHeaderSound(PIOP_DISK Disk, const GPT_HEADER *Header)
{
    ULONG64 Sectors;

    if (Header->EntrySize < GPT_ENTRY_SIZE || (Header->EntrySize & (Header->EntrySize - 1)) != 0 ||
        Header->EntrySize > GPT_ENTRIES_LIMIT || Header->EntryCount == 0 ||
        Header->EntryCount > GPT_ENTRIES_LIMIT / Header->EntrySize)
        return FALSE;
    Sectors = ((ULONG64)Header->EntryCount * Header->EntrySize + IO_SECTOR_SIZE - 1) / IO_SECTOR_SIZE;
    return Header->FirstUsable >= 2 && Header->FirstUsable <= Header->LastUsable && Header->LastUsable < Disk->SectorCount &&
           Header->EntryLba >= 2 && Header->EntryLba < Disk->SectorCount && Sectors <= Disk->SectorCount - Header->EntryLba &&
           (Header->EntryLba > Header->LastUsable || Header->EntryLba + Sectors <= Header->FirstUsable);
}

static NTSTATUS IopReadGptHeader(PIOP_DISK Disk, ULONG64 Lba, GPT_HEADER *Header)
{
    UCHAR Sector[IO_SECTOR_SIZE];
    ULONG Crc;
    NTSTATUS Status = IopTransferDisk(Disk, FALSE, Lba, 1, Sector);

    if (!NT_SUCCESS(Status))
        return Status;
    RtlCopyMemory(Header, Sector, sizeof *Header);
    if (Header->Signature != GPT_SIGNATURE || Header->Revision >> 16 != 1 || Header->HeaderSize < GPT_HEADER_SIZE ||
        Header->HeaderSize > IO_SECTOR_SIZE || Header->MyLba != Lba)
        return STATUS_DISK_CORRUPT_ERROR;
    Crc = Header->HeaderCrc;
    RtlZeroMemory(Sector + offsetof(GPT_HEADER, HeaderCrc), sizeof Crc);
    if (RtlComputeCrc32(0, Sector, Header->HeaderSize) != Crc || !IopIsHeaderSound(Disk, Header))
        return STATUS_DISK_CORRUPT_ERROR;
    return STATUS_SUCCESS;
}

static VOID IopTakeEntries(const GPT_HEADER *Header, const UCHAR *Entries, PIOP_PARTITION Partitions, PULONG Count)
{
    static const GUID Unused;

    for (ULONG i = 0; i < Header->EntryCount; i++) {
        const GPT_ENTRY *Entry = (const GPT_ENTRY *)(Entries + (SIZE_T)i * Header->EntrySize);
        IOP_PARTITION New = { .Gpt = TRUE, .Start = Entry->First, .Type = Entry->Type, .Id = Entry->Id,
                              .Attributes = Entry->Attributes };

        if (RtlEqualMemory(&Entry->Type, &Unused, sizeof Unused))
            continue;
        New.Count = Entry->Last >= Entry->First ? Entry->Last - Entry->First + 1 : 0;
        RtlCopyMemory(New.Name, Entry->Name, sizeof New.Name);
        if (!IopAddPartition(Partitions, Count, Header->FirstUsable, Header->LastUsable, &New))
            DbgPrint("Io: GPT entry %u lies outside its disk or in another partition\n", i + 1);
    }
}

static NTSTATUS IopReadGptAt(PIOP_DISK Disk, ULONG64 Lba, PIOP_PARTITION Partitions, PULONG Count)
{
    GPT_HEADER Header;
    ULONG Size;
    PUCHAR Entries;
    NTSTATUS Status = IopReadGptHeader(Disk, Lba, &Header);

    if (!NT_SUCCESS(Status))
        return Status;
    Size = Header.EntryCount * Header.EntrySize;
    Entries = ExAllocatePoolWithTag(NonPagedPool, Size + IO_SECTOR_SIZE, IOP_TAG);
    if (Entries == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    Status = IopTransferDisk(Disk, FALSE, Header.EntryLba, (Size + IO_SECTOR_SIZE - 1) / IO_SECTOR_SIZE, Entries);
    if (NT_SUCCESS(Status) && RtlComputeCrc32(0, Entries, Size) != Header.EntryCrc)
        Status = STATUS_DISK_CORRUPT_ERROR;
    if (NT_SUCCESS(Status))
        IopTakeEntries(&Header, Entries, Partitions, Count);
    ExFreePoolWithTag(Entries, IOP_TAG);
    return Status;
}

NTSTATUS IopReadGpt(PIOP_DISK Disk, PIOP_PARTITION Partitions, PULONG Count)
{
    NTSTATUS Status = Disk->SectorCount < 3 ? STATUS_DISK_CORRUPT_ERROR : IopReadGptAt(Disk, 1, Partitions, Count);

    if (Status != STATUS_DISK_CORRUPT_ERROR || Disk->SectorCount < 3)
        return Status;
    Status = IopReadGptAt(Disk, Disk->SectorCount - 1, Partitions, Count);
    if (NT_SUCCESS(Status))
        DbgPrint("Io: the partition table of Harddisk%u is damaged, its copy is used\n", Disk->Number);
    return Status;
}
