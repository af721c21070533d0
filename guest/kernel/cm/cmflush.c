/* When hives are written back: on demand, five seconds after a change, and at the end. A flush waits for the disk and
 * keeps the processor meanwhile, so no change comes between its steps. */
#include "cmp.h"

#define CMP_LAZY_DELAY (-5ll * 10 * 1000 * 1000)    /* 5 s, relative, in 100 ns */

LIST_ENTRY CmpHives;
BOOLEAN CmpWriteEnabled;

static KTIMER CmpLazyTimer;                         /* signalled: the lazy writer has something to do */
static BOOLEAN CmpLazyArmed;

VOID CmpHiveChanged(PCMHIVE Hive)
{
    LARGE_INTEGER Delay = { .QuadPart = CMP_LAZY_DELAY };

    if (!CmpWriteEnabled || CmpLazyArmed || Hive->File == NULL)
        return;
    CmpLazyArmed = TRUE;
    KeSetTimer(&CmpLazyTimer, Delay, NULL);
}

NTSTATUS CmpFlushHive(PCMHIVE Hive)
{
    UNICODE_STRING Path;
    ULONG Bytes = 0;
    NTSTATUS Status;

    if (!CmpWriteEnabled || Hive->File == NULL)
        return STATUS_SUCCESS;
    Status = HvWriteHive(Hive, &CmpFileOperations, Hive->File, &Bytes);
    if ((NT_SUCCESS(Status) && Bytes == 0) || !NT_SUCCESS(CmpGetPath(Hive->Root, &Path)))
        return Status;
    if (NT_SUCCESS(Status))
        ExRecordFact("hive.flush", "path=%wZ sequence=%u bytes=%u", &Path, Hive->Sequence, Bytes);
    else
        ExRecordFact("hive.flush-failed", "path=%wZ status=%x", &Path, Status);
    ExFreeCapturedString(&Path);
    return Status;
}

NTSTATUS CmpFlushAll(VOID)
{
    NTSTATUS Status = STATUS_SUCCESS;

    for (PLIST_ENTRY Entry = CmpHives.Flink; Entry != &CmpHives; Entry = Entry->Flink) {
        NTSTATUS One = CmpFlushHive(CONTAINING_RECORD(Entry, CMHIVE, HiveList));

        if (NT_SUCCESS(Status))
            Status = One;
    }
    return Status;
}

/* Body of the lazy writer's thread. A hive that cannot be written waits for the next change, flush or shutdown. */
static VOID CmpLazyWriter(PVOID Context)
{
    UNREFERENCED_PARAMETER(Context);
    for (;;) {
        KeWaitForSingleObject(&CmpLazyTimer, Executive, KernelMode, FALSE, NULL);
        CmpLazyArmed = FALSE;
        CmpFlushAll();
    }
}

NTSTATUS CmpStartLazyWriter(VOID)
{
    KeInitializeTimerEx(&CmpLazyTimer, SynchronizationTimer);
    return PsCreateSystemThread(NULL, THREAD_ALL_ACCESS, NULL, NULL, NULL, CmpLazyWriter, NULL);
}

VOID CmShutdownSystem(VOID)
{
    if (!CmpWriteEnabled)
        return;
    CmpFlushAll();
    CmpWriteEnabled = FALSE;
}

NTSTATUS NTAPI NtFlushKey(HANDLE KeyHandle)
{
    PCM_KEY_BODY Key;
    NTSTATUS Status = CmpReferenceKey(KeyHandle, 0, &Key);

    if (!NT_SUCCESS(Status))
        return Status;
    if (Key->Node->Hive != NULL)
        Status = CmpFlushHive(Key->Node->Hive);
    ObDereferenceObject(Key);
    return Status;
}
