/* Paging files: the table that the host reads too, and what the pager asks of it (pagefile.c, pageio.c). */
#pragma once
#include "slots.h"

#define MI_MAXIMUM_PAGING_FILES 16
/* A slot of any paging file: the file's number above the page's. Never 0, because slot 0 of a file is not used. */
#define MI_SLOT(File, Page) ((ULONG)(File) << 28 | (Page))
#define MI_SLOT_FILE(Slot) ((Slot) >> 28)
#define MI_SLOT_PAGE(Slot) ((Slot) & 0x0FFFFFFFu)
#define MI_MAXIMUM_SLOTS (1u << 28)

/* A stretch of the file that lies together on its volume, in bytes. */
typedef struct _MI_EXTENT {
    ULONG64 FileOffset;
    ULONG64 VolumeOffset;
    ULONG64 Length;
} MI_EXTENT, *PMI_EXTENT;

typedef struct _MMPAGING_FILE {
    PFILE_OBJECT File;                  /* open for nobody else */
    UNICODE_STRING Name;                /* as it was given, pool */
    ULONG64 MinimumSize;
    ULONG64 Size;                       /* bytes now; grows up to MaximumSize when memory is promised */
    ULONG64 MaximumSize;
    MI_SLOTS Slots;
    PMI_EXTENT Extents;                 /* by FileOffset, without gaps */
    ULONG ExtentCount;
    ULONG PagesOut;                     /* written since the start */
    ULONG PagesIn;
} MMPAGING_FILE, *PMMPAGING_FILE;

extern PMMPAGING_FILE MmPagingFile[MI_MAXIMUM_PAGING_FILES];
extern ULONG MmNumberOfPagingFiles;

/* pageio.c */
#define MI_CLUSTER 16u                  /* pages that go out in one transfer */
/* Reads where the file lies, up to File->Size, and makes the volume's cache forget it. */
NTSTATUS MiLocatePagingFile(PMMPAGING_FILE File);
NTSTATUS MiTransferPages(PMMPAGING_FILE File, BOOLEAN Write, ULONG Page, PVOID Buffer, ULONG Count);
/* Takes up to Wanted slots that lie together in one file; 0: none. */
ULONG MiAllocateSlots(ULONG Wanted, PULONG Taken);
VOID MiFreeSlot(ULONG Slot);
NTSTATUS MiReadSlot(ULONG Slot, PVOID Page);
NTSTATUS MiWriteSlots(ULONG First, PVOID Buffer, ULONG Count);
VOID MiRecordPagingFileUse(BOOLEAN AtShutdown);

/* pagefile.c */
UNICODE_STRING MiPagingFileWin32Name(PMMPAGING_FILE File);   /* without `\??\` */
ULONG64 MiPagingFileSlots(VOID);        /* of all files: used and free */
/* Makes paging files grow by so many slots in all; FALSE: they may not, or the volumes are full. */
BOOLEAN MiExtendPagingFiles(ULONG64 Slots);
