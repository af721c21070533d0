/* Files by the firmware's file system. */
#include "efiload.h"

#define NAME_LIMIT 260

EFI_FILE *EfiOpenFile(EFI_FILE *Root, PCSTR Name)
{
    WCHAR Path[NAME_LIMIT];
    EFI_FILE *File;
    ULONG Length = 0;

    for (; Name[Length] && Length < NAME_LIMIT - 2; Length++)
        Path[Length] = Name[Length] == '/' ? '\\' : (UCHAR)Name[Length];
    if (Name[Length])
        return NULL;
    Path[Length] = 0;
    return EFI_ERROR(Root->Open(Root, &File, Path, EFI_FILE_MODE_READ, 0)) ? NULL : File;
}

ULONG64 EfiFileSize(EFI_FILE *File, PCSTR Name)
{
    ULONG64 Size;

    if (EFI_ERROR(File->SetPosition(File, ~0ull)) || EFI_ERROR(File->GetPosition(File, &Size)) ||
        EFI_ERROR(File->SetPosition(File, 0)) || Size > 0x40000000)
        EfiFailFile("cannot read a file", Name);
    return Size;
}

VOID EfiReadFile(EFI_FILE *File, PCSTR Name, PVOID Buffer, ULONG64 Size)
{
    ULONG64 Done = Size;

    if (EFI_ERROR(File->Read(File, &Done, Buffer)) || Done != Size)
        EfiFailFile("cannot read a file", Name);
}
