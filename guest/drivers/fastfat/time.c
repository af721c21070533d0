/* FAT's dates and times (taken as UTC) and NT's. */
#include "fat.h"

#define FAT_DAY (24ll * 60 * 60 * 10000000)
#define FAT_EPOCH (138426 * FAT_DAY)    /* 1 January 1980 */
#define FAT_LAST_DAY 46750              /* 31 December 2107 */

static BOOLEAN FatIsLeap(ULONG Year)
{
    return Year % 4 == 0 && Year != 2100;       /* of 1980 to 2107 */
}

static ULONG FatMonthDays(ULONG Year, ULONG Month)
{
    static const UCHAR Days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

    return Days[Month] + (Month == 1 && FatIsLeap(Year));
}

LARGE_INTEGER FatTimeToNt(USHORT Date, USHORT Time, UCHAR Tenths)
{
    ULONG Year = 1980 + (Date >> 9), Month = (Date >> 5 & 15) - 1u, Day = (Date & 31) - 1u, Days = 0;
    LARGE_INTEGER Result = { .QuadPart = 0 };

    if (Month > 11 || Day > 30)
        return Result;                  /* 0 on the disk: no time */
    for (ULONG y = 1980; y < Year; y++)
        Days += 365 + FatIsLeap(y);
    for (ULONG m = 0; m < Month; m++)
        Days += FatMonthDays(Year, m);
    Result.QuadPart = FAT_EPOCH + (LONGLONG)(Days + Day) * FAT_DAY +
                      ((LONGLONG)(Time >> 11) * 3600 + (Time >> 5 & 63) * 60 + (Time & 31) * 2) * 10000000 +
                      (LONGLONG)Tenths * 100000;
    return Result;
}

VOID FatTimeFromNt(LARGE_INTEGER NtTime, PUSHORT Date, PUSHORT Time, PUCHAR Tenths)
{
    LONGLONG Since = NtTime.QuadPart - FAT_EPOCH;
    ULONG Days, Year = 1980, Month = 0, Seconds, Hundredths;

    if (Since < 0)
        Since = 0;
    if (Since / FAT_DAY > FAT_LAST_DAY)
        Since = FAT_LAST_DAY * FAT_DAY;
    Days = (ULONG)(Since / FAT_DAY);
    Hundredths = (ULONG)(Since % FAT_DAY / 100000);
    Seconds = Hundredths / 100;
    for (; Days >= 365u + FatIsLeap(Year); Year++)
        Days -= 365 + FatIsLeap(Year);
    for (; Days >= FatMonthDays(Year, Month); Month++)
        Days -= FatMonthDays(Year, Month);
    *Date = (USHORT)((Year - 1980) << 9 | (Month + 1) << 5 | (Days + 1));
    *Time = (USHORT)(Seconds / 3600 << 11 | Seconds / 60 % 60 << 5 | Seconds % 60 / 2);
    if (Tenths != NULL)
        *Tenths = (UCHAR)(Hundredths % 200);
}

/* The values of a packed entry have no address of their own. */
VOID FatStampWrite(PFAT_DIRENT Entry)
{
    LARGE_INTEGER Now;
    USHORT Date, Time;

    KeQuerySystemTime(&Now);
    FatTimeFromNt(Now, &Date, &Time, NULL);
    Entry->WriteDate = Entry->AccessDate = Date;
    Entry->WriteTime = Time;
    if ((Entry->Attributes & FILE_ATTRIBUTE_DIRECTORY) == 0)
        Entry->Attributes |= FILE_ATTRIBUTE_ARCHIVE;
}

VOID FatStampNew(PFAT_DIRENT Entry)
{
    LARGE_INTEGER Now;
    USHORT Date, Time;
    UCHAR Tenths;

    FatStampWrite(Entry);
    KeQuerySystemTime(&Now);
    FatTimeFromNt(Now, &Date, &Time, &Tenths);
    Entry->CreationDate = Date;
    Entry->CreationTime = Time;
    Entry->CreationTenths = Tenths;
}
