/* A part of the tree as a hive of its own, for NtSaveKey. Volatile keys are left out. */
#include "cmp.h"

static NTSTATUS CmpCopyValues(PCM_KEY_NODE Node, PCMHIVE Target, ULONG Cell)
{
    NTSTATUS Status = STATUS_SUCCESS;

    for (PLIST_ENTRY Entry = Node->Values.Flink; NT_SUCCESS(Status) && Entry != &Node->Values; Entry = Entry->Flink) {
        PCM_VALUE Value = CONTAINING_RECORD(Entry, CM_VALUE, Entry);
        ULONG ValueCell = 0;

        Status = CmpSetValueCell(Target, Cell, &ValueCell, &Value->Name, Value->Type, Value->Data, Value->Length);
    }
    return Status;
}

/* Values, descriptor and time of a key whose cell is there. */
static NTSTATUS CmpCopyContents(PCM_KEY_NODE Node, PCMHIVE Target, ULONG Cell)
{
    ULONG Length;
    const UCHAR *Descriptor = CmpKeySecurity(Node->Hive, Node->Cell, &Length);
    NTSTATUS Status = CmpCopyValues(Node, Target, Cell);

    if (NT_SUCCESS(Status) && Descriptor != NULL) {
        CmpDropSecurity(Target, Cell);
        Status = CmpAssignSecurity(Target, Cell, Descriptor, Length);
    }
    return Status;
}

NTSTATUS CmpCopyToHive(PCM_KEY_NODE Top, PCMHIVE Target)
{
    static const UNICODE_STRING RootName = RTL_CONSTANT_STRING(L"ROOT");
    ULONG Depth = Top->Depth, Cell;
    UNICODE_STRING Class;
    NTSTATUS Status;

    if (Top->Hive == NULL)
        return STATUS_ACCESS_DENIED;
    HvCreate(Target, L"");
    Status = CmpCreateRootCell(Target, &RootName, Top->LastWriteTime);
    Cell = Target->RootCell;
    if (NT_SUCCESS(Status))
        Status = CmpCopyContents(Top, Target, Cell);
    for (PCM_KEY_NODE Node = CmpNextNode(Top, Top); NT_SUCCESS(Status) && Node != NULL; Node = CmpNextNode(Top, Node)) {
        LARGE_INTEGER ParentTime;

        if (Node->Hive == NULL)
            continue;
        /* Up from the last key that was made to this one's parent. */
        for (; Depth >= Node->Depth; Depth--)
            Cell = CmpRead32(HvGetCell(Target, Cell, NK_SIZE, NULL) + NK_PARENT);
        CmpGetClass(Node, &Class);
        ParentTime.QuadPart = (LONGLONG)CmpRead64(HvGetCell(Target, Cell, NK_SIZE, NULL) + NK_TIME);
        Status = CmpCreateKeyCell(Target, Cell, &Node->Name, &Class, Node->LastWriteTime, &Cell);
        if (!NT_SUCCESS(Status))
            break;
        CmpTouchKeyCell(Target, CmpRead32(HvGetCell(Target, Cell, NK_SIZE, NULL) + NK_PARENT), ParentTime);
        Depth = Node->Depth;
        Status = CmpCopyContents(Node, Target, Cell);
    }
    if (!NT_SUCCESS(Status))
        HvClose(Target);
    return Status;
}
