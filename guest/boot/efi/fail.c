/* What cannot be booted, under UEFI: on the firmware's console while there is one, on the serial port, then power off. */
#include "efiload.h"

#define LINE_LIMIT 320

typedef struct _LINE {
    ULONG Length;
    CHAR Text[LINE_LIMIT];
} LINE;

static VOID Append(LINE *Line, PCSTR Text)
{
    for (; *Text && Line->Length < LINE_LIMIT - 1; Text++)
        Line->Text[Line->Length++] = *Text;
    Line->Text[Line->Length] = 0;
}

/* The firmware's console may be the serial port: the line is whole on each, so that it can be read when it is twice. */
static VOID Show(const LINE *Line)
{
    WCHAR Wide[LINE_LIMIT];

    for (ULONG i = 0; i <= Line->Length; i++)
        Wide[i] = (UCHAR)Line->Text[i];
    if (EfiHasBootServices && EfiSystem->ConOut != NULL)
        EfiSystem->ConOut->OutputString(EfiSystem->ConOut, Wide);
    BootPutString(Line->Text);
}

VOID EfiFailFile(PCSTR Reason, PCSTR Name)
{
    static LINE Line;

    Append(&Line, "smssboot: boot loader: ");
    Append(&Line, Reason);
    if (Name != NULL) {
        Append(&Line, ": ");
        Append(&Line, Name);
    }
    Append(&Line, "\r\n");
    Show(&Line);
    EfiSystem->RuntimeServices->ResetSystem(EfiResetShutdown, EFI_SUCCESS, 0, NULL);
    for (;;)
        ;
}

VOID BootFail(PCSTR Reason) { EfiFailFile(Reason, NULL); }
