/* NtLoadKey, NtUnloadKey, NtSaveKey: hives of programs. */
#include "cmp.h"
#include "io.h"

/* The key's parent, and the key's name within Path, which the attributes name (pool, to be freed). */
static NTSTATUS CmpCaptureTarget(POBJECT_ATTRIBUTES ObjectAttributes, PUNICODE_STRING Path, PCM_KEY_NODE *Parent,
                                 PUNICODE_STRING Name)
{
    static const UNICODE_STRING Prefix = RTL_CONSTANT_STRING(L"\\Registry\\");
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Rest;
    USHORT Start;
    NTSTATUS Status = ExCopyFromMode(Mode, &Attributes, ObjectAttributes, sizeof Attributes);

    if (!NT_SUCCESS(Status))
        return Status;
    if (Attributes.RootDirectory != NULL)
        return STATUS_NOT_SUPPORTED;
    Status = ExCaptureUnicodeString(Mode, Path, Attributes.ObjectName);
    if (!NT_SUCCESS(Status))
        return Status;
    if (!RtlPrefixUnicodeString(&Prefix, Path, TRUE)) {
        ExFreeCapturedString(Path);
        return STATUS_OBJECT_PATH_SYNTAX_BAD;
    }
    Rest.Buffer = Path->Buffer + Prefix.Length / sizeof(WCHAR);
    Rest.Length = Rest.MaximumLength = Path->Length - Prefix.Length;
    for (Start = Rest.Length / sizeof(WCHAR); Start != 0 && Rest.Buffer[Start - 1] != L'\\'; Start--)
        ;
    Name->Buffer = Rest.Buffer + Start;
    Name->Length = Name->MaximumLength = Rest.Length - Start * sizeof(WCHAR);
    Rest.Length = Start * sizeof(WCHAR);
    *Parent = Rest.Length != 0 ? CmpWalk(CmpRegistryRoot, &Rest) : NULL;
    if (*Parent == NULL || !CmpIsGoodName(Name, TRUE)) {
        ExFreeCapturedString(Path);
        return *Parent == NULL ? STATUS_OBJECT_NAME_NOT_FOUND : STATUS_OBJECT_NAME_INVALID;
    }
    return STATUS_SUCCESS;
}

static BOOLEAN CmpHasPrivilege(ULONG Privilege)
{
    return ExGetPreviousMode() == KernelMode || SePrivilegeCheckToken(NULL, Privilege);
}

NTSTATUS NTAPI NtLoadKey(POBJECT_ATTRIBUTES TargetKey, POBJECT_ATTRIBUTES SourceFile)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    OBJECT_ATTRIBUTES Source;
    UNICODE_STRING Path, Name, File;
    PCM_KEY_NODE Parent;
    PCMHIVE Hive;
    NTSTATUS Status;

    if (!CmpHasPrivilege(SE_RESTORE_PRIVILEGE))
        return STATUS_PRIVILEGE_NOT_HELD;
    Status = ExCopyFromMode(Mode, &Source, SourceFile, sizeof Source);
    if (NT_SUCCESS(Status) && Source.RootDirectory != NULL)
        Status = STATUS_NOT_SUPPORTED;
    if (NT_SUCCESS(Status))
        Status = ExCaptureUnicodeString(Mode, &File, Source.ObjectName);
    if (!NT_SUCCESS(Status))
        return Status;
    Status = CmpCaptureTarget(TargetKey, &Path, &Parent, &Name);
    if (NT_SUCCESS(Status)) {
        /* Hives hang below \Registry\Machine and \Registry\User, not in one another. */
        if (Parent->Hive != NULL || Parent->Parent != CmpRegistryRoot)
            Status = STATUS_INVALID_PARAMETER;
        else if (CmpFindSubKey(Parent, &Name) != NULL)
            Status = STATUS_OBJECT_NAME_COLLISION;
        else
            Status = CmpMountHive(Parent, &Name, &File, &Hive);
        if (NT_SUCCESS(Status)) {
            Hive->Unloadable = TRUE;
            CmpRecordLoad(Hive, &File);
        }
        ExFreeCapturedString(&Path);
    }
    ExFreeCapturedString(&File);
    return Status;
}

static BOOLEAN CmpIsOpenBelow(PCM_KEY_NODE Root)
{
    for (PCM_KEY_NODE Node = CmpNextNode(Root, Root); Node != NULL; Node = CmpNextNode(Root, Node)) {
        if (Node->References != 0)
            return TRUE;
    }
    return FALSE;
}

NTSTATUS NTAPI NtUnloadKey(POBJECT_ATTRIBUTES TargetKey)
{
    UNICODE_STRING Path, Name;
    PCM_KEY_NODE Parent, Root;
    NTSTATUS Status;

    if (!CmpHasPrivilege(SE_RESTORE_PRIVILEGE))
        return STATUS_PRIVILEGE_NOT_HELD;
    Status = CmpCaptureTarget(TargetKey, &Path, &Parent, &Name);
    if (!NT_SUCCESS(Status))
        return Status;
    Root = CmpFindSubKey(Parent, &Name);
    ExFreeCapturedString(&Path);
    if (Root == NULL)
        return STATUS_OBJECT_NAME_NOT_FOUND;
    if (Root->Hive == NULL || Root->Hive->Root != Root)
        return STATUS_INVALID_PARAMETER;
    if (!Root->Hive->Unloadable)
        return STATUS_ACCESS_DENIED;
    if (CmpIsOpenBelow(Root))
        return STATUS_CANNOT_DELETE;
    Status = CmpFlushHive(Root->Hive);
    if (NT_SUCCESS(Status))
        CmpUnmountHive(Root->Hive);
    return Status;
}

static NTSTATUS CmpWriteSaved(PVOID Context, HV_FILE File, ULONG64 Offset, const VOID *Buffer, ULONG Length)
{
    ULONG Done = 0;
    NTSTATUS Status = IoWriteFile(Context, Offset, Buffer, Length, &Done);

    UNREFERENCED_PARAMETER(File);
    return NT_SUCCESS(Status) && Done != Length ? STATUS_DISK_FULL : Status;
}

static NTSTATUS CmpFlushSaved(PVOID Context, HV_FILE File)
{
    UNREFERENCED_PARAMETER(File);
    return IoFlushFile(Context);
}

NTSTATUS NTAPI NtSaveKey(HANDLE KeyHandle, HANDLE FileHandle)
{
    static const HV_FILE_OPERATIONS Operations = { CmpWriteSaved, NULL, CmpFlushSaved };
    PFILE_OBJECT File;
    PCM_KEY_BODY Key;
    CMHIVE Copy;
    NTSTATUS Status;

    if (!CmpHasPrivilege(SE_BACKUP_PRIVILEGE))
        return STATUS_PRIVILEGE_NOT_HELD;
    Status = CmpReferenceKey(KeyHandle, 0, &Key);
    if (!NT_SUCCESS(Status))
        return Status;
    Status = ObReferenceObjectByHandle(FileHandle, FILE_WRITE_DATA, IoFileObjectType, ExGetPreviousMode(),
                                       (PVOID *)&File, NULL);
    if (NT_SUCCESS(Status)) {
        Status = CmpCopyToHive(Key->Node, &Copy);
        if (NT_SUCCESS(Status)) {
            Status = HvWriteNewFile(&Copy, &Operations, File);
            HvClose(&Copy);
        }
        ObDereferenceObject(File);
    }
    ObDereferenceObject(Key);
    return Status;
}
