/* Event objects and their services. */
#include "exp.h"

POBJECT_TYPE ExEventObjectType;

BOOLEAN ExpCreateEventType(VOID)
{
    static UNICODE_STRING Name = RTL_CONSTANT_STRING(L"Event");
    OBJECT_TYPE_INITIALIZER Event = { .Length = sizeof Event, .PoolType = NonPagedPool,
        .ValidAccessMask = EVENT_ALL_ACCESS,
        .GenericMapping = { STANDARD_RIGHTS_READ | EVENT_QUERY_STATE, STANDARD_RIGHTS_WRITE | EVENT_MODIFY_STATE,
                            STANDARD_RIGHTS_EXECUTE | SYNCHRONIZE, EVENT_ALL_ACCESS } };

    if (!NT_SUCCESS(ObCreateObjectType(&Name, &Event, NULL, &ExEventObjectType)))
        return FALSE;
    ExEventObjectType->DefaultDispatcherOffset = 0;
    return TRUE;
}

/* The fact comes before the signal, so that nothing that the signal causes is recorded before it. */
LONG ExSetEvent(PKEVENT Event)
{
    UNICODE_STRING Path;

    if (KeReadStateEvent(Event) == 0 && NT_SUCCESS(ObGetObjectPath(Event, &Path)) && Path.Buffer != NULL) {
        ExRecordFact("event.set", "path=%wZ", &Path);
        ObFreeObjectPath(&Path);
    }
    return KeSetEvent(Event, 0, FALSE);
}

NTSTATUS NTAPI NtCreateEvent(PHANDLE EventHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                             EVENT_TYPE EventType, BOOLEAN InitialState)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    HANDLE Handle = NULL;
    PVOID Event;
    NTSTATUS Status;

    if (EventType != NotificationEvent && EventType != SynchronizationEvent)
        return STATUS_INVALID_PARAMETER;
    Status = ObCreateObject(Mode, ExEventObjectType, ObjectAttributes, Mode, NULL, sizeof(KEVENT), 0, 0, &Event);
    if (!NT_SUCCESS(Status))
        return Status;
    KeInitializeEvent(Event, EventType, InitialState);
    Status = ObInsertObject(Event, NULL, DesiredAccess, 0, NULL, &Handle);
    if (!NT_SUCCESS(Status))
        return Status;
    return ObReturnHandle(Mode, EventHandle, Handle, Status);
}

NTSTATUS NTAPI NtOpenEvent(PHANDLE EventHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes)
{
    return ObOpenByAttributes(EventHandle, DesiredAccess, ObjectAttributes, ExEventObjectType);
}

/* With a reference. */
static NTSTATUS ExpReferenceEvent(HANDLE Handle, ACCESS_MASK Access, PKEVENT *Event)
{
    return ObReferenceObjectByHandle(Handle, Access, ExEventObjectType, ExGetPreviousMode(), (PVOID *)Event, NULL);
}

static NTSTATUS ExpReturnState(PLONG PreviousState, LONG State)
{
    return PreviousState != NULL ? ExCopyToMode(ExGetPreviousMode(), PreviousState, &State, sizeof State)
                                 : STATUS_SUCCESS;
}

NTSTATUS NTAPI NtSetEvent(HANDLE EventHandle, PLONG PreviousState)
{
    PKEVENT Event;
    NTSTATUS Status = ExpReferenceEvent(EventHandle, EVENT_MODIFY_STATE, &Event);

    if (NT_SUCCESS(Status)) {
        Status = ExpReturnState(PreviousState, ExSetEvent(Event));
        ObDereferenceObject(Event);
    }
    return Status;
}

NTSTATUS NTAPI NtResetEvent(HANDLE EventHandle, PLONG PreviousState)
{
    PKEVENT Event;
    NTSTATUS Status = ExpReferenceEvent(EventHandle, EVENT_MODIFY_STATE, &Event);

    if (NT_SUCCESS(Status)) {
        Status = ExpReturnState(PreviousState, KeResetEvent(Event));
        ObDereferenceObject(Event);
    }
    return Status;
}

NTSTATUS NTAPI NtClearEvent(HANDLE EventHandle)
{
    return NtResetEvent(EventHandle, NULL);
}

NTSTATUS NTAPI NtQueryEvent(HANDLE EventHandle, EVENT_INFORMATION_CLASS EventInformationClass,
                            PVOID EventInformation, ULONG EventInformationLength, PULONG ReturnLength)
{
    EVENT_BASIC_INFORMATION Basic;
    PKEVENT Event;
    NTSTATUS Status;

    if (EventInformationClass != EventBasicInformation)
        return STATUS_INVALID_INFO_CLASS;
    Status = ExpReferenceEvent(EventHandle, EVENT_QUERY_STATE, &Event);
    if (!NT_SUCCESS(Status))
        return Status;
    Basic.EventType = Event->Header.Type == EventNotificationObject ? NotificationEvent : SynchronizationEvent;
    Basic.EventState = KeReadStateEvent(Event);
    ObDereferenceObject(Event);
    return ExReturnInformation(ExGetPreviousMode(), EventInformation, EventInformationLength, ReturnLength, &Basic,
                               sizeof Basic);
}
