/* What Mm, Ex and Ps have to give to ke, arch and hal, in the smallest form. */
#include "ketest.h"

#define TEST_THREADS 16

ULONG TestFailures, TestSwitchedAway, TestUserExceptions, TestServiceSum;
NTSTATUS TestLastException;
KEVENT TestPowerEvent;
POWER_REQUEST_ACTION TestPowerAction;

static PFN_NUMBER NextPage, EndPage;
static ULONG64 NextIo = MM_IO_SPACE_BASE;
static ETHREAD Threads[TEST_THREADS];

VOID TestCheck(PCSTR Name, BOOLEAN Condition, ULONG64 Value)
{
    HalDisplayString(Condition ? "ok " : "FAILED ");
    HalDisplayString(Name);
    if (!Condition) {
        TestFailures++;
        HalDisplayString("\n");
        KiDumpRegister("value", Value, 0);
    }
    HalDisplayString("\n");
}

/* ---- Mm ---- */

VOID TestInitializeMemory(PLOADER_PARAMETER_BLOCK LoaderBlock)
{
    for (ULONG i = 0; i < LoaderBlock->MemoryDescriptorCount; i++) {
        PLOADER_MEMORY_DESCRIPTOR Range = &LoaderBlock->MemoryDescriptors[i];
        if (Range->Type == LoaderFree && Range->PageCount > EndPage - NextPage) {
            NextPage = Range->BasePage;
            EndPage = Range->BasePage + Range->PageCount;
        }
    }
}

PFN_NUMBER MmAllocatePage(BOOLEAN Zeroed)
{
    PFN_NUMBER Page = NextPage < EndPage ? NextPage++ : 0;

    if (Page != 0 && Zeroed)
        __builtin_memset((PVOID)(KSEG_BASE + (Page << PAGE_SHIFT)), 0, PAGE_SIZE);
    return Page;
}

VOID MmFreePage(PFN_NUMBER Page) { UNREFERENCED_PARAMETER(Page); }

PVOID MmMapIoSpace(ULONG64 PhysicalAddress, SIZE_T NumberOfBytes)
{
    ULONG64 Offset = PhysicalAddress & (PAGE_SIZE - 1), Base = NextIo;

    for (SIZE_T Done = 0; Done < Offset + NumberOfBytes; Done += PAGE_SIZE, NextIo += PAGE_SIZE)
        if (!KiMapPage(MiKernelPageTableRoot, (PVOID)NextIo, PhysicalAddress - Offset + Done,
                       KI_PAGE_WRITE | KI_PAGE_DEVICE))
            return NULL;
    return (PVOID)(Base + Offset);
}

VOID MmUnmapIoSpace(PVOID BaseAddress, SIZE_T NumberOfBytes)
{
    UNREFERENCED_PARAMETER(BaseAddress);
    UNREFERENCED_PARAMETER(NumberOfBytes);
}

NTSTATUS MmCopyFromUser(PVOID KernelAddress, const VOID *UserAddress, SIZE_T Length)
{
    return KiCopyUserMemory(KernelAddress, UserAddress, Length) ? STATUS_SUCCESS : STATUS_ACCESS_VIOLATION;
}

VOID TestMapUserPage(PKPROCESS Process, ULONG64 Address, const VOID *Contents, ULONG Flags)
{
    PFN_NUMBER Page = MmAllocatePage(TRUE);

    if (Contents != NULL)
        __builtin_memcpy((PVOID)(KSEG_BASE + (Page << PAGE_SHIFT)), Contents, PAGE_SIZE);
    KiMapPage(Process->DirectoryTableBase, (PVOID)Address, Page << PAGE_SHIFT, KI_PAGE_USER | Flags);
    KiSynchronizeInstructionCache((PVOID)(KSEG_BASE + (Page << PAGE_SHIFT)), PAGE_SIZE);
}

/* Stacks and TEBs of the user threads come on demand; everything else is a violation. */
NTSTATUS MmAccessFault(ULONG FaultFlags, PVOID VirtualAddress, KPROCESSOR_MODE PreviousMode, PVOID TrapFrame)
{
    UNREFERENCED_PARAMETER(FaultFlags);
    UNREFERENCED_PARAMETER(PreviousMode);
    UNREFERENCED_PARAMETER(TrapFrame);
    if ((ULONG64)VirtualAddress - TEST_USER_DATA >= 0x10000)
        return STATUS_ACCESS_VIOLATION;
    TestMapUserPage(KeGetCurrentProcess(), (ULONG64)VirtualAddress & ~(PAGE_SIZE - 1), NULL, KI_PAGE_WRITE);
    return STATUS_SUCCESS;
}

PKSERVICE_TABLE_DESCRIPTOR MmGetSessionServiceTable(VOID) { return NULL; }

/* ---- Ps ---- */

PKTHREAD TestCreateThread(PKSTART_ROUTINE Routine, PVOID Context, PKPROCESS Process, PVOID Teb)
{
    static ULONG Used;
    PKTHREAD Thread = &Threads[Used].Tcb;
    ULONG64 Top = MM_SYSTEM_RANGE_BASE + ++Used * 0x10000;      /* nothing is mapped below a stack's four pages */

    for (ULONG64 Page = Top - 4 * PAGE_SIZE; Page < Top; Page += PAGE_SIZE)
        KiMapPage(MiKernelPageTableRoot, (PVOID)Page, MmAllocatePage(TRUE) << PAGE_SHIFT, KI_PAGE_WRITE);
    KeInitializeThread(Thread, (PVOID)Top, Routine, Context, Teb, Process);
    return Thread;
}

VOID PspThreadSwitchedAway(PKTHREAD Thread)
{
    UNREFERENCED_PARAMETER(Thread);
    TestSwitchedAway++;
}

VOID PsCheckTermination(VOID)
{
    if (KeGetCurrentThread()->TerminationPending)
        KeTerminateThread();
}

VOID PsDispatchUserException(PEXCEPTION_RECORD ExceptionRecord, PCONTEXT Context, BOOLEAN FirstChance)
{
    UNREFERENCED_PARAMETER(Context);
    UNREFERENCED_PARAMETER(FirstChance);
    TestUserExceptions++;
    TestLastException = ExceptionRecord->ExceptionCode;
    KeTerminateThread();
}

/* ---- Ex ---- */

VOID ExRecordFact(PCSTR Event, PCSTR Format, ...)
{
    UNREFERENCED_PARAMETER(Format);
    HalDisplayString("fact ");
    HalDisplayString(Event);
    HalDisplayString("\n");
}

VOID ExRecordBye(PCSTR Reason)
{
    HalDisplayString("bye ");
    HalDisplayString(Reason);
    HalDisplayString("\n");
}

VOID PoRequestPowerAction(POWER_REQUEST_SOURCE Source, POWER_REQUEST_ACTION Action)
{
    HalDisplayString(Source == PoSourceSac ? "request sac\n" : "request button\n");
    TestPowerAction = Action;
    KeSetEvent(&TestPowerEvent, 0, FALSE);
}

/* There are no processes to end. */
BOOLEAN PsRequestTermination(HANDLE ProcessId, NTSTATUS ExitStatus, PS_TERMINATED *Completed)
{
    UNREFERENCED_PARAMETER(ProcessId);
    UNREFERENCED_PARAMETER(ExitStatus);
    UNREFERENCED_PARAMETER(Completed);
    return FALSE;
}

/* ---- services: number 1 ---- */

static NTSTATUS TestService(PCSTR Text, ULONG64 A2, ULONG64 A3, ULONG64 A4, ULONG64 A5, ULONG64 A6, ULONG64 A7, ULONG64 A8,
                            ULONG64 A9, ULONG64 A10)
{
    CHAR Copy[4];

    if (!KiCopyUserMemory(Copy, Text, sizeof(Copy)))
        return STATUS_ACCESS_VIOLATION;
    if (Copy[0] != 't' || Copy[3] != 0 || KeGetPreviousMode() != UserMode)
        return STATUS_INVALID_PARAMETER_1;
    TestServiceSum = (ULONG)(A2 + A3 + A4 + A5 + A6 + A7 + A8 + A9 + A10);
    return 0x1234;
}

const PVOID KiServiceTable[2] = { NULL, (PVOID)TestService };
const UCHAR KiArgumentTable[2] = { 0, 10 };
const ULONG KiServiceLimit = 2;
