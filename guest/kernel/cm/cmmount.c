/* Mounting: a hive's file becomes a part of the tree. */
#include "cmp.h"

static NTSTATUS CmpReadHive(PCMHIVE Hive, PCMP_FILES Files)
{
    PVOID Data[HvFiles] = { NULL };
    SIZE_T Sizes[HvFiles];
    NTSTATUS Status = STATUS_SUCCESS;

    for (HV_FILE File = HvPrimary; NT_SUCCESS(Status) && File < HvFiles; File++)
        Status = CmpReadFile(Files, File, &Data[File], &Sizes[File]);
    if (NT_SUCCESS(Status))
        Status = HvOpen(Hive, Data[HvPrimary], Sizes[HvPrimary], (const VOID *const *)&Data[HvLog1], &Sizes[HvLog1]);
    for (HV_FILE File = HvPrimary; File < HvFiles; File++) {
        if (Data[File] != NULL)
            ExFreePoolWithTag(Data[File], CMP_TAG);
    }
    return Status;
}

VOID CmpRecordLoad(PCMHIVE Hive, PCUNICODE_STRING File)
{
    UNICODE_STRING Path;

    if (NT_SUCCESS(CmpGetPath(Hive->Root, &Path))) {
        ExRecordFact("hive.load", "path=%wZ file=%wZ bytes=%u recovered=%u", &Path, File, (ULONG)Hive->FileSize,
                     Hive->Recovered);
        ExFreeCapturedString(&Path);
    }
}

/* The tree of an open hive at Parent\Name. */
static NTSTATUS CmpPlantHive(PCMHIVE Hive, PCM_KEY_NODE Parent, PCUNICODE_STRING Name)
{
    PCM_KEY_NODE Root = CmpCreateNode(Parent, Name);
    NTSTATUS Status;

    if (Root == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    Status = CmpLoadHive(Hive, Root);
    if (!NT_SUCCESS(Status))
        CmpFreeSubTree(Root, TRUE);
    return Status;
}

NTSTATUS CmpMountHive(PCM_KEY_NODE Parent, PCUNICODE_STRING Name, PCUNICODE_STRING Path, PCMHIVE *Mounted)
{
    PCMHIVE Hive = ExAllocatePoolWithTag(PagedPool, sizeof *Hive, CMP_TAG);
    BOOLEAN Writable;
    PCMP_FILES Files;
    NTSTATUS Status;

    if (Hive == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    Status = CmpOpenFiles(Path, &Files, &Writable);
    if (!NT_SUCCESS(Status)) {
        ExFreePoolWithTag(Hive, CMP_TAG);
        return Status;
    }
    Status = CmpReadHive(Hive, Files);
    if (NT_SUCCESS(Status)) {
        Status = CmpPlantHive(Hive, Parent, Name);
        if (!NT_SUCCESS(Status))
            HvClose(Hive);
    }
    if (!NT_SUCCESS(Status)) {
        CmpCloseFiles(Files);
        ExFreePoolWithTag(Hive, CMP_TAG);
        return Status;
    }
    InsertTailList(&CmpHives, &Hive->HiveList);
    if (Writable)
        Hive->File = Files;
    else
        CmpCloseFiles(Files);
    *Mounted = Hive;
    return STATUS_SUCCESS;
}

VOID CmpUnmountHive(PCMHIVE Hive)
{
    RemoveEntryList(&Hive->HiveList);
    CmpFreeSubTree(Hive->Root, TRUE);
    HvClose(Hive);
    if (Hive->File != NULL)
        CmpCloseFiles(Hive->File);
    ExFreePoolWithTag(Hive, CMP_TAG);
}

NTSTATUS CmpAttachSystemFile(PCUNICODE_STRING Path)
{
    PCMHIVE Hive = &CmpSystemHive;
    BOOLEAN Writable;
    PCMP_FILES Files;
    PVOID Data;
    SIZE_T Size;
    NTSTATUS Status = CmpOpenFiles(Path, &Files, &Writable);

    if (!NT_SUCCESS(Status))
        return Status;
    Status = CmpReadFile(Files, HvPrimary, &Data, &Size);
    if (NT_SUCCESS(Status)) {
        /* The whole base block: sequence numbers, times, length, checksum. */
        if (Size < HV_SECTOR_SIZE || !RtlEqualMemory(Data, Hive->LoadedBlock, HV_SECTOR_SIZE))
            Status = STATUS_REGISTRY_CORRUPT;
        ExFreePoolWithTag(Data, CMP_TAG);
    }
    if (!NT_SUCCESS(Status) || !Writable) {
        CmpCloseFiles(Files);
        return Status;
    }
    Hive->FileSize = Size;
    Hive->File = Files;
    return STATUS_SUCCESS;
}
