/* The trimmer: when free pages run low, pages that user mode has not touched for a while leave RAM.
 *
 * A clock goes over all processes' page tables. A page that was touched since the hand last came by (x86: the accessed bit;
 * ARM64: the access flag, which the fault handler sets) gets a second chance. A shared page leaves this process alone and
 * RAM with its last mapping. What can be read again is dropped, modified file data is written to its file, everything else
 * goes to a paging file, several pages at a time. Runs where no one in Mm holds a page or an entry: at the start of a fault
 * or of a service, at PASSIVE_LEVEL. The disk is waited for without a switch, so nothing changes meanwhile. */
#include "mip.h"
#include "pagefile.h"

/* A page on its way out: a process's own, or a section's. */
typedef struct _MI_VICTIM {
    PMMSUPPORT Vm;                      /* NULL: the section's page */
    ULONG64 Address;
    PCONTROL_AREA Area;
    ULONG Index;
    PFN_NUMBER Page;
} MI_VICTIM;

static MI_VICTIM MiVictims[MI_CLUSTER];
static ULONG MiVictimCount;
static PUCHAR MiCluster;                /* what is written lies here in one piece; from the first paging file on */
static BOOLEAN MiTrimming;
static ULONG MiFruitless;               /* calls to leave out because the last trim found nothing */

/* Where the hand stands. */
static HANDLE MiClockProcess;
static ULONG64 MiClockAddress;

BOOLEAN MiPrepareTrimming(VOID)
{
    if (MiCluster == NULL)
        MiCluster = ExAllocatePoolWithTag(NonPagedPool, MI_CLUSTER << PAGE_SHIFT, MI_TAG);
    return MiCluster != NULL;
}

/* The page is in its slot now: whoever needs it finds the slot where the page was. */
static VOID MiReleaseVictim(const MI_VICTIM *Victim, ULONG Slot)
{
    if (Victim->Vm != NULL) {
        KiSetSoftEntry(Victim->Vm->DirectoryTableBase, (PVOID)Victim->Address, KI_SOFT_PAGED_OUT, Slot);
        Victim->Vm->WorkingSetSize--;
        Victim->Vm->PrivatePageCount--;
    } else {
        Victim->Area->Pages[Victim->Index] = MI_PAGE_PAGED_OUT | Slot;
    }
    MiSetPageSlot(Victim->Page, 0);
    MmFreePage(Victim->Page);
}

/* Writes the victims out, in as few pieces as the free slots allow. Those for which there is no room stay where they are. */
static VOID MiWriteVictims(VOID)
{
    ULONG Done = 0;

    while (Done < MiVictimCount) {
        ULONG Taken, First = MiAllocateSlots(MiVictimCount - Done, &Taken);

        if (First == 0)
            break;
        for (ULONG i = 0; i < Taken; i++)
            RtlCopyMemory(MiCluster + (i << PAGE_SHIFT), MiPageAddress(MiVictims[Done + i].Page), PAGE_SIZE);
        if (!NT_SUCCESS(MiWriteSlots(First, MiCluster, Taken))) {
            for (ULONG i = 0; i < Taken; i++)
                MiFreeSlot(First + i);
            break;
        }
        for (ULONG i = 0; i < Taken; i++)
            MiReleaseVictim(&MiVictims[Done + i], First + i);
        Done += Taken;
    }
    MiVictimCount = 0;
}

static VOID MiAddVictim(const MI_VICTIM *Victim)
{
    if (MmNumberOfPagingFiles == 0)
        return;
    MiVictims[MiVictimCount++] = *Victim;
    if (MiVictimCount == MI_CLUSTER)
        MiWriteVictims();
}

/* Nobody maps the section's page any more. */
static VOID MiEvictSectionPage(PCONTROL_AREA Area, ULONG Index)
{
    MI_VICTIM Victim = { .Area = Area, .Index = Index, .Page = MI_PAGE_NUMBER(Area->Pages[Index]) };
    ULONG Slot;

    if (MiIsSectionPageModified(Area, Index)) {
        if (!MiIsDataArea(Area)) {
            MiAddVictim(&Victim);
            return;
        }
        if (!NT_SUCCESS(MiFlushDataArea(Area, Index, 1)))
            return;
    }
    Slot = MiPageSlot(Victim.Page);
    Area->Pages[Index] = Slot != 0 ? MI_PAGE_PAGED_OUT | Slot : 0;
    MiSetPageSlot(Victim.Page, 0);
    MmFreePage(Victim.Page);
}

/* A page of the process's own. While it has a slot it is as it is there. */
static VOID MiEvictOwnPage(PMMSUPPORT Vm, ULONG64 Address, PFN_NUMBER Page)
{
    MI_VICTIM Victim = { .Vm = Vm, .Address = Address, .Page = Page };

    if (MiPageSlot(Page) != 0)
        MiReleaseVictim(&Victim, MiPageSlot(Page));
    else
        MiAddVictim(&Victim);
}

/* The hand is at one entry. */
static VOID MiVisitEntry(PMMSUPPORT Vm, PMMVAD Vad, ULONG64 Address, BOOLEAN Force)
{
    ULONG64 Value;
    ULONG Kind;

    if (KiQuerySoftEntry(Vm->DirectoryTableBase, (PVOID)Address, &Kind, &Value)) {
        if (Kind == KI_SOFT_TRANSITION)
            MiEvictOwnPage(Vm, Address, Value);
        return;
    }
    if (KiTestAndClearAccessed(Vm->DirectoryTableBase, (PVOID)Address) && !Force)
        return;
    KiQueryPage(Vm->DirectoryTableBase, (PVOID)Address, &Value, NULL);
    Value >>= PAGE_SHIFT;
    if (MiPageReferences(Value) == 1) {
        MiEvictOwnPage(Vm, Address, Value);
        return;
    }
    KiUnmapPage(Vm->DirectoryTableBase, (PVOID)Address, NULL);
    MmFreePage(Value);
    Vm->WorkingSetSize--;
    if (MiPageReferences(Value) == 1 && Vad->ControlArea != NULL)
        MiEvictSectionPage(Vad->ControlArea, Vad->FirstPage + (ULONG)((Address - Vad->Start) >> PAGE_SHIFT));
}

static BOOLEAN MiIsGoalReached(SIZE_T Goal)
{
    if (MiAvailablePages + MiVictimCount < Goal)
        return FALSE;
    MiWriteVictims();
    return MiAvailablePages >= Goal;
}

/* TRUE: enough pages are free; the hand stays behind the last one. */
static BOOLEAN MiSweepProcess(PEPROCESS Process, ULONG64 From, SIZE_T Goal, BOOLEAN Force)
{
    PMMSUPPORT Vm = &Process->Vm;

    for (PMMVAD Vad = Vm->DirectoryTableBase != 0 ? Vm->VadRoot : NULL; Vad != NULL; Vad = Vad->Next) {
        ULONG64 Address = Vad->Start > From ? Vad->Start : From;

        if (Vad->Fixed || Vad->End <= From)
            continue;
        for (Address = MiNextUsedPage(Vm, Address, Vad->End); Address < Vad->End;
             Address = MiNextUsedPage(Vm, Address + PAGE_SIZE, Vad->End)) {
            MiVisitEntry(Vm, Vad, Address, Force);
            if (MiIsGoalReached(Goal)) {
                MiClockProcess = Process->UniqueProcessId;
                MiClockAddress = Address + PAGE_SIZE;
                return TRUE;
            }
        }
    }
    MiWriteVictims();                   /* the next sweep must not choose them again */
    return MiAvailablePages >= Goal;
}

/* Pages of sections that no process maps, because views or whole processes are gone. */
static BOOLEAN MiSweepAreas(SIZE_T Goal)
{
    for (PLIST_ENTRY Entry = MiControlAreas.Flink; Entry != &MiControlAreas; Entry = Entry->Flink) {
        PCONTROL_AREA Area = CONTAINING_RECORD(Entry, CONTROL_AREA, Link);

        for (ULONG Index = 0; Index < Area->PageCount; Index++) {
            if (Area->Pages[Index] == 0 || (Area->Pages[Index] & MI_PAGE_PAGED_OUT) != 0 ||
                MiPageReferences(MI_PAGE_NUMBER(Area->Pages[Index])) != 1)
                continue;
            MiEvictSectionPage(Area, Index);
            if (MiIsGoalReached(Goal))
                return TRUE;
        }
    }
    MiWriteVictims();
    return MiAvailablePages >= Goal;
}

static PLIST_ENTRY MiFindHand(VOID)
{
    for (PLIST_ENTRY Entry = PsActiveProcessHead.Flink; Entry != &PsActiveProcessHead; Entry = Entry->Flink) {
        if (CONTAINING_RECORD(Entry, EPROCESS, ActiveProcessLinks)->UniqueProcessId == MiClockProcess)
            return Entry;
    }
    MiClockAddress = 0;
    return PsActiveProcessHead.Flink;
}

/* Once around: from the hand through all processes to where it began. */
static BOOLEAN MiSweep(SIZE_T Goal, BOOLEAN Force)
{
    PLIST_ENTRY Hand = MiFindHand(), Entry = Hand;
    ULONG64 From = MiClockAddress;

    do {
        if (Entry != &PsActiveProcessHead &&
            MiSweepProcess(CONTAINING_RECORD(Entry, EPROCESS, ActiveProcessLinks), From, Goal, Force))
            return TRUE;
        From = 0;
        Entry = Entry->Flink;
    } while (Entry != Hand);
    MiClockAddress = 0;                 /* what lies before the hand in its own process is next */
    return MiSweepAreas(Goal);
}

VOID MiBalanceMemory(VOID)
{
    SIZE_T Goal = MiLowPages + MiLowPages / 4;

    if (MiAvailablePages >= MiLowPages || MiTrimming || KeGetCurrentIrql() >= DISPATCH_LEVEL)
        return;
    if (MiFruitless != 0) {
        MiFruitless--;
        return;
    }
    MiTrimming = TRUE;
    if (!MiSweepAreas(Goal) && !MiSweep(Goal, FALSE) && !MiSweep(Goal, FALSE) && !MiSweep(Goal, TRUE) &&
        MiAvailablePages < MiLowPages)
        MiFruitless = 256;
    MiTrimming = FALSE;
    MiRecordPagingFileUse(FALSE);
}
