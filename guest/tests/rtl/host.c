/* The host's side: the program's entry, memory and files by the host's C library. */
#undef memcpy
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int TestMain(const char *Image, unsigned Checksum);

int TestFailures;

void TestFailed(const char *File, int Line, const char *What)
{
    printf("FAILED %s:%d: %s\n", File, Line, What);
    TestFailures++;
}

void *HostAllocate(unsigned long long Size)
{
    return aligned_alloc(4096, Size);
}

void HostFree(void *Memory)
{
    free(Memory);
}

/* The whole file in new memory, NULL when it cannot be read. */
void *HostReadFile(const char *Path, unsigned *Size)
{
    FILE *File = fopen(Path, "rb");
    void *Data;

    if (!File)
        return NULL;
    fseek(File, 0, SEEK_END);
    *Size = (unsigned)ftell(File);
    rewind(File);
    Data = malloc(*Size);
    if (fread(Data, 1, *Size, File) != *Size)
        exit(2);
    fclose(File);
    return Data;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: rtltest IMAGE CHECKSUM\n");
        return 2;
    }
    TestMain(argv[1], (unsigned)strtoul(argv[2], NULL, 0));
    printf("%d failures\n", TestFailures);
    return TestFailures != 0;
}
