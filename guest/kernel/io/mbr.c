/* The partition table of a master boot record, with the chain of logical partitions in an extended one. */
#include "diskp.h"

#define MBR_SIGNATURE  440
#define MBR_PARTITIONS 446
#define MBR_ENTRIES    4
#define MBR_CHAIN_LIMIT 128u    /* a longer chain is a loop */

typedef struct __attribute__((packed)) _MBR_ENTRY {
    UCHAR Status, FirstChs[3], Type, LastChs[3];
    ULONG Start, Count;
} MBR_ENTRY;
C_ASSERT(sizeof(MBR_ENTRY) == 16);

static const MBR_ENTRY *IopMbrEntries(const UCHAR *Sector) { return (const MBR_ENTRY *)(Sector + MBR_PARTITIONS); }
static BOOLEAN IopIsExtended(UCHAR Type) { return Type == 0x05 || Type == 0x0F || Type == 0x85; }

/* A table whose status bytes are anything else is no table: a file system begins there. */
static BOOLEAN IopIsMbr(const UCHAR *Sector)
{
    for (ULONG i = 0; i < MBR_ENTRIES; i++)
        if ((IopMbrEntries(Sector)[i].Status & 0x7F) != 0)
            return FALSE;
    return Sector[510] == 0x55 && Sector[511] == 0xAA;
}

static VOID IopAddMbrEntry(const MBR_ENTRY *Entry, ULONG64 Base, ULONG64 First, ULONG64 Last, PIOP_PARTITION Partitions,
                           PULONG Count)
{
    IOP_PARTITION New = { .Start = Base + Entry->Start, .Count = Entry->Count, .MbrType = Entry->Type,
                          .Active = Entry->Status == 0x80 };

    if (Entry->Type != 0 && !IopAddPartition(Partitions, Count, First, Last, &New))
        DbgPrint("Io: an MBR partition lies outside its disk or in another partition\n");
}

/* Each table of the chain has a logical partition, relative to that table, and the next table, relative to the first. */
static NTSTATUS IopReadLogical(PIOP_DISK Disk, const MBR_ENTRY *Extended, PIOP_PARTITION Partitions, PULONG Count)
{
    ULONG64 First = Extended->Start, Last, Table = First;

    if (Extended->Count == 0 || First == 0 || First >= Disk->SectorCount)
        return STATUS_SUCCESS;
    Last = First + min((ULONG64)Extended->Count, Disk->SectorCount - First) - 1;
    for (ULONG i = 0; i < MBR_CHAIN_LIMIT; i++) {
        UCHAR Sector[IO_SECTOR_SIZE];
        const MBR_ENTRY *Entries = IopMbrEntries(Sector);
        NTSTATUS Status = IopTransferDisk(Disk, FALSE, Table, 1, Sector);

        if (!NT_SUCCESS(Status))
            return Status;
        if (!IopIsMbr(Sector))
            return STATUS_SUCCESS;
        if (Entries[0].Type != 0 && !IopIsExtended(Entries[0].Type))
            IopAddMbrEntry(&Entries[0], Table, First, Last, Partitions, Count);
        if (!IopIsExtended(Entries[1].Type) || Entries[1].Start == 0 || Entries[1].Start > Last - First)
            return STATUS_SUCCESS;
        Table = First + Entries[1].Start;
    }
    return STATUS_SUCCESS;
}

NTSTATUS IopReadMbr(PIOP_DISK Disk, const UCHAR *Sector, PIOP_PARTITION Partitions, PULONG Count)
{
    const MBR_ENTRY *Entries = IopMbrEntries(Sector);
    NTSTATUS Status = STATUS_SUCCESS;

    if (!IopIsMbr(Sector))
        return STATUS_SUCCESS;
    RtlCopyMemory(&Disk->Signature, Sector + MBR_SIGNATURE, sizeof Disk->Signature);
    for (ULONG i = 0; i < MBR_ENTRIES; i++)
        if (!IopIsExtended(Entries[i].Type))
            IopAddMbrEntry(&Entries[i], 0, 1, Disk->SectorCount - 1, Partitions, Count);
    for (ULONG i = 0; i < MBR_ENTRIES && NT_SUCCESS(Status); i++)
        if (IopIsExtended(Entries[i].Type))
            Status = IopReadLogical(Disk, &Entries[i], Partitions, Count);
    return Status;
}
