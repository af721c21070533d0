/* What cannot be booted, under UEFI: on the firmware's console while there is one, on the serial port, then power off. */
#include "efiload.h"

static VOID Print(PCSTR Text)
{
    WCHAR Wide[2] = { 0, 0 };

    BootPutString(Text);
    for (; EfiHasBootServices && EfiSystem->ConOut != NULL && *Text; Text++) {
        Wide[0] = (UCHAR)*Text;
        EfiSystem->ConOut->OutputString(EfiSystem->ConOut, Wide);
    }
}

VOID EfiFailFile(PCSTR Reason, PCSTR Name)
{
    Print("smssboot: boot loader: ");
    Print(Reason);
    if (Name != NULL) {
        Print(": ");
        Print(Name);
    }
    Print("\r\n");
    EfiSystem->RuntimeServices->ResetSystem(EfiResetShutdown, EFI_SUCCESS, 0, NULL);
    for (;;)
        ;
}

VOID BootFail(PCSTR Reason) { EfiFailFile(Reason, NULL); }
