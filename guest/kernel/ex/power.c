/* The end of the system: requests for it, and NtShutdownSystem. */
#include "exp.h"
#include "cm.h"

static PKEVENT ExpPowerOffEvent, ExpRebootEvent;
static POWER_REQUEST_ACTION ExpPendingAction;       /* asked for before the events were there */

static PKEVENT ExpCreateKernelEvent(PCWSTR Path)
{
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Name;
    PVOID Event;

    RtlInitUnicodeString(&Name, Path);
    InitializeObjectAttributes(&Attributes, &Name, OBJ_PERMANENT | OBJ_CASE_INSENSITIVE, NULL, SeSystemDefaultSd);
    if (!NT_SUCCESS(ObCreateObject(KernelMode, ExEventObjectType, &Attributes, KernelMode, NULL, sizeof(KEVENT), 0,
                                   0, &Event)))
        return NULL;
    KeInitializeEvent(Event, NotificationEvent, FALSE);
    return NT_SUCCESS(ObInsertObject(Event, NULL, 0, 1, &Event, NULL)) ? Event : NULL;
}

BOOLEAN ExpCreatePowerEvents(VOID)
{
    ExpPowerOffEvent = ExpCreateKernelEvent(L"\\KernelObjects\\SystemPowerOffRequest");
    ExpRebootEvent = ExpCreateKernelEvent(L"\\KernelObjects\\SystemRebootRequest");
    if (ExpPowerOffEvent == NULL || ExpRebootEvent == NULL)
        return FALSE;
    if (ExpPendingAction != PoActionNone)
        KeSetEvent(ExpPendingAction == PoActionReset ? ExpRebootEvent : ExpPowerOffEvent, 0, FALSE);
    return TRUE;
}

VOID PoRequestPowerAction(POWER_REQUEST_SOURCE Source, POWER_REQUEST_ACTION Action)
{
    PKEVENT Event = Action == PoActionReset ? ExpRebootEvent : ExpPowerOffEvent;

    if (Action == PoActionNone)
        return;
    ExRecordFactFor(NULL, "power.request", "source=%s action=%s", Source == PoSourceSac ? "sac" : "button",
                    Action == PoActionReset ? "reset" : "poweroff");
    ExpPendingAction = Action;
    if (Event != NULL)
        KeSetEvent(Event, 0, FALSE);
}

NTSTATUS NTAPI NtShutdownSystem(SHUTDOWN_ACTION Action)
{
    static const struct {
        PCSTR Name;
        FIRMWARE_REENTRY Firmware;
    } Actions[] = { [ShutdownNoReboot] = { "halt", HalHaltRoutine }, [ShutdownReboot] = { "reset", HalRebootRoutine },
                    [ShutdownPowerOff] = { "poweroff", HalPowerDownRoutine } };
    PEPROCESS Process = PsGetCurrentProcess();

    if ((ULONG)Action >= RTL_NUMBER_OF(Actions))
        return STATUS_INVALID_PARAMETER;
    if (ExGetPreviousMode() == UserMode && !SePrivilegeCheckToken(NULL, SE_SHUTDOWN_PRIVILEGE))
        return STATUS_PRIVILEGE_NOT_HELD;
    ExRecordFact("system.shutdown", "action=%s pid=%u name=%s", Actions[Action].Name,
                 HandleToUlong(Process->UniqueProcessId), Process->ImageFileName);
    MmShutdownSystem();
    CmShutdownSystem();
    IoShutdownSystem();
    ExRecordBye(Actions[Action].Name);
    HalReturnToFirmware(Actions[Action].Firmware);
}
