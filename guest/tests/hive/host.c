/* The host's side: files that forget what was not flushed, and the commands of the test, one a line on standard input.
 *
 *   load DIR              reads DIR/hive, DIR/hive.LOG1, DIR/hive.LOG2; prints `load STATUS`
 *   unload
 *   create PATH CLASS VOLATILE | delete PATH | set PATH NAME TYPE DATA | unset PATH NAME   prints the status
 *   flush                 prints `flush STATUS BYTES OPERATIONS`
 *   cut N SEED DIR        in a child: flushes, loses the power at the Nth operation, leaves what is on the disk in DIR
 *   fail N                the disk refuses the Nth operation from here on, once (0: never)
 *   memory N              N allocations succeed, then none (-1: all)
 *   save DIR | dump | check | marvin SEED DATA
 *
 * Texts are `-` for none, or hexadecimal digits. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "hivetest.h"

#define SECTOR 512u

typedef struct {
    unsigned char *data;
    unsigned long long size;
    int exists;
} Blob;

typedef struct Pending {
    struct Pending *next;
    unsigned long long offset;          /* or the new size */
    unsigned length;
    int sets_size;
    unsigned char data[];
} Pending;

static Blob seen[3], disk[3];           /* what the guest reads back, and what a power cut leaves for certain */
static Pending *first[3], **last[3] = { &first[0], &first[1], &first[2] };
static long operations, cut_at, fail_at;
static const char *cut_directory;
static unsigned seed;
long HostAllocationsLeft = -1;

void HostFail(const char *what)
{
    printf("FAILED %s\n", what);
    fflush(stdout);
    abort();
}

void *HostAllocate(unsigned long long size)
{
    if (HostAllocationsLeft == 0)
        return NULL;
    if (HostAllocationsLeft > 0)
        HostAllocationsLeft--;
    return calloc(1, size ? size : 1);
}

void HostFree(void *memory) { free(memory); }
void HostPrint(const char *text) { fputs(text, stdout); }

void HostPrintHex(const void *data, unsigned length)
{
    for (unsigned i = 0; i < length; i++)
        printf("%02x", ((const unsigned char *)data)[i]);
}

static void resize(Blob *blob, unsigned long long size)
{
    blob->data = realloc(blob->data, size ? size : 1);
    if (size > blob->size)
        memset(blob->data + blob->size, 0, size - blob->size);
    blob->size = size;
    blob->exists = 1;
}

static void put(Blob *blob, unsigned long long offset, const void *data, unsigned length)
{
    if (offset + length > blob->size)
        resize(blob, offset + length);
    if (length)
        memcpy(blob->data + offset, data, length);
}

static unsigned chance(void)
{
    seed = seed * 1103515245u + 12345u;
    return seed >> 16;
}

/* What was not flushed is there or not, sector by sector, whatever the order. */
static void lose_power(void)
{
    unsigned style = chance() % 4;      /* nothing, everything, or a mixture */

    for (int file = 0; file < 3; file++) {
        for (Pending *p = first[file]; p; p = p->next) {
            if (style == 0)
                continue;
            if (p->sets_size) {
                if (style == 1 || chance() % 2)
                    resize(&disk[file], p->offset);
                continue;
            }
            for (unsigned done = 0; done < p->length;) {
                unsigned part = SECTOR - (unsigned)((p->offset + done) % SECTOR);

                if (part > p->length - done)
                    part = p->length - done;
                if (style == 1 || chance() % 2)
                    put(&disk[file], p->offset + done, p->data + done, part);
                done += part;
            }
        }
    }
}

static void save(const char *directory, Blob *blobs)
{
    static const char *const names[] = { "hive", "hive.LOG1", "hive.LOG2" };
    char path[4096];

    for (int file = 0; file < 3; file++) {
        snprintf(path, sizeof path, "%s/%s", directory, names[file]);
        remove(path);
        if (blobs[file].exists) {
            FILE *out = fopen(path, "wb");

            if (!out || fwrite(blobs[file].data, 1, blobs[file].size, out) != blobs[file].size || fclose(out))
                HostFail("cannot write");
        }
    }
}

/* Nonzero: the disk refuses. Does not return when the power goes. */
static int operation(void)
{
    operations++;
    if (cut_at && operations == cut_at) {
        lose_power();
        save(cut_directory, disk);
        _exit(0);
    }
    return fail_at && operations == fail_at;
}

static void remember(int file, unsigned long long offset, const void *data, unsigned length, int sets_size)
{
    Pending *p = malloc(sizeof *p + length);

    *p = (Pending){ NULL, offset, length, sets_size };
    if (length)
        memcpy(p->data, data, length);
    *last[file] = p;
    last[file] = &p->next;
}

int HostWrite(int file, unsigned long long offset, const void *data, unsigned length)
{
    int failed;

    remember(file, offset, data, length, 0);    /* a write under way when the power goes may be there in part */
    failed = operation();
    put(&seen[file], offset, data, length);
    return failed;
}

int HostSetSize(int file, unsigned long long size)
{
    int failed;

    remember(file, size, NULL, 0, 1);
    failed = operation();
    if (!failed)
        resize(&seen[file], size);
    return failed;
}

int HostFlush(int file)
{
    if (operation())
        return 1;
    while (first[file]) {
        Pending *p = first[file];

        if (p->sets_size)
            resize(&disk[file], p->offset);
        else
            put(&disk[file], p->offset, p->data, p->length);
        first[file] = p->next;
        free(p);
    }
    last[file] = &first[file];
    return 0;
}

const void *HostContents(int file, unsigned long long *size)
{
    *size = seen[file].size;
    return seen[file].exists ? seen[file].data : NULL;
}

static void read_files(const char *directory)
{
    static const char *const names[] = { "hive", "hive.LOG1", "hive.LOG2" };
    char path[4096];

    for (int file = 0; file < 3; file++) {
        FILE *in;

        while (first[file]) {
            Pending *p = first[file];

            first[file] = p->next;
            free(p);
        }
        last[file] = &first[file];
        for (Blob *blob = &seen[file];; blob = &disk[file]) {
            free(blob->data);
            *blob = (Blob){ 0 };
            if (blob == &disk[file])
                break;
        }
        snprintf(path, sizeof path, "%s/%s", directory, names[file]);
        in = fopen(path, "rb");
        if (!in)
            continue;
        fseek(in, 0, SEEK_END);
        resize(&seen[file], (unsigned long long)ftell(in));
        rewind(in);
        if (fread(seen[file].data, 1, seen[file].size, in) != seen[file].size)
            HostFail("cannot read");
        fclose(in);
        put(&disk[file], 0, seen[file].data, (unsigned)seen[file].size);
        disk[file].exists = 1;
    }
}

static void cut(long at, unsigned with, const char *directory)
{
    int status;
    unsigned bytes;
    pid_t child;

    fflush(stdout);
    child = fork();
    if (child == 0) {
        cut_at = operations + at;
        cut_directory = directory;
        seed = with * 2654435761u + (unsigned)at;
        TestFlush(&bytes);
        lose_power();                   /* behind the last operation */
        save(directory, disk);
        _exit(0);
    }
    waitpid(child, &status, 0);
    if (status != 0)
        HostFail("the child of a cut");
    printf("cut\n");
}

/* A word of the line as bytes; `-` is empty. */
static unsigned char *bytes_of(char *word, unsigned *length)
{
    unsigned char *out;

    if (!word)
        HostFail("a word is missing");
    *length = word[0] == '-' ? 0 : (unsigned)strlen(word) / 2;
    out = malloc(*length + 1);
    for (unsigned i = 0; i < *length; i++)
        sscanf(word + 2 * i, "%2hhx", &out[i]);
    return out;
}

static void command(char *line)
{
    char *words[6] = { 0 };
    unsigned char *text[6] = { 0 };
    unsigned length[6] = { 0 }, bytes, status;
    int count = 0;

    for (char *word = strtok(line, " \n"); word && count < 6; word = strtok(NULL, " \n"))
        words[count++] = word;
    if (!count)
        return;
    if (!strcmp(words[0], "load")) {
        read_files(words[1]);
        printf("load 0x%08X\n", TestLoad());
    } else if (!strcmp(words[0], "unload")) {
        TestUnload();
    } else if (!strcmp(words[0], "flush")) {
        long before = operations;

        status = TestFlush(&bytes);
        printf("flush 0x%08X %u %ld\n", status, bytes, operations - before);
    } else if (!strcmp(words[0], "cut")) {
        cut(atol(words[1]), (unsigned)atol(words[2]), words[3]);
    } else if (!strcmp(words[0], "fail")) {
        fail_at = atol(words[1]) ? operations + atol(words[1]) : 0;
    } else if (!strcmp(words[0], "memory")) {
        HostAllocationsLeft = atol(words[1]);
    } else if (!strcmp(words[0], "save")) {
        save(words[1], seen);
        printf("save\n");
    } else if (!strcmp(words[0], "dump")) {
        TestDump();
        printf("end\n");
    } else if (!strcmp(words[0], "check")) {
        TestCheck();
        printf("check\n");
    } else if (!strcmp(words[0], "marvin")) {
        text[2] = bytes_of(words[2], &length[2]);
        printf("marvin 0x%016llX\n", TestMarvin(strtoull(words[1], NULL, 16), text[2], length[2]));
    } else {
        for (int i = 1; i < count; i++)
            text[i] = bytes_of(words[i], &length[i]);
        if (!strcmp(words[0], "create"))
            status = TestCreateKey(text[1], length[1], text[2], length[2], atoi(words[3]));
        else if (!strcmp(words[0], "delete"))
            status = TestDeleteKey(text[1], length[1]);
        else if (!strcmp(words[0], "set"))
            status = TestSetValue(text[1], length[1], text[2], length[2], (unsigned)atol(words[3]), text[4], length[4]);
        else if (!strcmp(words[0], "unset"))
            status = TestDeleteValue(text[1], length[1], text[2], length[2]);
        else
            HostFail(words[0]);
        printf("%s 0x%08X\n", words[0], status);
    }
    for (int i = 0; i < 6; i++)
        free(text[i]);
}

int main(void)
{
    char *line = NULL;
    size_t room = 0;

    while (getline(&line, &room, stdin) > 0) {
        command(line);
        fflush(stdout);
    }
    free(line);
    for (int file = 0; file < 3; file++) {
        free(seen[file].data);
        free(disk[file].data);
        while (first[file]) {
            Pending *p = first[file];

            first[file] = p->next;
            free(p);
        }
    }
    return 0;
}
