/* The system partition, from which the firmware starts the loader: its device goes into the registry for user mode. */
#include "cm.h"
#include "diskp.h"

#define SETUP_KEY L"\\Registry\\Machine\\SYSTEM\\Setup"
#define MBR_EFI_SYSTEM 0xEF

/* C12A7328-F81F-11D2-BA4B-00A0C93EC93B */
static const GUID IopEfiSystem = { 0xC12A7328, 0xF81F, 0x11D2, { 0xBA, 0x4B, 0x00, 0xA0, 0xC9, 0x3E, 0xC9, 0x3B } };

static BOOLEAN IopIsSystemPartition(const IOP_PARTITION *Partition)
{
    return Partition->Gpt ? RtlEqualMemory(&Partition->Type, &IopEfiSystem, sizeof(GUID))
                          : Partition->MbrType == MBR_EFI_SYSTEM;
}

/* The one on the boot volume's disk; a disk without one is started from the boot volume itself. */
static PIOP_VOLUME IopFindSystemPartition(PIOP_VOLUME Boot)
{
    for (PLIST_ENTRY Entry = IopVolumes.Flink; Entry != &IopVolumes; Entry = Entry->Flink) {
        PIOP_VOLUME Volume = CONTAINING_RECORD(Entry, IOP_VOLUME, Entry);

        if (Volume->Disk == Boot->Disk && IopIsSystemPartition(&Volume->Partition))
            return Volume;
    }
    return Boot;
}

NTSTATUS IopStoreSystemPartition(PIOP_VOLUME Boot)
{
    UNICODE_STRING KeyName = RTL_CONSTANT_STRING(SETUP_KEY), ValueName = RTL_CONSTANT_STRING(L"SystemPartition");
    OBJECT_ATTRIBUTES Attributes;
    WCHAR Device[64];
    HANDLE Key;
    NTSTATUS Status;

    _snwprintf(Device, RTL_NUMBER_OF(Device), L"\\Device\\HarddiskVolume%u", IopFindSystemPartition(Boot)->Number);
    InitializeObjectAttributes(&Attributes, &KeyName, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    Status = NtCreateKey(&Key, KEY_SET_VALUE, &Attributes, 0, NULL, REG_OPTION_NON_VOLATILE, NULL);
    if (!NT_SUCCESS(Status))
        return Status;
    Status = NtSetValueKey(Key, &ValueName, 0, REG_SZ, Device, (ULONG)((wcslen(Device) + 1) * sizeof(WCHAR)));
    NtClose(Key);
    return Status;
}
