/* The kernel, the SYSTEM hive with its logs, and the boot-start drivers: into one range of memory, as boot modules. */
#include "efiload.h"

#define KERNEL      "Windows/System32/ntoskrnl.exe"
#define SYSTEM_HIVE "Windows/System32/config/SYSTEM"
#define NAME_SIZE   208

/* A file to be loaded. */
typedef struct _WANTED {
    CHAR Name[NAME_SIZE];
    EFI_FILE *File;
    ULONG64 Size;
} WANTED;

typedef struct _WANTED_LIST {
    EFI_FILE *Root;
    ULONG Count;
    WANTED Item[LOADER_MODULES];
} WANTED_LIST;

static WANTED_LIST List;

/* A driver that is not there is the kernel's affair: it says which one it misses. */
static VOID Add(PVOID Context, PCSTR Name)
{
    WANTED_LIST *Wanted = Context;
    WANTED *Item = &Wanted->Item[Wanted->Count];
    ULONG i = 0;

    if (Wanted->Count == LOADER_MODULES)
        BootFail("too many boot-start drivers");
    for (; Name[i] && i < NAME_SIZE - 1; i++)
        Item->Name[i] = Name[i];
    Item->Name[i] = 0;
    Item->File = EfiOpenFile(Wanted->Root, Name);
    if (Item->File == NULL)
        return;
    Item->Size = EfiFileSize(Item->File, Name);
    Wanted->Count++;
}

static VOID AddRequired(PCSTR Name)
{
    ULONG Count = List.Count;

    Add(&List, Name);
    if (List.Count == Count)
        EfiFailFile("a file is missing", Name);
}

/* The hive is read once more with the others: only by what is in it one knows how much memory all of them take. */
static VOID AddDrivers(const WANTED *Hive)
{
    PVOID Copy = EfiAllocate(max(Hive->Size, 1));

    EfiReadFile(Hive->File, Hive->Name, Copy, Hive->Size);
    Hive->File->SetPosition(Hive->File, 0);
    EfiFindDrivers(Copy, Hive->Size, Add, &List);
}

static ULONG64 NameLength(const WANTED *Item)
{
    ULONG64 Length = 0;

    while (Item->Name[Length])
        Length++;
    return Length + 1;
}

/* Each file begins a page of its own: the kernel maps and loads from them. Names are behind all files. */
static ULONG64 Measure(VOID)
{
    ULONG64 Size = 0;

    for (ULONG i = 0; i < List.Count; i++)
        Size += BOOT_PAGE_UP(List.Item[i].Size) + NameLength(&List.Item[i]);
    return BOOT_PAGE_UP(Size);
}

VOID EfiLoadModules(EFI_FILE *System, EFI_MODULES *Modules)
{
    PUCHAR At;

    List.Root = System;
    AddRequired(KERNEL);
    AddRequired(SYSTEM_HIVE);
    AddDrivers(&List.Item[1]);
    Add(&List, SYSTEM_HIVE ".LOG1");
    Add(&List, SYSTEM_HIVE ".LOG2");

    Modules->Count = List.Count;
    Modules->Size = Measure();
    Modules->Base = (ULONG64)EfiAllocate(Modules->Size);
    At = (PUCHAR)Modules->Base;
    for (ULONG i = 0; i < List.Count; i++) {
        WANTED *Item = &List.Item[i];

        EfiReadFile(Item->File, Item->Name, At, Item->Size);
        Item->File->Close(Item->File);
        Modules->Module[i] = (LOADER_MODULE){ NULL, At, (ULONG64)At, Item->Size };
        At += BOOT_PAGE_UP(Item->Size);
    }
    for (ULONG i = 0; i < List.Count; i++) {
        Modules->Module[i].Name = (PCSTR)At;
        __builtin_memcpy(At, List.Item[i].Name, NameLength(&List.Item[i]));
        At += NameLength(&List.Item[i]);
    }
}
