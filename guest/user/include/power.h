/* Requests to switch off or restart: heard from the kernel, handed to smss. winlogon does it, wininit without one. */
#pragma once

#include <client.h>
#include <smapi.h>

/* The kernel's events: set, for good, when the power button is pressed or the operator's console asks. */
static CONST struct {
    PCWSTR Event;
    PCWSTR Name;
    SHUTDOWN_ACTION Action;
} PowerRequests[] = {
    { L"\\KernelObjects\\SystemPowerOffRequest", L"poweroff", ShutdownPowerOff },
    { L"\\KernelObjects\\SystemRebootRequest", L"reset", ShutdownReboot },
};
#define PowerRequestCount RTL_NUMBER_OF(PowerRequests)

static inline VOID PowerOpenEvents(PHANDLE Events)
{
    for (ULONG i = 0; i < PowerRequestCount; i++) {
        OBJECT_ATTRIBUTES Attributes;
        UNICODE_STRING Name;

        RtlInitUnicodeString(&Name, PowerRequests[i].Event);
        InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, NULL, NULL);
        CHECK(NtOpenEvent(&Events[i], SYNCHRONIZE, &Attributes), "power request event");
    }
}

/* The index of the first of Handles that is signalled. */
static inline ULONG PowerWait(ULONG Count, PHANDLE Handles)
{
    NTSTATUS Status = NtWaitForMultipleObjects(Count, Handles, WaitAny, FALSE, NULL);

    CHECK(Status, "wait for a power request");
    return (ULONG)Status;
}

static inline HANDLE PowerConnectToSmss(VOID)
{
    SECURITY_QUALITY_OF_SERVICE Qos = { sizeof(Qos), SecurityIdentification, SECURITY_DYNAMIC_TRACKING, TRUE };
    UNICODE_STRING Name = RTL_CONSTANT_STRING(SM_API_PORT_NAME);
    SB_CONNECTION_INFO Info = { 0 };
    ULONG Length = sizeof(Info);
    HANDLE Port;

    CHECK(NtConnectPort(&Port, &Name, &Qos, NULL, NULL, NULL, &Info, &Length), "\\SmApiPort");
    return Port;
}

/* The first caller in the whole system gets TRUE: only one can make the object. */
static inline BOOLEAN PowerTakeRequest(VOID)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\BaseNamedObjects\\ShutdownRequestTaken");
    OBJECT_ATTRIBUTES Attributes;
    HANDLE Event;

    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    return NT_SUCCESS(NtCreateEvent(&Event, EVENT_ALL_ACCESS, &Attributes, NotificationEvent, TRUE));
}

/* smss ends the sessions and then the system. If it answers that the sessions have ended, the system is ours to end. */
static inline VOID PowerSendRequest(HANDLE Port, ULONG Request)
{
    SM_API_MSG Message;
    BOOLEAN WasEnabled;

    memset(&Message, 0, sizeof(Message));
    SmpInitMessage(&Message.h, sizeof(Message));
    Message.ApiNumber = SmpShutdownApi;
    Message.u.Shutdown.Action = PowerRequests[Request].Action;
    CHECK(NtRequestWaitReplyPort(Port, &Message.h, &Message.h), "shutdown request");
    if (!NT_SUCCESS(Message.ReturnValue)) {
        DbgPrint("smss refused to shut down with status 0x%X\n", Message.ReturnValue);
        return;
    }
    CHECK(RtlAdjustPrivilege(SE_SHUTDOWN_PRIVILEGE, TRUE, FALSE, &WasEnabled), "SeShutdownPrivilege");
    CHECK(NtShutdownSystem(PowerRequests[Request].Action), "shutdown");
}
