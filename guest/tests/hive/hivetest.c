/* The guest's side: the kernel's own hive code over the host's files. */
#include "cmp.h"
#include "hivetest.h"

static CMHIVE Hive;
static PCM_KEY_NODE Root;
static ULONG64 Clock = 132000000000000000ull;

/* ---- what the kernel has elsewhere ------------------------------------------------------------------------------ */

PVOID ExAllocatePoolWithTag(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag)
{
    UNREFERENCED_PARAMETER(PoolType);
    UNREFERENCED_PARAMETER(Tag);
    return HostAllocate(NumberOfBytes);
}

VOID ExFreePoolWithTag(PVOID P, ULONG Tag)
{
    UNREFERENCED_PARAMETER(Tag);
    HostFree(P);
}

VOID KeQuerySystemTime(PLARGE_INTEGER CurrentTime)
{
    CurrentTime->QuadPart = (LONGLONG)Clock++;
}

PVOID RtlpAllocateMemory(SIZE_T Size, ULONG Tag)
{
    return ExAllocatePoolWithTag(PagedPool, Size, Tag);
}

VOID RtlpFreeMemory(PVOID Memory, ULONG Tag)
{
    ExFreePoolWithTag(Memory, Tag);
}

VOID NTAPI RtlAssert(PVOID FailedAssertion, PVOID FileName, ULONG LineNumber, PCSTR Message)
{
    UNREFERENCED_PARAMETER(FileName);
    UNREFERENCED_PARAMETER(LineNumber);
    UNREFERENCED_PARAMETER(Message);
    HostFail(FailedAssertion);
    for (;;)
        ;
}

VOID CmpHiveChanged(PCMHIVE Changed)
{
    UNREFERENCED_PARAMETER(Changed);
}

static NTSTATUS Result(int Failed)
{
    return Failed ? STATUS_IO_TIMEOUT : STATUS_SUCCESS;
}

static NTSTATUS Write(PVOID Context, HV_FILE File, ULONG64 Offset, const VOID *Buffer, ULONG Length)
{
    UNREFERENCED_PARAMETER(Context);
    return Result(HostWrite((int)File, Offset, Buffer, Length));
}

static NTSTATUS SetSize(PVOID Context, HV_FILE File, ULONG64 Size)
{
    UNREFERENCED_PARAMETER(Context);
    return Result(HostSetSize((int)File, Size));
}

static NTSTATUS Flush(PVOID Context, HV_FILE File)
{
    UNREFERENCED_PARAMETER(Context);
    return Result(HostFlush((int)File));
}

static const HV_FILE_OPERATIONS Operations = { Write, SetSize, Flush };

/* ---- the tests' commands ---------------------------------------------------------------------------------------- */

static UNICODE_STRING Text(const void *Data, unsigned Bytes)
{
    UNICODE_STRING String = { (USHORT)Bytes, (USHORT)Bytes, (PWSTR)Data };

    return String;
}

unsigned TestLoad(void)
{
    static const UNICODE_STRING Name = RTL_CONSTANT_STRING(L"TEST");
    unsigned long long Size, LogSize[2] = { 0, 0 };
    const void *File = HostContents(HvPrimary, &Size);
    const VOID *Logs[2] = { HostContents(HvLog1, &LogSize[0]), HostContents(HvLog2, &LogSize[1]) };
    SIZE_T LogSizes[2] = { LogSize[0], LogSize[1] };
    NTSTATUS Status;

    CmpRegistryRoot = CmpCreateNode(NULL, &Name);
    Root = CmpRegistryRoot == NULL ? NULL : CmpCreateNode(CmpRegistryRoot, &Name);
    if (Root == NULL)
        return (unsigned)STATUS_INSUFFICIENT_RESOURCES;
    Status = HvOpen(&Hive, File, Size, Logs, LogSizes);
    if (NT_SUCCESS(Status))
        Status = CmpLoadHive(&Hive, Root);
    return (unsigned)Status;
}

void TestUnload(void)
{
    CmpFreeSubTree(Root, TRUE);
    HvClose(&Hive);
    ExFreePoolWithTag(CmpRegistryRoot, CMP_TAG);
}

static PCM_KEY_NODE Find(const void *Path, unsigned PathBytes)
{
    UNICODE_STRING Name = Text(Path, PathBytes);

    return CmpWalk(Root, &Name);
}

unsigned TestCreateKey(const void *Path, unsigned PathBytes, const void *Class, unsigned ClassBytes, int Volatile)
{
    UNICODE_STRING Parent = Text(Path, PathBytes), Name, ClassName = Text(Class, ClassBytes);
    unsigned At = PathBytes / 2;
    PCM_KEY_NODE Node, Created;

    while (At != 0 && Parent.Buffer[At - 1] != L'\\')
        At--;
    Name = Text(Parent.Buffer + At, PathBytes - 2 * At);
    Parent.Length = (USHORT)(2 * At);
    Node = CmpWalk(Root, &Parent);
    if (Node == NULL)
        return (unsigned)STATUS_OBJECT_NAME_NOT_FOUND;
    if (CmpFindSubKey(Node, &Name) != NULL)
        return (unsigned)STATUS_OBJECT_NAME_COLLISION;
    return (unsigned)CmpCreateSubKey(Node, &Name, &ClassName, Volatile != 0, &Created);
}

unsigned TestDeleteKey(const void *Path, unsigned PathBytes)
{
    PCM_KEY_NODE Node = Find(Path, PathBytes);

    return (unsigned)(Node == NULL ? STATUS_OBJECT_NAME_NOT_FOUND : CmpDeleteSubKey(Node));
}

unsigned TestSetValue(const void *Path, unsigned PathBytes, const void *Name, unsigned NameBytes, unsigned Type,
                      const void *Data, unsigned DataBytes)
{
    PCM_KEY_NODE Node = Find(Path, PathBytes);
    UNICODE_STRING ValueName = Text(Name, NameBytes);
    PVOID Copy = NULL;

    if (Node == NULL)
        return (unsigned)STATUS_OBJECT_NAME_NOT_FOUND;
    if (DataBytes != 0) {
        Copy = HostAllocate(DataBytes);
        if (Copy == NULL)
            return (unsigned)STATUS_INSUFFICIENT_RESOURCES;
        RtlCopyMemory(Copy, Data, DataBytes);
    }
    return (unsigned)CmpSetValue(Node, &ValueName, Type, Copy, DataBytes);
}

unsigned TestDeleteValue(const void *Path, unsigned PathBytes, const void *Name, unsigned NameBytes)
{
    PCM_KEY_NODE Node = Find(Path, PathBytes);
    UNICODE_STRING ValueName = Text(Name, NameBytes);
    PCM_VALUE Value = Node == NULL ? NULL : CmpFindValue(Node, &ValueName);

    if (Value == NULL)
        return (unsigned)STATUS_OBJECT_NAME_NOT_FOUND;
    CmpDeleteValue(Node, Value);
    return 0;
}

unsigned TestFlush(unsigned *Bytes)
{
    ULONG Written;
    NTSTATUS Status = HvWriteHive(&Hive, &Operations, NULL, &Written);

    *Bytes = Written;
    return (unsigned)Status;
}

static VOID DumpNode(PCM_KEY_NODE Node)
{
    UNICODE_STRING Class;
    CHAR Line[96];

    CmpGetClass(Node, &Class);
    HostPrint("K ");
    for (PCM_KEY_NODE Up = Node; Up != Root; Up = Up->Parent) {     /* innermost first; the reader turns it round */
        HostPrintHex(Up->Name.Buffer, Up->Name.Length);
        HostPrint("/");
    }
    snprintf(Line, sizeof Line, " %u %I64u ", Node->Hive == NULL, (ULONG64)Node->LastWriteTime.QuadPart);
    HostPrint(Line);
    HostPrintHex(Class.Buffer, Class.Length);
    HostPrint("\n");
    for (PLIST_ENTRY Entry = Node->Values.Flink; Entry != &Node->Values; Entry = Entry->Flink) {
        PCM_VALUE Value = CONTAINING_RECORD(Entry, CM_VALUE, Entry);

        HostPrint("V ");
        HostPrintHex(Value->Name.Buffer, Value->Name.Length);
        snprintf(Line, sizeof Line, " %u ", Value->Type);
        HostPrint(Line);
        HostPrintHex(Value->Data, Value->Length);
        HostPrint("\n");
    }
}

void TestDump(void)
{
    for (PCM_KEY_NODE Node = Root; Node != NULL; Node = CmpNextNode(Root, Node))
        DumpNode(Node);
}

/* Bins add up, no two free cells are neighbours, and the free bytes are counted right. */
void TestCheck(void)
{
    ULONG Dirty = 0;

    for (ULONG Bin = 0; Bin < Hive.Length; Bin += HvpBinSize(&Hive, Bin)) {
        ULONG End = Bin + HvpBinSize(&Hive, Bin), Free = 0;
        BOOLEAN WasFree = FALSE;

        for (ULONG Cell = Bin + HV_BIN_HEADER_SIZE; Cell < End;) {
            LONG Size = (LONG)CmpRead32(HvpAddress(&Hive, Cell));
            ULONG Bytes = Size < 0 ? (ULONG)-Size : (ULONG)Size;

            if (Bytes < 8 || Bytes % 8 != 0 || Bytes > End - Cell)
                HostFail("a bin does not add up");
            Free += Size > 0 ? Bytes : 0;
            WasFree = Size > 0;
            Cell += Bytes;
        }
        UNREFERENCED_PARAMETER(WasFree);
        if (Free != Hive.Pages[Bin / HV_PAGE_SIZE].Free)
            HostFail("free bytes are counted wrong");
    }
    for (ULONG Page = 0; Page < Hive.Length / HV_PAGE_SIZE; Page++)
        Dirty += Hive.Pages[Page].Dirty;
    if (Dirty != Hive.DirtyPages)
        HostFail("dirty pages are counted wrong");
}

unsigned long long TestMarvin(unsigned long long Seed, const void *Data, unsigned Length)
{
    HV_MARVIN State;

    HvpMarvinStart(&State, Seed);
    HvpMarvinAppend(&State, Data, Length / 2);
    HvpMarvinAppend(&State, (const UCHAR *)Data + Length / 2, Length - Length / 2);
    return HvpMarvinFinish(&State);
}
