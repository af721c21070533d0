/* Paging files: what the pager asks of them (pagefile.c, pageio.c). */
#pragma once
#include <mmpaging.h>

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
/* Makes paging files grow by so many slots in all, as far as they may and the volumes have room. */
VOID MiExtendPagingFiles(ULONG64 Slots);
