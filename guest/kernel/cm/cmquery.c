/* Replies of registry queries, which may be cut short. */
#include "cmp.h"

NTSTATUS CmpReturn(PVOID Buffer, ULONG Length, PULONG ResultLength, const VOID *Data, ULONG Size, ULONG FixedSize)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    NTSTATUS Status = ExCopyToMode(Mode, ResultLength, &Size, sizeof Size);

    if (!NT_SUCCESS(Status))
        return Status;
    if (Length < FixedSize)
        return STATUS_BUFFER_TOO_SMALL;
    Status = ExCopyToMode(Mode, Buffer, Data, Length < Size ? Length : Size);
    if (!NT_SUCCESS(Status))
        return Status;
    return Length < Size ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}
