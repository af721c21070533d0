/* A new name, in the same directory or another one: one operation, so the file has the old name or the new one. */
#include "fat.h"

typedef struct _FAT_RENAME {
    PFCB File, Parent, Replaced;        /* referenced; Replaced NULL: nothing is in the way */
    UNICODE_STRING Leaf;
    BOOLEAN Replace;
} FAT_RENAME, *PFAT_RENAME;

static BOOLEAN FatIsBelow(PFCB Node, PFCB Above)
{
    while (Node != NULL && Node != Above)
        Node = Node->Parent;
    return Node != NULL;
}

/* A directory moves only when nothing below it is open, as on NT. */
static BOOLEAN FatHasOpenBelow(PFCB Directory)
{
    PLIST_ENTRY Entry;

    for (Entry = Directory->Children.Flink; Entry != &Directory->Children; Entry = Entry->Flink) {
        PFCB Child = CONTAINING_RECORD(Entry, FCB, Sibling);

        if (Child->Handles != 0 || !IsListEmpty(&Child->Children))
            return TRUE;
    }
    return FALSE;
}

static NTSTATUS FatCheckReplaced(PFAT_RENAME Rename)
{
    PFCB Replaced = Rename->Replaced;

    if (!Rename->Replace)
        return STATUS_OBJECT_NAME_COLLISION;
    if (Replaced->Type != FatFile || Replaced->Handles != 0 || Replaced->Paging ||
        (Replaced->Entry.Attributes & FILE_ATTRIBUTE_READONLY) != 0 ||
        !MmFlushImageSection(&Replaced->Sections, MmFlushForDelete))
        return STATUS_ACCESS_DENIED;
    return FatMakeRoomToFree(Replaced);
}

/* What the new name leads to now. The file itself, when only the case changes. */
static NTSTATUS FatFindReplaced(PFAT_RENAME Rename)
{
    PFAT_FOUND Found = ExAllocatePoolWithTag(PagedPool, sizeof *Found, FAT_TAG);
    NTSTATUS Status;

    if (Found == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    Status = FatLookup(Rename->Parent, &Rename->Leaf, Found);
    if (NT_SUCCESS(Status) && !(Rename->Parent == Rename->File->Parent && Found->Slot == Rename->File->Slot)) {
        Status = FatOpenNode(Rename->Parent, Found, &Rename->Replaced);
        if (NT_SUCCESS(Status))
            Status = FatCheckReplaced(Rename);
    } else if (Status == STATUS_OBJECT_NAME_NOT_FOUND) {
        Status = STATUS_SUCCESS;
    }
    ExFreePoolWithTag(Found, FAT_TAG);
    return Status;
}

/* `..` of a directory that moves. */
static NTSTATUS FatSetDotDot(PFCB Directory, PFCB Parent)
{
    FAT_SCAN Scan = { .Directory = Directory };
    ULONG Cluster = Parent->Parent != NULL ? Parent->FirstCluster : 0;
    FAT_DIRENT New;
    PFAT_DIRENT Entry;
    NTSTATUS Status = FatScanSlot(&Scan, 1, &Entry);

    if (!NT_SUCCESS(Status))
        return Status;
    if (!FatIsDotEntry(Entry))
        return STATUS_FILE_CORRUPT_ERROR;
    New = *Entry;
    New.ClusterHigh = (USHORT)(Cluster >> 16);
    New.ClusterLow = (USHORT)Cluster;
    return FatChangeSlot(Directory, 1, &New);
}

/* The order does not matter with a journal. Without one the old name goes first: a cut between the two leaves a chain that
 * no name has, which autochk finds, and never one chain under two names, of which nobody could tell which is right. */
static NTSTATUS FatChangeNames(PFAT_RENAME Rename, PFAT_DIRENT Entry, PULONG FirstSlot, PULONG Slot)
{
    PFCB File = Rename->File;
    NTSTATUS Status = Rename->Replaced != NULL ? FatRemoveFile(Rename->Replaced) : STATUS_SUCCESS;

    if (NT_SUCCESS(Status))
        Status = FatRemoveEntry(File->Parent, File->FirstSlot, File->Slot);
    if (NT_SUCCESS(Status))
        Status = FatAddEntry(Rename->Parent, &Rename->Leaf, Entry, FirstSlot, Slot);
    if (NT_SUCCESS(Status) && File->Type == FatDirectory && Rename->Parent != File->Parent)
        Status = FatSetDotDot(File, Rename->Parent);
    return Status;
}

static NTSTATUS FatDoRename(PFAT_RENAME Rename)
{
    PFCB File = Rename->File, Replaced = Rename->Replaced;
    FAT_DIRENT Entry = File->Entry, OldReplaced = { 0 };
    ULONG FirstSlot, Slot;
    NTSTATUS Changed, Status = FatBegin(File->Vcb, 1);

    if (!NT_SUCCESS(Status))
        return Status;
    if (Replaced != NULL)
        OldReplaced = Replaced->Entry;
    Changed = FatChangeNames(Rename, &Entry, &FirstSlot, &Slot);
    Status = FatEnd(File->Vcb, Changed);
    if (!NT_SUCCESS(Changed) || !NT_SUCCESS(Status)) {
        FatDropExtents(Rename->Parent);
        if (Replaced != NULL) {
            Replaced->Entry = OldReplaced;
            Replaced->FirstCluster = FatEntryCluster(&OldReplaced);
            FatDropExtents(Replaced);
        }
        return Status;
    }
    FatRecord("file.rename", File, Rename->Parent, &Rename->Leaf, Replaced != NULL);
    if (Replaced != NULL) {
        Replaced->Deleted = TRUE;
        FatUnlinkNode(Replaced);
    }
    FatSetNodeName(File, &Rename->Leaf);        /* for facts alone: nothing is lost when memory is short */
    File->FirstSlot = FirstSlot;
    File->Slot = Slot;
    File->Entry = Entry;
    if (Rename->Parent != File->Parent)
        FatMoveNode(File, Rename->Parent);
    return STATUS_SUCCESS;
}

static NTSTATUS FatCheckRename(PFAT_RENAME Rename, BOOLEAN Trailing)
{
    if (Rename->Leaf.Length == 0 || (Trailing && Rename->File->Type != FatDirectory))
        return STATUS_OBJECT_NAME_INVALID;
    if (Rename->Parent->DeletePending)
        return STATUS_DELETE_PENDING;
    if (Rename->File->Type != FatDirectory)
        return STATUS_SUCCESS;
    if (FatIsBelow(Rename->Parent, Rename->File))
        return STATUS_INVALID_PARAMETER;
    return FatHasOpenBelow(Rename->File) ? STATUS_ACCESS_DENIED : STATUS_SUCCESS;
}

NTSTATUS FatRename(PFILE_OBJECT FileObject, PCUNICODE_STRING NewName, BOOLEAN ReplaceIfExists)
{
    FAT_RENAME Rename = { .File = FileObject->FsContext, .Replace = ReplaceIfExists };
    BOOLEAN Trailing;
    NTSTATUS Status = FatUsable(FileObject);

    if (!NT_SUCCESS(Status))
        return Status;
    if (Rename.File->Parent == NULL || Rename.File->Paging)
        return STATUS_INVALID_PARAMETER;
    if (Rename.File->DeletePending)
        return STATUS_DELETE_PENDING;
    Status = FatWalk(Rename.File->Vcb, NewName, &Rename.Parent, &Rename.Leaf, &Trailing);
    if (!NT_SUCCESS(Status))
        return Status;
    Status = FatCheckRename(&Rename, Trailing);
    if (NT_SUCCESS(Status))
        Status = FatFindReplaced(&Rename);
    if (NT_SUCCESS(Status))
        Status = FatDoRename(&Rename);
    if (Rename.Replaced != NULL)
        FatDereferenceNode(Rename.Replaced);
    FatDereferenceNode(Rename.Parent);
    return Status;
}
