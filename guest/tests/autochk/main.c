/* fatchk IMAGE [/p] [cut=N] [cached]: checks the image in place; with cut=N no sector reaches the disk after the first N,
 * with `cached` they reach it at a flush only, in ascending order, as the guest's block cache writes them. */
#include "io.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int File;
static long Sectors = -1;

/* The power goes in the middle of a write, between two sectors. */
static int PutOnDisk(unsigned long long Offset, const void *Buffer, unsigned Length)
{
    if (Sectors >= 0 && Sectors < (long)(Length / 512)) {
        if (pwrite(File, Buffer, (size_t)Sectors * 512, (off_t)Offset) < 0)
            abort();
        printf("cut\n");
        exit(0);
    }
    if (Sectors >= 0)
        Sectors -= Length / 512;
    return pwrite(File, Buffer, Length, (off_t)Offset) == (ssize_t)Length;
}

/* ---- what a cache holds back ------------------------------------------------------------------------------------- */

typedef struct {
    unsigned long long Offset;
    char Data[512];
} HELD;

static HELD *Held;
static unsigned HeldCount, HeldRoom;
static int Cached;

static void Hold(unsigned long long Offset, const char *Data)
{
    unsigned At = HeldCount;

    while (At != 0 && Held[At - 1].Offset >= Offset)
        At--;
    if (At == HeldCount || Held[At].Offset != Offset) {
        if (HeldCount == HeldRoom) {
            HeldRoom = HeldRoom * 2 + 64;
            Held = realloc(Held, HeldRoom * sizeof *Held);
            if (!Held)
                abort();
        }
        memmove(Held + At + 1, Held + At, (HeldCount++ - At) * sizeof *Held);
        Held[At].Offset = Offset;
    }
    memcpy(Held[At].Data, Data, 512);
}

int HostFlush(void)
{
    int Done = 1;

    for (unsigned i = 0; i < HeldCount && Done; i++)
        Done = PutOnDisk(Held[i].Offset, Held[i].Data, 512);
    HeldCount = 0;
    return Done;
}

int HostTransfer(int Write, unsigned long long Offset, void *Buffer, unsigned Length)
{
    if (Offset % 512 || Length % 512) {
        fprintf(stderr, "unaligned transfer\n");
        abort();
    }
    if (Write && !Cached)
        return PutOnDisk(Offset, Buffer, Length);
    if (Write) {
        for (unsigned At = 0; At < Length; At += 512)
            Hold(Offset + At, (char *)Buffer + At);
        return 1;
    }
    if (pread(File, Buffer, Length, (off_t)Offset) != (ssize_t)Length)
        return 0;
    for (unsigned i = 0; i < HeldCount; i++)
        if (Held[i].Offset >= Offset && Held[i].Offset < Offset + Length)
            memcpy((char *)Buffer + (Held[i].Offset - Offset), Held[i].Data, 512);
    return 1;
}

/* Every allocation ends at a page that nobody may touch, and is gone once it is freed. The first page holds its size. */
#define PAGE 4096ull

void *HostAllocate(unsigned long long Size)
{
    unsigned long long Whole = (Size + PAGE - 1) / PAGE * PAGE;
    char *Memory = mmap(NULL, Whole + 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (Memory == MAP_FAILED)
        return NULL;
    *(unsigned long long *)Memory = Whole;
    mprotect(Memory + PAGE + Whole, PAGE, PROT_NONE);
    return Memory + PAGE + (Whole - Size) / 8 * 8;
}

void HostFree(void *Memory)
{
    char *Start = (char *)((unsigned long long)Memory / PAGE * PAGE - PAGE);

    munmap(Start, *(unsigned long long *)Start + 2 * PAGE);
}

void HostProblem(const char *Kind, unsigned Cluster, const char *Path)
{
    printf("%s %u %s\n", Kind, Cluster, Path);
}

int main(int argc, char **argv)
{
    unsigned Problems;
    int Force = 0;
    const char *Result;

    for (int i = 2; i < argc; i++) {
        if (!strcmp(argv[i], "/p"))
            Force = 1;
        if (!strncmp(argv[i], "cut=", 4))
            Sectors = atol(argv[i] + 4);
        if (!strcmp(argv[i], "cached"))
            Cached = 1;
    }
    File = argc > 1 ? open(argv[1], O_RDWR) : -1;
    if (File < 0) {
        perror("image");
        return 2;
    }
    Result = CheckImage((unsigned long long)lseek(File, 0, SEEK_END), Force, &Problems);
    printf("result %s problems %u\n", Result, Problems);
    return 0;
}
