/* S15: the renames and deletions that were put off until nobody has the files open. */
#include "smss.h"

/* What the two strings of a pair ask for. Markers before a path: `!` replaces a target that is there, `@` comes from a
   protected rename, `*` and a digit from an installer's transaction; the last two change nothing in what is done. */
typedef struct _RENAME {
    UNICODE_STRING Source;
    UNICODE_STRING Target; /* empty: delete */
    BOOLEAN Replace;
} RENAME;

static VOID SkipMarkers(PUNICODE_STRING Path, PBOOLEAN Replace)
{
    while (Path->Length) {
        USHORT Skip = 0;

        if (*Path->Buffer == L'!')
            *Replace = TRUE;
        if (*Path->Buffer == L'!' || *Path->Buffer == L'@')
            Skip = 1;
        if (*Path->Buffer == L'*' && Path->Length > sizeof(WCHAR) && Path->Buffer[1] >= L'0' && Path->Buffer[1] <= L'9')
            Skip = 2;
        if (!Skip)
            return;
        Path->Buffer += Skip;
        Path->Length -= Skip * sizeof(WCHAR);
        Path->MaximumLength = Path->Length;
    }
}

static NTSTATUS ClearReadOnly(PCUNICODE_STRING Path)
{
    FILE_BASIC_INFORMATION Basic;
    IO_STATUS_BLOCK Io;
    HANDLE File;
    NTSTATUS Status = SmpOpenFile(Path, FILE_READ_ATTRIBUTES | FILE_WRITE_ATTRIBUTES, FILE_OPEN_REPARSE_POINT, &File);

    if (!NT_SUCCESS(Status))
        return Status;
    Status = NtQueryInformationFile(File, &Io, &Basic, sizeof(Basic), FileBasicInformation);
    if (NT_SUCCESS(Status) && !(Basic.FileAttributes & FILE_ATTRIBUTE_READONLY))
        Status = STATUS_ACCESS_DENIED; /* not what was in the way */
    if (NT_SUCCESS(Status)) {
        ULONG Attributes = Basic.FileAttributes & ~FILE_ATTRIBUTE_READONLY;

        memset(&Basic, 0, sizeof(Basic)); /* times stay */
        Basic.FileAttributes = Attributes ? Attributes : FILE_ATTRIBUTE_NORMAL;
        Status = NtSetInformationFile(File, &Io, &Basic, sizeof(Basic), FileBasicInformation);
    }
    NtClose(File);
    return Status;
}

static NTSTATUS RenameOpenFile(HANDLE File, CONST RENAME *Rename)
{
    ULONG Size = sizeof(FILE_RENAME_INFORMATION) + Rename->Target.Length;
    PFILE_RENAME_INFORMATION Information = RtlAllocateHeap(RtlProcessHeap(), HEAP_ZERO_MEMORY, Size);
    IO_STATUS_BLOCK Io;
    NTSTATUS Status;

    if (!Information)
        return STATUS_NO_MEMORY;
    Information->ReplaceIfExists = Rename->Replace;
    Information->FileNameLength = Rename->Target.Length;
    memcpy(Information->FileName, Rename->Target.Buffer, Rename->Target.Length);
    Status = NtSetInformationFile(File, &Io, Information, Size, FileRenameInformation);
    RtlFreeHeap(RtlProcessHeap(), 0, Information);
    return Status;
}

static NTSTATUS Perform(CONST RENAME *Rename)
{
    FILE_DISPOSITION_INFORMATION Disposition = { TRUE };
    IO_STATUS_BLOCK Io;
    ULONG Options = FILE_OPEN_REPARSE_POINT | FILE_OPEN_FOR_BACKUP_INTENT;
    HANDLE File;
    NTSTATUS Status = SmpOpenFile(&Rename->Source, DELETE, Options, &File);

    if (!NT_SUCCESS(Status))
        return Status;
    if (Rename->Target.Length)
        Status = RenameOpenFile(File, Rename);
    else
        Status = NtSetInformationFile(File, &Io, &Disposition, sizeof(Disposition), FileDispositionInformation);
    NtClose(File);
    return Status;
}

static BOOLEAN MayBeReadOnly(NTSTATUS Status)
{
    return Status == STATUS_CANNOT_DELETE || Status == STATUS_ACCESS_DENIED || Status == STATUS_OBJECT_NAME_COLLISION;
}

/* A read-only source or target is no reason to leave it: its attribute goes, and the same is tried again. */
static NTSTATUS PerformWithRetry(CONST RENAME *Rename)
{
    NTSTATUS Status = Perform(Rename);

    if (MayBeReadOnly(Status) && Status != STATUS_OBJECT_NAME_COLLISION && NT_SUCCESS(ClearReadOnly(&Rename->Source)))
        Status = Perform(Rename);
    if (MayBeReadOnly(Status) && Rename->Replace && Rename->Target.Length && NT_SUCCESS(ClearReadOnly(&Rename->Target)))
        Status = Perform(Rename);
    return Status;
}

static VOID ProcessEntry(ULONG Index, PSMP_REGISTRY_VALUE Entry)
{
    RENAME Rename = { Entry->Name, Entry->Value, FALSE };
    UNICODE_STRING Source, Target;
    BOOLEAN Ignored;
    NTSTATUS Status;

    SkipMarkers(&Rename.Source, &Ignored);
    SkipMarkers(&Rename.Target, &Rename.Replace);
    Status = PerformWithRetry(&Rename);
    Source = SmpDosName(&Rename.Source);
    Target = SmpDosName(&Rename.Target);
    RtlpClaim("smss.rename", "index=%u source=%wZ target=%wZ replace=%u status=%x", Index, &Source, &Target,
              (ULONG)Rename.Replace, Status);
    if (!NT_SUCCESS(Status))
        SmpLogEvent(SMP_EVENT_RENAME, Status, L"A pending file operation failed: ", &Source);
}

/* S15; S-056: in the order of the lists, each whatever became of the others. AllowProtectedRenames was read at S11; as
   since NT 6, no path is kept from a rename here. */
VOID SmpProcessFileRenames(VOID)
{
    ULONG Count = 0, Index = 0;
    BOOLEAN WasEnabled = TRUE;
    NTSTATUS Privilege;

    if (SmpMiniNTBoot)
        return; /* the list is that of another system */
    for (PLIST_ENTRY Link = SmpFileRenameList.Flink; Link != &SmpFileRenameList; Link = Link->Flink)
        Count++;
    RtlpClaim("smss.renames.begin", "count=%u", Count);
    SMP_CHECK(NtWaitForSingleObject(SmpRenameMutex, FALSE, NULL), "\\PendingRenameMutex");
    Privilege = RtlAdjustPrivilege(SE_RESTORE_PRIVILEGE, TRUE, FALSE, &WasEnabled);
    for (PLIST_ENTRY Link = SmpFileRenameList.Flink; Link != &SmpFileRenameList; Link = Link->Flink)
        ProcessEntry(Index++, CONTAINING_RECORD(Link, SMP_REGISTRY_VALUE, Link));
    if (NT_SUCCESS(Privilege) && !WasEnabled)
        RtlAdjustPrivilege(SE_RESTORE_PRIVILEGE, FALSE, FALSE, &WasEnabled);
    NtReleaseMutant(SmpRenameMutex, NULL);
    RtlpClaim("smss.renames.end", NULL);
}
