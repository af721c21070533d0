/* The PFN database: who holds how many references to each page of RAM, and which pages nobody holds. */
#include "mip.h"
#include "pagefile.h"

#define MI_KERNEL_RESERVE 48u           /* free pages that only the kernel itself takes */

static PMMPFN MiPfn;                    /* indexed by page number minus MiLowestPage */
static PFN_NUMBER MiLowestPage, MiHighestPage;
static ULONG MiFreeListHead, MiZeroedListHead;  /* index + 1 */
static SIZE_T MiTotalPages;
SIZE_T MiAvailablePages, MiUserPages, MiLowPages;

/* RAM that was never used is not in a list: it is handed out from these ranges, so that start-up does not touch it. */
static struct { PFN_NUMBER Next, End; } MiUntouched[LOADER_MEMORY_DESCRIPTORS];
static ULONG MiUntouchedCount;

KEVENT MiZeroingPageEvent;

static PFN_NUMBER MiTakeUntouched(SIZE_T Pages)
{
    for (ULONG i = 0; i < MiUntouchedCount; i++) {
        if (MiUntouched[i].End - MiUntouched[i].Next >= Pages) {
            PFN_NUMBER First = MiUntouched[i].Next;

            MiUntouched[i].Next += Pages;
            return First;
        }
    }
    return 0;
}

VOID MiInitializePfnDatabase(PLOADER_PARAMETER_BLOCK LoaderBlock)
{
    SIZE_T Bytes;
    PFN_NUMBER First;

    MiLowestPage = ~0ull;
    for (ULONG i = 0; i < LoaderBlock->MemoryDescriptorCount; i++) {
        PLOADER_MEMORY_DESCRIPTOR Range = &LoaderBlock->MemoryDescriptors[i];
        PFN_NUMBER Start = Range->BasePage, End = Start + Range->PageCount;

        if (Range->Type != LoaderFirmware)
            MiTotalPages += Range->PageCount;
        if (Range->Type != LoaderFree)
            continue;
        if (Start == 0)
            Start = 1;                  /* page 0 means: no page */
        if (Start >= End)
            continue;
        MiUntouched[MiUntouchedCount].Next = Start;
        MiUntouched[MiUntouchedCount++].End = End;
        MiAvailablePages += End - Start;
        if (Start < MiLowestPage)
            MiLowestPage = Start;
        if (End > MiHighestPage)
            MiHighestPage = End;
    }
    Bytes = (MiHighestPage - MiLowestPage) * sizeof(MMPFN);
    First = MiUntouchedCount != 0 ? MiTakeUntouched(BYTES_TO_PAGES(Bytes)) : 0;
    if (First == 0)
        KeBugCheckEx(INSTALL_MORE_MEMORY, MiTotalPages, MiLowestPage, MiHighestPage, 0);
    MiAvailablePages -= BYTES_TO_PAGES(Bytes);
    MiPfn = MiPageAddress(First);
    RtlZeroMemory(MiPfn, Bytes);
    MiLowPages = MiAvailablePages / 32 < 128 ? 128 : MiAvailablePages / 32 > 1024 ? 1024 : MiAvailablePages / 32;
    KeInitializeEvent(&MiZeroingPageEvent, SynchronizationEvent, FALSE);
}

static PMMPFN MiPfnElement(PFN_NUMBER Page)
{
    if (Page < MiLowestPage || Page >= MiHighestPage)
        KeBugCheckEx(MEMORY_MANAGEMENT, 1, Page, MiLowestPage, MiHighestPage);
    return &MiPfn[Page - MiLowestPage];
}

static PFN_NUMBER MiPopList(ULONG *Head)
{
    PFN_NUMBER Page = MiLowestPage + *Head - 1;

    *Head = MiPfnElement(Page)->Next;
    return Page;
}

static VOID MiPushList(ULONG *Head, PFN_NUMBER Page)
{
    MiPfnElement(Page)->Next = *Head;
    *Head = (ULONG)(Page - MiLowestPage + 1);
}

/* Raises to DISPATCH_LEVEL. The page has one reference, the caller's. */
PFN_NUMBER MmAllocatePage(BOOLEAN Zeroed)
{
    KIRQL OldIrql = KfRaiseIrql(DISPATCH_LEVEL);
    BOOLEAN IsZero = FALSE;
    PFN_NUMBER Page;

    if (Zeroed && MiZeroedListHead != 0) {
        Page = MiPopList(&MiZeroedListHead);
        IsZero = TRUE;
    } else if (MiFreeListHead != 0) {
        Page = MiPopList(&MiFreeListHead);
    } else {
        Page = MiTakeUntouched(1);
        if (Page == 0 && MiZeroedListHead != 0)
            Page = MiPopList(&MiZeroedListHead);
    }
    if (Page != 0) {
        MiAvailablePages--;
        MiPfnElement(Page)->ReferenceCount = 1;
        MiPfnElement(Page)->Slot = 0;
    }
    KeLowerIrql(OldIrql);
    if (Page != 0 && Zeroed && !IsZero)
        RtlZeroMemory(MiPageAddress(Page), PAGE_SIZE);
    return Page;
}

/* Drops a reference; the last one frees the page. Raises to DISPATCH_LEVEL. */
VOID MmFreePage(PFN_NUMBER Page)
{
    KIRQL OldIrql = KfRaiseIrql(DISPATCH_LEVEL);
    PMMPFN Pfn = MiPfnElement(Page);

    if (Pfn->ReferenceCount == 0)
        KeBugCheckEx(MEMORY_MANAGEMENT, 2, Page, 0, 0);
    if (--Pfn->ReferenceCount == 0) {
        if (Pfn->Slot != 0)
            MiFreeSlot(Pfn->Slot);
        if (Pfn->User)
            MiUserPages--;
        Pfn->User = FALSE;
        if (MiFreeListHead == 0)
            KeSetEvent(&MiZeroingPageEvent, 0, FALSE);
        MiPushList(&MiFreeListHead, Page);
        MiAvailablePages++;
    }
    KeLowerIrql(OldIrql);
}

VOID MiReferencePage(PFN_NUMBER Page)
{
    MiPfnElement(Page)->ReferenceCount++;
}

ULONG MiPageReferences(PFN_NUMBER Page)
{
    return MiPfnElement(Page)->ReferenceCount;
}

PFN_NUMBER MiAllocateUserPage(BOOLEAN Zeroed)
{
    PFN_NUMBER Page = MiAvailablePages > MI_KERNEL_RESERVE ? MmAllocatePage(Zeroed) : 0;

    if (Page != 0) {
        MiPfnElement(Page)->User = TRUE;
        MiUserPages++;
    }
    return Page;
}

ULONG MiPageSlot(PFN_NUMBER Page)
{
    return MiPfnElement(Page)->Slot;
}

VOID MiSetPageSlot(PFN_NUMBER Page, ULONG Slot)
{
    MiPfnElement(Page)->Slot = Slot;
}

VOID MiForgetPageSlot(PFN_NUMBER Page)
{
    if (MiPageSlot(Page) != 0)
        MiFreeSlot(MiPageSlot(Page));
    MiSetPageSlot(Page, 0);
}

BOOLEAN MiZeroOneFreePage(VOID)
{
    KIRQL OldIrql = KfRaiseIrql(DISPATCH_LEVEL);
    PFN_NUMBER Page = MiFreeListHead != 0 ? MiPopList(&MiFreeListHead) : 0;

    KeLowerIrql(OldIrql);
    if (Page == 0)
        return FALSE;
    RtlZeroMemory(MiPageAddress(Page), PAGE_SIZE);
    OldIrql = KfRaiseIrql(DISPATCH_LEVEL);
    MiPushList(&MiZeroedListHead, Page);
    KeLowerIrql(OldIrql);
    return TRUE;
}

VOID MmQueryStatistics(MM_STATISTICS *Statistics)
{
    Statistics->TotalPages = MiTotalPages;
    Statistics->AvailablePages = MiAvailablePages;
}
