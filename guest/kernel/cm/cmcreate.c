/* Services that make and delete keys. */
#include "cmp.h"

static VOID CmpRecordKey(PCSTR Event, PCM_KEY_NODE Node)
{
    UNICODE_STRING Path;

    if (NT_SUCCESS(CmpGetPath(Node, &Path))) {
        ExRecordFact(Event, "key=%wZ", &Path);
        ExFreeCapturedString(&Path);
    }
}

/* Opens or makes the key; what was made is recorded. */
static NTSTATUS CmpOpenForCreate(POBJECT_ATTRIBUTES ObjectAttributes, ACCESS_MASK DesiredAccess,
                                 PCM_PARSE_CONTEXT Context, PHANDLE Handle)
{
    PCM_KEY_BODY Key;
    NTSTATUS Status = ObOpenObjectByName(ObjectAttributes, CmpKeyObjectType, ExGetPreviousMode(), NULL, DesiredAccess,
                                         Context, Handle);

    if (NT_SUCCESS(Status) && NT_SUCCESS(CmpReferenceKey(*Handle, 0, &Key))) {
        CmpRecordKey(Context->Created ? "registry.create-key" : "registry.open", Key->Node);
        ObDereferenceObject(Key);
    }
    return Status;
}

NTSTATUS NTAPI NtCreateKey(PHANDLE KeyHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                           ULONG TitleIndex, PUNICODE_STRING Class, ULONG CreateOptions, PULONG Disposition)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    CM_PARSE_CONTEXT Context = { 0 };
    ULONG Answer;
    HANDLE Handle;
    NTSTATUS Status;

    UNREFERENCED_PARAMETER(TitleIndex);
    if ((CreateOptions & ~(ULONG)(REG_OPTION_VOLATILE | REG_OPTION_BACKUP_RESTORE)) != 0)
        return (CreateOptions & ~(ULONG)REG_LEGAL_OPTION) != 0 ? STATUS_INVALID_PARAMETER : STATUS_NOT_SUPPORTED;
    Context.Volatile = (CreateOptions & REG_OPTION_VOLATILE) != 0;
    if (Class != NULL) {
        Status = ExCaptureUnicodeString(Mode, &Context.Class, Class);
        if (!NT_SUCCESS(Status))
            return Status;
    }
    Status = CmpOpenForCreate(ObjectAttributes, DesiredAccess, &Context, &Handle);
    ExFreeCapturedString(&Context.Class);
    if (!NT_SUCCESS(Status))
        return Status;
    Answer = Context.Created ? REG_CREATED_NEW_KEY : REG_OPENED_EXISTING_KEY;
    if (Disposition != NULL)
        Status = ExCopyToMode(Mode, Disposition, &Answer, sizeof Answer);
    if (!NT_SUCCESS(Status)) {
        ObCloseHandle(Handle, Mode);
        return Status;
    }
    return ObReturnHandle(Mode, KeyHandle, Handle, Status);
}

NTSTATUS NTAPI NtDeleteKey(HANDLE KeyHandle)
{
    UNICODE_STRING Path;
    PCM_KEY_BODY Key;
    NTSTATUS Status = CmpReferenceKey(KeyHandle, DELETE, &Key);

    if (!NT_SUCCESS(Status))
        return Status;
    Status = CmpGetPath(Key->Node, &Path);
    if (NT_SUCCESS(Status)) {
        Status = CmpDeleteSubKey(Key->Node);
        if (NT_SUCCESS(Status))
            ExRecordFact("registry.delete-key", "key=%wZ", &Path);
        ExFreeCapturedString(&Path);
    }
    ObDereferenceObject(Key);
    return Status;
}
