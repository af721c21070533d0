/* The configuration manager's inside.
 *
 * The registry is a tree of key nodes in pool, the index over the cells of the mounted hives (cmcell.h): a hive is read
 * into it once, at mount, and every cell is checked on the way, so what is damaged is found then and not in the middle
 * of a boot. A change goes to the cells and to the tree together. The data of values lie in their cells, or in pool
 * when they are big or the key is volatile. Kernel code gives up the processor only in a wait, a disk's answer is
 * awaited without a switch, and nothing here waits otherwise: the tree needs no lock. */
#pragma once
#include "cm.h"
#include "cmcell.h"
#include "ex.h"
#include "mm.h"
#include "ob.h"
#include "ps.h"
#include "se.h"

#define CMP_TAG HV_TAG
#define CMP_MAXIMUM_DEPTH 512u
#define CMP_MAXIMUM_DATA (1024u * 1024u)

typedef struct _CM_VALUE {
    LIST_ENTRY Entry;                   /* CM_KEY_NODE.Values, in the hive's order */
    UNICODE_STRING Name;                /* empty: the key's default value */
    ULONG Type;
    ULONG Length;
    ULONG Cell;                         /* of the vk; 0: a volatile key's */
    PVOID Data;
    BOOLEAN OwnsData;                   /* Data is pool; else it lies in the hive */
    WCHAR NameBuffer[];
} CM_VALUE, *PCM_VALUE;

typedef struct _CM_KEY_NODE {
    struct _CM_KEY_NODE *Parent;
    struct _CM_KEY_NODE *LinkTarget;    /* CurrentControlSet; NULL: no link */
    LIST_ENTRY Sibling;                 /* Parent->SubKeys, sorted as in the hive; volatile ones come last */
    LIST_ENTRY SubKeys;
    LIST_ENTRY Values;
    LIST_ENTRY Pending;                 /* while a hive is read: nodes whose contents come next */
    LARGE_INTEGER LastWriteTime;
    ULONG SubKeyCount;
    ULONG ValueCount;
    ULONG Depth;                        /* below \Registry */
    PCMHIVE Hive;                       /* NULL: volatile, in no file */
    ULONG Cell;                         /* offset of the nk cell in its hive */
    ULONG References;                   /* Key objects that stand for it */
    BOOLEAN IsLinkTarget;               /* CurrentControlSet stands for it */
    BOOLEAN Deleted;                    /* out of the tree; goes with its last reference */
    UNICODE_STRING Class;               /* of a volatile key, pool */
    UNICODE_STRING Name;
    WCHAR NameBuffer[];
} CM_KEY_NODE, *PCM_KEY_NODE;

/* The body of a Key object: one open of a node. */
typedef struct _CM_KEY_BODY {
    PCM_KEY_NODE Node;
} CM_KEY_BODY, *PCM_KEY_BODY;

extern PCM_KEY_NODE CmpRegistryRoot;    /* \Registry */
extern CMHIVE CmpSystemHive;

/* cmload.c: mounts a hive that HvOpen made: reads it below Root, which gets the contents of the hive's root key. On
 * failure what was read stays below Root; CmpFreeSubTree takes it away. */
NTSTATUS CmpLoadHive(PCMHIVE Hive, PCM_KEY_NODE Root);

/* cmsecld.c: while a hive is read, how many keys name each security descriptor. */
typedef struct _CMP_SECURITY_COUNTS {
    struct { ULONG Cell, References; } *Entries;    /* sorted by cell */
    ULONG Count, Room;
} CMP_SECURITY_COUNTS, *PCMP_SECURITY_COUNTS;
/* One more key that names the sk in its cell; what is no sk is no longer named. */
NTSTATUS CmpCountSecurity(PCMHIVE Hive, PCMP_SECURITY_COUNTS Counts, ULONG Key);
/* Corrects counts and the ring where they are not right, and frees Counts. */
VOID CmpSettleSecurity(PCMHIVE Hive, PCMP_SECURITY_COUNTS Counts);

/* cmtree.c */
PCM_KEY_NODE CmpCreateNode(PCM_KEY_NODE Parent, PCUNICODE_STRING Name);     /* NULL: no memory */
/* Takes a node out of the tree, with its values; freed now or with its last reference. It has no subkeys. */
VOID CmpRemoveNode(PCM_KEY_NODE Node);
VOID CmpDereferenceNode(PCM_KEY_NODE Node);
VOID CmpFreeSubTree(PCM_KEY_NODE Node, BOOLEAN Itself);     /* and everything below; not from the hive */
/* The node after Node in a walk over everything below Top, parents first; NULL: that was the last one. */
PCM_KEY_NODE CmpNextNode(PCM_KEY_NODE Top, PCM_KEY_NODE Node);
PCM_KEY_NODE CmpFindSubKey(PCM_KEY_NODE Node, PCUNICODE_STRING Name);
/* The key's class, empty for none; in its cell or the node. */
VOID CmpGetClass(PCM_KEY_NODE Node, PUNICODE_STRING Class);
/* Follows a path like `Control\Session Manager` from Node through links; NULL: not there. */
PCM_KEY_NODE CmpWalk(PCM_KEY_NODE Node, PCUNICODE_STRING Path);
PCM_VALUE CmpFindValue(PCM_KEY_NODE Node, PCUNICODE_STRING Name);
/* An empty value at the end of the node's list; NULL: no memory. */
PCM_VALUE CmpCreateValue(PCM_KEY_NODE Node, PCUNICODE_STRING Name);
VOID CmpRemoveValue(PCM_KEY_NODE Node, PCM_VALUE Value);    /* not from the hive */
/* `\Registry\Machine\SYSTEM\...` from pool; free with ExFreeCapturedString. */
NTSTATUS CmpGetPath(PCM_KEY_NODE Node, PUNICODE_STRING Path);

/* cmwrite.c: changes, in the tree and in the hive's cells. They reach the disk by cmflush.c. */
NTSTATUS CmpCreateSubKey(PCM_KEY_NODE Parent, PCUNICODE_STRING Name, const UNICODE_STRING *Class, BOOLEAN Volatile,
                         PCM_KEY_NODE *Node);
NTSTATUS CmpDeleteSubKey(PCM_KEY_NODE Node);                /* STATUS_CANNOT_DELETE: subkeys, or a hive's root */
/* Data is pool memory that the value keeps or frees, also on failure. */
NTSTATUS CmpSetValue(PCM_KEY_NODE Node, PCUNICODE_STRING Name, ULONG Type, PVOID Data, ULONG Length);
VOID CmpDeleteValue(PCM_KEY_NODE Node, PCM_VALUE Value);

/* cmcopy.c: Top and what is below it as a new hive, to be closed with HvClose; on failure it is. */
NTSTATUS CmpCopyToHive(PCM_KEY_NODE Top, PCMHIVE Target);

/* cmfile.c: the files of a hive, Path and Path.LOG1, Path.LOG2. */
typedef struct _CMP_FILES *PCMP_FILES;
extern const HV_FILE_OPERATIONS CmpFileOperations;          /* Context: PCMP_FILES */
/* Opens what is there; *Writable is FALSE when the volume is only read. Makes nothing: the logs come with the first
 * write to one of them. */
NTSTATUS CmpOpenFiles(PCUNICODE_STRING Path, PCMP_FILES *Files, PBOOLEAN Writable);
/* All of a file in pool, free with ExFreePool. *Data is NULL when the log is not there. */
NTSTATUS CmpReadFile(PCMP_FILES Files, HV_FILE File, PVOID *Data, PSIZE_T Size);
NTSTATUS CmpGetFilePath(PCMP_FILES Files, PUNICODE_STRING Path);    /* `\Device\...`; free with ExFreeCapturedString */
VOID CmpCloseFiles(PCMP_FILES Files);

/* cmflush.c: when hives are written back. */
extern LIST_ENTRY CmpHives;
extern BOOLEAN CmpWriteEnabled;
VOID CmpHiveChanged(PCMHIVE Hive);      /* the lazy writer comes 5 s after the first change */
NTSTATUS CmpFlushHive(PCMHIVE Hive);    /* fact hive.flush when something was written */
NTSTATUS CmpFlushAll(VOID);             /* all are tried; the first failure is returned */
NTSTATUS CmpStartLazyWriter(VOID);

/* cmmount.c: the hive in a file at Parent\Name. It is then in CmpHives, and is written back unless its volume is only
 * read. STATUS_REGISTRY_CORRUPT: damaged. */
NTSTATUS CmpMountHive(PCM_KEY_NODE Parent, PCUNICODE_STRING Name, PCUNICODE_STRING Path, PCMHIVE *Hive);
VOID CmpRecordLoad(PCMHIVE Hive, PCUNICODE_STRING File);    /* fact hive.load */
/* Takes the hive's tree and memory away and closes its files; what was not flushed is lost. */
VOID CmpUnmountHive(PCMHIVE Hive);
/* From now on SYSTEM, which came with the boot modules, is written to its file on the system volume, if that holds the
 * same hive. */
NTSTATUS CmpAttachSystemFile(PCUNICODE_STRING Path);

/* cmobject.c */
/* What NtCreateKey says to the parse procedure. */
typedef struct _CM_PARSE_CONTEXT {
    BOOLEAN Volatile;
    BOOLEAN Created;                    /* out */
    UNICODE_STRING Class;
} CM_PARSE_CONTEXT, *PCM_PARSE_CONTEXT;
NTSTATUS CmpCreateKeyType(VOID);
/* Names the tree's root `\Registry` in the object manager. */
NTSTATUS CmpInsertRegistryRoot(VOID);
NTSTATUS CmpReferenceKey(HANDLE Handle, ACCESS_MASK DesiredAccess, PCM_KEY_BODY *Key);  /* takes a reference;
                                                                           STATUS_KEY_DELETED */

/* cmquery.c: a query's reply. The first FixedSize bytes must fit (STATUS_BUFFER_TOO_SMALL); when the rest does not, as
   much as fits is copied (STATUS_BUFFER_OVERFLOW). *ResultLength is what would have been needed. */
NTSTATUS CmpReturn(PVOID Buffer, ULONG Length, PULONG ResultLength, const VOID *Data, ULONG Size, ULONG FixedSize);
