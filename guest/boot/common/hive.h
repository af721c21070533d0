/* A registry hive ("regf") as it lies on the disk: the few questions that a boot asks. Nothing in it is trusted. */
#pragma once

#include <ntdef.h>

typedef struct _BOOT_HIVE {
    const UCHAR *Data;
    ULONG Size;
    ULONG Root;                                     /* keys are numbered by the place of their cell */
} BOOT_HIVE;

BOOLEAN BootOpenHive(BOOT_HIVE *Hive, PCVOID Data, ULONG64 Size);
ULONG BootFindKey(const BOOT_HIVE *Hive, ULONG Key, PCSTR Name);        /* MAXULONG: no such key; case-insensitive */
ULONG BootEnumerateKey(const BOOT_HIVE *Hive, ULONG Key, ULONG Index);  /* MAXULONG: no more */
BOOLEAN BootKeyName(const BOOT_HIVE *Hive, ULONG Key, PCHAR Name, ULONG Size);  /* FALSE: too long, not ASCII */
/* Data points into the hive; a value of more than one cell's length is not found. */
BOOLEAN BootQueryValue(const BOOT_HIVE *Hive, ULONG Key, PCSTR Name, PULONG Type, const UCHAR **Data, PULONG Length);
BOOLEAN BootQueryNumber(const BOOT_HIVE *Hive, ULONG Key, PCSTR Name, PULONG Number);      /* REG_DWORD */
/* REG_SZ and REG_EXPAND_SZ as ASCII, ended by NUL; FALSE: another type, too long, not ASCII. */
BOOLEAN BootQueryString(const BOOT_HIVE *Hive, ULONG Key, PCSTR Name, PCHAR Text, ULONG Size);
