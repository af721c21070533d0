/* Which drivers start with the kernel: services with Start 0 in the control set that Select names. */
#include "efiload.h"
#include <hive.h>

#define SERVICE_KERNEL_DRIVER      1
#define SERVICE_FILE_SYSTEM_DRIVER 2
#define NAME_SIZE                  200

static CHAR Fold(CHAR Character)
{
    return Character >= 'A' && Character <= 'Z' ? (CHAR)(Character + 32) : Character == '/' ? '\\' : Character;
}

/* Skips Prefix, which is in lower case. */
static BOOLEAN Skip(PCSTR *Text, PCSTR Prefix)
{
    PCSTR At = *Text;

    for (; *Prefix; At++, Prefix++)
        if (Fold(*At) != *Prefix)
            return FALSE;
    *Text = At;
    return TRUE;
}

static VOID Append(PCHAR Name, PULONG Length, PCSTR Text)
{
    for (; *Text && *Length < NAME_SIZE - 1; Text++)
        Name[(*Length)++] = *Text == '\\' ? '/' : *Text;
    Name[*Length] = 0;
}

/* ImagePath as a module's name: relative to \SystemRoot unless it says so itself. */
static VOID NameOf(const BOOT_HIVE *Hive, ULONG Service, PCSTR Key, PCHAR Name)
{
    CHAR Path[NAME_SIZE];
    PCSTR At = Path;
    ULONG Length = 0;

    Append(Name, &Length, "Windows/");
    if (!BootQueryString(Hive, Service, "ImagePath", Path, NAME_SIZE) || !*Path) {
        Append(Name, &Length, "System32/drivers/");
        Append(Name, &Length, Key);
        Append(Name, &Length, ".sys");
        return;
    }
    if (!Skip(&At, "\\systemroot\\") && !Skip(&At, "%systemroot%\\"))
        Skip(&At, "\\??\\c:\\windows\\");
    if (Skip(&At, "system32\\"))
        Append(Name, &Length, "System32/");
    Append(Name, &Length, At);
}

static ULONG FindServices(const BOOT_HIVE *Hive)
{
    ULONG Select = BootFindKey(Hive, Hive->Root, "Select"), Current;
    CHAR Set[] = "ControlSet000";
    ULONG Key;

    if (Select == MAXULONG || !BootQueryNumber(Hive, Select, "Current", &Current) || Current > 999)
        BootFail("the SYSTEM hive selects no control set");
    Set[10] = (CHAR)('0' + Current / 100);
    Set[11] = (CHAR)('0' + Current / 10 % 10);
    Set[12] = (CHAR)('0' + Current % 10);
    Key = BootFindKey(Hive, Hive->Root, Set);
    if (Key == MAXULONG)
        EfiFailFile("the SYSTEM hive has no such control set", Set);
    return BootFindKey(Hive, Key, "Services");
}

VOID EfiFindDrivers(PCVOID Data, ULONG64 Size, EFI_ADD_ROUTINE *Add, PVOID Context)
{
    BOOT_HIVE Hive;
    ULONG Services, Service;

    if (!BootOpenHive(&Hive, Data, Size))
        BootFail("the SYSTEM hive is damaged");
    Services = FindServices(&Hive);
    if (Services == MAXULONG)
        return;
    for (ULONG i = 0; (Service = BootEnumerateKey(&Hive, Services, i)) != MAXULONG; i++) {
        CHAR Key[NAME_SIZE], Name[NAME_SIZE];
        ULONG Start, Type;

        if (!BootQueryNumber(&Hive, Service, "Start", &Start) || Start != 0 ||
            !BootQueryNumber(&Hive, Service, "Type", &Type) ||
            (Type != SERVICE_KERNEL_DRIVER && Type != SERVICE_FILE_SYSTEM_DRIVER) ||
            !BootKeyName(&Hive, Service, Key, NAME_SIZE))
            continue;
        NameOf(&Hive, Service, Key, Name);
        Add(Context, Name);
    }
}
