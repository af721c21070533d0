/* DOS paths: to NT paths, and the search along a Path. */
#include "ntdllp.h"

static BOOLEAN IsSeparator(WCHAR Character)
{
    return Character == L'\\' || Character == L'/';
}

/* Copies Path behind the string with `.` and `..` resolved and separators made `\`; never above Root bytes. */
static NTSTATUS AppendCanonical(PUNICODE_STRING To, PCWSTR Path, USHORT Root)
{
    while (*Path) {
        PCWSTR End = Path;
        UNICODE_STRING Part;
        NTSTATUS Status;

        while (*End && !IsSeparator(*End))
            End++;
        Part.Buffer = (PWSTR)Path;
        Part.Length = Part.MaximumLength = (USHORT)((End - Path) * sizeof(WCHAR));
        Path = End;
        while (IsSeparator(*Path))
            Path++;
        if (!Part.Length || (Part.Length == 2 && Part.Buffer[0] == L'.'))
            continue;
        if (Part.Length == 4 && Part.Buffer[0] == L'.' && Part.Buffer[1] == L'.') {
            while (To->Length > Root && To->Buffer[To->Length / 2 - 1] != L'\\')
                To->Length -= sizeof(WCHAR);
            if (To->Length > Root)
                To->Length -= sizeof(WCHAR);
            continue;
        }
        if (To->Length && To->Buffer[To->Length / 2 - 1] != L'\\') {
            Status = RtlAppendUnicodeToString(To, L"\\");
            if (!NT_SUCCESS(Status))
                return Status;
        }
        Status = RtlAppendUnicodeStringToString(To, &Part);
        if (!NT_SUCCESS(Status))
            return Status;
    }
    return STATUS_SUCCESS;
}

static BOOLEAN IsDrive(PCWSTR Path)
{
    WCHAR Letter = RtlUpcaseUnicodeChar(Path[0]);

    return Letter >= L'A' && Letter <= L'Z' && Path[1] == L':';
}

/* The NT form of a DOS path in Buffer: drive paths, rooted and relative ones, UNC, `\\.\` and `\??\`. */
static NTSTATUS BuildNtPath(PCWSTR Dos, PUNICODE_STRING Nt)
{
    PUNICODE_STRING Current = &NtCurrentPeb()->ProcessParameters->CurrentDirectory.DosPath;
    WCHAR Drive[3] = { 0 };
    USHORT Root;
    NTSTATUS Status;

    if (!*Dos)
        return STATUS_OBJECT_NAME_INVALID;
    if (!wcsncmp(Dos, L"\\??\\", 4) || !wcsncmp(Dos, L"\\\\?\\", 4)) {
        RtlAppendUnicodeToString(Nt, L"\\??\\");
        return RtlAppendUnicodeToString(Nt, Dos + 4);
    }
    RtlAppendUnicodeToString(Nt, L"\\??");
    if (IsSeparator(Dos[0]) && IsSeparator(Dos[1])) {
        BOOLEAN Device = Dos[2] == L'.' && IsSeparator(Dos[3]);

        RtlAppendUnicodeToString(Nt, Device ? L"\\" : L"\\UNC\\");
        return AppendCanonical(Nt, Dos + (Device ? 4 : 2), Nt->Length);
    }
    if (IsDrive(Dos)) {
        Drive[0] = RtlUpcaseUnicodeChar(Dos[0]);
        Drive[1] = L':';
        Dos += 2;
    } else if (Current->Length >= 2 * sizeof(WCHAR) && IsDrive(Current->Buffer)) {
        memcpy(Drive, Current->Buffer, 2 * sizeof(WCHAR));
    } else {
        return STATUS_OBJECT_PATH_SYNTAX_BAD;
    }
    RtlAppendUnicodeToString(Nt, L"\\");
    RtlAppendUnicodeToString(Nt, Drive);
    Root = Nt->Length;
    if (!IsSeparator(Dos[0]) && Current->Length > 2 * sizeof(WCHAR) &&
        RtlUpcaseUnicodeChar(Current->Buffer[0]) == RtlUpcaseUnicodeChar(Drive[0])) {
        WCHAR Folder[260];
        ULONG Count = min((ULONG)Current->Length / 2, RTL_NUMBER_OF(Folder) - 1) - 2;

        memcpy(Folder, Current->Buffer + 2, Count * sizeof(WCHAR));
        Folder[Count] = 0;
        Status = AppendCanonical(Nt, Folder, Root);
        if (!NT_SUCCESS(Status))
            return Status;
    }
    Status = AppendCanonical(Nt, Dos, Root);
    return NT_SUCCESS(Status) && Nt->Length == Root ? RtlAppendUnicodeToString(Nt, L"\\") : Status;
}

BOOLEAN NTAPI RtlDosPathNameToNtPathName_U(PCWSTR DosFileName, PUNICODE_STRING NtFileName, PWSTR *FilePart,
                                           PVOID RelativeName)
{
    USHORT Size = 520 * sizeof(WCHAR);
    UNICODE_STRING Path = { 0, Size, RtlAllocateHeap(RtlProcessHeap(), 0, Size) };

    if (RelativeName)
        memset(RelativeName, 0, sizeof(UNICODE_STRING) + sizeof(HANDLE));
    if (!Path.Buffer)
        return FALSE;
    Path.MaximumLength -= sizeof(WCHAR);
    if (!NT_SUCCESS(BuildNtPath(DosFileName, &Path))) {
        RtlFreeHeap(RtlProcessHeap(), 0, Path.Buffer);
        return FALSE;
    }
    Path.MaximumLength += sizeof(WCHAR);
    Path.Buffer[Path.Length / sizeof(WCHAR)] = UNICODE_NULL;
    *NtFileName = Path;
    if (FilePart) {
        PWSTR Last = wcsrchr(Path.Buffer, L'\\');

        *FilePart = Last && Last[1] ? Last + 1 : NULL;
    }
    return TRUE;
}

BOOLEAN NTAPI RtlDoesFileExists_U(PCWSTR FileName)
{
    FILE_BASIC_INFORMATION Basic;
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Path;
    NTSTATUS Status;

    if (!RtlDosPathNameToNtPathName_U(FileName, &Path, NULL, NULL))
        return FALSE;
    InitializeObjectAttributes(&Attributes, &Path, OBJ_CASE_INSENSITIVE, NULL, NULL);
    Status = NtQueryAttributesFile(&Attributes, &Basic);
    RtlFreeUnicodeString(&Path);
    return NT_SUCCESS(Status) && !(Basic.FileAttributes & FILE_ATTRIBUTE_DIRECTORY);
}

static BOOLEAN HasExtension(PCWSTR FileName)
{
    PCWSTR Dot = wcsrchr(FileName, L'.'), Slash = wcsrchr(FileName, L'\\');

    return Dot && Dot > Slash;
}

/* Folder (may be empty) + FileName + Extension when the file exists there. */
static BOOLEAN TryFolder(PUNICODE_STRING Candidate, PCWSTR FileName, PCWSTR Extension)
{
    if (Candidate->Length && Candidate->Buffer[Candidate->Length / 2 - 1] != L'\\')
        RtlAppendUnicodeToString(Candidate, L"\\");
    if (!NT_SUCCESS(RtlAppendUnicodeToString(Candidate, FileName)))
        return FALSE;
    if (Extension && !HasExtension(FileName) && !NT_SUCCESS(RtlAppendUnicodeToString(Candidate, Extension)))
        return FALSE;
    return RtlDoesFileExists_U(Candidate->Buffer);
}

ULONG NTAPI RtlDosSearchPath_U(PCWSTR Path, PCWSTR FileName, PCWSTR Extension, ULONG BufferLength, PWSTR Buffer,
                               PWSTR *FilePart)
{
    WCHAR Text[300];
    UNICODE_STRING Candidate = { 0, sizeof(Text) - sizeof(WCHAR), Text }, Folder;
    BOOLEAN Found = FALSE;
    PCWSTR At = Path, End;

    memset(Text, 0, sizeof(Text));
    if (IsSeparator(FileName[0]) || IsDrive(FileName)) {
        Found = TryFolder(&Candidate, FileName, Extension);
        At = L"";
    }
    for (; !Found && *At; At = *End ? End + 1 : End) {
        for (End = At; *End && *End != L';'; End++)
            ;
        Folder.Buffer = (PWSTR)At;
        Folder.Length = Folder.MaximumLength = (USHORT)((End - At) * sizeof(WCHAR));
        Candidate.Length = 0;
        memset(Text, 0, sizeof(Text));
        if (Folder.Length && NT_SUCCESS(RtlAppendUnicodeStringToString(&Candidate, &Folder)))
            Found = TryFolder(&Candidate, FileName, Extension);
    }
    if (!Found)
        return 0;
    if (Candidate.Length + sizeof(WCHAR) > BufferLength)
        return Candidate.Length + sizeof(WCHAR);
    memcpy(Buffer, Text, Candidate.Length + sizeof(WCHAR));
    if (FilePart)
        *FilePart = wcsrchr(Buffer, L'\\') + 1;
    return Candidate.Length;
}
