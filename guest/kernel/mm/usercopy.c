/* User memory seen from a system service: checks of ranges, and copies that survive bad addresses. */
#include "mip.h"

static BOOLEAN MiIsUserRange(const VOID *Address, SIZE_T Length)
{
    ULONG64 Start = (ULONG64)Address;

    return Length == 0 || (Start + Length > Start && Start >= (ULONG64)MM_LOWEST_USER_ADDRESS &&
                           Start + Length <= MM_USER_PROBE_ADDRESS);
}

NTSTATUS ProbeForRead(const VOID *Address, SIZE_T Length, ULONG Alignment)
{
    if (Length != 0 && Alignment > 1 && ((ULONG64)Address & (Alignment - 1)) != 0)
        return STATUS_DATATYPE_MISALIGNMENT;
    return MiIsUserRange(Address, Length) ? STATUS_SUCCESS : STATUS_ACCESS_VIOLATION;
}

NTSTATUS ProbeForWrite(PVOID Address, SIZE_T Length, ULONG Alignment)
{
    return ProbeForRead(Address, Length, Alignment);
}

/* Nothing else runs between the fault and here. A guard page that a service touches is an access violation to it. */
static NTSTATUS MiCopyResult(BOOLEAN Copied)
{
    if (Copied)
        return STATUS_SUCCESS;
    return MiRefusedFault == STATUS_IN_PAGE_ERROR || MiRefusedFault == STATUS_NO_MEMORY ? MiRefusedFault
                                                                                        : STATUS_ACCESS_VIOLATION;
}

NTSTATUS MmCopyFromUser(PVOID KernelAddress, const VOID *UserAddress, SIZE_T Length)
{
    if (!MiIsUserRange(UserAddress, Length))
        return STATUS_ACCESS_VIOLATION;
    return MiCopyResult(Length == 0 || KiCopyUserMemory(KernelAddress, UserAddress, Length));
}

NTSTATUS MmCopyToUser(PVOID UserAddress, const VOID *KernelAddress, SIZE_T Length)
{
    if (!MiIsUserRange(UserAddress, Length))
        return STATUS_ACCESS_VIOLATION;
    return MiCopyResult(Length == 0 || KiCopyUserMemory(UserAddress, KernelAddress, Length));
}
