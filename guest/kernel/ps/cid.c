/* Client ids of processes and threads: multiples of four, one sequence, never reused. */
#include "psp.h"

#define CID_BUCKETS 64u

typedef struct _PSP_CID {
    struct _PSP_CID *Next;
    HANDLE Cid;
    PVOID Object;
} PSP_CID, *PPSP_CID;

static PPSP_CID PspCidTable[CID_BUCKETS];
static ULONG PspNextCid = 4;            /* the System process is made first */

static PPSP_CID *PspFindCid(HANDLE Cid)
{
    PPSP_CID *Link = &PspCidTable[(ULONG_PTR)Cid / 4 % CID_BUCKETS];

    while (*Link != NULL && (*Link)->Cid != Cid)
        Link = &(*Link)->Next;
    return Link;
}

/* NULL: no memory. Takes no reference. */
HANDLE PspAllocateCid(PVOID Object)
{
    PPSP_CID Entry = ExAllocatePoolWithTag(NonPagedPool, sizeof *Entry, PSP_TAG);
    PPSP_CID *Bucket;

    if (Entry == NULL)
        return NULL;
    Entry->Cid = UlongToHandle(PspNextCid);
    Entry->Object = Object;
    PspNextCid += 4;
    Bucket = &PspCidTable[(ULONG_PTR)Entry->Cid / 4 % CID_BUCKETS];
    Entry->Next = *Bucket;
    *Bucket = Entry;
    return Entry->Cid;
}

VOID PspFreeCid(HANDLE Cid)
{
    PPSP_CID *Link = PspFindCid(Cid), Entry = *Link;

    if (Entry != NULL) {
        *Link = Entry->Next;
        ExFreePool(Entry);
    }
}

static NTSTATUS PspLookupCid(HANDLE Cid, POBJECT_TYPE Type, PVOID *Object)
{
    PPSP_CID Entry = *PspFindCid(Cid);

    if (Entry == NULL || ObGetObjectType(Entry->Object) != Type)
        return STATUS_INVALID_CID;
    ObReferenceObject(Entry->Object);
    *Object = Entry->Object;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI PsLookupProcessByProcessId(HANDLE ProcessId, PEPROCESS *Process)
{
    return PspLookupCid(ProcessId, PsProcessType, (PVOID *)Process);
}

NTSTATUS NTAPI PsLookupThreadByThreadId(HANDLE ThreadId, PETHREAD *Thread)
{
    return PspLookupCid(ThreadId, PsThreadType, (PVOID *)Thread);
}
