/* autochk: checks the file systems of all volumes or of one before anything uses them (S14). */
#include "autochk.h"

static VOID ParseOption(AUTOCHK_OPTIONS *Options, PCWSTR Word)
{
    WCHAR Letter = RtlUpcaseUnicodeChar(Word[1]);

    if (Letter == L'P' && !Word[2]) {
        Options->Force = TRUE;
    } else if (Letter == L'R' && !Word[2]) {
        Options->Force = Options->Surface = TRUE;
    } else if (Letter == L'K' && Word[2] == L':') {
        for (PCWSTR At = Word + 3; *At; At++) {
            WCHAR Drive = RtlUpcaseUnicodeChar(*At);

            if (Drive >= L'A' && Drive <= L'Z')
                Options->Excluded |= 1u << (Drive - L'A');
        }
    } else {
        NativePrint(L"autochk: unknown option %ws\n", Word);
    }
}

static VOID ParseArguments(AUTOCHK_OPTIONS *Options, const NATIVE_ARGUMENTS_LIST *List)
{
    memset(Options, 0, sizeof(*Options));
    for (ULONG i = 0; i < List->Count; i++) {
        PCWSTR Word = List->Word[i];

        if (*Word == L'/' || *Word == L'-')
            ParseOption(Options, Word);
        else if (!wcscmp(Word, L"*"))
            Options->All = TRUE;
        else
            Options->Volume = Word;
    }
}

static ULONG CheckAll(const AUTOCHK_OPTIONS *Options)
{
    PROCESS_DEVICEMAP_INFORMATION Map;
    ULONG Exit = EXIT_CLEAN;

    if (!NT_SUCCESS(NtQueryInformationProcess(NtCurrentProcess(), ProcessDeviceMap, &Map, sizeof(Map.Query), NULL)))
        return EXIT_FAILED;
    for (ULONG i = 0; i < 26; i++) {
        WCHAR Path[] = L"\\??\\A:";
        ULONG Status;

        if (!(Map.Query.DriveMap & 1u << i) || Map.Query.DriveType[i] != DOSDEVICE_DRIVE_FIXED ||
            Options->Excluded & 1u << i)
            continue;
        Path[4] = (WCHAR)(L'A' + i);
        Status = AutochkVolume(Path + 4, Path, Options);
        Exit = max(Exit, Status);
    }
    return Exit;
}

/* `C:` is short for `\??\C:`; a path below \??\ is shown without that. */
static ULONG CheckOne(const AUTOCHK_OPTIONS *Options)
{
    WCHAR Path[128];
    PCWSTR Name = Options->Volume;

    if (!wcsncmp(Name, L"\\??\\", 4))
        Name += 4;
    if (wcslen(Options->Volume) >= RTL_NUMBER_OF(Path) - 4)
        return EXIT_FAILED;
    wcscpy(Path, *Options->Volume == L'\\' ? L"" : L"\\??\\");
    wcscat(Path, Options->Volume);
    return AutochkVolume(Name, Path, Options);
}

VOID NTAPI NtProcessStartup(PPEB Peb)
{
    static NATIVE_ARGUMENTS_LIST List;
    AUTOCHK_OPTIONS Options;
    ULONG Exit = EXIT_CLEAN;

    NativeArguments(&Peb->ProcessParameters->CommandLine, &List);
    ParseArguments(&Options, &List);
    if (Options.Volume)
        Exit = CheckOne(&Options);
    else if (Options.All)
        Exit = CheckAll(&Options);
    NtTerminateProcess(NtCurrentProcess(), (NTSTATUS)Exit);
}
