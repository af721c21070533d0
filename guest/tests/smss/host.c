/* The host's side of the session manager's test: arguments, files, output.
 *
 *   smsstest size ENTRY MEMORY ROOM      what becomes of an entry of PagingFiles; sizes in bytes
 *   smsstest shrink ENTRY COUNT          the minimum after COUNT times STATUS_DISK_FULL
 *   smsstest event LOG COUNT TEXT        appends COUNT records of TEXT and a number; makes the file
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned long long Number;

/* smss.c: results are status, managed, minimum, maximum, fits, minimum, maximum. */
void TestSize(const char *Entry, Number Memory, Number Room, Number Results[7]);
Number TestShrink(const char *Entry, unsigned Count);
unsigned TestAppend(unsigned char *Log, unsigned Size, unsigned Count, const char *Text);
enum { LogSize = 0x10000 };

static int Append(const char *Path, unsigned Count, const char *Text)
{
    static unsigned char Log[LogSize];
    FILE *File = fopen(Path, "rb");
    unsigned Size = 0;

    if (File) {
        Size = (unsigned)fread(Log, 1, sizeof Log, File);
        fclose(File);
    }
    Size = TestAppend(Log, Size, Count, Text);
    File = fopen(Path, "wb");
    if (!File || fwrite(Log, 1, Size, File) != Size || fclose(File))
        return 2;
    return 0;
}

int main(int argc, char **argv)
{
    Number Results[7];

    if (argc == 5 && !strcmp(argv[1], "size")) {
        TestSize(argv[2], strtoull(argv[3], NULL, 0), strtoull(argv[4], NULL, 0), Results);
        for (int i = 0; i < 7; i++)
            printf("%llu ", Results[i]);
        return 0;
    }
    if (argc == 4 && !strcmp(argv[1], "shrink")) {
        printf("%llu", TestShrink(argv[2], (unsigned)atoi(argv[3])));
        return 0;
    }
    if (argc == 5 && !strcmp(argv[1], "event"))
        return Append(argv[2], (unsigned)atoi(argv[3]), argv[4]);
    return 2;
}
