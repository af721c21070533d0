/* The object manager's contract: objects, names, handles, and the access that a handle carries. */
#pragma once
#include <nt.h>
#include "ke.h"
#include "mm.h"

typedef struct _OBJECT_TYPE OBJECT_TYPE, *POBJECT_TYPE;
typedef struct _OBJECT_DIRECTORY OBJECT_DIRECTORY, *POBJECT_DIRECTORY;
typedef struct _ACCESS_STATE ACCESS_STATE, *PACCESS_STATE;
typedef struct _HANDLE_TABLE HANDLE_TABLE, *PHANDLE_TABLE;
struct _EPROCESS;

typedef enum _OB_OPEN_REASON {
    ObCreateHandle, ObOpenHandle, ObDuplicateHandle, ObInheritHandle
} OB_OPEN_REASON;

/* Process owns the handle; HandleCount is what remains after the close. */
typedef NTSTATUS (NTAPI *OB_OPEN_METHOD)(OB_OPEN_REASON Reason, struct _EPROCESS *Process, PVOID Object,
                                         ACCESS_MASK GrantedAccess, ULONG HandleCount);
typedef VOID (NTAPI *OB_CLOSE_METHOD)(struct _EPROCESS *Process, PVOID Object, ACCESS_MASK GrantedAccess,
                                      ULONG HandleCount);
/* The last reference is gone; the body's own resources are released here. */
typedef VOID (NTAPI *OB_DELETE_METHOD)(PVOID Object);
/* Looks up RemainingName below ParseObject. The object comes back with a reference. STATUS_REPARSE means
   that CompleteName was replaced (pool memory, the caller frees both) and the walk starts again from the root. */
typedef NTSTATUS (NTAPI *OB_PARSE_METHOD)(PVOID ParseObject, PVOID ObjectType, PACCESS_STATE AccessState,
                                          KPROCESSOR_MODE AccessMode, ULONG Attributes,
                                          PUNICODE_STRING CompleteName, PUNICODE_STRING RemainingName,
                                          PVOID Context, PSECURITY_QUALITY_OF_SERVICE SecurityQos,
                                          PVOID *Object);

typedef struct _OBJECT_TYPE_INITIALIZER {
    USHORT Length;
    BOOLEAN SecurityRequired;           /* access is checked even when the object has no name */
    ULONG InvalidAttributes;
    GENERIC_MAPPING GenericMapping;
    ULONG ValidAccessMask;
    POOL_TYPE PoolType;
    ULONG DefaultNonPagedPoolCharge;
    OB_OPEN_METHOD OpenProcedure;
    OB_CLOSE_METHOD CloseProcedure;
    OB_DELETE_METHOD DeleteProcedure;
    OB_PARSE_METHOD ParseProcedure;
} OBJECT_TYPE_INITIALIZER, *POBJECT_TYPE_INITIALIZER;

struct _OBJECT_TYPE {
    LIST_ENTRY TypeList;
    UNICODE_STRING Name;
    ULONG Index;
    ULONG TotalNumberOfObjects;
    ULONG TotalNumberOfHandles;
    ULONG DefaultDispatcherOffset;      /* where in the body the dispatcher header is; OB_NO_DISPATCHER: not waitable */
    OBJECT_TYPE_INITIALIZER TypeInfo;
};
#define OB_NO_DISPATCHER 0xFFFFFFFFu

#define OB_FLAG_PERMANENT     0x01u     /* keeps its name without handles */
#define OB_FLAG_KERNEL_MODE   0x02u     /* made by the kernel */
#define OB_FLAG_INSERTED      0x04u
#define OB_FLAG_DELETING      0x08u
#define OB_FLAG_EXCLUSIVE     0x10u

/* Precedes every object body. A name holds one reference until the last handle is closed; a permanent object's
   name stays. */
typedef struct _OBJECT_HEADER {
    LONG64 PointerCount;
    LONG64 HandleCount;
    POBJECT_TYPE Type;
    ULONG Flags;
    ULONG BodySize;
    POBJECT_DIRECTORY Directory;        /* the directory that lists the object, NULL when it has no name */
    UNICODE_STRING Name;                /* its name in that directory */
    PSECURITY_DESCRIPTOR SecurityDescriptor;    /* self-relative, paged pool; NULL: none */
    struct _OBJECT_CREATE_INFORMATION *CreateInfo;  /* between ObCreateObject and ObInsertObject only */
    DECLSPEC_ALIGN(16) UCHAR Body[];
} OBJECT_HEADER, *POBJECT_HEADER;
#define OBJECT_TO_OBJECT_HEADER(o) CONTAINING_RECORD((o), OBJECT_HEADER, Body)

#define NUMBER_HASH_BUCKETS 37
typedef struct _OBJECT_DIRECTORY_ENTRY {
    struct _OBJECT_DIRECTORY_ENTRY *ChainLink;
    PVOID Object;
    ULONG HashValue;
} OBJECT_DIRECTORY_ENTRY, *POBJECT_DIRECTORY_ENTRY;

struct _OBJECT_DIRECTORY {
    POBJECT_DIRECTORY_ENTRY HashBuckets[NUMBER_HASH_BUCKETS];
};

typedef struct _OBJECT_SYMBOLIC_LINK {
    LARGE_INTEGER CreationTime;
    UNICODE_STRING LinkTarget;
} OBJECT_SYMBOLIC_LINK, *POBJECT_SYMBOLIC_LINK;

typedef struct _OBJECT_HANDLE_INFORMATION {
    ULONG HandleAttributes;
    ACCESS_MASK GrantedAccess;
} OBJECT_HANDLE_INFORMATION, *POBJECT_HANDLE_INFORMATION;

extern POBJECT_TYPE ObpTypeObjectType, ObpDirectoryObjectType, ObpSymbolicLinkObjectType;
extern POBJECT_DIRECTORY ObpRootDirectoryObject;

/* Phase 0: types Type, Directory, SymbolicLink; `\`, `\ObjectTypes`, `\GLOBAL??`, `\??`, ... */
BOOLEAN ObInitSystem(VOID);
/* From here on every named insertion is a fact. */
VOID ObStartRecording(VOID);

NTSTATUS NTAPI ObCreateObjectType(PUNICODE_STRING TypeName, POBJECT_TYPE_INITIALIZER Initializer,
                                  PSECURITY_DESCRIPTOR SecurityDescriptor, POBJECT_TYPE *ObjectType);

/* Makes a body with one reference; attributes are captured, nothing is named before ObInsertObject. */
NTSTATUS NTAPI ObCreateObject(KPROCESSOR_MODE ProbeMode, POBJECT_TYPE ObjectType,
                              POBJECT_ATTRIBUTES ObjectAttributes, KPROCESSOR_MODE OwnershipMode,
                              PVOID ParseContext, ULONG ObjectBodySize, ULONG PagedPoolCharge,
                              ULONG NonPagedPoolCharge, PVOID *Object);

/* Names the object and makes a handle (when Handle is not NULL). Consumes the reference of ObCreateObject in
   every case; with ObjectPointerBias 1 and NewObject the caller gets an own reference. An existing object with
   OBJ_OPENIF gives STATUS_OBJECT_NAME_EXISTS and a handle to that one. */
NTSTATUS NTAPI ObInsertObject(PVOID Object, PACCESS_STATE PassedAccessState, ACCESS_MASK DesiredAccess,
                              ULONG ObjectPointerBias, PVOID *NewObject, PHANDLE Handle);

NTSTATUS NTAPI ObOpenObjectByName(POBJECT_ATTRIBUTES ObjectAttributes, POBJECT_TYPE ObjectType,
                                  KPROCESSOR_MODE AccessMode, PACCESS_STATE PassedAccessState,
                                  ACCESS_MASK DesiredAccess, PVOID ParseContext, PHANDLE Handle);
NTSTATUS NTAPI ObOpenObjectByPointer(PVOID Object, ULONG HandleAttributes, PACCESS_STATE PassedAccessState,
                                     ACCESS_MASK DesiredAccess, POBJECT_TYPE ObjectType,
                                     KPROCESSOR_MODE AccessMode, PHANDLE Handle);

/* These take a reference that ObDereferenceObject drops. */
NTSTATUS NTAPI ObReferenceObjectByHandle(HANDLE Handle, ACCESS_MASK DesiredAccess, POBJECT_TYPE ObjectType,
                                         KPROCESSOR_MODE AccessMode, PVOID *Object,
                                         POBJECT_HANDLE_INFORMATION HandleInformation);
NTSTATUS NTAPI ObReferenceObjectByName(PUNICODE_STRING ObjectName, ULONG Attributes,
                                       PACCESS_STATE PassedAccessState, ACCESS_MASK DesiredAccess,
                                       POBJECT_TYPE ObjectType, KPROCESSOR_MODE AccessMode,
                                       PVOID ParseContext, PVOID *Object);
NTSTATUS NTAPI ObReferenceObjectByPointer(PVOID Object, ACCESS_MASK DesiredAccess, POBJECT_TYPE ObjectType,
                                          KPROCESSOR_MODE AccessMode);
VOID NTAPI ObReferenceObject(PVOID Object);
/* Drops a reference; the last one deletes the object. At PASSIVE_LEVEL. */
LONG_PTR NTAPI ObDereferenceObject(PVOID Object);

VOID NTAPI ObMakeTemporaryObject(PVOID Object);
/* The full path as inserted (`\Device\X`), from pool; Buffer is NULL when the object has no name. */
NTSTATUS ObGetObjectPath(PVOID Object, PUNICODE_STRING Path);
VOID ObFreeObjectPath(PUNICODE_STRING Path);
POBJECT_TYPE ObGetObjectType(PVOID Object);

/* The end of every NtOpenX: opens by the caller's attributes and hands the handle to it. */
NTSTATUS ObOpenByAttributes(PHANDLE UserHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                            POBJECT_TYPE ObjectType);
/* The end of every NtCreateX: stores the handle for the caller, or closes it when that fails. */
NTSTATUS ObReturnHandle(KPROCESSOR_MODE Mode, PHANDLE UserHandle, HANDLE Handle, NTSTATUS Status);

/* Handle tables, one per process. Copies inheritable handles of Parent when it is not NULL. */
NTSTATUS ObInitProcess(struct _EPROCESS *Parent, struct _EPROCESS *Process);
VOID ObKillProcess(struct _EPROCESS *Process);
ULONG ObGetHandleCount(struct _EPROCESS *Process);
NTSTATUS ObCloseHandle(HANDLE Handle, KPROCESSOR_MODE PreviousMode);
/* Makes Directory the process's own `\??`; what it does not hold is looked up in `\GLOBAL??`. Takes a reference. */
VOID ObSetDeviceMap(struct _EPROCESS *Process, POBJECT_DIRECTORY Directory);
/* Which drive letters `\??` has for the process: bit n is 'A' + n. */
ULONG ObQueryDriveMap(struct _EPROCESS *Process);
