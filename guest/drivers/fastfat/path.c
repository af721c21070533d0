/* From a path to nodes, and back from a node to its path. */
#include "fat.h"

/* Splits `\component` off *Path. */
static NTSTATUS FatNextComponent(PUNICODE_STRING Path, PUNICODE_STRING Component)
{
    ULONG Length = 0;

    if (Path->Length == 0 || Path->Buffer[0] != OBJ_NAME_PATH_SEPARATOR)
        return STATUS_OBJECT_NAME_INVALID;
    Path->Buffer++;
    Path->Length -= sizeof(WCHAR);
    while (Length < Path->Length / sizeof(WCHAR) && Path->Buffer[Length] != OBJ_NAME_PATH_SEPARATOR)
        Length++;
    Component->Buffer = Path->Buffer;
    Component->Length = Component->MaximumLength = (USHORT)(Length * sizeof(WCHAR));
    Path->Buffer += Length;
    Path->Length -= Component->Length;
    return FatIsLegalName(Component) ? STATUS_SUCCESS : STATUS_OBJECT_NAME_INVALID;
}

static NTSTATUS FatEnterDirectory(PFCB *Directory, PCUNICODE_STRING Name, PFAT_FOUND Found)
{
    PFCB Next;
    NTSTATUS Status = FatLookup(*Directory, Name, Found);

    if (Status == STATUS_OBJECT_NAME_NOT_FOUND ||
        (NT_SUCCESS(Status) && (Found->Entry.Attributes & FILE_ATTRIBUTE_DIRECTORY) == 0))
        return STATUS_OBJECT_PATH_NOT_FOUND;
    if (NT_SUCCESS(Status))
        Status = FatOpenNode(*Directory, Found, &Next);
    if (!NT_SUCCESS(Status))
        return Status;
    FatDereferenceNode(*Directory);
    *Directory = Next;
    return Next->DeletePending ? STATUS_DELETE_PENDING : STATUS_SUCCESS;
}

NTSTATUS FatWalk(PVCB Vcb, PCUNICODE_STRING Path, PFCB *Parent, PUNICODE_STRING Leaf, PBOOLEAN Trailing)
{
    UNICODE_STRING Rest = *Path;
    PFCB Directory = Vcb->Root;
    PFAT_FOUND Found;
    NTSTATUS Status;

    *Trailing = FALSE;
    RtlZeroMemory(Leaf, sizeof *Leaf);
    if (Rest.Length > sizeof(WCHAR) && Rest.Buffer[Rest.Length / sizeof(WCHAR) - 1] == OBJ_NAME_PATH_SEPARATOR) {
        *Trailing = TRUE;
        Rest.Length -= sizeof(WCHAR);
    }
    FatReferenceNode(Directory);
    if (Rest.Length == sizeof(WCHAR) && Rest.Buffer[0] == OBJ_NAME_PATH_SEPARATOR && !*Trailing) {
        *Parent = Directory;            /* the root: it has no name in anything */
        return STATUS_SUCCESS;
    }
    Found = ExAllocatePoolWithTag(PagedPool, sizeof *Found, FAT_TAG);
    Status = Found != NULL ? FatNextComponent(&Rest, Leaf) : STATUS_INSUFFICIENT_RESOURCES;
    while (NT_SUCCESS(Status) && Rest.Length != 0) {
        Status = FatEnterDirectory(&Directory, Leaf, Found);
        if (NT_SUCCESS(Status))
            Status = FatNextComponent(&Rest, Leaf);
    }
    if (Found != NULL)
        ExFreePoolWithTag(Found, FAT_TAG);
    if (NT_SUCCESS(Status))
        *Parent = Directory;
    else
        FatDereferenceNode(Directory);
    return Status;
}

/* ---- the way back, for facts ------------------------------------------------------------------------------------- */

static VOID FatPrepend(PWSTR Buffer, PULONG At, PCUNICODE_STRING Text)
{
    ULONG Length = min(Text->Length / (ULONG)sizeof(WCHAR), *At);

    *At -= Length;
    RtlCopyMemory(Buffer + *At, Text->Buffer + Text->Length / sizeof(WCHAR) - Length, Length * sizeof(WCHAR));
}

#define FAT_PATH_ROOM 4096u             /* characters; the longest path that Ob takes is half of it */

/* `\Device\HarddiskVolume2\...\Name` in Buffer, whose end it takes. */
static VOID FatBuildPath(PFCB Parent, PCUNICODE_STRING Name, PWSTR Buffer, PUNICODE_STRING Path)
{
    static const UNICODE_STRING Separator = RTL_CONSTANT_STRING(L"\\");
    ULONG At = FAT_PATH_ROOM;

    FatPrepend(Buffer, &At, Name);
    FatPrepend(Buffer, &At, &Separator);
    for (; Parent != NULL && Parent->Parent != NULL; Parent = Parent->Parent) {
        FatPrepend(Buffer, &At, &Parent->Name);
        FatPrepend(Buffer, &At, &Separator);
    }
    if (Parent != NULL)
        FatPrepend(Buffer, &At, &Parent->Vcb->DevicePath);
    Path->Buffer = Buffer + At;
    Path->Length = Path->MaximumLength = (USHORT)((FAT_PATH_ROOM - At) * sizeof(WCHAR));
}

/* NewName: a rename, Number 1 when it replaced something; Number not MAXULONG64: a size. Before the node changes. */
VOID FatRecord(PCSTR Event, PFCB Fcb, PFCB NewParent, PCUNICODE_STRING NewName, ULONG64 Number)
{
    PWSTR Buffer = ExAllocatePoolWithTag(PagedPool, 2 * FAT_PATH_ROOM * sizeof(WCHAR), FAT_TAG);
    UNICODE_STRING Path, To;

    if (Buffer == NULL)
        return;
    FatBuildPath(Fcb->Parent, &Fcb->Name, Buffer, &Path);
    if (NewName != NULL) {
        FatBuildPath(NewParent, NewName, Buffer + FAT_PATH_ROOM, &To);
        ExRecordFact(Event, "path=%wZ to=%wZ replaced=%u", &Path, &To, (ULONG)Number);
    } else if (Number != ~0ull) {
        ExRecordFact(Event, "path=%wZ size=%I64u", &Path, Number);
    } else {
        ExRecordFact(Event, "path=%wZ", &Path);
    }
    ExFreePoolWithTag(Buffer, FAT_TAG);
}
