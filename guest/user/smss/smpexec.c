/* S14 and S20: the commands of BootExecute and SetupExecute, one after the other. */
#include "smss.h"

#define COMMAND_DEBUG 0x1
#define COMMAND_ASYNC 0x2     /* nobody waits for it */
#define COMMAND_AUTOCHECK 0x4 /* the program may be missing, and the boot status is put aside while it runs */

typedef struct _SMP_COMMAND_CLAIMS {
    PCSTR ListBegin, ListEnd;
    PCSTR CommandBegin, CommandEnd;
} SMP_COMMAND_CLAIMS;

static BOOLEAN IsQuoted(PCUNICODE_STRING Command, PCUNICODE_STRING Token)
{
    return Token->Buffer > Command->Buffer && Token->Buffer[-1] == L'"';
}

/* Cuts keywords off the front of a command; the rest begins with the program. */
static ULONG ParseKeywords(PUNICODE_STRING Command)
{
    static CONST struct {
        UNICODE_STRING Word;
        ULONG Flag;
    } Keywords[] = { { RTL_CONSTANT_STRING(L"debug"), COMMAND_DEBUG },
                     { RTL_CONSTANT_STRING(L"async"), COMMAND_ASYNC },
                     { RTL_CONSTANT_STRING(L"autocheck"), COMMAND_AUTOCHECK } };
    ULONG Flags = 0;

    for (;;) {
        UNICODE_STRING Token = SmpFirstToken(Command);
        ULONG Keyword = 0;

        for (ULONG i = 0; i < RTL_NUMBER_OF(Keywords) && !IsQuoted(Command, &Token); i++)
            Keyword |= RtlEqualUnicodeString(&Token, &Keywords[i].Word, TRUE) ? Keywords[i].Flag : 0;
        if (!Keyword)
            return Flags;
        Flags |= Keyword;
        Command->Length -= (USHORT)((PUCHAR)Token.Buffer - (PUCHAR)Command->Buffer + Token.Length);
        Command->Buffer = Token.Buffer + Token.Length / sizeof(WCHAR);
        while (Command->Length && *Command->Buffer == L' ') {
            Command->Buffer++;
            Command->Length -= sizeof(WCHAR);
        }
        Command->MaximumLength = Command->Length;
    }
}

/* As NT tells the screen. */
static VOID DisplayMissing(PCUNICODE_STRING Command)
{
    UNICODE_STRING Program = SmpFirstToken(Command), Text;
    WCHAR Buffer[160];

    _snwprintf(Buffer, RTL_NUMBER_OF(Buffer) - 1, L"%wZ program not found - skipping AUTOCHECK\n", &Program);
    Buffer[RTL_NUMBER_OF(Buffer) - 1] = UNICODE_NULL;
    RtlInitUnicodeString(&Text, Buffer);
    NtDisplayString(&Text);
}

/* Its own status when other threads of the process live on. */
static NTSTATUS ExitStatusOf(PRTL_USER_PROCESS_INFORMATION Program)
{
    PROCESS_BASIC_INFORMATION Process;
    THREAD_BASIC_INFORMATION Thread;

    if (NT_SUCCESS(NtQueryInformationProcess(Program->ProcessHandle, ProcessBasicInformation, &Process,
                                             sizeof(Process), NULL)) &&
        Process.ExitStatus != STATUS_PENDING)
        return Process.ExitStatus;
    return NT_SUCCESS(NtQueryInformationThread(Program->ThreadHandle, ThreadBasicInformation, &Thread, sizeof(Thread),
                                               NULL))
               ? Thread.ExitStatus
               : STATUS_UNSUCCESSFUL;
}

/* The process of an image that is no native program ends before its first instruction. */
static NTSTATUS RunProgram(PUNICODE_STRING Image, PUNICODE_STRING CommandLine, ULONG Flags, PNTSTATUS Exit)
{
    RTL_USER_PROCESS_INFORMATION Program;
    NTSTATUS Status = SmpExecuteImage(Image, CommandLine, 0, 0, &Program);

    if (!NT_SUCCESS(Status))
        return Status;
    if (Program.ImageInformation.SubSystemType != IMAGE_SUBSYSTEM_NATIVE) {
        Status = STATUS_INVALID_IMAGE_WIN_16;
        NtTerminateProcess(Program.ProcessHandle, Status);
        NtWaitForSingleObject(Program.ProcessHandle, FALSE, NULL);
    } else {
        Status = NtResumeThread(Program.ThreadHandle, NULL);
        if (NT_SUCCESS(Status) && !(Flags & COMMAND_ASYNC)) {
            Status = NtWaitForSingleObject(Program.ThreadHandle, FALSE, NULL);
            *Exit = ExitStatusOf(&Program);
        }
    }
    NtClose(Program.ThreadHandle);
    NtClose(Program.ProcessHandle);
    return Status;
}

static NTSTATUS ExecuteCommand(PCUNICODE_STRING Entry, PULONG Flags, PNTSTATUS Exit)
{
    UNICODE_STRING Command = *Entry, Image;
    SMP_BOOT_STATUS BootStatus;
    NTSTATUS Status;

    *Flags = ParseKeywords(&Command);
    Status = SmpFindImage(&Command, &Image, NULL);
    if (!NT_SUCCESS(Status)) {
        if (*Flags & COMMAND_AUTOCHECK)
            DisplayMissing(&Command);
        return Status;
    }
    if (*Flags & COMMAND_AUTOCHECK)
        SmpSaveAndClearBootStatus(&BootStatus);
    Status = RunProgram(&Image, &Command, *Flags, Exit);
    if (*Flags & COMMAND_AUTOCHECK)
        SmpRestoreBootStatus(&BootStatus);
    RtlFreeUnicodeString(&Image);
    return Status;
}

/* S14; S-021, S-039, S-053: no command holds the boot up by failing. */
static VOID ExecuteList(PLIST_ENTRY List, CONST SMP_COMMAND_CLAIMS *Claims)
{
    ULONG Count = 0, Index = 0;

    for (PLIST_ENTRY Link = List->Flink; Link != List; Link = Link->Flink)
        Count++;
    RtlpClaim(Claims->ListBegin, "count=%u", Count);
    for (PLIST_ENTRY Link = List->Flink; Link != List; Link = Link->Flink, Index++) {
        PUNICODE_STRING Entry = &CONTAINING_RECORD(Link, SMP_REGISTRY_VALUE, Link)->Name;
        ULONG Flags = 0;
        NTSTATUS Exit = STATUS_PENDING, Status;

        RtlpClaim(Claims->CommandBegin, "index=%u command=%wZ", Index, Entry);
        Status = ExecuteCommand(Entry, &Flags, &Exit);
        if (!NT_SUCCESS(Status)) {
            RtlpClaim(Claims->CommandEnd, "index=%u status=%x", Index, Status);
            SmpLogEvent(SMP_EVENT_BOOT_COMMAND, Status, L"A command did not run: ", Entry);
        } else if (Flags & COMMAND_ASYNC) {
            RtlpClaim(Claims->CommandEnd, "index=%u status=%x", Index, Status);
        } else {
            RtlpClaim(Claims->CommandEnd, "index=%u status=%x exit=%x", Index, Status, Exit);
        }
    }
    RtlpClaim(Claims->ListEnd, NULL);
}

VOID SmpRunBootExecute(VOID)
{
    static CONST SMP_COMMAND_CLAIMS Claims = { "smss.boot-execute.begin", "smss.boot-execute.end",
                                               "smss.boot-command.begin", "smss.boot-command.end" };

    ExecuteList(&SmpBootExecuteList, &Claims);
}

/* S20, after the registry may be written. */
VOID SmpRunSetupExecute(VOID)
{
    static CONST SMP_COMMAND_CLAIMS Claims = { "smss.setup-execute.begin", "smss.setup-execute.end",
                                               "smss.setup-command.begin", "smss.setup-command.end" };

    ExecuteList(&SmpSetupExecuteList, &Claims);
}
