/* BOOTX64.EFI and BOOTAA64.EFI: loads from the system volume what QEMU's -initrd brings else, and starts the same kernel. */
#include "efiload.h"

#include <ntimage.h>

#define CONFIG        "EFI/BOOT/boot.cfg"
#define DEFAULT_LINE  "profile=win11/documented"
#define PARTITION_KEY "systempartition="
#define LINE_SIZE     BOOT_PAGE
/* Beside the kernel: the loader block, and page tables for the direct map of 512 GiB at most, in large pages. */
#define TABLES_SIZE   (4ull << 20)

EFI_HANDLE EfiImage;
EFI_SYSTEM_TABLE *EfiSystem;
BOOLEAN EfiHasBootServices;

EFI_STATUS EfiMain(EFI_HANDLE Image, EFI_SYSTEM_TABLE *System);

static PVOID FindTable(EFI_GUID Guid)
{
    for (ULONG64 i = 0; i < EfiSystem->NumberOfTableEntries; i++)
        if (__builtin_memcmp(&EfiSystem->ConfigurationTable[i].VendorGuid, &Guid, sizeof(Guid)) == 0)
            return EfiSystem->ConfigurationTable[i].VendorTable;
    return NULL;
}

static BOOLEAN HasKey(PCSTR Line, PCSTR Key)
{
    for (; *Line; Line++) {
        ULONG i = 0;
        while (Key[i] && Line[i] == Key[i])
            i++;
        if (!Key[i])
            return TRUE;
    }
    return FALSE;
}

static VOID Append(PCHAR Line, PCSTR Text)
{
    ULONG64 Length = 0;

    while (Line[Length])
        Length++;
    for (; *Text; Text++) {
        if (Length == LINE_SIZE - 1)
            BootFail("the command line in \\EFI\\BOOT\\boot.cfg is too long");
        Line[Length++] = *Text;
    }
    Line[Length] = 0;
}

/* The first line of boot.cfg, without blanks at its end, and the system volume's partition unless it names one. */
static PCSTR ReadCommandLine(const EFI_VOLUMES *Volumes)
{
    PCHAR Line = EfiAllocate(LINE_SIZE);
    EFI_FILE *File = EfiOpenFile(Volumes->Boot, CONFIG);
    ULONG64 Length = 0, End = 0;

    __builtin_memset(Line, 0, LINE_SIZE);
    if (File == NULL) {
        Append(Line, DEFAULT_LINE);
    } else {
        Length = EfiFileSize(File, CONFIG);
        if (Length >= LINE_SIZE)
            BootFail("the command line in \\EFI\\BOOT\\boot.cfg is too long");
        EfiReadFile(File, CONFIG, Line, Length);
        File->Close(File);
        for (ULONG64 i = 0; i < Length && Line[i] >= ' ' && Line[i] < 0x7F; i++)
            if (Line[i] != ' ')
                End = i + 1;
        __builtin_memset(Line + End, 0, LINE_SIZE - End);
    }
    if (!HasKey(Line, PARTITION_KEY)) {
        Append(Line, " " PARTITION_KEY);
        Append(Line, Volumes->SystemGuid);
    }
    return Line;
}

/* Pages for BootAllocate; what it does not take is free again. */
static VOID PrepareArea(const LOADER_MODULE *Kernel)
{
    ULONG64 Size = BootCheckImage(Kernel) + TABLES_SIZE, Base = (ULONG64)EfiAllocate(Size);

    BootSetAllocationArea(Base, Base + BOOT_PAGE_UP(Size));
}

EFI_STATUS EfiMain(EFI_HANDLE Image, EFI_SYSTEM_TABLE *System)
{
    static EFI_MODULES Modules;
    BOOT_INFORMATION Information = { 0 };
    EFI_VOLUMES Volumes;
    BOOT_TARGET Target;

    EfiImage = Image;
    EfiSystem = System;
    EfiHasBootServices = TRUE;
    EfiFindVolumes(&Volumes);
    Information.CommandLine = ReadCommandLine(&Volumes);
    EfiLoadModules(Volumes.System, &Modules);
    PrepareArea(&Modules.Module[0]);
    Information.AcpiRsdp = (ULONG64)FindTable((EFI_GUID)EFI_ACPI_20_GUID);
    if (Information.AcpiRsdp == 0)
        Information.AcpiRsdp = (ULONG64)FindTable((EFI_GUID)EFI_ACPI_10_GUID);
    Information.DeviceTree = (ULONG64)FindTable((EFI_GUID)EFI_DEVICE_TREE_GUID);

    EfiExitBootServices();
    EfiQuietMachine();
    BootReserve(LoaderBootModules, (ULONG64)Information.CommandLine, (ULONG64)Information.CommandLine + LINE_SIZE);
    Information.ModulesBase = Modules.Base;
    Information.ModulesSize = Modules.Size;
    Information.Modules = Modules.Module;
    Information.ModuleCount = Modules.Count;
    Information.StubBase = (ULONG64)EfiTrampoline;
    Information.StubEnd = (ULONG64)EfiTrampolineEnd;
    BootLoadKernel(&Information, &Target);
    EfiEnterKernel(Target.PageTableRoot, Target.Entry, Target.LoaderBlock);
}
