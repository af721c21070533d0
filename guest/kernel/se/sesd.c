/* Security descriptors: taken apart, captured from callers, put together again in self-relative form. */
#include "sep.h"

#define SEP_ACL_LIMIT 0x4000u

/* Descriptor is trusted memory of the kernel. */
VOID SepSplit(PSECURITY_DESCRIPTOR Descriptor, PSEP_PARTS Parts)
{
    PISECURITY_DESCRIPTOR Absolute = Descriptor;
    PISECURITY_DESCRIPTOR_RELATIVE Relative = Descriptor;

    RtlZeroMemory(Parts, sizeof *Parts);
    if (Descriptor == NULL)
        return;
    Parts->Control = Absolute->Control & ~SE_SELF_RELATIVE;
    if ((Absolute->Control & SE_SELF_RELATIVE) == 0) {
        Parts->Owner = Absolute->Owner;
        Parts->Group = Absolute->Group;
        Parts->Sacl = (Absolute->Control & SE_SACL_PRESENT) != 0 ? Absolute->Sacl : NULL;
        Parts->Dacl = (Absolute->Control & SE_DACL_PRESENT) != 0 ? Absolute->Dacl : NULL;
        return;
    }
    Parts->Owner = Relative->Owner != 0 ? (PUCHAR)Descriptor + Relative->Owner : NULL;
    Parts->Group = Relative->Group != 0 ? (PUCHAR)Descriptor + Relative->Group : NULL;
    if ((Relative->Control & SE_SACL_PRESENT) != 0 && Relative->Sacl != 0)
        Parts->Sacl = (PACL)((PUCHAR)Descriptor + Relative->Sacl);
    if ((Relative->Control & SE_DACL_PRESENT) != 0 && Relative->Dacl != 0)
        Parts->Dacl = (PACL)((PUCHAR)Descriptor + Relative->Dacl);
}

static ULONG SepAppend(PUCHAR Base, PULONG Used, const VOID *Part, ULONG Length)
{
    ULONG Offset = *Used;

    if (Part == NULL)
        return 0;
    if (Base != NULL)
        RtlCopyMemory(Base + Offset, Part, Length);
    *Used += (Length + 3) & ~3u;
    return Offset;
}

NTSTATUS SepAssemble(const SEP_PARTS *Parts, PSECURITY_DESCRIPTOR *Descriptor, PULONG Length)
{
    PISECURITY_DESCRIPTOR_RELATIVE Relative = NULL;
    SECURITY_DESCRIPTOR_RELATIVE Header = { .Revision = SECURITY_DESCRIPTOR_REVISION,
                                            .Control = Parts->Control | SE_SELF_RELATIVE };
    ULONG Used = 0;

    for (ULONG Pass = 0; Pass < 2; Pass++) {    /* the first pass measures */
        Used = sizeof Header;
        Header.Owner = SepAppend((PUCHAR)Relative, &Used, Parts->Owner, Parts->Owner ? RtlLengthSid(Parts->Owner) : 0);
        Header.Group = SepAppend((PUCHAR)Relative, &Used, Parts->Group, Parts->Group ? RtlLengthSid(Parts->Group) : 0);
        Header.Sacl = SepAppend((PUCHAR)Relative, &Used, Parts->Sacl, Parts->Sacl ? Parts->Sacl->AclSize : 0);
        Header.Dacl = SepAppend((PUCHAR)Relative, &Used, Parts->Dacl, Parts->Dacl ? Parts->Dacl->AclSize : 0);
        if (Pass == 0) {
            Relative = ExAllocatePoolWithTag(PagedPool, Used, SEP_TAG);
            if (Relative == NULL)
                return STATUS_INSUFFICIENT_RESOURCES;
        }
    }
    *Relative = Header;
    *Descriptor = Relative;
    if (Length != NULL)
        *Length = Used;
    return STATUS_SUCCESS;
}

/* A pool copy of a SID or an ACL from the caller's memory, checked. */
static NTSTATUS SepCapturePart(KPROCESSOR_MODE Mode, const VOID *Source, BOOLEAN IsAcl, PVOID *Part)
{
    UCHAR Header[8];
    ULONG Size;
    NTSTATUS Status;

    *Part = NULL;
    if (Source == NULL)
        return STATUS_SUCCESS;
    Status = ExCopyFromMode(Mode, Header, Source, sizeof Header);
    if (!NT_SUCCESS(Status))
        return Status;
    Size = IsAcl ? ((PACL)Header)->AclSize : 8u + 4u * Header[1];
    if (Size < sizeof Header || Size > SEP_ACL_LIMIT)
        return IsAcl ? STATUS_INVALID_ACL : STATUS_INVALID_SID;
    *Part = ExAllocatePoolWithTag(PagedPool, Size, SEP_TAG);
    if (*Part == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    Status = ExCopyFromMode(Mode, *Part, Source, Size);
    if (NT_SUCCESS(Status) && IsAcl && (((PACL)*Part)->AclSize != Size || !RtlValidAcl(*Part)))
        Status = STATUS_INVALID_ACL;
    if (NT_SUCCESS(Status) && !IsAcl && (((PUCHAR)*Part)[1] != Header[1] || !RtlValidSid(*Part)))
        Status = STATUS_INVALID_SID;
    if (!NT_SUCCESS(Status)) {
        ExFreePool(*Part);
        *Part = NULL;
    }
    return Status;
}

NTSTATUS NTAPI SeCaptureSecurityDescriptor(PSECURITY_DESCRIPTOR Original, KPROCESSOR_MODE AccessMode,
                                           POOL_TYPE PoolType, BOOLEAN CaptureIfKernel,
                                           PSECURITY_DESCRIPTOR *Captured)
{
    SECURITY_DESCRIPTOR Header;
    SEP_PARTS Sources = { 0 }, Parts = { 0 };
    NTSTATUS Status;

    UNREFERENCED_PARAMETER(PoolType);
    *Captured = NULL;
    if (AccessMode == KernelMode && !CaptureIfKernel) {
        *Captured = Original;
        return STATUS_SUCCESS;
    }
    RtlZeroMemory(&Header, sizeof Header);
    Status = ExCopyFromMode(AccessMode, &Header, Original, sizeof(SECURITY_DESCRIPTOR_RELATIVE));
    if (!NT_SUCCESS(Status))
        return Status;
    if (Header.Revision != SECURITY_DESCRIPTOR_REVISION)
        return STATUS_UNKNOWN_REVISION;
    if ((Header.Control & SE_SELF_RELATIVE) != 0) {
        PISECURITY_DESCRIPTOR_RELATIVE Relative = (PISECURITY_DESCRIPTOR_RELATIVE)&Header;
        PUCHAR Base = Original;

        Sources.Owner = Relative->Owner != 0 ? Base + Relative->Owner : NULL;
        Sources.Group = Relative->Group != 0 ? Base + Relative->Group : NULL;
        Sources.Sacl = Relative->Sacl != 0 ? (PACL)(Base + Relative->Sacl) : NULL;
        Sources.Dacl = Relative->Dacl != 0 ? (PACL)(Base + Relative->Dacl) : NULL;
    } else {
        Status = ExCopyFromMode(AccessMode, &Header, Original, sizeof Header);
        if (!NT_SUCCESS(Status))
            return Status;
        Sources.Owner = Header.Owner;
        Sources.Group = Header.Group;
        Sources.Sacl = Header.Sacl;
        Sources.Dacl = Header.Dacl;
    }
    Parts.Control = Header.Control & ~SE_SELF_RELATIVE;
    Status = SepCapturePart(AccessMode, Sources.Owner, FALSE, &Parts.Owner);
    if (NT_SUCCESS(Status))
        Status = SepCapturePart(AccessMode, Sources.Group, FALSE, &Parts.Group);
    if (NT_SUCCESS(Status) && (Header.Control & SE_SACL_PRESENT) != 0)
        Status = SepCapturePart(AccessMode, Sources.Sacl, TRUE, (PVOID *)&Parts.Sacl);
    if (NT_SUCCESS(Status) && (Header.Control & SE_DACL_PRESENT) != 0)
        Status = SepCapturePart(AccessMode, Sources.Dacl, TRUE, (PVOID *)&Parts.Dacl);
    if (NT_SUCCESS(Status))
        Status = SepAssemble(&Parts, Captured, NULL);
    if (Parts.Owner != NULL)
        ExFreePool(Parts.Owner);
    if (Parts.Group != NULL)
        ExFreePool(Parts.Group);
    if (Parts.Sacl != NULL)
        ExFreePool(Parts.Sacl);
    if (Parts.Dacl != NULL)
        ExFreePool(Parts.Dacl);
    return Status;
}

VOID NTAPI SeReleaseSecurityDescriptor(PSECURITY_DESCRIPTOR Captured, KPROCESSOR_MODE AccessMode,
                                       BOOLEAN CaptureIfKernel)
{
    if (Captured != NULL && (AccessMode == UserMode || CaptureIfKernel))
        ExFreePool(Captured);
}

static VOID SepTake(PSEP_PARTS To, const SEP_PARTS *From, SECURITY_INFORMATION Which)
{
    if ((Which & OWNER_SECURITY_INFORMATION) != 0)
        To->Owner = From->Owner;
    if ((Which & GROUP_SECURITY_INFORMATION) != 0)
        To->Group = From->Group;
    if ((Which & SACL_SECURITY_INFORMATION) != 0) {
        To->Sacl = From->Sacl;
        To->Control = (To->Control & ~SE_SACL_PRESENT) | (From->Control & SE_SACL_PRESENT);
    }
    if ((Which & DACL_SECURITY_INFORMATION) != 0) {
        To->Dacl = From->Dacl;
        To->Control = (To->Control & ~(SE_DACL_PRESENT | SE_DACL_PROTECTED)) |
                      (From->Control & (SE_DACL_PRESENT | SE_DACL_PROTECTED));
    }
}

NTSTATUS SeSelectSecurityDescriptor(PSECURITY_DESCRIPTOR Descriptor, SECURITY_INFORMATION SecurityInformation,
                                    PSECURITY_DESCRIPTOR *Selected, PULONG Length)
{
    SEP_PARTS All, Chosen = { 0 };

    SepSplit(Descriptor, &All);
    SepTake(&Chosen, &All, SecurityInformation);
    return SepAssemble(&Chosen, Selected, Length);
}

NTSTATUS SeMergeSecurityDescriptor(PSECURITY_DESCRIPTOR Old, PSECURITY_DESCRIPTOR New,
                                   SECURITY_INFORMATION SecurityInformation, PSECURITY_DESCRIPTOR *Merged)
{
    SEP_PARTS Result, Changes;

    SepSplit(Old, &Result);
    SepSplit(New, &Changes);
    if ((SecurityInformation & OWNER_SECURITY_INFORMATION) != 0 && Changes.Owner == NULL)
        return STATUS_INVALID_OWNER;
    SepTake(&Result, &Changes, SecurityInformation);
    return SepAssemble(&Result, Merged, NULL);
}

PCHAR SeDescriptorToSddl(PSECURITY_DESCRIPTOR Descriptor)
{
    const ULONG Size = 1024;
    PCHAR Text = ExAllocatePoolWithTag(PagedPool, Size, SEP_TAG);

    if (Text != NULL && !NT_SUCCESS(RtlpSecurityDescriptorToSddl(Descriptor, Text, Size))) {
        ExFreePool(Text);
        return NULL;
    }
    return Text;
}
