/* Hard errors: errors that somebody must see; the last resort is the bugcheck. */
#include "exp.h"

#define MAXIMUM_HARDERROR_PARAMETERS 5

static PVOID ExpDefaultErrorPort;       /* referenced; who hears of hard errors once csrss runs */

NTSTATUS ExRaiseHardError(NTSTATUS Status, ULONG Count, PULONG_PTR Parameters, ULONG Options, PULONG Response)
{
    if (Options == OptionShutdownSystem) {
        if (ExGetPreviousMode() == UserMode && !SePrivilegeCheckToken(NULL, SE_SHUTDOWN_PRIVILEGE))
            return STATUS_PRIVILEGE_NOT_HELD;
        KeBugCheckEx((ULONG)Status, Count > 0 ? Parameters[0] : 0, Count > 1 ? Parameters[1] : 0,
                     Count > 2 ? Parameters[2] : 0, Count > 3 ? Parameters[3] : 0);
    }
    /* The port's owner shows no dialogue in this guest, so nobody answers. */
    *Response = ExpDefaultErrorPort != NULL ? ResponseNotHandled : ResponseReturnToCaller;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI NtRaiseHardError(NTSTATUS ErrorStatus, ULONG NumberOfParameters, ULONG UnicodeStringParameterMask,
                                PULONG_PTR Parameters, ULONG ValidResponseOptions, PULONG Response)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    ULONG_PTR Captured[MAXIMUM_HARDERROR_PARAMETERS] = { 0 };
    ULONG Answer = ResponseReturnToCaller;
    NTSTATUS Status = STATUS_SUCCESS;

    if (NumberOfParameters > MAXIMUM_HARDERROR_PARAMETERS || ValidResponseOptions > OptionShutdownSystem)
        return STATUS_INVALID_PARAMETER;
    if (NumberOfParameters != 0)
        Status = ExCopyFromMode(Mode, Captured, Parameters, NumberOfParameters * sizeof(ULONG_PTR));
    for (ULONG i = 0; NT_SUCCESS(Status) && i < NumberOfParameters; i++) {
        UNICODE_STRING Text;

        if ((UnicodeStringParameterMask & 1u << i) == 0)
            continue;
        Status = ExCaptureUnicodeString(Mode, &Text, (PUNICODE_STRING)Captured[i]);
        if (NT_SUCCESS(Status)) {
            ExRecordFact("hard-error", "status=%x text=%wZ", (ULONG)ErrorStatus, &Text);
            ExFreeCapturedString(&Text);
        }
        Captured[i] = 0;                /* a user address means nothing in a bugcheck */
    }
    if (!NT_SUCCESS(Status))
        return Status;
    Status = ExRaiseHardError(ErrorStatus, NumberOfParameters, Captured, ValidResponseOptions, &Answer);
    if (NT_SUCCESS(Status))
        Status = ExCopyToMode(Mode, Response, &Answer, sizeof Answer);
    return Status;
}

NTSTATUS NTAPI NtSetDefaultHardErrorPort(HANDLE PortHandle)
{
    NTSTATUS Status;

    if (!SePrivilegeCheckToken(NULL, SE_TCB_PRIVILEGE))
        return STATUS_PRIVILEGE_NOT_HELD;
    if (ExpDefaultErrorPort != NULL)
        return STATUS_PORT_ALREADY_SET;
    Status = ObReferenceObjectByHandle(PortHandle, 0, LpcPortObjectType, ExGetPreviousMode(), &ExpDefaultErrorPort,
                                       NULL);
    return Status;
}
