/* PEB, TEB and the user stack: what a process and its threads find when they begin. */
#include "psp.h"

#define PSP_OS_MAJOR 10u
#define PSP_OS_MINOR 0u
#define PSP_OS_BUILD 22621u             /* Windows 11 22H2 */
#define PSP_PLATFORM_NT 2u
#define PSP_STACK_RESERVE 0x40000u      /* when the image says nothing */

static NTSTATUS PspStore(PEPROCESS Process, PVOID Address, const VOID *Data, SIZE_T Size)
{
    SIZE_T Done;

    return MmCopyVirtualMemory(NULL, Data, Process, Address, Size, &Done);
}

NTSTATUS PspCreatePeb(PEPROCESS Process, PVOID Parameters, const SECTION_IMAGE_INFORMATION *Image)
{
    SIZE_T Size = sizeof(PEB);
    PVOID Base = NULL;
    PPEB Peb;
    NTSTATUS Status;

    Status = MmAllocateVirtualMemory(Process, &Base, 0, &Size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    if (!NT_SUCCESS(Status))
        return Status;
    Peb = ExAllocatePoolWithTag(PagedPool, sizeof *Peb, PSP_TAG);
    if (Peb == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(Peb, sizeof *Peb);
    if (Process->Protection != 0)
        Peb->BitField = (Process->Protection & 7) == PsProtectedTypeProtectedLight
                            ? PEB_BITFIELD_PROTECTED_PROCESS_LIGHT
                            : PEB_BITFIELD_PROTECTED_PROCESS;
    Peb->ImageBaseAddress = Process->SectionBaseAddress;
    Peb->ProcessParameters = Parameters;
    Peb->NumberOfProcessors = 1;
    Peb->CriticalSectionTimeout.QuadPart = -2592000ll * 10000000;   /* 30 days, as NT */
    Peb->HeapSegmentReserve = 0x100000;
    Peb->HeapSegmentCommit = 0x2000;
    Peb->HeapDeCommitTotalFreeThreshold = 0x10000;
    Peb->HeapDeCommitFreeBlockThreshold = 0x1000;
    Peb->OSMajorVersion = PSP_OS_MAJOR;
    Peb->OSMinorVersion = PSP_OS_MINOR;
    Peb->OSBuildNumber = PSP_OS_BUILD;
    Peb->OSPlatformId = PSP_PLATFORM_NT;
    Peb->ImageSubsystem = Image->SubSystemType;
    Peb->ImageSubsystemMajorVersion = Image->SubSystemMajorVersion;
    Peb->ImageSubsystemMinorVersion = Image->SubSystemMinorVersion;
    Peb->ActiveProcessAffinityMask = 1;
    Peb->SessionId = Process->SessionId;
    Status = PspStore(Process, Base, Peb, sizeof *Peb);
    ExFreePool(Peb);
    if (NT_SUCCESS(Status))
        Process->Peb = Base;
    return Status;
}

/* The stack's lowest page stays reserved: running over it faults. */
static NTSTATUS PspCreateStack(PEPROCESS Process, SIZE_T StackSize, PVOID *Allocation, PVOID *Limit, PVOID *Base)
{
    SIZE_T Reserve = ALIGN_UP_BY(StackSize != 0 ? StackSize : PSP_STACK_RESERVE, PAGE_SIZE), Commit;
    PVOID Start = NULL, Committed;
    NTSTATUS Status;

    if (Reserve < 4 * PAGE_SIZE)
        Reserve = 4 * PAGE_SIZE;
    Status = MmAllocateVirtualMemory(Process, &Start, 0, &Reserve, MEM_RESERVE, PAGE_READWRITE);
    if (!NT_SUCCESS(Status))
        return Status;
    Committed = (PUCHAR)Start + PAGE_SIZE;
    Commit = Reserve - PAGE_SIZE;
    Status = MmAllocateVirtualMemory(Process, &Committed, 0, &Commit, MEM_COMMIT, PAGE_READWRITE);
    *Allocation = Start;
    *Limit = Committed;
    *Base = (PUCHAR)Start + Reserve;
    return Status;
}

NTSTATUS PspCreateTeb(PETHREAD Thread, SIZE_T StackSize)
{
    PEPROCESS Process = Thread->ThreadsProcess;
    SIZE_T Size = sizeof(TEB);
    PVOID Base = NULL;
    PTEB Teb;
    NTSTATUS Status;

    Status = MmAllocateVirtualMemory(Process, &Base, 0, &Size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    if (!NT_SUCCESS(Status))
        return Status;
    Thread->Teb = Base;
    Teb = ExAllocatePoolWithTag(PagedPool, sizeof *Teb, PSP_TAG);
    if (Teb == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(Teb, sizeof *Teb);
    Status = PspCreateStack(Process, StackSize, &Teb->DeallocationStack, &Teb->NtTib.StackLimit,
                            &Teb->NtTib.StackBase);
    Teb->NtTib.Self = Base;
    Teb->ClientId = Thread->Cid;
    Teb->ProcessEnvironmentBlock = Process->Peb;
    Teb->StaticUnicodeString.MaximumLength = sizeof Teb->StaticUnicodeBuffer;
    Teb->StaticUnicodeString.Buffer = ((PTEB)Base)->StaticUnicodeBuffer;
    Thread->InitialUserStack = Teb->NtTib.StackBase;
    if (NT_SUCCESS(Status))
        Status = PspStore(Process, Base, Teb, sizeof *Teb);
    ExFreePool(Teb);
    return Status;
}

/* A thread that ends while its process lives gives its stack and TEB back. */
VOID PspDeleteTeb(PETHREAD Thread)
{
    PEPROCESS Process = Thread->ThreadsProcess;
    PVOID Stack = NULL, Base = Thread->Teb;
    SIZE_T Size = 0, Done;

    if (Base == NULL)
        return;
    if (NT_SUCCESS(MmCopyVirtualMemory(Process, &Thread->Teb->DeallocationStack, NULL, &Stack, sizeof Stack, &Done)) &&
        Stack != NULL)
        MmFreeVirtualMemory(Process, &Stack, &Size, MEM_RELEASE);
    Size = 0;
    Thread->Teb = NULL;
    MmFreeVirtualMemory(Process, &Base, &Size, MEM_RELEASE);
}
