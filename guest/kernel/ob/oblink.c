/* Symbolic links: a target path that takes the place of the link's own. */
#include "obp.h"

/* *NewPath (pool): the target, then the rest of the path that went through the link. */
NTSTATUS ObpParseSymbolicLink(POBJECT_SYMBOLIC_LINK Link, PUNICODE_STRING Remaining, PUNICODE_STRING NewPath)
{
    ULONG Length = Link->LinkTarget.Length + (Remaining->Length != 0 ? Remaining->Length + sizeof(WCHAR) : 0);
    PWSTR Buffer;

    if (Length > UNICODE_STRING_MAX_BYTES)
        return STATUS_NAME_TOO_LONG;
    Buffer = ExAllocatePoolWithTag(PagedPool, Length + sizeof(WCHAR), OBP_TAG);
    if (Buffer == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlCopyMemory(Buffer, Link->LinkTarget.Buffer, Link->LinkTarget.Length);
    if (Remaining->Length != 0) {
        PWSTR Tail = Buffer + Link->LinkTarget.Length / sizeof(WCHAR);

        *Tail = OBJ_NAME_PATH_SEPARATOR;
        RtlCopyMemory(Tail + 1, Remaining->Buffer, Remaining->Length);
    }
    Buffer[Length / sizeof(WCHAR)] = 0;
    NewPath->Buffer = Buffer;
    NewPath->Length = (USHORT)Length;
    NewPath->MaximumLength = (USHORT)Length;
    return STATUS_SUCCESS;
}

VOID ObpDeleteSymbolicLink(PVOID Object)
{
    POBJECT_SYMBOLIC_LINK Link = Object;

    if (Link->LinkTarget.Buffer != NULL)
        ExFreePool(Link->LinkTarget.Buffer);
}

NTSTATUS NTAPI NtCreateSymbolicLinkObject(PHANDLE LinkHandle, ACCESS_MASK DesiredAccess,
                                          POBJECT_ATTRIBUTES ObjectAttributes, PUNICODE_STRING LinkTarget)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    POBJECT_SYMBOLIC_LINK Link;
    UNICODE_STRING Target;
    HANDLE Handle = NULL;
    NTSTATUS Status;

    Status = ExCaptureUnicodeString(Mode, &Target, LinkTarget);
    if (!NT_SUCCESS(Status))
        return Status;
    if (Target.Length == 0 || Target.Length % sizeof(WCHAR) != 0) {
        ExFreeCapturedString(&Target);
        return STATUS_INVALID_PARAMETER;
    }
    Status = ObCreateObject(Mode, ObpSymbolicLinkObjectType, ObjectAttributes, Mode, NULL, sizeof *Link, 0, 0,
                            (PVOID *)&Link);
    if (!NT_SUCCESS(Status)) {
        ExFreeCapturedString(&Target);
        return Status;
    }
    Link->LinkTarget = Target;          /* the object owns the captured string now */
    KeQuerySystemTime(&Link->CreationTime);
    Status = ObInsertObject(Link, NULL, DesiredAccess, 0, NULL, &Handle);
    if (!NT_SUCCESS(Status))
        return Status;
    return ObReturnHandle(Mode, LinkHandle, Handle, Status);
}

NTSTATUS NTAPI NtOpenSymbolicLinkObject(PHANDLE LinkHandle, ACCESS_MASK DesiredAccess,
                                        POBJECT_ATTRIBUTES ObjectAttributes)
{
    return ObOpenByAttributes(LinkHandle, DesiredAccess, ObjectAttributes, ObpSymbolicLinkObjectType);
}

NTSTATUS NTAPI NtQuerySymbolicLinkObject(HANDLE LinkHandle, PUNICODE_STRING LinkTarget, PULONG ReturnedLength)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    POBJECT_SYMBOLIC_LINK Link;
    UNICODE_STRING Reply;
    ULONG Needed;
    NTSTATUS Status;

    Status = ExCopyFromMode(Mode, &Reply, LinkTarget, sizeof Reply);
    if (!NT_SUCCESS(Status))
        return Status;
    Status = ObReferenceObjectByHandle(LinkHandle, SYMBOLIC_LINK_QUERY, ObpSymbolicLinkObjectType, Mode,
                                       (PVOID *)&Link, NULL);
    if (!NT_SUCCESS(Status))
        return Status;
    Needed = Link->LinkTarget.Length + (ReturnedLength != NULL ? sizeof(WCHAR) : 0);
    if (Reply.MaximumLength < Needed) {
        Status = STATUS_BUFFER_TOO_SMALL;
    } else {
        Reply.Length = Link->LinkTarget.Length;
        Status = ExCopyToMode(Mode, Reply.Buffer, Link->LinkTarget.Buffer, Needed);
        if (NT_SUCCESS(Status))
            Status = ExCopyToMode(Mode, LinkTarget, &Reply, sizeof Reply);
    }
    if (ReturnedLength != NULL && (NT_SUCCESS(Status) || Status == STATUS_BUFFER_TOO_SMALL)) {
        NTSTATUS Stored = ExCopyToMode(Mode, ReturnedLength, &Needed, sizeof Needed);

        if (!NT_SUCCESS(Stored))
            Status = Stored;
    }
    ObDereferenceObject(Link);
    return Status;
}
