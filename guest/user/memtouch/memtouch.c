/* memtouch [NONCE [MIB]]: writes a pattern to every page of MIB mebibytes (without it: twice the RAM), then reads every page
 * back and checks each byte. A native program for BootExecute and SetupExecute; it needs a paging file. */
#include <nt.h>
#include <nt_services.h>

#define MARK "SMSSBOOT-PATTERN"
#define MARK_LENGTH 16
#define NONCE_LENGTH 32

typedef struct _PAGE_PATTERN {
    CHAR Mark[MARK_LENGTH];
    ULONG64 Number;
    CHAR Nonce[NONCE_LENGTH];           /* zero-padded */
    ULONG64 Fill[(PAGE_SIZE - MARK_LENGTH - 8 - NONCE_LENGTH) / 8];
} PAGE_PATTERN, *PPAGE_PATTERN;
C_ASSERT(sizeof(PAGE_PATTERN) == PAGE_SIZE);

/* The next word of Line that is not a blank; *Line goes behind it. Length in characters; 0: none. */
static PCWSTR NextWord(PUNICODE_STRING Line, PULONG Length)
{
    PCWSTR Word;

    while (Line->Length != 0 && *Line->Buffer == ' ') {
        Line->Buffer++;
        Line->Length -= sizeof(WCHAR);
    }
    Word = Line->Buffer;
    while (Line->Length != 0 && *Line->Buffer != ' ') {
        Line->Buffer++;
        Line->Length -= sizeof(WCHAR);
    }
    *Length = (ULONG)(Line->Buffer - Word);
    return Word;
}

static ULONG64 Number(PCWSTR Word, ULONG Length)
{
    ULONG64 Value = 0;

    for (ULONG i = 0; i < Length && Word[i] >= '0' && Word[i] <= '9' && Value < 1u << 20; i++)
        Value = Value * 10 + (Word[i] - '0');
    return Value;
}

static ULONG64 TwiceTheMemory(VOID)
{
    SYSTEM_BASIC_INFORMATION Basic = { 0 };

    NtQuerySystemInformation(SystemBasicInformation, &Basic, sizeof Basic, NULL);
    return 2ull * Basic.NumberOfPhysicalPages;
}

/* What a page's words hold, different for each page and word. */
static ULONG64 FillWord(ULONG64 Page, ULONG Word)
{
    return (Page * 512 + Word + 1) * 0x9E3779B97F4A7C15ull;
}

static VOID WritePage(PPAGE_PATTERN Pattern, ULONG64 Page, const CHAR *Nonce)
{
    memcpy(Pattern->Mark, MARK, MARK_LENGTH);
    Pattern->Number = Page;
    memcpy(Pattern->Nonce, Nonce, NONCE_LENGTH);
    for (ULONG i = 0; i < RTL_NUMBER_OF(Pattern->Fill); i++)
        Pattern->Fill[i] = FillWord(Page, i);
}

static BOOLEAN IsPageRight(const PAGE_PATTERN *Pattern, ULONG64 Page, const CHAR *Nonce)
{
    if (memcmp(Pattern->Mark, MARK, MARK_LENGTH) != 0 || Pattern->Number != Page ||
        memcmp(Pattern->Nonce, Nonce, NONCE_LENGTH) != 0)
        return FALSE;
    for (ULONG i = 0; i < RTL_NUMBER_OF(Pattern->Fill); i++) {
        if (Pattern->Fill[i] != FillWord(Page, i))
            return FALSE;
    }
    return TRUE;
}

static NTSTATUS TouchMemory(ULONG64 Pages, const CHAR *Nonce)
{
    PVOID Base = NULL;
    SIZE_T Size = Pages * PAGE_SIZE;
    ULONG Bad = 0;
    NTSTATUS Status = NtAllocateVirtualMemory(NtCurrentProcess(), &Base, 0, &Size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);

    if (!NT_SUCCESS(Status)) {
        RtlpClaim("memtouch.refused", "pages=%u status=%x", (ULONG)Pages, (ULONG)Status);
        return Status;
    }
    for (ULONG64 Page = 0; Page < Pages; Page++)
        WritePage((PPAGE_PATTERN)Base + Page, Page, Nonce);
    for (ULONG64 Page = 0; Page < Pages; Page++)
        Bad += !IsPageRight((PPAGE_PATTERN)Base + Page, Page, Nonce);
    RtlpClaim("memtouch.done", "pages=%u bad=%u megabytes=%u", (ULONG)Pages, Bad, (ULONG)(Size >> 20));
    return Bad == 0 ? STATUS_SUCCESS : STATUS_UNSUCCESSFUL;
}

VOID NTAPI NtProcessStartup(PPEB Peb)
{
    UNICODE_STRING Line = Peb->ProcessParameters->CommandLine;
    CHAR Nonce[NONCE_LENGTH] = { 0 };
    ULONG Length;
    ULONG64 Megabytes;
    PCWSTR Word;

    NextWord(&Line, &Length);           /* the program's own name */
    Word = NextWord(&Line, &Length);
    for (ULONG i = 0; i < Length && i < NONCE_LENGTH; i++)
        Nonce[i] = (CHAR)Word[i];
    Word = NextWord(&Line, &Length);
    Megabytes = Number(Word, Length);
    NtTerminateProcess(NtCurrentProcess(),
                       TouchMemory(Megabytes != 0 ? Megabytes << (20 - PAGE_SHIFT) : TwiceTheMemory(), Nonce) != STATUS_SUCCESS
                           ? STATUS_UNSUCCESSFUL : STATUS_SUCCESS);
}
