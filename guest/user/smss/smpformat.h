/* The session manager's parts that only compute: they compile for the host's tests as well. */
#pragma once

#include <nt.h>

/* ---- paging files (docs/volume.md, section 10) ---- */

#define SMP_MB (1024ull * 1024)
#define SMP_MAX_PAGING_FILES 16
#define SMP_PAGING_FILE_LIMIT (4095 * SMP_MB) /* what FAT32 can hold, in whole MB */
#define SMP_PAGING_FILE_STEP (16 * SMP_MB)
#define SMP_VOLUME_RESERVE (32 * SMP_MB)
#define SMP_EMERGENCY_SIZE (16 * SMP_MB)
#define SMP_PATH_LENGTH 128

typedef struct _SMP_PAGING_FILE {
    WCHAR Path[SMP_PATH_LENGTH]; /* X:\... or ?:\... */
    ULONG64 Minimum, Maximum;    /* bytes; 0 while Managed is not resolved */
    BOOLEAN Managed;
} SMP_PAGING_FILE, *PSMP_PAGING_FILE;

/* An entry of PagingFiles; STATUS_OBJECT_NAME_INVALID or STATUS_INVALID_PARAMETER when it is none. */
NTSTATUS SmpParsePagingFile(PCWSTR Entry, PSMP_PAGING_FILE File);
/* Sizes of a managed file for this memory, and the limit for all. */
VOID SmpResolvePagingFile(PSMP_PAGING_FILE File, ULONG64 MemoryBytes);
/* Makes the sizes fit into Room bytes; FALSE: nothing is left of the minimum, and the sizes are as they were. */
BOOLEAN SmpFitPagingFile(PSMP_PAGING_FILE File, ULONG64 Room);
/* After STATUS_DISK_FULL: one step less; FALSE as above. */
BOOLEAN SmpShrinkPagingFile(PSMP_PAGING_FILE File);
/* What a volume with Free bytes has for a file that takes Present bytes of it already. */
ULONG64 SmpVolumeRoom(ULONG64 Free, ULONG64 Present);

/* ---- the event log's file: header, records, end record, never wrapped ---- */

#define SMP_EVENT_LOG_SIZE 0x10000

typedef struct _SMP_EVENT {
    ULONG Id;
    NTSTATUS Status; /* the record's data; its severity is the record's type */
    ULONG Seconds;   /* since 1970 */
    PCWSTR Computer;
    PCWSTR Text;
} SMP_EVENT;

/* The bytes in use of a log of Size bytes, 0 when it is none that can be appended to. */
ULONG SmpCheckEventLog(CONST UCHAR *Log, ULONG Size);
/* An empty log; its size. Log has SMP_EVENT_LOG_SIZE bytes. */
ULONG SmpInitializeEventLog(PUCHAR Log);
/* Adds a record to a checked log, dropping the oldest ones when there is no room. The new size. */
ULONG SmpAppendEvent(PUCHAR Log, ULONG Size, CONST SMP_EVENT *Event);
