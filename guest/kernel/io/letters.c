/* Drive letters, and the way from \SystemRoot to the system volume. */
#include "diskp.h"
#include "cm.h"

#define MOUNTED_DEVICES L"\\Registry\\Machine\\SYSTEM\\MountedDevices"
#define DMIO_PREFIX     "DMIO:ID:"
#define SYSTEM_LETTER   L'C'

static BOOLEAN IopLettersReady;
static ULONG IopUsedLetters;            /* bit n: 'A' + n */

/* EBD0A0A2-B9E5-4433-87C0-68B6B72699C7 */
static const GUID IopBasicData = { 0xEBD0A0A2, 0xB9E5, 0x4433, { 0x87, 0xC0, 0x68, 0xB6, 0xB7, 0x26, 0x99, 0xC7 } };

/* Files for people: no EFI system partition, nothing reserved or hidden. */
static BOOLEAN IopWantsLetter(const IOP_PARTITION *Partition)
{
    static const UCHAR Types[] = { 0x01, 0x04, 0x06, 0x07, 0x0B, 0x0C, 0x0E };

    if (Partition->Gpt)
        return RtlEqualMemory(&Partition->Type, &IopBasicData, sizeof(GUID)) &&
               !(Partition->Attributes & (GPT_BASIC_DATA_ATTRIBUTE_NO_DRIVE_LETTER | GPT_BASIC_DATA_ATTRIBUTE_HIDDEN));
    return memchr(Types, Partition->MbrType, sizeof Types) != NULL;
}

static VOID IopSetLetter(PIOP_VOLUME Volume, WCHAR Letter)
{
    WCHAR Link[] = L"\\GLOBAL??\\?:", Target[64];

    Link[10] = Letter;
    _snwprintf(Target, RTL_NUMBER_OF(Target), L"\\Device\\HarddiskVolume%u", Volume->Number);
    if (NT_SUCCESS(IopReplacePermanentLink(Link, Target)))
        Volume->Letter = Letter;
    IopUsedLetters |= 1u << (Letter - L'A');
}

/* `DMIO:ID:` and the partition's GUID, or the MBR's signature and the partition's offset in bytes. */
static BOOLEAN IopIsMountedDevice(PIOP_VOLUME Volume, const UCHAR *Data, ULONG Length)
{
    ULONG64 Offset = Volume->Partition.Start * IO_SECTOR_SIZE;

    if (Volume->Partition.Gpt)
        return Length == 8 + sizeof(GUID) && RtlEqualMemory(Data, DMIO_PREFIX, 8) &&
               RtlEqualMemory(Data + 8, &Volume->Partition.Id, sizeof(GUID));
    return Length == 12 && RtlEqualMemory(Data, &Volume->Disk->Signature, 4) && RtlEqualMemory(Data + 4, &Offset, 8);
}

static VOID IopAssignMountedDevice(WCHAR Letter)
{
    WCHAR Value[] = L"\\DosDevices\\?:";
    UCHAR Data[8 + sizeof(GUID)];
    ULONG Type, Length = sizeof Data;

    Value[12] = Letter;
    if (!NT_SUCCESS(CmQueryValue(MOUNTED_DEVICES, Value, &Type, Data, &Length)) || Type != REG_BINARY)
        return;
    for (PLIST_ENTRY Entry = IopVolumes.Flink; Entry != &IopVolumes; Entry = Entry->Flink) {
        PIOP_VOLUME Volume = CONTAINING_RECORD(Entry, IOP_VOLUME, Entry);

        if (Volume->Letter == 0 && IopIsMountedDevice(Volume, Data, Length)) {
            IopSetLetter(Volume, Letter);
            return;
        }
    }
}

/* First what the registry remembers, then the free letters from C: on in the order of the volumes. */
VOID IopAssignLetters(VOID)
{
    WCHAR Next = L'C';

    if (!IopLettersReady)
        return;
    for (WCHAR Letter = L'A'; Letter <= L'Z'; Letter++)
        if (!(IopUsedLetters & 1u << (Letter - L'A')))
            IopAssignMountedDevice(Letter);
    for (PLIST_ENTRY Entry = IopVolumes.Flink; Entry != &IopVolumes; Entry = Entry->Flink) {
        PIOP_VOLUME Volume = CONTAINING_RECORD(Entry, IOP_VOLUME, Entry);

        while (Next <= L'Z' && (IopUsedLetters & 1u << (Next - L'A')))
            Next++;
        if (Next <= L'Z' && Volume->Letter == 0 && IopWantsLetter(&Volume->Partition))
            IopSetLetter(Volume, Next);
    }
}

/* A partition as the loader's command line calls it: its GUID, or `mbr:<signature>:<first sector>`. */
static VOID IopFormatPartition(PIOP_VOLUME Volume, PCHAR Text, ULONG Size)
{
    const GUID *Id = &Volume->Partition.Id;

    if (Volume->Partition.Gpt)
        snprintf(Text, Size, "%08x-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x", Id->Data1, Id->Data2, Id->Data3, Id->Data4[0],
                 Id->Data4[1], Id->Data4[2], Id->Data4[3], Id->Data4[4], Id->Data4[5], Id->Data4[6], Id->Data4[7]);
    else
        snprintf(Text, Size, "mbr:%08x:%I64u", Volume->Disk->Signature, Volume->Partition.Start);
}

static PIOP_VOLUME IopFindSystemVolume(PCSTR Wanted)
{
    for (PLIST_ENTRY Entry = IopVolumes.Flink; Entry != &IopVolumes; Entry = Entry->Flink) {
        PIOP_VOLUME Volume = CONTAINING_RECORD(Entry, IOP_VOLUME, Entry);
        CHAR Text[64];

        IopFormatPartition(Volume, Text, sizeof Text);
        if (_stricmp(Text, Wanted) == 0)
            return Volume;
    }
    return NULL;
}

static NTSTATUS IopPointSystemRoot(PIOP_VOLUME Volume)
{
    WCHAR Target[64];
    NTSTATUS Status;

    _snwprintf(Target, RTL_NUMBER_OF(Target), L"\\Device\\HarddiskVolume%u\\Windows", Volume->Number);
    Status = IopReplacePermanentLink(L"\\SystemRoot", Target);
    return NT_SUCCESS(Status) ? IopMountVolume(Volume) : Status;
}

/* Without a system partition the boot modules keep \SystemRoot and C:. */
VOID IopStartVolumes(VOID)
{
    CHAR Wanted[64];
    BOOLEAN HasSystemPartition = ExCommandLineValue("systempartition", Wanted, sizeof Wanted);
    PIOP_VOLUME System = HasSystemPartition ? IopFindSystemVolume(Wanted) : NULL;
    NTSTATUS Status = STATUS_NO_SUCH_DEVICE;

    IopUsedLetters = 1u << (SYSTEM_LETTER - L'A');
    IopLettersReady = TRUE;
    if (System != NULL)
        IopSetLetter(System, SYSTEM_LETTER);
    IopAssignLetters();
    if (System != NULL)
        Status = IopPointSystemRoot(System);
    if (HasSystemPartition && !NT_SUCCESS(Status)) {
        DbgPrint("Io: the system partition %s cannot be used: 0x%08X\n", Wanted, (ULONG)Status);
        KeBugCheckEx(INACCESSIBLE_BOOT_DEVICE, (ULONG_PTR)Wanted, (ULONG_PTR)(ULONG)Status, 0, 0);
    }
    if (System != NULL && !NT_SUCCESS(IopStoreSystemPartition(System)))
        DbgPrint("Io: the system partition's device is not in the registry\n");
}
