/* Which partition table a disk has, and what every table's entries must obey. */
#include "diskp.h"

#define MBR_PARTITIONS 446
#define MBR_TYPE       4
#define MBR_TYPE_GPT   0xEE

BOOLEAN IopAddPartition(PIOP_PARTITION Partitions, PULONG Count, ULONG64 First, ULONG64 Last, const IOP_PARTITION *New)
{
    if (*Count == IOP_MAXIMUM_PARTITIONS || New->Count == 0 || New->Start < First || New->Start > Last ||
        New->Count - 1 > Last - New->Start)
        return FALSE;
    for (ULONG i = 0; i < *Count; i++)
        if (New->Start < Partitions[i].Start + Partitions[i].Count && Partitions[i].Start < New->Start + New->Count)
            return FALSE;
    Partitions[*Count] = *New;
    Partitions[*Count].Number = *Count + 1;
    ++*Count;
    return TRUE;
}

/* A GPT counts only behind the MBR that protects it; a disk whose sector 0 is no MBR at all has perhaps lost that one. */
NTSTATUS IopReadPartitionTable(PIOP_DISK Disk, PIOP_PARTITION Partitions, PULONG Count)
{
    UCHAR Sector[IO_SECTOR_SIZE];
    BOOLEAN Mbr, Protective = FALSE;
    NTSTATUS Status;

    *Count = 0;
    Status = IopTransferDisk(Disk, FALSE, 0, 1, Sector);
    if (!NT_SUCCESS(Status))
        return Status;
    Mbr = Sector[510] == 0x55 && Sector[511] == 0xAA;
    for (ULONG i = 0; i < 4; i++)
        Protective |= Sector[MBR_PARTITIONS + 16 * i + MBR_TYPE] == MBR_TYPE_GPT;
    if (Mbr && !Protective)
        return IopReadMbr(Disk, Sector, Partitions, Count);
    return IopReadGpt(Disk, Partitions, Count);
}
