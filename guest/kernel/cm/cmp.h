/* The configuration manager's inside.
 *
 * The registry is a tree of key nodes in pool. A hive is read into it once, at mount, and every cell is checked on the
 * way: what is damaged is found then and not in the middle of a boot. The data of values stay where the hive is (the
 * boot modules are never written); a value that is set later owns its data. Kernel code gives up the processor only in a
 * wait and nothing here waits, so the tree needs no lock. */
#pragma once
#include "cm.h"
#include "ex.h"
#include "mm.h"
#include "ob.h"
#include "ps.h"
#include "se.h"

#define CMP_TAG 'iCmC'
#define CMP_MAXIMUM_DEPTH 512u
#define CMP_MAXIMUM_NAME (255 * sizeof(WCHAR))

typedef struct _CM_VALUE {
    LIST_ENTRY Entry;                   /* CM_KEY_NODE.Values, in the hive's order */
    UNICODE_STRING Name;                /* empty: the key's default value */
    ULONG Type;
    ULONG Length;
    PVOID Data;
    BOOLEAN OwnsData;                   /* Data is pool; else it lies in the hive */
    WCHAR NameBuffer[];
} CM_VALUE, *PCM_VALUE;

typedef struct _CM_KEY_NODE {
    struct _CM_KEY_NODE *Parent;
    struct _CM_KEY_NODE *LinkTarget;    /* CurrentControlSet; NULL: no link */
    LIST_ENTRY Sibling;                 /* Parent->SubKeys, in the hive's order */
    LIST_ENTRY SubKeys;
    LIST_ENTRY Values;
    LIST_ENTRY Pending;                 /* while a hive is read: nodes whose contents come next */
    LARGE_INTEGER LastWriteTime;
    ULONG SubKeyCount;
    ULONG ValueCount;
    ULONG Depth;                        /* below \Registry */
    ULONG Cell;                         /* offset of the nk cell in its hive; 0: made at run time */
    UNICODE_STRING Name;
    WCHAR NameBuffer[];
} CM_KEY_NODE, *PCM_KEY_NODE;

/* The body of a Key object: one open of a node. */
typedef struct _CM_KEY_BODY {
    PCM_KEY_NODE Node;
} CM_KEY_BODY, *PCM_KEY_BODY;

/* A hive in memory while it is read. Damage: what was wrong, and in which cell (parameters of bugcheck 0x74). */
typedef enum _CMP_DAMAGE {
    CmpNoDamage, CmpBadHeader, CmpBadChecksum, CmpBadBin, CmpBadCell, CmpBadKey, CmpBadKeyName, CmpBadSubKeyList,
    CmpBadValueList, CmpBadValue, CmpBadValueData, CmpTooDeep, CmpTooManyKeys, CmpNoControlSet
} CMP_DAMAGE;

typedef struct _CMP_HIVE {
    const UCHAR *Bins;                  /* what follows the header's 4 KiB; cell offsets count from here */
    ULONG BinsSize;
    ULONG RootCell;
    ULONG Keys;                         /* read so far; more than can be there means a loop */
    CMP_DAMAGE Damage;
    ULONG DamagedCell;
} CMP_HIVE, *PCMP_HIVE;

extern PCM_KEY_NODE CmpRegistryRoot;    /* \Registry */

/* cmhive.c: STATUS_REGISTRY_CORRUPT fills Hive->Damage. */
NTSTATUS CmpOpenHive(const VOID *File, SIZE_T Size, PCMP_HIVE Hive);
const UCHAR *CmpGetCell(PCMP_HIVE Hive, ULONG Offset, ULONG AtLeast, PULONG Length);
NTSTATUS CmpDamaged(PCMP_HIVE Hive, CMP_DAMAGE Damage, ULONG Cell);

/* Numbers in a hive are little-endian and not always aligned. */
static inline ULONG CmpRead16(const UCHAR *p) { return (ULONG)p[0] | (ULONG)p[1] << 8; }
static inline ULONG CmpRead32(const UCHAR *p) { return CmpRead16(p) | CmpRead16(p + 2) << 16; }

/* cmload.c: reads the whole hive below Root, which gets the contents of the hive's root key. */
NTSTATUS CmpLoadHive(PCMP_HIVE Hive, PCM_KEY_NODE Root);

/* cmdata.c: the data of the value in the vk cell `Value`; *OwnsData when they had to be put together in pool. */
NTSTATUS CmpReadValueData(PCMP_HIVE Hive, const UCHAR *Value, ULONG Cell, PVOID *Data, PULONG Length,
                          BOOLEAN *OwnsData);

/* cmtree.c */
PCM_KEY_NODE CmpCreateNode(PCM_KEY_NODE Parent, PCUNICODE_STRING Name);     /* NULL: no memory */
PCM_KEY_NODE CmpFindSubKey(PCM_KEY_NODE Node, PCUNICODE_STRING Name);
/* Follows a path like `Control\Session Manager` from Node through links; NULL: not there. */
PCM_KEY_NODE CmpWalk(PCM_KEY_NODE Node, PCUNICODE_STRING Path);
PCM_VALUE CmpFindValue(PCM_KEY_NODE Node, PCUNICODE_STRING Name);
/* An empty value at the end of the node's list; NULL: no memory. */
PCM_VALUE CmpCreateValue(PCM_KEY_NODE Node, PCUNICODE_STRING Name);
VOID CmpDeleteValue(PCM_KEY_NODE Node, PCM_VALUE Value);
/* `\Registry\Machine\SYSTEM\...` from pool; free with ExFreeCapturedString. */
NTSTATUS CmpGetPath(PCM_KEY_NODE Node, PUNICODE_STRING Path);

/* cmobject.c */
NTSTATUS CmpCreateKeyType(VOID);
/* Names the tree's root `\Registry` in the object manager. */
NTSTATUS CmpInsertRegistryRoot(VOID);
NTSTATUS CmpReferenceKey(HANDLE Handle, ACCESS_MASK DesiredAccess, PCM_KEY_BODY *Key);  /* takes a reference */

/* cmquery.c: a query's reply. The first FixedSize bytes must fit (STATUS_BUFFER_TOO_SMALL); when the rest does not, as
   much as fits is copied (STATUS_BUFFER_OVERFLOW). *ResultLength is what would have been needed. */
NTSTATUS CmpReturn(PVOID Buffer, ULONG Length, PULONG ResultLength, const VOID *Data, ULONG Size, ULONG FixedSize);
