/* fastfat.sys: the entry, and what the I/O manager calls. */
#include "fat.h"

static PCSTR FatQueryJournal(PVOID Context)
{
    static const PCSTR Names[] = { "clean", "replayed", "torn", "none" };

    return Names[((PVCB)Context)->JournalState];
}

static const IO_DEVICE_OPERATIONS FatOperations = {
    .Create = FatCreate, .Read = FatRead, .Write = FatWrite, .Flush = FatFlush,
    .QueryAttributes = FatQueryAttributes, .SetAttributes = FatSetAttributes, .SetEndOfFile = FatSetEndOfFile,
    .SetAllocation = FatSetAllocation, .Rename = FatRename, .SetDisposition = FatSetDisposition,
    .QueryDirectory = FatQueryDirectory, .QueryVolume = FatQueryVolume, .SetLabel = FatSetLabel, .Control = FatControl,
    .QueryExtent = FatQueryExtent, .Cleanup = FatCleanup, .Close = FatClose
};

const IO_FILE_SYSTEM FatFileSystem = {
    .Name = L"FAT32", .Mount = FatMount, .Shutdown = FatShutdown, .Operations = &FatOperations,
    .QueryJournal = FatQueryJournal
};

NTSTATUS DriverEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath)
{
    UNREFERENCED_PARAMETER(Driver);
    UNREFERENCED_PARAMETER(RegistryPath);
    IoRegisterFileSystem(&FatFileSystem);
    return STATUS_SUCCESS;
}
