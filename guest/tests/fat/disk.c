/* A disk with a write cache, over a copy of an image in memory. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "bench.h"

#define SECTOR 512u

typedef struct {
    unsigned long long Sector;
    unsigned char Data[SECTOR];
} UNFLUSHED;

static unsigned char *Stable, *Current;         /* on the medium; as reads see it */
static unsigned char *Changed;                  /* a byte per sector that differs from the file */
static unsigned long long Sectors, Written, Limit;
static UNFLUSHED *Queue;
static size_t QueueLength, QueueRoom;
static int Off;
static char Source[4096];

void DiskOpen(const char *Path)
{
    int File = open(Path, O_RDONLY);
    struct stat Status;

    if (File < 0 || fstat(File, &Status) != 0)
        exit(2);
    snprintf(Source, sizeof Source, "%s", Path);
    Sectors = (unsigned long long)Status.st_size / SECTOR;
    Stable = mmap(NULL, (size_t)Status.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, File, 0);
    Current = mmap(NULL, (size_t)Status.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, File, 0);
    Changed = calloc(Sectors, 1);
    close(File);
    if (Stable == MAP_FAILED || Current == MAP_FAILED || !Changed)
        exit(2);
}

void DiskSave(const char *Path)
{
    char Command[9000];
    int File;

    snprintf(Command, sizeof Command, "cp --sparse=always '%s' '%s'", Source, Path);
    if (system(Command) != 0 || (File = open(Path, O_WRONLY)) < 0)
        exit(2);
    for (unsigned long long i = 0; i < Sectors; i++)
        if (Changed[i] && pwrite(File, Stable + i * SECTOR, SECTOR, (off_t)(i * SECTOR)) != SECTOR)
            exit(2);
    close(File);
}

unsigned long long DiskSectors(void) { return Sectors; }
unsigned long long DiskWrites(void) { return Written; }
void DiskArm(unsigned long long Writes) { Limit = Writes ? Written + Writes : 0; }

int DiskRead(unsigned long long Sector, unsigned Count, void *Buffer)
{
    if (Off || Sector > Sectors || Count > Sectors - Sector)
        return 1;
    memcpy(Buffer, Current + Sector * SECTOR, (size_t)Count * SECTOR);
    return 0;
}

static void Keep(unsigned long long Sector, const unsigned char *Data)
{
    memcpy(Stable + Sector * SECTOR, Data, SECTOR);
    Changed[Sector] = 1;
}

int DiskWrite(unsigned long long Sector, unsigned Count, const void *Buffer)
{
    if (Off || Sector > Sectors || Count > Sectors - Sector)
        return 1;
    for (unsigned i = 0; i < Count; i++) {
        const unsigned char *Data = (const unsigned char *)Buffer + i * SECTOR;

        if (Limit && Written + 1 >= Limit) {
            Off = 1;
            return 1;
        }
        Written++;
        if (QueueLength == QueueRoom) {
            QueueRoom = QueueRoom ? QueueRoom * 2 : 256;
            Queue = realloc(Queue, QueueRoom * sizeof *Queue);
        }
        Queue[QueueLength].Sector = Sector + i;
        memcpy(Queue[QueueLength++].Data, Data, SECTOR);
        memcpy(Current + (Sector + i) * SECTOR, Data, SECTOR);
    }
    return 0;
}

int DiskFlush(void)
{
    if (Off)
        return 1;
    for (size_t i = 0; i < QueueLength; i++)
        Keep(Queue[i].Sector, Queue[i].Data);
    QueueLength = 0;
    return 0;
}

static unsigned Random(unsigned *State)
{
    *State = *State * 1664525u + 1013904223u;
    return *State >> 16;
}

/* Each write is kept or lost by itself, whatever its order: that is more than any disk may do, and less is included. For
 * one sector the order holds. */
void DiskCrash(unsigned Seed)
{
    unsigned State = Seed, Kind = Seed % 4;

    for (size_t i = 0; i < QueueLength; i++) {
        int Kept = Kind == 0 ? 0 : Kind == 1 ? 1 : Kind == 2 ? Random(&State) % 2 : Random(&State) % 8 != 0;

        if (Kept)
            Keep(Queue[i].Sector, Queue[i].Data);
    }
    for (size_t i = 0; i < QueueLength; i++)
        memcpy(Current + Queue[i].Sector * SECTOR, Stable + Queue[i].Sector * SECTOR, SECTOR);
    QueueLength = 0;
    Off = 0;
    Limit = 0;
}
