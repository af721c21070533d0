/* The base block of a regf file: its checksum, and whether it is one. */
#include "hive.h"

NTSTATUS HvDamaged(PCMHIVE Hive, CMP_DAMAGE Damage, ULONG Cell)
{
    if (Hive->Damage == CmpNoDamage) {
        Hive->Damage = Damage;
        Hive->DamagedCell = Cell;
    }
    return STATUS_REGISTRY_CORRUPT;
}

ULONG HvpChecksum(const UCHAR *BaseBlock)
{
    ULONG Sum = 0;

    for (ULONG i = 0; i < HV_BASE_CHECKSUM; i += 4)
        Sum ^= CmpRead32(BaseBlock + i);
    if (Sum == 0)
        return 1;
    return Sum == 0xFFFFFFFFu ? 0xFFFFFFFEu : Sum;
}

VOID HvpSetChecksum(PUCHAR BaseBlock)
{
    CmpWrite32(BaseBlock + HV_BASE_CHECKSUM, HvpChecksum(BaseBlock));
}

BOOLEAN HvpCheckBaseBlock(const UCHAR *BaseBlock)
{
    ULONG Minor = CmpRead32(BaseBlock + HV_BASE_MINOR);

    return CmpRead32(BaseBlock) == 0x66676572u &&               /* `regf` */
           CmpRead32(BaseBlock + HV_BASE_MAJOR) == 1 && Minor >= 3 && Minor <= 6 &&
           HvpChecksum(BaseBlock) == CmpRead32(BaseBlock + HV_BASE_CHECKSUM);
}
