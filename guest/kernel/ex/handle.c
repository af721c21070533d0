/* Handle tables: two levels of slots, a free list threaded through them, handles in multiples of four. */
#include "../ob/obp.h"

#define SLOTS_PER_PAGE 256u
#define PAGES_PER_TABLE 256u
#define HANDLE_TAG 'dnaH'

struct _HANDLE_TABLE {
    PHANDLE_TABLE_ENTRY Pages[PAGES_PER_TABLE];
    ULONG PageCount;
    ULONG FirstFree;                    /* index of a free slot, 0: none */
    ULONG HandleCount;
};

/* A free slot keeps the index of the next one in Attributes. Slot 0 is never used: handle 0 is no handle. */
static PHANDLE_TABLE_ENTRY ExpSlot(PHANDLE_TABLE Table, ULONG Index)
{
    return &Table->Pages[Index / SLOTS_PER_PAGE][Index % SLOTS_PER_PAGE];
}

static ULONG ExpIndex(PHANDLE_TABLE Table, HANDLE Handle)
{
    ULONG_PTR Index = (ULONG_PTR)Handle / 4;

    return Index < (ULONG_PTR)Table->PageCount * SLOTS_PER_PAGE ? (ULONG)Index : 0;
}

static BOOLEAN ExpGrow(PHANDLE_TABLE Table)
{
    ULONG First = Table->PageCount * SLOTS_PER_PAGE;
    PHANDLE_TABLE_ENTRY Page;

    if (Table->PageCount == PAGES_PER_TABLE)
        return FALSE;
    Page = ExAllocatePoolWithTag(PagedPool, SLOTS_PER_PAGE * sizeof(HANDLE_TABLE_ENTRY), HANDLE_TAG);
    if (Page == NULL)
        return FALSE;
    RtlZeroMemory(Page, SLOTS_PER_PAGE * sizeof(HANDLE_TABLE_ENTRY));
    Table->Pages[Table->PageCount++] = Page;
    for (ULONG Index = First + SLOTS_PER_PAGE - 1; Index >= First && Index != 0; Index--) {
        ExpSlot(Table, Index)->Attributes = Table->FirstFree;
        Table->FirstFree = Index;
    }
    return TRUE;
}

PHANDLE_TABLE ExCreateHandleTable(VOID)
{
    PHANDLE_TABLE Table = ExAllocatePoolWithTag(PagedPool, sizeof *Table, HANDLE_TAG);

    if (Table != NULL) {
        RtlZeroMemory(Table, sizeof *Table);
        if (!ExpGrow(Table)) {
            ExFreePool(Table);
            return NULL;
        }
    }
    return Table;
}

VOID ExDestroyHandleTable(PHANDLE_TABLE Table)
{
    for (ULONG Page = 0; Page < Table->PageCount; Page++)
        ExFreePool(Table->Pages[Page]);
    ExFreePool(Table);
}

HANDLE ExCreateHandle(PHANDLE_TABLE Table, const HANDLE_TABLE_ENTRY *Entry)
{
    ULONG Index;

    if (Table->FirstFree == 0 && !ExpGrow(Table))
        return NULL;
    Index = Table->FirstFree;
    Table->FirstFree = ExpSlot(Table, Index)->Attributes;
    *ExpSlot(Table, Index) = *Entry;
    Table->HandleCount++;
    return (HANDLE)((ULONG_PTR)Index * 4);
}

PHANDLE_TABLE_ENTRY ExMapHandleToPointer(PHANDLE_TABLE Table, HANDLE Handle)
{
    ULONG Index = ExpIndex(Table, Handle);
    PHANDLE_TABLE_ENTRY Entry;

    if (Index == 0)
        return NULL;
    Entry = ExpSlot(Table, Index);
    return Entry->Object != NULL ? Entry : NULL;
}

VOID ExDestroyHandle(PHANDLE_TABLE Table, HANDLE Handle)
{
    ULONG Index = ExpIndex(Table, Handle);
    PHANDLE_TABLE_ENTRY Entry = ExpSlot(Table, Index);

    Entry->Object = NULL;
    Entry->GrantedAccess = 0;
    Entry->Attributes = Table->FirstFree;
    Table->FirstFree = Index;
    Table->HandleCount--;
}

PHANDLE_TABLE_ENTRY ExNextHandle(PHANDLE_TABLE Table, PHANDLE Handle)
{
    ULONG_PTR Index = (ULONG_PTR)*Handle / 4;

    for (; Index < (ULONG_PTR)Table->PageCount * SLOTS_PER_PAGE; Index++) {
        PHANDLE_TABLE_ENTRY Entry = ExpSlot(Table, (ULONG)Index);

        if (Index != 0 && Entry->Object != NULL) {
            *Handle = (HANDLE)(Index * 4);
            return Entry;
        }
    }
    return NULL;
}

/* Puts an entry under a given, free handle: a child inherits a handle under the value that its parent knows. */
NTSTATUS ExPlaceHandle(PHANDLE_TABLE Table, HANDLE Handle, const HANDLE_TABLE_ENTRY *Entry)
{
    ULONG Wanted = (ULONG)((ULONG_PTR)Handle / 4);
    PULONG Link = &Table->FirstFree;

    while (Wanted >= Table->PageCount * SLOTS_PER_PAGE) {
        if (!ExpGrow(Table))
            return STATUS_INSUFFICIENT_RESOURCES;
    }
    while (*Link != 0 && *Link != Wanted)
        Link = &ExpSlot(Table, *Link)->Attributes;
    if (*Link == 0)
        return STATUS_INVALID_HANDLE;
    *Link = ExpSlot(Table, Wanted)->Attributes;
    *ExpSlot(Table, Wanted) = *Entry;
    Table->HandleCount++;
    return STATUS_SUCCESS;
}

ULONG ExHandleCount(PHANDLE_TABLE Table)
{
    return Table->HandleCount;
}
