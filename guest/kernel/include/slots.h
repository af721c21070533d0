/* The slots of a paging file (mm/slots.c). */
#pragma once
#include <ntdef.h>

typedef struct _MI_SLOTS {
    PULONG64 Map;                       /* one bit a slot; set: used */
    ULONG Count;
    ULONG Free;
    ULONG Hint;                         /* where the next search begins */
} MI_SLOTS, *PMI_SLOTS;

/* Map: (Count + 63) / 64 zeroed words, Count > 1. Slot 0 is never given out: the page of the crash dump's header. */
VOID MiInitializeSlots(PMI_SLOTS Slots, PULONG64 Map, ULONG Count);
/* Goes on with a larger zeroed map; returns the old one. */
PULONG64 MiGrowSlots(PMI_SLOTS Slots, PULONG64 Map, ULONG Count);
/* Takes up to Wanted slots that lie together; the first one, and how many; 0: none is free. */
ULONG MiTakeSlots(PMI_SLOTS Slots, ULONG Wanted, PULONG Taken);
BOOLEAN MiReturnSlot(PMI_SLOTS Slots, ULONG Slot);     /* FALSE: it was not taken */
