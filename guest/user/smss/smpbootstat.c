/* The boot status around autochk: a restart that it asks for must not look like a boot or a shutdown that failed. */
#include "smss.h"

static VOID SetItems(HANDLE File, BOOLEAN BootGood, BOOLEAN BootShutdown)
{
    RtlGetSetBootStatusData(File, FALSE, RtlBsdItemBootGood, &BootGood, sizeof(BootGood), NULL);
    RtlGetSetBootStatusData(File, FALSE, RtlBsdItemBootShutdown, &BootShutdown, sizeof(BootShutdown), NULL);
}

/* Only where the file is: it is made by who keeps a boot status. */
VOID SmpSaveAndClearBootStatus(SMP_BOOT_STATUS *BootStatus)
{
    HANDLE File;

    memset(BootStatus, 0, sizeof(*BootStatus));
    if (!NT_SUCCESS(RtlLockBootStatusData(&File)))
        return;
    if (NT_SUCCESS(RtlGetSetBootStatusData(File, TRUE, RtlBsdItemBootGood, &BootStatus->BootGood,
                                           sizeof(BootStatus->BootGood), NULL)) &&
        NT_SUCCESS(RtlGetSetBootStatusData(File, TRUE, RtlBsdItemBootShutdown, &BootStatus->BootShutdown,
                                           sizeof(BootStatus->BootShutdown), NULL))) {
        BootStatus->Saved = TRUE;
        SetItems(File, TRUE, TRUE);
    }
    RtlUnlockBootStatusData(File);
}

VOID SmpRestoreBootStatus(CONST SMP_BOOT_STATUS *BootStatus)
{
    HANDLE File;

    if (!BootStatus->Saved || !NT_SUCCESS(RtlLockBootStatusData(&File)))
        return;
    SetItems(File, BootStatus->BootGood, BootStatus->BootShutdown);
    RtlUnlockBootStatusData(File);
}
