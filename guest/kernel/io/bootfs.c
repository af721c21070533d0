/* The boot modules as a volume that is only read: the archive's names as a tree, the files' bytes where they are. */
#include "iop.h"

typedef struct _BOOTFS_NODE {
    struct _BOOTFS_NODE *Parent;
    LIST_ENTRY Sibling;                 /* Parent->Children */
    LIST_ENTRY Children;
    BOOLEAN Directory;
    const VOID *Data;
    ULONG64 Size;
    ULONG Id;
    SECTION_OBJECT_POINTERS Sections;
    UNICODE_STRING Name;
    WCHAR NameBuffer[];
} BOOTFS_NODE, *PBOOTFS_NODE;

static PLOADER_PARAMETER_BLOCK BootFsLoaderBlock;
static ULONG BootFsLastId;

static PBOOTFS_NODE BootFsCreateNode(PBOOTFS_NODE Parent, PCUNICODE_STRING Name, BOOLEAN Directory)
{
    PBOOTFS_NODE Node = ExAllocatePoolWithTag(PagedPool, sizeof *Node + Name->Length, IOP_TAG);

    if (Node == NULL)
        return NULL;
    RtlZeroMemory(Node, sizeof *Node);
    InitializeListHead(&Node->Children);
    Node->Parent = Parent;
    Node->Directory = Directory;
    Node->Id = ++BootFsLastId;
    Node->Name.Buffer = Node->NameBuffer;
    Node->Name.Length = Name->Length;
    Node->Name.MaximumLength = Name->Length;
    RtlCopyMemory(Node->NameBuffer, Name->Buffer, Name->Length);
    if (Parent != NULL)
        InsertTailList(&Parent->Children, &Node->Sibling);
    return Node;
}

static PBOOTFS_NODE BootFsFindChild(PBOOTFS_NODE Node, PCUNICODE_STRING Name)
{
    for (PLIST_ENTRY Entry = Node->Children.Flink; Entry != &Node->Children; Entry = Entry->Flink) {
        PBOOTFS_NODE Child = CONTAINING_RECORD(Entry, BOOTFS_NODE, Sibling);

        if (RtlEqualUnicodeString(&Child->Name, Name, TRUE))
            return Child;
    }
    return NULL;
}

/* Puts one module into the tree, with the directories on its way. A name that fits nowhere is left out: a file where a
 * directory should be, or one file twice (the first one counts). */
static NTSTATUS BootFsInsertModule(PBOOTFS_NODE Root, const LOADER_MODULE *Module)
{
    WCHAR Buffer[64];
    UNICODE_STRING Component;
    PBOOTFS_NODE Node = Root, Next;
    PCSTR Cursor = Module->Name;

    while (*Cursor != 0) {
        ULONG Length = 0;

        while (Cursor[Length] != 0 && Cursor[Length] != '/')
            Length++;
        if (Length == 0 || Length > RTL_NUMBER_OF(Buffer) || !Node->Directory)
            return STATUS_SUCCESS;
        for (ULONG i = 0; i < Length; i++)
            Buffer[i] = (UCHAR)Cursor[i];
        Component.Buffer = Buffer;
        Component.Length = (USHORT)(Length * sizeof(WCHAR));
        Component.MaximumLength = Component.Length;
        Next = BootFsFindChild(Node, &Component);
        if (Next == NULL)
            Next = BootFsCreateNode(Node, &Component, Cursor[Length] == '/');
        else if (Cursor[Length] == 0)
            return STATUS_SUCCESS;
        if (Next == NULL)
            return STATUS_INSUFFICIENT_RESOURCES;
        Node = Next;
        Cursor += Length + (Cursor[Length] == '/');
    }
    Node->Data = Module->Base;
    Node->Size = Module->Size;
    return STATUS_SUCCESS;
}

static NTSTATUS BootFsCreate(PDEVICE_OBJECT Device, PFILE_OBJECT File, PIO_CREATE_PARAMETERS Parameters)
{
    PBOOTFS_NODE Node = Device->DeviceExtension;
    UNICODE_STRING Rest = File->FileName;

    while (Rest.Length != 0) {
        UNICODE_STRING Component;
        USHORT Length = 0;

        if (Rest.Buffer[0] != OBJ_NAME_PATH_SEPARATOR)
            return STATUS_OBJECT_NAME_INVALID;
        Rest.Buffer++;
        Rest.Length -= sizeof(WCHAR);
        while (Length < Rest.Length && Rest.Buffer[Length / sizeof(WCHAR)] != OBJ_NAME_PATH_SEPARATOR)
            Length += sizeof(WCHAR);
        if (Length == 0)
            break;                      /* a separator at the end names the directory */
        Component.Buffer = Rest.Buffer;
        Component.Length = Component.MaximumLength = Length;
        Rest.Buffer += Length / sizeof(WCHAR);
        Rest.Length -= Length;
        Node = BootFsFindChild(Node, &Component);
        if (Node == NULL)
            return Rest.Length != 0 ? STATUS_OBJECT_PATH_NOT_FOUND : STATUS_OBJECT_NAME_NOT_FOUND;
        if (Rest.Length != 0 && !Node->Directory)
            return STATUS_OBJECT_PATH_NOT_FOUND;
    }
    File->FsContext = Node;
    File->SectionObjectPointer = &Node->Sections;
    File->Directory = Node->Directory;
    Parameters->Information = FILE_OPENED;
    return STATUS_SUCCESS;
}

static NTSTATUS BootFsRead(PFILE_OBJECT File, ULONG64 Offset, PVOID Buffer, ULONG Length, PULONG Done)
{
    PBOOTFS_NODE Node = File->FsContext;

    *Done = 0;
    if (Offset >= Node->Size)
        return STATUS_END_OF_FILE;
    *Done = Length < Node->Size - Offset ? Length : (ULONG)(Node->Size - Offset);
    RtlCopyMemory(Buffer, (const UCHAR *)Node->Data + Offset, *Done);
    return STATUS_SUCCESS;
}

static NTSTATUS BootFsQueryAttributes(PFILE_OBJECT File, PIO_FILE_ATTRIBUTES Attributes)
{
    PBOOTFS_NODE Node = File->FsContext;

    Attributes->EndOfFile = Node->Size;
    Attributes->AllocationSize = (Node->Size + 3) & ~(ULONG64)3;    /* the archive's alignment */
    Attributes->FileId = Node->Id;
    Attributes->NumberOfLinks = 1;
    Attributes->FileAttributes = FILE_ATTRIBUTE_READONLY | (Node->Directory ? FILE_ATTRIBUTE_DIRECTORY : 0);
    return STATUS_SUCCESS;
}

/* *Index counts the children. */
static NTSTATUS BootFsQueryDirectory(PFILE_OBJECT File, PCUNICODE_STRING Pattern, PULONG Index, PIO_DIRECTORY_ENTRY Entry)
{
    PBOOTFS_NODE Node = File->FsContext;
    ULONG Count = 0;

    for (PLIST_ENTRY Link = Node->Children.Flink; Link != &Node->Children; Link = Link->Flink) {
        PBOOTFS_NODE Child = CONTAINING_RECORD(Link, BOOTFS_NODE, Sibling);
        FILE_OBJECT Stand = { .FsContext = Child };

        if (Count++ < *Index)
            continue;
        if (Pattern->Length != 0 && !FsRtlIsNameInExpression((PUNICODE_STRING)Pattern, &Child->Name, TRUE, NULL))
            continue;
        RtlZeroMemory(Entry, sizeof *Entry);
        BootFsQueryAttributes(&Stand, &Entry->Attributes);
        Entry->NameLength = min(Child->Name.Length, sizeof Entry->Name);
        RtlCopyMemory(Entry->Name, Child->Name.Buffer, Entry->NameLength);
        *Index = Count;
        return STATUS_SUCCESS;
    }
    return STATUS_NO_MORE_FILES;
}

static NTSTATUS BootFsQueryVolume(PFILE_OBJECT File, PIO_VOLUME_ATTRIBUTES Attributes)
{
    UNREFERENCED_PARAMETER(File);
    for (ULONG i = 0; i < BootFsLoaderBlock->ModuleCount; i++)
        Attributes->TotalClusters += (BootFsLoaderBlock->Modules[i].Size + 511) / 512;
    Attributes->SectorsPerCluster = 1;
    Attributes->BytesPerSector = 512;
    Attributes->FileSystemAttributes = FILE_CASE_PRESERVED_NAMES | FILE_UNICODE_ON_DISK | FILE_READ_ONLY_VOLUME;
    wcscpy(Attributes->Label, L"BOOT");
    wcscpy(Attributes->FileSystemName, L"BOOTFS");
    return STATUS_SUCCESS;
}

NTSTATUS IopMountBootModules(PLOADER_PARAMETER_BLOCK LoaderBlock)
{
    static const IO_DEVICE_OPERATIONS Operations = {
        .Create = BootFsCreate, .Read = BootFsRead, .QueryAttributes = BootFsQueryAttributes,
        .QueryDirectory = BootFsQueryDirectory, .QueryVolume = BootFsQueryVolume
    };
    static const UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Device\\BootModules"), RootName = { 0 };
    PBOOTFS_NODE Root = BootFsCreateNode(NULL, &RootName, TRUE);
    PDEVICE_OBJECT Device;
    NTSTATUS Status = Root != NULL ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;

    BootFsLoaderBlock = LoaderBlock;
    for (ULONG i = 0; i < LoaderBlock->ModuleCount && NT_SUCCESS(Status); i++)
        Status = BootFsInsertModule(Root, &LoaderBlock->Modules[i]);
    if (NT_SUCCESS(Status))
        Status = IoCreateDevice(&Name, &Operations, Root, FILE_DEVICE_DISK, FILE_READ_ONLY_DEVICE, &Device);
    if (NT_SUCCESS(Status))
        ObDereferenceObject(Device);    /* its name keeps it */
    return Status;
}

NTSTATUS IoFindBootModule(PCSTR Name, PVOID *Data, PSIZE_T Size)
{
    for (ULONG i = 0; i < BootFsLoaderBlock->ModuleCount; i++) {
        const LOADER_MODULE *Module = &BootFsLoaderBlock->Modules[i];

        if (_stricmp(Module->Name, Name) == 0) {
            *Data = Module->Base;
            *Size = Module->Size;
            return STATUS_SUCCESS;
        }
    }
    return STATUS_OBJECT_NAME_NOT_FOUND;
}
