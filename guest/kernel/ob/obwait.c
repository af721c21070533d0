/* Waits on handles. */
#include "obp.h"

/* What a wait on an object waits for: the dispatcher header in its body. NULL: not waitable. */
static PVOID ObpWaitTarget(PVOID Object)
{
    ULONG Offset = ObGetObjectType(Object)->DefaultDispatcherOffset;

    return Offset == OB_NO_DISPATCHER ? NULL : (PUCHAR)Object + Offset;
}

NTSTATUS NTAPI NtWaitForSingleObject(HANDLE Handle, BOOLEAN Alertable, PLARGE_INTEGER Timeout)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    LARGE_INTEGER Storage;
    PLARGE_INTEGER Limit;
    PVOID Object, Target;
    NTSTATUS Status;

    Status = ExCaptureTimeout(Mode, Timeout, &Storage, &Limit);
    if (!NT_SUCCESS(Status))
        return Status;
    Status = ObReferenceObjectByHandle(Handle, SYNCHRONIZE, NULL, Mode, &Object, NULL);
    if (!NT_SUCCESS(Status))
        return Status;
    Target = ObpWaitTarget(Object);
    Status = Target == NULL ? STATUS_OBJECT_TYPE_MISMATCH
                            : KeWaitForSingleObject(Target, WrUserRequest, Mode, Alertable, Limit);
    ObDereferenceObject(Object);
    return Status;
}

NTSTATUS NTAPI NtWaitForMultipleObjects(ULONG Count, PHANDLE Handles, WAIT_TYPE WaitType, BOOLEAN Alertable,
                                        PLARGE_INTEGER Timeout)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    HANDLE Captured[MAXIMUM_WAIT_OBJECTS];
    PVOID Objects[MAXIMUM_WAIT_OBJECTS], Targets[MAXIMUM_WAIT_OBJECTS];
    PKWAIT_BLOCK Blocks = NULL;
    LARGE_INTEGER Storage;
    PLARGE_INTEGER Limit;
    ULONG Referenced = 0;
    NTSTATUS Status;

    if (Count == 0 || Count > MAXIMUM_WAIT_OBJECTS || (WaitType != WaitAll && WaitType != WaitAny))
        return STATUS_INVALID_PARAMETER;
    Status = ExCaptureTimeout(Mode, Timeout, &Storage, &Limit);
    if (NT_SUCCESS(Status))
        Status = ExCopyFromMode(Mode, Captured, Handles, Count * sizeof(HANDLE));
    for (; NT_SUCCESS(Status) && Referenced < Count; Referenced++) {
        Status = ObReferenceObjectByHandle(Captured[Referenced], SYNCHRONIZE, NULL, Mode, &Objects[Referenced],
                                           NULL);
        if (!NT_SUCCESS(Status))
            break;
        Targets[Referenced] = ObpWaitTarget(Objects[Referenced]);
        if (Targets[Referenced] == NULL)
            Status = STATUS_OBJECT_TYPE_MISMATCH;
        for (ULONG i = 0; NT_SUCCESS(Status) && WaitType == WaitAll && i < Referenced; i++) {
            if (Targets[i] == Targets[Referenced])
                Status = STATUS_INVALID_PARAMETER_MIX;
        }
    }
    if (NT_SUCCESS(Status) && Count > THREAD_WAIT_OBJECTS) {
        Blocks = ExAllocatePoolWithTag(NonPagedPool, Count * sizeof(KWAIT_BLOCK), OBP_TAG);
        if (Blocks == NULL)
            Status = STATUS_INSUFFICIENT_RESOURCES;
    }
    if (NT_SUCCESS(Status))
        Status = KeWaitForMultipleObjects(Count, Targets, WaitType, WrUserRequest, Mode, Alertable, Limit, Blocks);
    if (Blocks != NULL)
        ExFreePool(Blocks);
    while (Referenced > 0)
        ObDereferenceObject(Objects[--Referenced]);
    return Status;
}

NTSTATUS NTAPI NtSignalAndWaitForSingleObject(HANDLE SignalHandle, HANDLE WaitHandle, BOOLEAN Alertable,
                                              PLARGE_INTEGER Timeout)
{
    NTSTATUS Status = NtSetEvent(SignalHandle, NULL);

    return NT_SUCCESS(Status) ? NtWaitForSingleObject(WaitHandle, Alertable, Timeout) : Status;
}
