/* NtLoadDriver and NtUnloadDriver: a driver by its key in the registry. */
#include "iop.h"

static NTSTATUS IopForService(PUNICODE_STRING ServiceName, NTSTATUS (*Do)(PIOP_SERVICE Service))
{
    static const UNICODE_STRING Prefix = RTL_CONSTANT_STRING(L"\\Registry\\Machine\\");
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    UNICODE_STRING Path;
    PIOP_SERVICE Service;
    NTSTATUS Status;

    if (Mode == UserMode && !SePrivilegeCheckToken(NULL, SE_LOAD_DRIVER_PRIVILEGE)) {
        ExRecordFact("access.denied", "type=Driver privilege=%s", SePrivilegeName(SE_LOAD_DRIVER_PRIVILEGE));
        return STATUS_PRIVILEGE_NOT_HELD;
    }
    Status = ExCaptureUnicodeString(Mode, &Path, ServiceName);
    if (!NT_SUCCESS(Status))
        return Status;
    if (!RtlPrefixUnicodeString(&Prefix, &Path, TRUE))
        Status = STATUS_INVALID_PARAMETER;
    else
        Status = IopReadService(&Path, &Service);
    if (NT_SUCCESS(Status)) {
        Status = Do(Service);
        IopFreeService(Service);
    }
    ExFreeCapturedString(&Path);
    return Status;
}

NTSTATUS NTAPI NtLoadDriver(PUNICODE_STRING DriverServiceName) { return IopForService(DriverServiceName, IopLoadDriver); }
NTSTATUS NTAPI NtUnloadDriver(PUNICODE_STRING DriverServiceName) { return IopForService(DriverServiceName, IopUnloadDriver); }
