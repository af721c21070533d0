/* Reads the boot modules: a cpio archive in the "newc" format (110-byte ASCII header, name, data, all padded to 4). */
#include "boot.h"

#define CPIO_HEADER 110

static ULONG64 Hex8(PCSTR Text)
{
    ULONG64 Value = 0;

    for (ULONG i = 0; i < 8; i++) {
        CHAR c = Text[i];
        if (c >= '0' && c <= '9')
            Value = Value * 16 + (ULONG64)(c - '0');
        else if (c >= 'a' && c <= 'f')
            Value = Value * 16 + (ULONG64)(c - 'a' + 10);
        else if (c >= 'A' && c <= 'F')
            Value = Value * 16 + (ULONG64)(c - 'A' + 10);
        else
            BootFail("damaged boot modules: no number in a header");
    }
    return Value;
}

static BOOLEAN SameName(PCSTR A, PCSTR B)
{
    for (;; A++, B++) {
        CHAR a = *A, b = *B;
        if (a >= 'A' && a <= 'Z')
            a = (CHAR)(a + 32);
        if (b >= 'A' && b <= 'Z')
            b = (CHAR)(b + 32);
        if (a != b)
            return FALSE;
        if (a == 0)
            return TRUE;
    }
}

/* Directories (mode 040000) are left out: a path says all that Io needs. */
VOID BootListModules(ULONG64 Base, ULONG64 Size, PLOADER_PARAMETER_BLOCK Block)
{
    ULONG64 Offset = 0;

    for (;;) {
        PCSTR Header = (PCSTR)(Base + Offset);
        ULONG64 Mode, FileSize, NameSize, Data;
        PCSTR Name;

        if (Offset + CPIO_HEADER > Size || __builtin_memcmp(Header, "070701", 6) != 0)
            BootFail("damaged boot modules: not a newc cpio archive, or cut short");
        Mode = Hex8(Header + 14);
        FileSize = Hex8(Header + 54);
        NameSize = Hex8(Header + 94);
        Name = Header + CPIO_HEADER;
        Data = (Offset + CPIO_HEADER + NameSize + 3) & ~3ull;
        if (NameSize == 0 || Data > Size || FileSize > Size - Data || Name[NameSize - 1] != 0)
            BootFail("damaged boot modules: a file reaches over the end");
        if (SameName(Name, "TRAILER!!!"))
            return;
        if (Name[0] == '.' && Name[1] == '/')
            Name += 2;
        if ((Mode & 0170000) == 0100000) {
            if (Block->ModuleCount == LOADER_MODULES)
                BootFail("too many boot modules");
            Block->Modules[Block->ModuleCount++] =
                (LOADER_MODULE){ Name, (PVOID)(Base + Data), Base + Data, FileSize };
        }
        Offset = (Data + FileSize + 3) & ~3ull;
    }
}

PLOADER_MODULE BootFindModule(PLOADER_PARAMETER_BLOCK Block, PCSTR Name)
{
    for (ULONG i = 0; i < Block->ModuleCount; i++)
        if (SameName(Block->Modules[i].Name, Name))
            return &Block->Modules[i];
    return NULL;
}
