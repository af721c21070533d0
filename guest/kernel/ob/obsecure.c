/* Access to objects: the check on open, and the services that read and replace a descriptor. */
#include "obp.h"

static VOID ObpRecordDenial(PVOID Object, ACCESS_MASK DesiredAccess)
{
    UNICODE_STRING Path;

    if (!NT_SUCCESS(ObGetObjectPath(Object, &Path)))
        return;
    ExRecordFact("access.denied", "type=%wZ path=%wZ desired=%x", &ObGetObjectType(Object)->Name, &Path,
                 DesiredAccess);
    ObFreeObjectPath(&Path);
}

/* What of DesiredAccess the object's descriptor grants to the current subject; kernel mode gets all of it. */
NTSTATUS ObpCheckObjectAccess(PVOID Object, PACCESS_STATE AccessState, ACCESS_MASK DesiredAccess,
                              KPROCESSOR_MODE AccessMode, PACCESS_MASK GrantedAccess)
{
    POBJECT_HEADER Header = OBJECT_TO_OBJECT_HEADER(Object);
    POBJECT_TYPE Type = Header->Type;
    SECURITY_SUBJECT_CONTEXT Subject, *Context = &Subject;
    NTSTATUS Status;
    BOOLEAN Granted;

    if (AccessMode == KernelMode) {
        if ((DesiredAccess & MAXIMUM_ALLOWED) != 0)
            DesiredAccess = (DesiredAccess & ~MAXIMUM_ALLOWED) | GENERIC_ALL;
        RtlMapGenericMask(&DesiredAccess, &Type->TypeInfo.GenericMapping);
        *GrantedAccess = DesiredAccess;
        return STATUS_SUCCESS;
    }
    if (AccessState != NULL)
        Context = &AccessState->SubjectSecurityContext;
    else
        SeCaptureSubjectContext(&Subject);
    Granted = SeAccessCheck(Header->SecurityDescriptor, Context, FALSE, DesiredAccess, 0, NULL,
                            &Type->TypeInfo.GenericMapping, AccessMode, GrantedAccess, &Status);
    if (AccessState == NULL)
        SeReleaseSubjectContext(&Subject);
    *GrantedAccess &= Type->TypeInfo.ValidAccessMask | ACCESS_SYSTEM_SECURITY;
    if (!Granted)
        ObpRecordDenial(Object, DesiredAccess);
    return Granted ? STATUS_SUCCESS : Status;
}

NTSTATUS NTAPI NtQuerySecurityObject(HANDLE Handle, SECURITY_INFORMATION SecurityInformation,
                                     PSECURITY_DESCRIPTOR SecurityDescriptor, ULONG Length, PULONG LengthNeeded)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    PSECURITY_DESCRIPTOR Selected = NULL;
    ULONG Needed = 0;
    PVOID Object;
    NTSTATUS Status;

    Status = ObReferenceObjectByHandle(Handle, READ_CONTROL, NULL, Mode, &Object, NULL);
    if (!NT_SUCCESS(Status))
        return Status;
    Status = SeSelectSecurityDescriptor(OBJECT_TO_OBJECT_HEADER(Object)->SecurityDescriptor, SecurityInformation,
                                        &Selected, &Needed);
    ObDereferenceObject(Object);
    if (!NT_SUCCESS(Status))
        return Status;
    Status = Needed > Length ? STATUS_BUFFER_TOO_SMALL : ExCopyToMode(Mode, SecurityDescriptor, Selected, Needed);
    ExFreePool(Selected);
    if (NT_SUCCESS(Status) || Status == STATUS_BUFFER_TOO_SMALL) {
        NTSTATUS Stored = ExCopyToMode(Mode, LengthNeeded, &Needed, sizeof Needed);

        if (!NT_SUCCESS(Stored))
            return Stored;
    }
    return Status;
}

NTSTATUS NTAPI NtSetSecurityObject(HANDLE Handle, SECURITY_INFORMATION SecurityInformation,
                                   PSECURITY_DESCRIPTOR SecurityDescriptor)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    PSECURITY_DESCRIPTOR Captured, Merged;
    POBJECT_HEADER Header;
    ACCESS_MASK Needed = 0;
    PVOID Object;
    NTSTATUS Status;

    if ((SecurityInformation & (OWNER_SECURITY_INFORMATION | GROUP_SECURITY_INFORMATION)) != 0)
        Needed |= WRITE_OWNER;
    if ((SecurityInformation & DACL_SECURITY_INFORMATION) != 0)
        Needed |= WRITE_DAC;
    if ((SecurityInformation & SACL_SECURITY_INFORMATION) != 0)
        Needed |= ACCESS_SYSTEM_SECURITY;
    Status = ObReferenceObjectByHandle(Handle, Needed, NULL, Mode, &Object, NULL);
    if (!NT_SUCCESS(Status))
        return Status;
    Status = SeCaptureSecurityDescriptor(SecurityDescriptor, Mode, PagedPool, TRUE, &Captured);
    if (NT_SUCCESS(Status)) {
        Header = OBJECT_TO_OBJECT_HEADER(Object);
        Status = SeMergeSecurityDescriptor(Header->SecurityDescriptor, Captured, SecurityInformation, &Merged);
        if (NT_SUCCESS(Status)) {
            if (Header->SecurityDescriptor != NULL)
                ExFreePool(Header->SecurityDescriptor);
            Header->SecurityDescriptor = Merged;
        }
        ExFreePool(Captured);
    }
    ObDereferenceObject(Object);
    return Status;
}
