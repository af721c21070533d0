/* The object manager's inside. */
#pragma once
#include "ob.h"
#include "ex.h"
#include "mm.h"
#include "ps.h"
#include "se.h"

#define OBP_TAG 'jbO '
#define OBP_MAX_REPARSE 32

/* What ObCreateObject captured and ObInsertObject uses. */
typedef struct _OBJECT_CREATE_INFORMATION {
    ULONG Attributes;
    HANDLE RootDirectory;
    UNICODE_STRING Name;                    /* pool copy, Buffer NULL when there is none */
    PSECURITY_DESCRIPTOR SecurityDescriptor; /* captured, or NULL */
    KPROCESSOR_MODE ProbeMode;
    PSECURITY_QUALITY_OF_SERVICE SecurityQos;
    PVOID ParseContext;
} OBJECT_CREATE_INFORMATION, *POBJECT_CREATE_INFORMATION;

/* ex/handle.c: one slot of a handle table. */
typedef struct _HANDLE_TABLE_ENTRY {
    PVOID Object;                           /* NULL: free */
    ULONG Attributes;                       /* OBJ_INHERIT, OBJ_PROTECT_CLOSE */
    ACCESS_MASK GrantedAccess;
} HANDLE_TABLE_ENTRY, *PHANDLE_TABLE_ENTRY;

PHANDLE_TABLE ExCreateHandleTable(VOID);
VOID ExDestroyHandleTable(PHANDLE_TABLE Table);
HANDLE ExCreateHandle(PHANDLE_TABLE Table, const HANDLE_TABLE_ENTRY *Entry);
PHANDLE_TABLE_ENTRY ExMapHandleToPointer(PHANDLE_TABLE Table, HANDLE Handle);
VOID ExDestroyHandle(PHANDLE_TABLE Table, HANDLE Handle);
/* The first used slot at or after *Handle; *Handle becomes its handle. NULL at the end. */
PHANDLE_TABLE_ENTRY ExNextHandle(PHANDLE_TABLE Table, PHANDLE Handle);
NTSTATUS ExPlaceHandle(PHANDLE_TABLE Table, HANDLE Handle, const HANDLE_TABLE_ENTRY *Entry);
ULONG ExHandleCount(PHANDLE_TABLE Table);

/* obdir.c */
ULONG ObpHashName(PCUNICODE_STRING Name);
PVOID ObpLookupDirectoryEntry(POBJECT_DIRECTORY Directory, PCUNICODE_STRING Name);
NTSTATUS ObpInsertDirectoryEntry(POBJECT_DIRECTORY Directory, POBJECT_HEADER Header);
VOID ObpDeleteDirectoryEntry(POBJECT_HEADER Header);
NTSTATUS ObpCreatePermanentDirectory(PCWSTR Path, PSECURITY_DESCRIPTOR Descriptor, POBJECT_DIRECTORY *Directory);
extern POBJECT_DIRECTORY ObpGlobalDosDevicesDirectory;
extern BOOLEAN ObpRecordNames;              /* from phase 1 on, insertions are facts */

/* obname.c: the walk through the name space. */
typedef struct _OBP_LOOKUP {
    HANDLE RootDirectory;
    ULONG Attributes;
    POBJECT_TYPE ObjectType;
    KPROCESSOR_MODE AccessMode;
    PACCESS_STATE AccessState;
    PVOID ParseContext;
    PSECURITY_QUALITY_OF_SERVICE SecurityQos;
    BOOLEAN ForInsert;                      /* a missing last component is no error */
    /* Results. */
    PVOID Object;                           /* found, with a reference; NULL: free to insert */
    POBJECT_DIRECTORY ParentDirectory;      /* ForInsert: where, with a reference */
    UNICODE_STRING LastName;                /* ForInsert: pool copy of the last component */
} OBP_LOOKUP, *POBP_LOOKUP;
/* Drops no reference of the caller; the results carry their own. */
NTSTATUS ObpLookupObjectName(PCUNICODE_STRING Name, POBP_LOOKUP Lookup);

/* oblink.c */
NTSTATUS ObpParseSymbolicLink(POBJECT_SYMBOLIC_LINK Link, PUNICODE_STRING Remaining, PUNICODE_STRING NewPath);
VOID ObpDeleteSymbolicLink(PVOID Object);

/* obcreate.c */
NTSTATUS ObpCaptureObjectAttributes(KPROCESSOR_MODE Mode, POBJECT_ATTRIBUTES Attributes,
                                    POBJECT_CREATE_INFORMATION Info);
VOID ObpReleaseCreateInformation(POBJECT_CREATE_INFORMATION Info);

/* obhandle.c */
NTSTATUS ObpCreateHandle(OB_OPEN_REASON Reason, PVOID Object, ACCESS_MASK GrantedAccess, ULONG Attributes,
                         KPROCESSOR_MODE AccessMode, struct _EPROCESS *Process, PHANDLE Handle);
PHANDLE_TABLE_ENTRY ObpMapHandle(HANDLE Handle, KPROCESSOR_MODE AccessMode, PHANDLE_TABLE *Table, PHANDLE Local);
VOID ObpCloseEntry(struct _EPROCESS *Process, PHANDLE_TABLE Table, HANDLE Local);

/* obref.c */
VOID ObpDeleteNameCheck(POBJECT_HEADER Header);

/* obsecure.c */
NTSTATUS ObpCheckObjectAccess(PVOID Object, PACCESS_STATE AccessState, ACCESS_MASK DesiredAccess,
                              KPROCESSOR_MODE AccessMode, PACCESS_MASK GrantedAccess);

static inline BOOLEAN ObpIsKernelHandle(HANDLE Handle)
{
    return (LONG_PTR)Handle < -0x10 && ((ULONG_PTR)Handle & 0x80000000u) != 0;
}
#define OBP_KERNEL_HANDLE_BIT ((ULONG_PTR)0xFFFFFFFF80000000ull)
