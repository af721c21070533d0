/* Paging files and their slots, as the memory manager keeps them and as the host reads them. */
#pragma once
#include <io.h>
#include <slots.h>

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
    ULONG64 VolumeStart;                /* of its volume on the disk, bytes: for the host */
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
