/* The host's side: commands from standard input, one a line; each answers with lines that end in `.`. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "bench.h"

static char *Cursor;

/* Each allocation ends at a page that may not be touched, and is gone when it is freed: an overflow or a use after the
 * end stops the bench. */
#define PAGE 4096ull

void *HostAllocate(unsigned long long Size)
{
    unsigned long long Used = (Size + 15) & ~15ull, Whole = ((Used + PAGE - 1) & ~(PAGE - 1)) + 2 * PAGE;
    char *Base = mmap(NULL, Whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (Base == MAP_FAILED)
        exit(2);
    *(unsigned long long *)Base = Whole;
    mprotect(Base + Whole - PAGE, PAGE, PROT_NONE);
    return Base + Whole - PAGE - Used;
}

void HostFree(void *Memory)
{
    char *Base;

    if (!Memory)
        return;
    Base = (char *)((unsigned long long)Memory & ~(PAGE - 1)) - PAGE;
    munmap(Base, *(unsigned long long *)Base);
}

void HostSay(const char *Format, ...)
{
    va_list Arguments;

    va_start(Arguments, Format);
    vprintf(Format, Arguments);
    va_end(Arguments);
}

void HostRecord(const char *Event, const char *Text) { printf("fact %s %s\n", Event, Text); }

char *HostWord(void)
{
    char *Word = strsep(&Cursor, " \n");

    return Word && *Word ? Word : NULL;
}

unsigned long long HostNumber(void)
{
    char *Word = HostWord();

    return Word ? strtoull(Word, NULL, 0) : 0;
}

int main(int argc, char **argv)
{
    char *Line = NULL;
    size_t Room = 0;

    if (argc != 2)
        return 2;
    DiskOpen(argv[1]);
    while (getline(&Line, &Room, stdin) > 0) {
        char *Word;

        Cursor = Line;
        Word = HostWord();
        if (!Word)
            continue;
        if (!strcmp(Word, "arm"))
            DiskArm(HostNumber());
        else if (!strcmp(Word, "save"))
            DiskSave(HostWord());
        else if (!strcmp(Word, "writes"))
            printf("%llu\n", DiskWrites());
        else if (!BenchCommand(Word))
            printf("no command %s\n", Word);
        printf(".\n");
        fflush(stdout);
    }
    free(Line);
    return 0;
}
