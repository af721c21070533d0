/* Who serves the session, and who has connected to it. */
#include "win32k.h"

/* Takes a reference that lives as long as the session. */
static NTSTATUS ReferenceEvent(HANDLE Handle, PVOID *Event)
{
    *Event = NULL;
    if (Handle == NULL)
        return STATUS_SUCCESS;
    return ObReferenceObjectByHandle(Handle, EVENT_MODIFY_STATE, NULL, UserMode, Event, NULL);
}

NTSTATUS NTAPI NtUserInitialize(ULONG Version, HANDLE PowerRequestEvent, HANDLE MediaRequestEvent)
{
    PVOID Power, Media;
    NTSTATUS Status;

    if (Version != USER_VERSION)
        return STATUS_REVISION_MISMATCH;
    if (gSession.ServerProcessId != NULL)
        return STATUS_ACCESS_DENIED;
    Status = ReferenceEvent(PowerRequestEvent, &Power);
    if (!NT_SUCCESS(Status))
        return Status;
    Status = ReferenceEvent(MediaRequestEvent, &Media);
    if (!NT_SUCCESS(Status)) {
        if (Power != NULL)
            ObDereferenceObject(Power);
        return Status;
    }
    gSession.PowerRequestEvent = Power;
    gSession.MediaRequestEvent = Media;
    gSession.ServerProcessId = IoGetCurrentProcess()->UniqueProcessId;
    gSession.ConnectedProcesses = 1;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI NtUserProcessConnect(HANDLE ProcessHandle, ULONG Length, PUSERCONNECT Connect)
{
    USERCONNECT Reply;
    NTSTATUS Status;

    if (ProcessHandle != NtCurrentProcess())
        return STATUS_ACCESS_DENIED;
    if (Length != sizeof Reply)
        return STATUS_INFO_LENGTH_MISMATCH;
    Status = MmCopyFromUser(&Reply, Connect, sizeof Reply);
    if (!NT_SUCCESS(Status))
        return Status;
    if (Reply.Version != USER_VERSION)
        return STATUS_REVISION_MISMATCH;
    if (gSession.ServerProcessId == NULL)
        return STATUS_DEVICE_NOT_READY;
    Reply.SessionId = gSession.SessionId;
    Reply.ServerProcessId = gSession.ServerProcessId;
    Reply.ConnectedProcesses = gSession.ConnectedProcesses + 1;
    Reply.Reserved = 0;
    Status = MmCopyToUser(Connect, &Reply, sizeof Reply);
    if (NT_SUCCESS(Status))
        gSession.ConnectedProcesses++;
    return Status;
}
