/* Process parameters: taken from the creator, laid out anew in the child, pointers and all. */
#include "psp.h"

#define PSP_PARAMETERS_LIMIT 0x20000u
#define PSP_ENVIRONMENT_LIMIT 0x80000u

static const USHORT PspStringOffsets[] = {
    FIELD_OFFSET(RTL_USER_PROCESS_PARAMETERS, CurrentDirectory.DosPath),
    FIELD_OFFSET(RTL_USER_PROCESS_PARAMETERS, DllPath),
    FIELD_OFFSET(RTL_USER_PROCESS_PARAMETERS, ImagePathName),
    FIELD_OFFSET(RTL_USER_PROCESS_PARAMETERS, CommandLine),
    FIELD_OFFSET(RTL_USER_PROCESS_PARAMETERS, WindowTitle),
    FIELD_OFFSET(RTL_USER_PROCESS_PARAMETERS, DesktopInfo),
    FIELD_OFFSET(RTL_USER_PROCESS_PARAMETERS, ShellInfo),
    FIELD_OFFSET(RTL_USER_PROCESS_PARAMETERS, RuntimeData),
};

/* Length in bytes of an environment without a stated size, with both of its final zeros. */
static NTSTATUS PspMeasureEnvironment(KPROCESSOR_MODE Mode, PWSTR Environment, PSIZE_T Size)
{
    WCHAR Last = 1, c;

    for (ULONG i = 0; i < PSP_ENVIRONMENT_LIMIT / sizeof(WCHAR); i++) {
        NTSTATUS Status = ExCopyFromMode(Mode, &c, Environment + i, sizeof c);

        if (!NT_SUCCESS(Status))
            return Status;
        if (c == 0 && (Last == 0 || i == 0)) {
            *Size = (i + 1) * sizeof(WCHAR);
            return STATUS_SUCCESS;
        }
        Last = c;
    }
    return STATUS_INVALID_PARAMETER;
}

/* Strings become offsets from the block, then addresses in the child. */
static NTSTATUS PspRebaseStrings(PUCHAR Block, ULONG Length, ULONG_PTR OldBase, ULONG_PTR NewBase)
{
    for (ULONG i = 0; i < RTL_NUMBER_OF(PspStringOffsets); i++) {
        PUNICODE_STRING String = (PUNICODE_STRING)(Block + PspStringOffsets[i]);
        ULONG_PTR Offset = (ULONG_PTR)String->Buffer - OldBase;

        if (String->Buffer == NULL)
            continue;
        if (Offset < sizeof(RTL_USER_PROCESS_PARAMETERS) || Offset > Length ||
            String->MaximumLength > Length - Offset || String->Length > String->MaximumLength)
            return STATUS_INVALID_PARAMETER;
        String->Buffer = (PWSTR)(NewBase + Offset);
    }
    return STATUS_SUCCESS;
}

/* The environment as it stands in the child: items joined by a zero, without the final ones. */
static VOID PspRecordEnvironment(PEPROCESS Process, PWSTR Environment, SIZE_T Size)
{
    UNICODE_STRING Block;

    while (Size >= sizeof(WCHAR) && Environment[Size / sizeof(WCHAR) - 1] == 0)
        Size -= sizeof(WCHAR);
    Block.Buffer = Environment;
    Block.Length = Block.MaximumLength = (USHORT)min(Size, UNICODE_STRING_MAX_BYTES);
    ExRecordFact("process.environment", "pid=%u name=%s block=%wZ", HandleToUlong(Process->UniqueProcessId),
                 Process->ImageFileName, &Block);
}

NTSTATUS PspCopyProcessParameters(KPROCESSOR_MODE Mode, PVOID Source, PEPROCESS Process, PVOID *Parameters)
{
    RTL_USER_PROCESS_PARAMETERS Header, *Copy;
    SIZE_T EnvironmentSize = 0, RegionSize, Done;
    ULONG BlockSize;
    PVOID Base = NULL;
    NTSTATUS Status;

    Status = ExCopyFromMode(Mode, &Header, Source, sizeof Header);
    if (!NT_SUCCESS(Status))
        return Status;
    if (Header.Length < sizeof Header || Header.MaximumLength < Header.Length ||
        Header.MaximumLength > PSP_PARAMETERS_LIMIT)
        return STATUS_INVALID_PARAMETER;
    if (Header.Environment != NULL) {
        EnvironmentSize = Header.EnvironmentSize;
        if (EnvironmentSize == 0)
            Status = PspMeasureEnvironment(Mode, Header.Environment, &EnvironmentSize);
        if (NT_SUCCESS(Status) && EnvironmentSize > PSP_ENVIRONMENT_LIMIT)
            Status = STATUS_INVALID_PARAMETER;
        if (!NT_SUCCESS(Status))
            return Status;
    }
    BlockSize = (ULONG)ALIGN_UP_BY(Header.Length, 16);
    RegionSize = BlockSize + EnvironmentSize;
    Copy = ExAllocatePoolWithTag(PagedPool, RegionSize, PSP_TAG);
    if (Copy == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    Status = MmAllocateVirtualMemory(Process, &Base, 0, &RegionSize, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    if (NT_SUCCESS(Status))
        Status = ExCopyFromMode(Mode, Copy, Source, Header.Length);
    if (NT_SUCCESS(Status) && EnvironmentSize != 0)
        Status = ExCopyFromMode(Mode, (PUCHAR)Copy + BlockSize, Header.Environment, EnvironmentSize);
    if (NT_SUCCESS(Status))
        Status = PspRebaseStrings((PUCHAR)Copy, Header.Length,
                                  (Header.Flags & RTL_USER_PROC_PARAMS_NORMALIZED) != 0 ? (ULONG_PTR)Source : 0,
                                  (ULONG_PTR)Base);
    if (NT_SUCCESS(Status)) {
        Copy->Length = Header.Length;
        Copy->MaximumLength = (ULONG)RegionSize;
        Copy->Flags = Header.Flags | RTL_USER_PROC_PARAMS_NORMALIZED;
        Copy->Environment = EnvironmentSize != 0 ? (PWSTR)((PUCHAR)Base + BlockSize) : NULL;
        Copy->EnvironmentSize = EnvironmentSize;
        Status = MmCopyVirtualMemory(NULL, Copy, Process, Base, BlockSize + EnvironmentSize, &Done);
    }
    if (NT_SUCCESS(Status)) {
        PspRecordEnvironment(Process, (PWSTR)((PUCHAR)Copy + BlockSize), EnvironmentSize);
        *Parameters = Base;
    }
    ExFreePool(Copy);
    return Status;
}
