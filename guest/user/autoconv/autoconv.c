/* autoconv: the conversion of a volume to another file system at the next boot. Refuses: no other one is there. */
#include <native.h>

typedef struct _CONVERSION {
    PCWSTR Volume;
    PCWSTR FileSystem;
} CONVERSION;

/* `autoconv \??\D: /fs:ntfs`, and /v, /nosecurity, /cvtarea:... that change nothing here. */
static CONVERSION ParseArguments(const NATIVE_ARGUMENTS_LIST *List)
{
    CONVERSION Conversion = { NULL, L"ntfs" };

    for (ULONG i = 0; i < List->Count; i++) {
        if (!_wcsnicmp(List->Word[i], L"/fs:", 4))
            Conversion.FileSystem = List->Word[i] + 4;
        else if (*List->Word[i] != L'/' && !Conversion.Volume)
            Conversion.Volume = List->Word[i];
    }
    return Conversion;
}

/* Is there such a volume? It is opened and left as it is. */
static NTSTATUS FindVolume(PCWSTR Volume)
{
    WCHAR Buffer[128];
    UNICODE_STRING Name = { 0, sizeof(Buffer), Buffer };
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Io;
    HANDLE Handle;
    NTSTATUS Status = *Volume == L'\\' ? STATUS_SUCCESS : RtlAppendUnicodeToString(&Name, L"\\??\\");

    if (NT_SUCCESS(Status))
        Status = RtlAppendUnicodeToString(&Name, Volume);
    if (!NT_SUCCESS(Status))
        return Status;
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    Status = NtOpenFile(&Handle, FILE_READ_DATA | SYNCHRONIZE, &Attributes, &Io, FILE_SHARE_READ | FILE_SHARE_WRITE,
                        FILE_SYNCHRONOUS_IO_NONALERT);
    if (NT_SUCCESS(Status))
        NtClose(Handle);
    return Status;
}

static NTSTATUS Convert(const CONVERSION *Conversion)
{
    PCWSTR Name = Conversion->Volume;
    NTSTATUS Status;

    if (!Name) {
        NativePrint(L"autoconv: no volume to convert is named.\n");
        return STATUS_INVALID_PARAMETER;
    }
    if (!wcsncmp(Name, L"\\??\\", 4))
        Name += 4;
    Status = FindVolume(Conversion->Volume);
    if (!NT_SUCCESS(Status)) {
        NativePrint(L"autoconv: the volume %ws cannot be opened (0x%X).\n", Name, Status);
        return Status;
    }
    NativePrint(L"autoconv: %ws is not converted to %ws: this system has no such file system.\n", Name,
                Conversion->FileSystem);
    RtlpClaim("autoconv.refused", "volume=%ws status=%x", Name, STATUS_NOT_SUPPORTED);
    return STATUS_NOT_SUPPORTED;
}

VOID NTAPI NtProcessStartup(PPEB Peb)
{
    static NATIVE_ARGUMENTS_LIST List;
    CONVERSION Conversion;

    NativeArguments(&Peb->ProcessParameters->CommandLine, &List);
    Conversion = ParseArguments(&List);
    NtTerminateProcess(NtCurrentProcess(), Convert(&Conversion));
}
