/* Virtual address descriptors: which stretches of a process's user range mean what. */
#include "mip.h"
#include "pagefile.h"

#define MI_GRANULARITY 0x10000ull
/* Images have bases of their own above this; what is allocated anywhere stays below. */
#define MI_LOWEST_FREE 0x10000ull
#define MI_HIGHEST_FREE ((ULONG64)MM_HIGHEST_USER_ADDRESS + 1)

PMMVAD MiFindVad(PMMSUPPORT Vm, ULONG64 Address)
{
    for (PMMVAD Vad = Vm->VadRoot; Vad != NULL && Vad->Start <= Address; Vad = Vad->Next) {
        if (Address < Vad->End)
            return Vad;
    }
    return NULL;
}

BOOLEAN MiIsRangeFree(PMMSUPPORT Vm, ULONG64 Start, ULONG64 End)
{
    for (PMMVAD Vad = Vm->VadRoot; Vad != NULL && Vad->Start < End; Vad = Vad->Next) {
        if (Start < Vad->End)
            return FALSE;
    }
    return TRUE;
}

static ULONG64 MiFindFromTop(PMMSUPPORT Vm, ULONG64 Size)
{
    ULONG64 Best = 0, GapStart = MI_LOWEST_FREE;

    for (PMMVAD Vad = Vm->VadRoot;; Vad = Vad->Next) {
        ULONG64 GapEnd = Vad != NULL ? Vad->Start : MI_HIGHEST_FREE;

        if (GapEnd >= Size) {
            ULONG64 Base = (GapEnd - Size) & ~(MI_GRANULARITY - 1);

            if (Base >= GapStart)
                Best = Base;
        }
        if (Vad == NULL)
            return Best;
        GapStart = ALIGN_UP_BY(Vad->End, MI_GRANULARITY);
    }
}

ULONG64 MiFindFreeRange(PMMSUPPORT Vm, ULONG64 Size, BOOLEAN TopDown)
{
    ULONG64 Base = MI_LOWEST_FREE;

    if (Size == 0 || Size > MI_HIGHEST_FREE)
        return 0;
    if (TopDown)
        return MiFindFromTop(Vm, Size);
    for (PMMVAD Vad = Vm->VadRoot; Vad != NULL; Vad = Vad->Next) {
        if (Vad->Start >= Base && Vad->Start - Base >= Size)
            return Base;
        if (Vad->End > Base)
            Base = ALIGN_UP_BY(Vad->End, MI_GRANULARITY);
    }
    return MI_HIGHEST_FREE - Base >= Size && Base < MI_HIGHEST_FREE ? Base : 0;
}

static VOID MiLinkVad(PMMSUPPORT Vm, PMMVAD New)
{
    PMMVAD *Link = &Vm->VadRoot;

    while (*Link != NULL && (*Link)->Start < New->Start)
        Link = &(*Link)->Next;
    New->Next = *Link;
    *Link = New;
}

PMMVAD MiInsertVad(PMMSUPPORT Vm, ULONG64 Start, ULONG64 End, ULONG Type, ULONG Protect)
{
    PMMVAD Vad = ExAllocatePoolWithTag(NonPagedPool, sizeof *Vad, MI_TAG);

    if (Vad == NULL)
        return NULL;
    Vad->Start = Start;
    Vad->End = End;
    Vad->AllocationBase = Start;
    Vad->AllocationProtect = Protect;
    Vad->Protect = Protect;
    Vad->Type = Type;
    MiLinkVad(Vm, Vad);
    Vm->VirtualSize += End - Start;
    if (Vm->VirtualSize > Vm->PeakVirtualSize)
        Vm->PeakVirtualSize = Vm->VirtualSize;
    return Vad;
}

static NTSTATUS MiSplitAt(PMMSUPPORT Vm, ULONG64 Address)
{
    PMMVAD Vad = MiFindVad(Vm, Address), Upper;

    if (Vad == NULL || Vad->Start == Address)
        return STATUS_SUCCESS;
    Upper = ExAllocatePoolWithTag(NonPagedPool, sizeof *Upper, MI_TAG);
    if (Upper == NULL)
        return STATUS_NO_MEMORY;
    *Upper = *Vad;
    Upper->Start = Address;
    Upper->FirstPage += (ULONG)((Address - Vad->Start) >> PAGE_SHIFT);
    if (Upper->ControlArea != NULL)
        MiReferenceControlArea(Upper->ControlArea);
    Vad->End = Address;
    Vad->Next = Upper;
    return STATUS_SUCCESS;
}

NTSTATUS MiSplitVads(PMMSUPPORT Vm, ULONG64 Start, ULONG64 End)
{
    NTSTATUS Status = MiSplitAt(Vm, Start);

    return NT_SUCCESS(Status) ? MiSplitAt(Vm, End) : Status;
}

BOOLEAN MiIsUserRangeValid(ULONG64 Start, ULONG64 End)
{
    return Start >= (ULONG64)MM_LOWEST_USER_ADDRESS && End > Start && End <= (ULONG64)MM_HIGHEST_USER_ADDRESS + 1;
}

ULONG64 MiNextUsedPage(PMMSUPPORT Vm, ULONG64 Address, ULONG64 End)
{
    while (Address < End) {
        PULONG64 Table = MiPageAddress(Vm->DirectoryTableBase >> PAGE_SHIFT);
        ULONG Shift = 39;

        while (Shift > PAGE_SHIFT && KiIsEntryValid(Table[Address >> Shift & 511])) {
            Table = MiPageAddress((Table[Address >> Shift & 511] & KI_ENTRY_ADDRESS) >> PAGE_SHIFT);
            Shift -= 9;
        }
        if (Shift == PAGE_SHIFT && Table[Address >> Shift & 511] != 0)
            return Address;
        Address = ((Address >> Shift) + 1) << Shift;    /* nothing below this entry: on to the next one */
    }
    return End;
}

/* Empties one entry and gives up what it stands for. */
static VOID MiDeletePage(PMMSUPPORT Vm, ULONG64 Address)
{
    ULONG64 Value;
    ULONG Kind = 0;

    if (KiQuerySoftEntry(Vm->DirectoryTableBase, (PVOID)Address, &Kind, &Value)) {
        KiSetSoftEntry(Vm->DirectoryTableBase, (PVOID)Address, 0, 0);
        if (Kind == KI_SOFT_PAGED_OUT) {
            MiFreeSlot((ULONG)Value);
            return;
        }
    } else {
        KiUnmapPage(Vm->DirectoryTableBase, (PVOID)Address, &Value);
        Value >>= PAGE_SHIFT;
    }
    if (MiPageReferences(Value) == 1)
        Vm->PrivatePageCount--;         /* a shared page is held by its section too */
    MmFreePage(Value);
    Vm->WorkingSetSize--;
}

VOID MiUnmapRange(PMMSUPPORT Vm, ULONG64 Start, ULONG64 End)
{
    for (ULONG64 Address = MiNextUsedPage(Vm, Start, End); Address < End;
         Address = MiNextUsedPage(Vm, Address + PAGE_SIZE, End))
        MiDeletePage(Vm, Address);
}

VOID MiRemoveVads(PMMSUPPORT Vm, ULONG64 Start, ULONG64 End)
{
    PMMVAD *Link = &Vm->VadRoot;

    while (*Link != NULL && (*Link)->Start < End) {
        PMMVAD Vad = *Link;

        if (Vad->Start < Start) {
            Link = &Vad->Next;
            continue;
        }
        *Link = Vad->Next;
        MiUnmapRange(Vm, Vad->Start, Vad->End);
        Vm->VirtualSize -= Vad->End - Vad->Start;
        MiUnchargeVad(Vad);
        if (Vad->ControlArea != NULL)
            MiDereferenceControlArea(Vad->ControlArea);
        ExFreePoolWithTag(Vad, MI_TAG);
    }
}
