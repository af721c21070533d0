/* Sessions: one range of kernel addresses that each session has for itself, behind one slot of its processes' roots. */
#include "mip.h"

#define MI_MAXIMUM_SESSIONS 64

static PMM_SESSION_SPACE MiSessions[MI_MAXIMUM_SESSIONS];

/* Shows the session (NULL: none) to a process; its own address space is loaded again when that is the present one. */
static VOID MiSetSession(PEPROCESS Process, PMM_SESSION_SPACE Session)
{
    Process->Vm.Session = Session;
    KiSetSessionTable(Process->Vm.DirectoryTableBase, Session != NULL ? Session->PageTable : 0);
    if (Process == PsGetCurrentProcess())
        KeReloadAddressSpace();
}

NTSTATUS MmSessionCreate(PEPROCESS Process, PULONG SessionId)
{
    PMM_SESSION_SPACE Session;
    PFN_NUMBER Table;
    ULONG Id = 0;

    if (Process->Vm.Session != NULL)
        return STATUS_INVALID_PARAMETER;
    while (Id < MI_MAXIMUM_SESSIONS && MiSessions[Id] != NULL)
        Id++;
    if (Id == MI_MAXIMUM_SESSIONS)
        return STATUS_INSUFFICIENT_RESOURCES;
    Session = ExAllocatePoolWithTag(NonPagedPool, sizeof *Session, MI_TAG);
    Table = MmAllocatePage(TRUE);
    if (Session == NULL || Table == 0) {
        if (Session != NULL)
            ExFreePoolWithTag(Session, MI_TAG);
        if (Table != 0)
            MmFreePage(Table);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Session->SessionId = Id;
    Session->References = 1;
    Session->PageTable = Table << PAGE_SHIFT;
    Session->NextAddress = MM_SESSION_SPACE_BASE;
    InitializeListHead(&Session->Images);
    MiSessions[Id] = Session;
    MiSetSession(Process, Session);
    *SessionId = Id;
    ExRecordFact("session.create", "id=%u", Id);
    return STATUS_SUCCESS;
}

/* Takes a reference on the session, which MmSessionLeave or MmSessionDetach drops. */
NTSTATUS MmSessionAttach(PEPROCESS Process, PEPROCESS Member)
{
    if (Process->Vm.Session != NULL)
        return STATUS_INVALID_PARAMETER;
    if (Member->Vm.Session != NULL) {
        Member->Vm.Session->References++;
        MiSetSession(Process, Member->Vm.Session);
    }
    return STATUS_SUCCESS;
}

/* Drops the process's reference; the last one unloads the session's images and frees its tables. */
VOID MmSessionLeave(PEPROCESS Process)
{
    PMM_SESSION_SPACE Session = Process->Vm.Session;

    if (Session == NULL)
        return;
    Session->References--;
    if (Session->References == 0)
        MiUnloadSessionImages(Session, Process->Vm.DirectoryTableBase);
    MiSetSession(Process, NULL);
    if (Session->References == 0) {
        MiSessions[Session->SessionId] = NULL;
        KiDeleteSessionTable(Session->PageTable);
        ExFreePoolWithTag(Session, MI_TAG);
    }
}

NTSTATUS MmSessionDetach(PEPROCESS Process)
{
    ULONG Id = MmGetSessionId(Process);

    if (Id == MM_NO_SESSION)
        return STATUS_INVALID_PARAMETER;
    MmSessionLeave(Process);
    ExRecordFact("session.detach", "id=%u pid=%u", Id, HandleToUlong(Process->UniqueProcessId));
    return STATUS_SUCCESS;
}

ULONG MmGetSessionId(PEPROCESS Process)
{
    return Process->Vm.Session != NULL ? Process->Vm.Session->SessionId : MM_NO_SESSION;
}

PKSERVICE_TABLE_DESCRIPTOR MmGetSessionServiceTable(VOID)
{
    PMM_SESSION_SPACE Session = PsGetCurrentProcess()->Vm.Session;

    return Session != NULL ? &Session->Services : NULL;
}
