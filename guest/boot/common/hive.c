/* Reads a registry hive in place: cells, keys, values, each checked against the hive's end before it is used. */
#include "hive.h"

#define HIVE_BINS       0x1000u
#define HIVE_ROOT       0x24u
#define REG_SZ          1
#define REG_EXPAND_SZ   2
#define REG_DWORD       4

/* Offsets in key and value cells. */
enum { NkFlags = 2, NkSubkeys = 20, NkSubkeyList = 28, NkValues = 36, NkValueList = 40, NkNameLength = 72, NkName = 76 };
enum { VkNameLength = 2, VkLength = 4, VkData = 8, VkType = 12, VkFlags = 16, VkName = 20 };
#define NK_ASCII_NAME   0x20u
#define VK_ASCII_NAME   0x01u
#define VK_INLINE       0x80000000u

static ULONG Get16(const UCHAR *Data) { return Data[0] | (ULONG)Data[1] << 8; }
static ULONG Get32(const UCHAR *Data) { return Get16(Data) | Get16(Data + 2) << 16; }

/* The contents of an allocated cell of at least Needed bytes; NULL: there is none. */
static const UCHAR *Cell(const BOOT_HIVE *Hive, ULONG Place, ULONG Needed, PULONG Length)
{
    ULONG Bins = Hive->Size - HIVE_BINS, Size;

    if (Place > Bins || Bins - Place < 4)
        return NULL;
    Size = 0u - Get32(Hive->Data + HIVE_BINS + Place);
    if (Size < 4 || Size > Bins - Place || Size - 4 < Needed)
        return NULL;
    *Length = Size - 4;
    return Hive->Data + HIVE_BINS + Place + 4;
}

static const UCHAR *Key(const BOOT_HIVE *Hive, ULONG Place)
{
    ULONG Length;
    const UCHAR *Data = Cell(Hive, Place, NkName, &Length);

    return Data && Data[0] == 'n' && Data[1] == 'k' && Get16(Data + NkNameLength) <= Length - NkName ? Data : NULL;
}

BOOLEAN BootOpenHive(BOOT_HIVE *Hive, PCVOID Data, ULONG64 Size)
{
    static const UCHAR Signature[4] = "regf";

    if (Size <= HIVE_BINS || Size > 0x40000000 || __builtin_memcmp(Data, Signature, 4) != 0)
        return FALSE;
    *Hive = (BOOT_HIVE){ Data, (ULONG)Size, Get32((const UCHAR *)Data + HIVE_ROOT) };
    return Key(Hive, Hive->Root) != NULL;
}

static CHAR Fold(ULONG Character) { return (CHAR)(Character >= 'A' && Character <= 'Z' ? Character + 32 : Character); }

/* A name of Length bytes against an ASCII one. */
static BOOLEAN IsName(const UCHAR *Name, ULONG Length, BOOLEAN Ascii, PCSTR Wanted)
{
    ULONG Step = Ascii ? 1 : 2;

    for (; Length >= Step; Length -= Step, Name += Step, Wanted++) {
        ULONG Character = Ascii ? *Name : Get16(Name);

        if (Character == 0 || Character > 0x7E || Fold(Character) != Fold((UCHAR)*Wanted))
            return FALSE;
    }
    return *Wanted == 0;
}

/* Entry Index of a list of subkeys; *Index goes down by what the list has. Deep says whether it may be a list of lists. */
static ULONG ListEntry(const BOOT_HIVE *Hive, ULONG Place, PULONG Index, BOOLEAN Deep)
{
    ULONG Length, Count, Step;
    const UCHAR *List = Cell(Hive, Place, 4, &Length);

    if (List == NULL)
        return MAXULONG;
    Step = List[0] == 'l' && (List[1] == 'f' || List[1] == 'h') ? 8 : 4;
    Count = min(Get16(List + 2), (Length - 4) / Step);
    if (List[0] == 'l') {
        if (*Index < Count)
            return Get32(List + 4 + *Index * Step);
        *Index -= Count;
    }
    for (ULONG i = 0; Deep && List[0] == 'r' && List[1] == 'i' && i < Count; i++) {
        ULONG Found = ListEntry(Hive, Get32(List + 4 + i * 4), Index, FALSE);
        if (Found != MAXULONG)
            return Found;
    }
    return MAXULONG;
}

ULONG BootEnumerateKey(const BOOT_HIVE *Hive, ULONG Place, ULONG Index)
{
    const UCHAR *Parent = Key(Hive, Place);
    ULONG Found;

    if (Parent == NULL || Index >= Get32(Parent + NkSubkeys))
        return MAXULONG;
    Found = ListEntry(Hive, Get32(Parent + NkSubkeyList), &Index, TRUE);
    return Found != MAXULONG && Key(Hive, Found) != NULL ? Found : MAXULONG;
}

ULONG BootFindKey(const BOOT_HIVE *Hive, ULONG Place, PCSTR Name)
{
    ULONG Found;

    for (ULONG i = 0; (Found = BootEnumerateKey(Hive, Place, i)) != MAXULONG; i++) {
        const UCHAR *Child = Key(Hive, Found);
        if (IsName(Child + NkName, Get16(Child + NkNameLength), (Get16(Child + NkFlags) & NK_ASCII_NAME) != 0, Name))
            return Found;
    }
    return MAXULONG;
}

BOOLEAN BootKeyName(const BOOT_HIVE *Hive, ULONG Place, PCHAR Name, ULONG Size)
{
    const UCHAR *Data = Key(Hive, Place);
    ULONG Length = Data ? Get16(Data + NkNameLength) : 0;

    if (Length == 0 || Length >= Size || !(Get16(Data + NkFlags) & NK_ASCII_NAME))
        return FALSE;
    for (ULONG i = 0; i < Length; i++) {
        if (Data[NkName + i] < ' ' || Data[NkName + i] > 0x7E)
            return FALSE;
        Name[i] = (CHAR)Data[NkName + i];
    }
    Name[Length] = 0;
    return TRUE;
}

BOOLEAN BootQueryValue(const BOOT_HIVE *Hive, ULONG Place, PCSTR Name, PULONG Type, const UCHAR **Data, PULONG Length)
{
    const UCHAR *Parent = Key(Hive, Place);
    ULONG Count = Parent ? Get32(Parent + NkValues) : 0, Size, Have;
    const UCHAR *List = Count ? Cell(Hive, Get32(Parent + NkValueList), 0, &Size) : NULL;

    for (ULONG i = 0; List != NULL && i < Count && i < Size / 4; i++) {
        const UCHAR *Value = Cell(Hive, Get32(List + 4 * i), VkName, &Have);

        if (Value == NULL || Value[0] != 'v' || Value[1] != 'k' || Get16(Value + VkNameLength) > Have - VkName ||
            !IsName(Value + VkName, Get16(Value + VkNameLength), (Get16(Value + VkFlags) & VK_ASCII_NAME) != 0, Name))
            continue;
        *Type = Get32(Value + VkType);
        *Length = Get32(Value + VkLength);
        if (*Length & VK_INLINE) {
            *Length &= ~VK_INLINE;
            *Data = Value + VkData;
            return *Length <= 4;
        }
        *Data = Cell(Hive, Get32(Value + VkData), *Length, &Have);
        return *Data != NULL;
    }
    return FALSE;
}

BOOLEAN BootQueryNumber(const BOOT_HIVE *Hive, ULONG Place, PCSTR Name, PULONG Number)
{
    ULONG Type, Length;
    const UCHAR *Data;

    if (!BootQueryValue(Hive, Place, Name, &Type, &Data, &Length) || Type != REG_DWORD || Length != 4)
        return FALSE;
    *Number = Get32(Data);
    return TRUE;
}

BOOLEAN BootQueryString(const BOOT_HIVE *Hive, ULONG Place, PCSTR Name, PCHAR Text, ULONG Size)
{
    ULONG Type, Length, Used = 0;
    const UCHAR *Data;

    if (!BootQueryValue(Hive, Place, Name, &Type, &Data, &Length) || (Type != REG_SZ && Type != REG_EXPAND_SZ))
        return FALSE;
    for (; Length >= 2 && Get16(Data) != 0; Length -= 2, Data += 2) {
        if (Get16(Data) < ' ' || Get16(Data) > 0x7E || Used + 1 >= Size)
            return FALSE;
        Text[Used++] = (CHAR)Get16(Data);
    }
    Text[Used] = 0;
    return TRUE;
}
