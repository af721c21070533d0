/* Process parameters: one block with the strings behind the structure, and the environment behind them. */
#include "ntdllp.h"

/* Copies a string behind *At; room is kept for MaximumLength, as NT does it. */
static VOID Place(PUCHAR *At, PUNICODE_STRING To, PCUNICODE_STRING From, USHORT MaximumLength)
{
    To->Buffer = (PWSTR)*At;
    To->Length = From ? From->Length : 0;
    To->MaximumLength = MaximumLength;
    if (To->Length)
        memcpy(To->Buffer, From->Buffer, To->Length);
    if (To->Length + sizeof(WCHAR) <= MaximumLength)
        To->Buffer[To->Length / sizeof(WCHAR)] = UNICODE_NULL;
    *At += ALIGN_UP_BY(MaximumLength, sizeof(PVOID));
}

static USHORT RoomFor(PCUNICODE_STRING String)
{
    return String && String->Length ? String->Length + sizeof(WCHAR) : sizeof(WCHAR);
}

#define CURRENT_DIRECTORY_ROOM (260 * sizeof(WCHAR))

NTSTATUS NTAPI RtlCreateProcessParametersEx(PRTL_USER_PROCESS_PARAMETERS *Result, PUNICODE_STRING ImagePathName,
                                            PUNICODE_STRING DllPath, PUNICODE_STRING CurrentDirectory,
                                            PUNICODE_STRING CommandLine, PVOID Environment,
                                            PUNICODE_STRING WindowTitle, PUNICODE_STRING DesktopInfo,
                                            PUNICODE_STRING ShellInfo, PUNICODE_STRING RuntimeData, ULONG Flags)
{
    PRTL_USER_PROCESS_PARAMETERS Mine = NtCurrentPeb()->ProcessParameters, Parameters;
    PUNICODE_STRING Given[] = { DllPath ? DllPath : &Mine->DllPath, ImagePathName,
                                CommandLine ? CommandLine : ImagePathName, WindowTitle, DesktopInfo, ShellInfo,
                                RuntimeData };
    SIZE_T Length = sizeof(*Parameters) + ALIGN_UP_BY(CURRENT_DIRECTORY_ROOM, sizeof(PVOID)), EnvironmentSize;
    PUCHAR At;

    for (ULONG i = 0; i < RTL_NUMBER_OF(Given); i++)
        Length += ALIGN_UP_BY(RoomFor(Given[i]), sizeof(PVOID));
    if (!CurrentDirectory)
        CurrentDirectory = &Mine->CurrentDirectory.DosPath;
    if (CurrentDirectory->Length + sizeof(WCHAR) > CURRENT_DIRECTORY_ROOM)
        return STATUS_NAME_TOO_LONG;
    if (!Environment)
        Environment = Mine->Environment;
    EnvironmentSize = RtlpEnvironmentSize(Environment);

    Parameters = RtlAllocateHeap(RtlProcessHeap(), HEAP_ZERO_MEMORY, Length + EnvironmentSize);
    if (!Parameters)
        return STATUS_NO_MEMORY;
    Parameters->MaximumLength = Parameters->Length = (ULONG)Length;
    Parameters->Flags = RTL_USER_PROC_PARAMS_NORMALIZED;
    At = (PUCHAR)(Parameters + 1);
    Place(&At, &Parameters->CurrentDirectory.DosPath, CurrentDirectory, CURRENT_DIRECTORY_ROOM);
    Place(&At, &Parameters->DllPath, Given[0], RoomFor(Given[0]));
    Place(&At, &Parameters->ImagePathName, Given[1], RoomFor(Given[1]));
    Place(&At, &Parameters->CommandLine, Given[2], RoomFor(Given[2]));
    Place(&At, &Parameters->WindowTitle, Given[3], RoomFor(Given[3]));
    Place(&At, &Parameters->DesktopInfo, Given[4], RoomFor(Given[4]));
    Place(&At, &Parameters->ShellInfo, Given[5], RoomFor(Given[5]));
    Place(&At, &Parameters->RuntimeData, Given[6], RoomFor(Given[6]));
    if (EnvironmentSize) {
        Parameters->Environment = (PWSTR)((PUCHAR)Parameters + Length);
        Parameters->EnvironmentSize = EnvironmentSize;
        memcpy(Parameters->Environment, Environment, EnvironmentSize);
    }
    if (!(Flags & RTL_USER_PROC_PARAMS_NORMALIZED))
        RtlDeNormalizeProcessParams(Parameters);
    *Result = Parameters;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlCreateProcessParameters(PRTL_USER_PROCESS_PARAMETERS *Parameters, PUNICODE_STRING ImagePathName,
                                          PUNICODE_STRING DllPath, PUNICODE_STRING CurrentDirectory,
                                          PUNICODE_STRING CommandLine, PVOID Environment,
                                          PUNICODE_STRING WindowTitle, PUNICODE_STRING DesktopInfo,
                                          PUNICODE_STRING ShellInfo, PUNICODE_STRING RuntimeData)
{
    return RtlCreateProcessParametersEx(Parameters, ImagePathName, DllPath, CurrentDirectory, CommandLine,
                                        Environment, WindowTitle, DesktopInfo, ShellInfo, RuntimeData, 0);
}

NTSTATUS NTAPI RtlDestroyProcessParameters(PRTL_USER_PROCESS_PARAMETERS Parameters)
{
    RtlFreeHeap(RtlProcessHeap(), 0, Parameters);
    return STATUS_SUCCESS;
}

/* Adds Delta to every string's address. */
static VOID MoveStrings(PRTL_USER_PROCESS_PARAMETERS Parameters, LONG_PTR Delta)
{
    PUNICODE_STRING Strings[] = {
        &Parameters->CurrentDirectory.DosPath, &Parameters->DllPath,   &Parameters->ImagePathName,
        &Parameters->CommandLine,              &Parameters->WindowTitle, &Parameters->DesktopInfo,
        &Parameters->ShellInfo,                &Parameters->RuntimeData,
    };

    for (ULONG i = 0; i < RTL_NUMBER_OF(Strings); i++) {
        if (Strings[i]->Buffer)
            Strings[i]->Buffer = (PWSTR)((PUCHAR)Strings[i]->Buffer + Delta);
    }
}

PRTL_USER_PROCESS_PARAMETERS NTAPI RtlNormalizeProcessParams(PRTL_USER_PROCESS_PARAMETERS Parameters)
{
    if (Parameters && !(Parameters->Flags & RTL_USER_PROC_PARAMS_NORMALIZED)) {
        MoveStrings(Parameters, (LONG_PTR)Parameters);
        Parameters->Flags |= RTL_USER_PROC_PARAMS_NORMALIZED;
    }
    return Parameters;
}

PRTL_USER_PROCESS_PARAMETERS NTAPI RtlDeNormalizeProcessParams(PRTL_USER_PROCESS_PARAMETERS Parameters)
{
    if (Parameters && Parameters->Flags & RTL_USER_PROC_PARAMS_NORMALIZED) {
        MoveStrings(Parameters, -(LONG_PTR)Parameters);
        Parameters->Flags &= ~RTL_USER_PROC_PARAMS_NORMALIZED;
    }
    return Parameters;
}
