/* The session manager's computing parts, called by the host. */
#include <smpformat.h>

void TestSize(const char *Entry, unsigned long long Memory, unsigned long long Room, unsigned long long Results[7]);
unsigned long long TestShrink(const char *Entry, unsigned Count);
unsigned TestAppend(unsigned char *Log, unsigned Size, unsigned Count, const char *Text);
extern PVOID TestTeb;
PVOID TestTeb;

static PWSTR Widen(const char *Text, PWSTR Buffer, ULONG Count)
{
    ULONG i = 0;

    for (; Text[i] && i + 1 < Count; i++)
        Buffer[i] = (UCHAR)Text[i];
    Buffer[i] = 0;
    return Buffer;
}

void TestSize(const char *Entry, unsigned long long Memory, unsigned long long Room, unsigned long long Results[7])
{
    SMP_PAGING_FILE File = { 0 };
    WCHAR Buffer[1024];

    Results[0] = (ULONG)SmpParsePagingFile(Widen(Entry, Buffer, RTL_NUMBER_OF(Buffer)), &File);
    if (Results[0]) {
        for (int i = 1; i < 7; i++)
            Results[i] = 0;
        return;
    }
    SmpResolvePagingFile(&File, Memory);
    Results[1] = File.Managed;
    Results[2] = File.Minimum;
    Results[3] = File.Maximum;
    Results[4] = SmpFitPagingFile(&File, SmpVolumeRoom(Room, 0));
    Results[5] = File.Minimum;
    Results[6] = File.Maximum;
}

unsigned long long TestShrink(const char *Entry, unsigned Count)
{
    SMP_PAGING_FILE File = { 0 };
    WCHAR Buffer[1024];

    SmpParsePagingFile(Widen(Entry, Buffer, RTL_NUMBER_OF(Buffer)), &File);
    for (; Count; Count--) {
        if (!SmpShrinkPagingFile(&File))
            return 0;
    }
    return File.Minimum;
}

unsigned TestAppend(unsigned char *Log, unsigned Size, unsigned Count, const char *Text)
{
    WCHAR Buffer[8192];
    CHAR Line[8192];

    Size = SmpCheckEventLog(Log, Size);
    if (!Size)
        Size = SmpInitializeEventLog(Log);
    for (unsigned i = 0; i < Count; i++) {
        SMP_EVENT Event = { 1001, i % 2 ? 0 : (NTSTATUS)0xC0000034, 1000000000 + i, L"NTBOX", Buffer };

        snprintf(Line, sizeof(Line), "%s%u", Text, i);
        Widen(Line, Buffer, RTL_NUMBER_OF(Buffer));
        Size = SmpAppendEvent(Log, Size, &Event);
    }
    return SmpCheckEventLog(Log, Size) == Size ? Size : 0;
}
