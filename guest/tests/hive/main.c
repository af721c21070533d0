/* hive FILE [SEED COUNT]: the boot-start drivers of a SYSTEM hive; with SEED the same for COUNT damaged copies, silently.
 * The copy ends where nothing more may be read. */
#include "io.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static jmp_buf Failed;
static int Silent;

void HostSay(const char *Text)
{
    if (!Silent)
        printf("%s\n", Text);
}

void HostFail(const char *Text)
{
    if (!Silent)
        printf("failed: %s\n", Text);
    longjmp(Failed, 1);
}

static void Run(const char *Data, size_t Size)
{
    if (!setjmp(Failed))
        FindDrivers(Data, Size);
}

int main(int argc, char **argv)
{
    static char Original[1 << 20];
    FILE *File = argc > 1 ? fopen(argv[1], "rb") : NULL;
    size_t Size, Whole;
    char *Memory, *Data;

    if (!File)
        return 2;
    Size = fread(Original, 1, sizeof(Original), File);
    Whole = (Size + 4095) / 4096 * 4096;
    Memory = mmap(NULL, Whole + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(Memory + Whole, 4096, PROT_NONE);
    Data = Memory + Whole - Size;
    memcpy(Data, Original, Size);
    Silent = argc > 3;
    if (!Silent) {
        Run(Data, Size);
        return 0;
    }
    srand((unsigned)atoi(argv[2]));
    for (int i = atoi(argv[3]); i; i--) {
        memcpy(Data, Original, Size);
        for (int j = 1 + rand() % 40; j; j--)
            Data[(size_t)rand() % Size] = (char)(rand() % 3 ? rand() : 0xFF);
        memcpy(Data, Original, 4);
        Run(Data, Size);
    }
    printf("end\n");
    return 0;
}
