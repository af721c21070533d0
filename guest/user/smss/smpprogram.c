/* Programs: from a command line of the registry to a suspended or running process. */
#include "smss.h"

UNICODE_STRING SmpFirstToken(PCUNICODE_STRING CommandLine)
{
    UNICODE_STRING Token = *CommandLine;
    WCHAR End = L' ';
    ULONG Length = 0;

    while (Token.Length && *Token.Buffer == L' ') {
        Token.Buffer++;
        Token.Length -= sizeof(WCHAR);
    }
    if (Token.Length && *Token.Buffer == L'"') {
        End = L'"';
        Token.Buffer++;
        Token.Length -= sizeof(WCHAR);
    }
    while (Length < Token.Length / sizeof(WCHAR) && Token.Buffer[Length] != End)
        Length++;
    Token.Length = Token.MaximumLength = (USHORT)(Length * sizeof(WCHAR));
    return Token;
}

/* A file in the system's own folder is named by \SystemRoot, which does not depend on a drive letter. */
static NTSTATUS NtNameOf(PWSTR DosPath, PWSTR FilePart, PUNICODE_STRING NtPath)
{
    CONST WCHAR *Root = (PCWSTR)USER_SHARED_DATA->NtSystemRoot;
    SIZE_T RootLength = wcslen(Root);
    static CONST WCHAR System32[] = L"\\System32\\";
    WCHAR Buffer[260];
    UNICODE_STRING Name = { 0, sizeof(Buffer), Buffer };

    if (_wcsnicmp(DosPath, Root, RootLength) || _wcsnicmp(DosPath + RootLength, System32, wcslen(System32)) ||
        FilePart != DosPath + RootLength + wcslen(System32))
        return RtlDosPathNameToNtPathName_U(DosPath, NtPath, NULL, NULL) ? STATUS_SUCCESS
                                                                         : STATUS_OBJECT_PATH_SYNTAX_BAD;
    RtlAppendUnicodeToString(&Name, L"\\SystemRoot\\System32\\");
    RtlAppendUnicodeToString(&Name, FilePart);
    return RtlDuplicateUnicodeString(RTL_DUPLICATE_UNICODE_STRING_NULL_TERMINATE, &Name, NtPath);
}

NTSTATUS SmpFindImage(PCUNICODE_STRING CommandLine, PUNICODE_STRING ImagePath, PUNICODE_STRING FileName)
{
    UNICODE_STRING PathName = RTL_CONSTANT_STRING(L"Path"), Path, Token = SmpFirstToken(CommandLine);
    WCHAR PathBuffer[1024], Name[260], Found[260], *FilePart;
    ULONG Length;
    NTSTATUS Status;

    if (!Token.Length || Token.Length >= sizeof(Name))
        return STATUS_OBJECT_NAME_INVALID;
    memcpy(Name, Token.Buffer, Token.Length);
    Name[Token.Length / sizeof(WCHAR)] = UNICODE_NULL;
    RtlInitEmptyUnicodeString(&Path, PathBuffer, sizeof(PathBuffer) - sizeof(WCHAR));
    Status = RtlQueryEnvironmentVariable_U(SmpDefaultEnvironment, &PathName, &Path);
    if (!NT_SUCCESS(Status))
        Path.Length = 0; /* only a whole path can be found then */
    PathBuffer[Path.Length / sizeof(WCHAR)] = UNICODE_NULL;
    Length = RtlDosSearchPath_U(PathBuffer, Name, L".exe", sizeof(Found), Found, &FilePart);
    if (!Length || Length >= sizeof(Found))
        return STATUS_OBJECT_NAME_NOT_FOUND;
    Status = NtNameOf(Found, FilePart, ImagePath);
    if (NT_SUCCESS(Status) && FileName)
        Status = RtlCreateUnicodeString(FileName, FilePart) ? STATUS_SUCCESS : STATUS_NO_MEMORY;
    return Status;
}

/* Which of the session manager's children are protected; winlogon is a user's program and is not. */
static UCHAR ProtectionOf(PCUNICODE_STRING ImagePath)
{
    static CONST PCWSTR Protected[] = { L"smss.exe", L"csrss.exe", L"wininit.exe" };
    PCWSTR Slash = wcsrchr(ImagePath->Buffer, L'\\');

    for (ULONG i = 0; Slash && i < RTL_NUMBER_OF(Protected); i++) {
        if (!_wcsicmp(Slash + 1, Protected[i]))
            return PS_PROTECTED_WINTCB_LIGHT;
    }
    return 0;
}

NTSTATUS SmpExecuteImage(PUNICODE_STRING ImagePath, PUNICODE_STRING CommandLine, ULONG ProcessFlags, ULONG Flags,
                         PRTL_USER_PROCESS_INFORMATION Information)
{
    UNICODE_STRING CurrentDirectory;
    PRTL_USER_PROCESS_PARAMETERS Parameters;
    NTSTATUS Status;

    RtlInitUnicodeString(&CurrentDirectory, (PCWSTR)USER_SHARED_DATA->NtSystemRoot);
    Status = RtlCreateProcessParametersEx(&Parameters, ImagePath, NULL, &CurrentDirectory, CommandLine,
                                          SmpDefaultEnvironment, NULL, NULL, NULL, NULL, 0);
    if (!NT_SUCCESS(Status))
        return Status;
    Status = RtlpCreateUserProcess(ImagePath, Parameters, ProcessFlags, ProtectionOf(ImagePath), Information);
    RtlDestroyProcessParameters(Parameters);
    if (NT_SUCCESS(Status) && Flags & SMP_RESUME)
        Status = NtResumeThread(Information->ThreadHandle, NULL);
    return Status;
}

NTSTATUS SmpExitStatus(HANDLE Process)
{
    PROCESS_BASIC_INFORMATION Information;
    NTSTATUS Status = NtQueryInformationProcess(Process, ProcessBasicInformation, &Information, sizeof(Information),
                                                NULL);

    if (!NT_SUCCESS(Status))
        return Status;
    return NT_SUCCESS(Information.ExitStatus) ? STATUS_UNSUCCESSFUL : Information.ExitStatus;
}
