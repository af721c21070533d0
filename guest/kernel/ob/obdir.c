/* Directory objects: hashed names, and the services that create, open and list them. */
#include "obp.h"

ULONG ObpHashName(PCUNICODE_STRING Name)
{
    ULONG Hash = 0;

    for (USHORT i = 0; i < Name->Length / sizeof(WCHAR); i++)
        Hash = Hash * 37 + RtlUpcaseUnicodeChar(Name->Buffer[i]);
    return Hash;
}

static POBJECT_DIRECTORY_ENTRY *ObpFindLink(POBJECT_DIRECTORY Directory, PCUNICODE_STRING Name)
{
    ULONG Hash = ObpHashName(Name);
    POBJECT_DIRECTORY_ENTRY *Link = &Directory->HashBuckets[Hash % NUMBER_HASH_BUCKETS];

    for (; *Link != NULL; Link = &(*Link)->ChainLink) {
        if ((*Link)->HashValue == Hash &&
            RtlEqualUnicodeString(&OBJECT_TO_OBJECT_HEADER((*Link)->Object)->Name, Name, TRUE))
            break;
    }
    return Link;
}

/* Takes no reference. */
PVOID ObpLookupDirectoryEntry(POBJECT_DIRECTORY Directory, PCUNICODE_STRING Name)
{
    POBJECT_DIRECTORY_ENTRY *Link = ObpFindLink(Directory, Name);

    return *Link != NULL ? (*Link)->Object : NULL;
}

/* Header->Name is set; takes a reference to the directory and one, the name's, to the object. */
NTSTATUS ObpInsertDirectoryEntry(POBJECT_DIRECTORY Directory, POBJECT_HEADER Header)
{
    POBJECT_DIRECTORY_ENTRY Entry = ExAllocatePoolWithTag(PagedPool, sizeof *Entry, OBP_TAG);
    POBJECT_DIRECTORY_ENTRY *Bucket;

    if (Entry == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    Entry->HashValue = ObpHashName(&Header->Name);
    Entry->Object = Header->Body;
    Bucket = &Directory->HashBuckets[Entry->HashValue % NUMBER_HASH_BUCKETS];
    Entry->ChainLink = *Bucket;
    *Bucket = Entry;
    Header->Directory = Directory;
    ObReferenceObject(Directory);
    ObReferenceObject(Header->Body);
    return STATUS_SUCCESS;
}

/* Takes the name away; drops the reference to the directory, leaves the object's to the caller. */
VOID ObpDeleteDirectoryEntry(POBJECT_HEADER Header)
{
    POBJECT_DIRECTORY Directory = Header->Directory;
    POBJECT_DIRECTORY_ENTRY *Link = ObpFindLink(Directory, &Header->Name);
    POBJECT_DIRECTORY_ENTRY Entry = *Link;

    if (Entry == NULL)      /* a name that its directory does not list */
        KeBugCheckEx(OBJECT_INITIALIZATION_FAILED, 1, (ULONG_PTR)Header, (ULONG_PTR)Directory, 0);
    *Link = Entry->ChainLink;
    ExFreePool(Entry);
    Header->Directory = NULL;
    ObDereferenceObject(Directory);
}

/* For the kernel's own directories; they stay for ever. */
NTSTATUS ObpCreatePermanentDirectory(PCWSTR Path, PSECURITY_DESCRIPTOR Descriptor, POBJECT_DIRECTORY *Directory)
{
    UNICODE_STRING Name;
    OBJECT_ATTRIBUTES Attributes;
    PVOID Object;
    NTSTATUS Status;

    RtlInitUnicodeString(&Name, Path);
    InitializeObjectAttributes(&Attributes, &Name, OBJ_PERMANENT | OBJ_CASE_INSENSITIVE, NULL, Descriptor);
    Status = ObCreateObject(KernelMode, ObpDirectoryObjectType, &Attributes, KernelMode, NULL,
                            sizeof(OBJECT_DIRECTORY), 0, 0, &Object);
    if (!NT_SUCCESS(Status))
        return Status;
    RtlZeroMemory(Object, sizeof(OBJECT_DIRECTORY));
    Status = ObInsertObject(Object, NULL, 0, 0, NULL, NULL);
    if (NT_SUCCESS(Status) && Directory != NULL)
        *Directory = Object;
    return Status;
}

NTSTATUS NTAPI NtCreateDirectoryObject(PHANDLE DirectoryHandle, ACCESS_MASK DesiredAccess,
                                       POBJECT_ATTRIBUTES ObjectAttributes)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    HANDLE Handle = NULL;
    PVOID Object;
    NTSTATUS Status;

    Status = ObCreateObject(Mode, ObpDirectoryObjectType, ObjectAttributes, Mode, NULL,
                            sizeof(OBJECT_DIRECTORY), 0, 0, &Object);
    if (!NT_SUCCESS(Status))
        return Status;
    RtlZeroMemory(Object, sizeof(OBJECT_DIRECTORY));
    Status = ObInsertObject(Object, NULL, DesiredAccess, 0, NULL, &Handle);
    if (!NT_SUCCESS(Status))
        return Status;
    return ObReturnHandle(Mode, DirectoryHandle, Handle, Status);
}

NTSTATUS NTAPI NtOpenDirectoryObject(PHANDLE DirectoryHandle, ACCESS_MASK DesiredAccess,
                                     POBJECT_ATTRIBUTES ObjectAttributes)
{
    return ObOpenByAttributes(DirectoryHandle, DesiredAccess, ObjectAttributes, ObpDirectoryObjectType);
}

/* The object at a position in bucket order; NULL past the end. */
static POBJECT_HEADER ObpEntryAt(POBJECT_DIRECTORY Directory, ULONG Position)
{
    for (ULONG Bucket = 0; Bucket < NUMBER_HASH_BUCKETS; Bucket++) {
        for (POBJECT_DIRECTORY_ENTRY Entry = Directory->HashBuckets[Bucket]; Entry; Entry = Entry->ChainLink) {
            if (Position-- == 0)
                return OBJECT_TO_OBJECT_HEADER(Entry->Object);
        }
    }
    return NULL;
}

/* Lays out OBJECT_DIRECTORY_INFORMATION records, a zero one at the end, then their strings, as NT does. User is
   the caller's buffer, whose addresses go into the records; Kernel is the same size and gets the bytes. */
static NTSTATUS ObpListDirectory(POBJECT_DIRECTORY Directory, PUCHAR Kernel, PUCHAR User, ULONG Length,
                                 BOOLEAN Single, PULONG Context, PULONG Used)
{
    POBJECT_DIRECTORY_INFORMATION Record = (POBJECT_DIRECTORY_INFORMATION)Kernel;
    ULONG Count = 0, Needed = sizeof *Record, Offset;
    POBJECT_HEADER Header = NULL;

    while ((Header = ObpEntryAt(Directory, *Context + Count)) != NULL && !(Single && Count == 1)) {
        ULONG Size = sizeof *Record + Header->Name.Length + Header->Type->Name.Length + 2 * sizeof(WCHAR);

        if (Needed + Size > Length) {
            *Used = Needed + Size;
            if (Count == 0)
                return Single ? STATUS_BUFFER_TOO_SMALL : STATUS_MORE_ENTRIES;
            break;
        }
        Needed += Size;
        Count++;
    }
    if (Count == 0)
        return STATUS_NO_MORE_ENTRIES;
    Offset = (Count + 1) * sizeof *Record;
    for (ULONG i = 0; i < Count; i++) {
        PUNICODE_STRING Sources[2], Targets[2] = { &Record[i].Name, &Record[i].TypeName };

        Header = ObpEntryAt(Directory, *Context + i);
        Sources[0] = &Header->Name;
        Sources[1] = &Header->Type->Name;
        for (ULONG s = 0; s < 2; s++) {
            Targets[s]->Length = Sources[s]->Length;
            Targets[s]->MaximumLength = Sources[s]->Length + sizeof(WCHAR);
            Targets[s]->Buffer = (PWCHAR)(User + Offset);
            RtlCopyMemory(Kernel + Offset, Sources[s]->Buffer, Sources[s]->Length);
            Offset += Targets[s]->MaximumLength;
        }
    }
    *Context += Count;
    *Used = Offset;
    return Header != NULL && !Single && ObpEntryAt(Directory, *Context) != NULL ? STATUS_MORE_ENTRIES
                                                                               : STATUS_SUCCESS;
}

NTSTATUS NTAPI NtQueryDirectoryObject(HANDLE DirectoryHandle, PVOID Buffer, ULONG Length,
                                      BOOLEAN ReturnSingleEntry, BOOLEAN RestartScan, PULONG Context,
                                      PULONG ReturnLength)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    ULONG Position = 0, Used = 0;
    POBJECT_DIRECTORY Directory;
    PUCHAR Copy;
    NTSTATUS Status, Result;

    if (Length == 0 || Length > 0x100000)
        return STATUS_INVALID_PARAMETER;
    if (!RestartScan) {
        Status = ExCopyFromMode(Mode, &Position, Context, sizeof Position);
        if (!NT_SUCCESS(Status))
            return Status;
    }
    Status = ObReferenceObjectByHandle(DirectoryHandle, DIRECTORY_QUERY, ObpDirectoryObjectType, Mode,
                                       (PVOID *)&Directory, NULL);
    if (!NT_SUCCESS(Status))
        return Status;
    Copy = ExAllocatePoolWithTag(PagedPool, Length, OBP_TAG);
    if (Copy == NULL) {
        ObDereferenceObject(Directory);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlZeroMemory(Copy, Length);
    Result = ObpListDirectory(Directory, Copy, Buffer, Length, ReturnSingleEntry, &Position, &Used);
    Status = STATUS_SUCCESS;
    if (Result == STATUS_SUCCESS || (Result == STATUS_MORE_ENTRIES && Used <= Length))
        Status = ExCopyToMode(Mode, Buffer, Copy, Used);
    if (NT_SUCCESS(Status))
        Status = ExCopyToMode(Mode, Context, &Position, sizeof Position);
    if (NT_SUCCESS(Status) && ReturnLength != NULL)
        Status = ExCopyToMode(Mode, ReturnLength, &Used, sizeof Used);
    ExFreePool(Copy);
    ObDereferenceObject(Directory);
    return NT_SUCCESS(Status) ? Result : Status;
}
