/* Nodes: one for each file that is open, and for the directories above it. */
#include "fat.h"

ULONG FatEntryCluster(const FAT_DIRENT *Entry)
{
    return ((ULONG)Entry->ClusterHigh << 16 | Entry->ClusterLow) & FAT_MASK;
}

VOID FatSetFirstCluster(PFCB Fcb, ULONG Cluster)
{
    Fcb->FirstCluster = Cluster;
    Fcb->Entry.ClusterHigh = (USHORT)(Cluster >> 16);
    Fcb->Entry.ClusterLow = (USHORT)Cluster;
}

NTSTATUS FatSetNodeName(PFCB Fcb, PCUNICODE_STRING Name)
{
    PWSTR Buffer = ExAllocatePoolWithTag(PagedPool, Name->Length + sizeof(WCHAR), FAT_TAG);

    if (Buffer == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlCopyMemory(Buffer, Name->Buffer, Name->Length);
    if (Fcb->Name.Buffer != NULL)
        ExFreePoolWithTag(Fcb->Name.Buffer, FAT_TAG);
    Fcb->Name.Buffer = Buffer;
    Fcb->Name.Length = Fcb->Name.MaximumLength = Name->Length;
    return STATUS_SUCCESS;
}

VOID FatReferenceNode(PFCB Fcb)
{
    Fcb->References++;
}

VOID FatUnlinkNode(PFCB Fcb)
{
    PFCB Parent = Fcb->Parent;

    if (Parent == NULL)
        return;
    RemoveEntryList(&Fcb->Sibling);
    Fcb->Parent = NULL;
    FatDereferenceNode(Parent);
}

VOID FatMoveNode(PFCB Fcb, PFCB Parent)
{
    FatReferenceNode(Parent);
    FatUnlinkNode(Fcb);
    Fcb->Parent = Parent;
    InsertTailList(&Parent->Children, &Fcb->Sibling);
}

/* The last one frees the node and drops what it held of its parent. */
VOID FatDereferenceNode(PFCB Fcb)
{
    if (--Fcb->References != 0)
        return;
    FatUnlinkNode(Fcb);
    FatDropExtents(Fcb);
    if (Fcb->Name.Buffer != NULL)
        ExFreePoolWithTag(Fcb->Name.Buffer, FAT_TAG);
    ExFreePoolWithTag(Fcb, FAT_TAG);
}

PFCB FatCreateNode(PVCB Vcb, PFCB Parent, const FAT_FOUND *Found)
{
    UNICODE_STRING Name = { Found->NameLength, Found->NameLength, (PWSTR)Found->Name };
    PFCB Fcb = ExAllocatePoolWithTag(NonPagedPool, sizeof *Fcb, FAT_TAG);

    if (Fcb == NULL)
        return NULL;
    RtlZeroMemory(Fcb, sizeof *Fcb);
    InitializeListHead(&Fcb->Children);
    Fcb->Vcb = Vcb;
    Fcb->References = 1;
    Fcb->Entry = Found->Entry;
    Fcb->FirstSlot = Found->FirstSlot;
    Fcb->Slot = Found->Slot;
    Fcb->FirstCluster = FatEntryCluster(&Found->Entry);
    Fcb->Type = (Found->Entry.Attributes & FILE_ATTRIBUTE_DIRECTORY) != 0 ? FatDirectory : FatFile;
    if (!NT_SUCCESS(FatSetNodeName(Fcb, &Name))) {
        ExFreePoolWithTag(Fcb, FAT_TAG);
        return NULL;
    }
    if (Parent != NULL)
        FatMoveNode(Fcb, Parent);
    return Fcb;
}

NTSTATUS FatOpenNode(PFCB Parent, const FAT_FOUND *Found, PFCB *Fcb)
{
    for (PLIST_ENTRY Entry = Parent->Children.Flink; Entry != &Parent->Children; Entry = Entry->Flink) {
        *Fcb = CONTAINING_RECORD(Entry, FCB, Sibling);
        if ((*Fcb)->Slot == Found->Slot && !(*Fcb)->Invalid) {
            FatReferenceNode(*Fcb);
            return STATUS_SUCCESS;
        }
    }
    /* A directory that leads back to one above it is damage that would be walked for ever. */
    if ((Found->Entry.Attributes & FILE_ATTRIBUTE_DIRECTORY) != 0)
        for (PFCB Above = Parent; Above != NULL; Above = Above->Parent)
            if (Above->FirstCluster == FatEntryCluster(&Found->Entry))
                return STATUS_FILE_CORRUPT_ERROR;
    *Fcb = FatCreateNode(Parent->Vcb, Parent, Found);
    return *Fcb != NULL ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

/* ---- sharing ----------------------------------------------------------------------------------------------------- */

static BOOLEAN FatReads(PFILE_OBJECT File) { return (File->GrantedAccess & (FILE_READ_DATA | FILE_EXECUTE)) != 0; }
static BOOLEAN FatWrites(PFILE_OBJECT File) { return (File->GrantedAccess & (FILE_WRITE_DATA | FILE_APPEND_DATA)) != 0; }
static BOOLEAN FatDeletes(PFILE_OBJECT File) { return (File->GrantedAccess & DELETE) != 0; }
static BOOLEAN FatCounts(PFILE_OBJECT File) { return FatReads(File) || FatWrites(File) || FatDeletes(File); }

/* Each must allow what the others do; who only looks at attributes is not asked. */
NTSTATUS FatCheckShare(PFCB Fcb, PFILE_OBJECT File)
{
    FAT_SHARE *Share = &Fcb->Share;

    if (!FatCounts(File))
        return STATUS_SUCCESS;
    if ((FatReads(File) && Share->SharedRead < Share->Opens) || (FatWrites(File) && Share->SharedWrite < Share->Opens) ||
        (FatDeletes(File) && Share->SharedDelete < Share->Opens) ||
        (Share->Readers != 0 && (File->ShareAccess & FILE_SHARE_READ) == 0) ||
        (Share->Writers != 0 && (File->ShareAccess & FILE_SHARE_WRITE) == 0) ||
        (Share->Deleters != 0 && (File->ShareAccess & FILE_SHARE_DELETE) == 0))
        return STATUS_SHARING_VIOLATION;
    return STATUS_SUCCESS;
}

static VOID FatCountShare(FAT_SHARE *Share, PFILE_OBJECT File, ULONG Step)
{
    if (!FatCounts(File))
        return;
    Share->Opens += Step;
    Share->Readers += FatReads(File) ? Step : 0;
    Share->Writers += FatWrites(File) ? Step : 0;
    Share->Deleters += FatDeletes(File) ? Step : 0;
    Share->SharedRead += (File->ShareAccess & FILE_SHARE_READ) != 0 ? Step : 0;
    Share->SharedWrite += (File->ShareAccess & FILE_SHARE_WRITE) != 0 ? Step : 0;
    Share->SharedDelete += (File->ShareAccess & FILE_SHARE_DELETE) != 0 ? Step : 0;
}

VOID FatAddShare(PFCB Fcb, PFILE_OBJECT File)
{
    FatCountShare(&Fcb->Share, File, 1);
}

VOID FatRemoveShare(PFCB Fcb, PFILE_OBJECT File)
{
    FatCountShare(&Fcb->Share, File, MAXULONG);
}
