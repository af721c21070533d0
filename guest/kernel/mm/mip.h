/* The memory manager's inside.
 *
 * A page of RAM has one owner or several: every mapping, and every section that keeps it, holds one reference in the PFN
 * database. User memory is described by VADs, one per stretch of equal kind and protection; a page table entry is made
 * when the page is first touched. The PFN lists and the pool are used at DISPATCH_LEVEL (deferred procedures use them
 * too); everything else runs at PASSIVE_LEVEL, where kernel code gives up the processor only in a wait. */
#pragma once
#include <nt.h>
#include "ex.h"
#include "io.h"
#include "loader.h"
#include "mm.h"
#include "ob.h"
#include "ps.h"

#define MI_TAG ' iM '

/* ---- pages of RAM (pfn.c) ---- */
typedef struct _MMPFN {
    union {
        ULONG Next;                     /* in a list of free pages; 0 ends it */
        ULONG Slot;                     /* of a paging file that holds the same bytes; 0: none */
    };
    ULONG ReferenceCount : 31;
    ULONG User : 1;                     /* may leave RAM; counted in MiUserPages */
} MMPFN, *PMMPFN;

VOID MiInitializePfnDatabase(PLOADER_PARAMETER_BLOCK LoaderBlock);
VOID MiReferencePage(PFN_NUMBER Page);
ULONG MiPageReferences(PFN_NUMBER Page);
/* A page for user mode's use; 0 when only the kernel's reserve is left. */
PFN_NUMBER MiAllocateUserPage(BOOLEAN Zeroed);
ULONG MiPageSlot(PFN_NUMBER Page);
VOID MiSetPageSlot(PFN_NUMBER Page, ULONG Slot);        /* the slot that it had is not freed */
VOID MiForgetPageSlot(PFN_NUMBER Page);                 /* it is: the page is about to be changed */
extern SIZE_T MiAvailablePages, MiUserPages;
extern SIZE_T MiLowPages;               /* with fewer free pages than this, pages leave RAM */
/* Moves one page from the list of freed pages to that of zeroed ones; FALSE when there is none. */
BOOLEAN MiZeroOneFreePage(VOID);
extern KEVENT MiZeroingPageEvent;       /* set while freed pages wait to be zeroed */

/* ---- system address space (sysmem.c) ---- */
/* Maps Pages fresh pages at the next free system address; NULL: no memory. Flags: KI_PAGE_*. */
PVOID MiReserveSystemRange(SIZE_T Pages);
BOOLEAN MiMapNewPages(ULONG64 Root, PUCHAR Base, SIZE_T Pages, ULONG Flags);
VOID MiUnmapAndFreePages(ULONG64 Root, PUCHAR Base, SIZE_T Pages);

/* ---- sections (control.c, imagearea.c, dataarea.c, sectpage.c) ---- */
typedef struct _SUBSECTION {
    ULONG FirstPage;
    ULONG PageCount;
    ULONG Protect;                      /* PAGE_*; writable parts of images are copied on write */
    ULONG FileOffset;                   /* images: where its bytes are in the file... */
    ULONG FileBytes;                    /* ...and how many; zeros follow */
} SUBSECTION, *PSUBSECTION;

/* What a control area knows of one of its pages; 0: nothing, the page is made or read when it is touched. */
typedef ULONG64 MI_SECTION_PAGE;
#define MI_PAGE_NUMBER(Entry) ((PFN_NUMBER)((Entry) & 0xFFFFFFFFFFull))
#define MI_PAGE_PAGED_OUT (1ull << 63)  /* in a slot of a paging file: the low 32 bits */
#define MI_PAGE_MODIFIED (1ull << 62)   /* the page differs from what could be read again */

/* The pages of a file's data, of a file as an image, or of memory that sections share. Each resident page has one
 * reference of the area's and one of each mapping. */
typedef struct _CONTROL_AREA {
    LIST_ENTRY Link;                    /* MiControlAreas */
    ULONG References;                   /* sections and views */
    BOOLEAN Image;
    PFILE_OBJECT File;                  /* referenced; its SectionObjectPointer leads here; NULL: memory */
    ULONG PageCount;
    MI_SECTION_PAGE *Pages;
    ULONG SubsectionCount;              /* 0 but for images */
    PSUBSECTION Subsections;
    ULONG64 Charge;                     /* pages that it may need of RAM and paging files */
    ULONG64 ImageBase;                  /* what the pages are relocated for */
    SECTION_IMAGE_INFORMATION ImageInformation;
} CONTROL_AREA, *PCONTROL_AREA;

extern LIST_ENTRY MiControlAreas;

typedef struct _SECTION {
    PCONTROL_AREA ControlArea;          /* counted */
    ULONG64 SizeOfSection;
    ULONG Protect;                      /* what the section was made with */
    ULONG AllocationAttributes;
} SECTION, *PSECTION;

PCONTROL_AREA MiAllocateControlArea(ULONG PageCount, ULONG Subsections);     /* NULL: no memory; one reference */
NTSTATUS MiCreateMemoryControlArea(ULONG64 Size, PCONTROL_AREA *ControlArea);
/* The area of the file as an image, shared with who mapped it before; counted. */
NTSTATUS MiCreateImageControlArea(PFILE_OBJECT File, PCONTROL_AREA *ControlArea);
/* The area of the file's data, shared, with room for *Size bytes; counted. *Size 0 becomes the file's size; a file that is
 * shorter grows when the section may be written. */
NTSTATUS MiCreateDataControlArea(PFILE_OBJECT File, ULONG Protect, PULONG64 Size, PCONTROL_AREA *ControlArea);
/* Writes modified pages of file data from First on back to the file, so that the next write to them is noticed again. */
NTSTATUS MiFlushDataArea(PCONTROL_AREA ControlArea, ULONG First, ULONG Count);
VOID MiFlushAllData(VOID);
VOID MiReferenceControlArea(PCONTROL_AREA ControlArea);
VOID MiDereferenceControlArea(PCONTROL_AREA ControlArea);   /* the last one writes back, frees pages and file */

/* The section's page of that index, made or read if need be. Takes no reference. */
NTSTATUS MiGetSectionPage(PCONTROL_AREA ControlArea, ULONG Index, PFN_NUMBER *Page);
/* The page is about to be written through a view that shares it. */
VOID MiMarkSectionPageModified(PCONTROL_AREA ControlArea, ULONG Index);
/* May a view that shares the page be mapped for writing, or is its first write still to be noticed? */
BOOLEAN MiIsSectionPageModified(PCONTROL_AREA ControlArea, ULONG Index);
static inline BOOLEAN MiIsDataArea(PCONTROL_AREA Area) { return Area->File != NULL && !Area->Image; }

/* ---- PE images (peimage.c) ---- */
typedef struct _MI_IMAGE {
    PUCHAR File;                        /* the file's bytes, pool */
    ULONG FileSize;
    ULONG BytesRead;                    /* of the file, at File */
    PIMAGE_NT_HEADERS Headers;          /* in File, checked */
    PIMAGE_SECTION_HEADER Sections;
    ULONG SectionCount;
    ULONG PageCount;
} MI_IMAGE, *PMI_IMAGE;

/* Reads and checks an image file of this machine: every offset that is used later lies inside the file. The whole file,
 * or only its headers (then File has only those). */
NTSTATUS MiReadImage(PFILE_OBJECT File, BOOLEAN HeadersOnly, PMI_IMAGE Image);
/* imagecheck.c: against the checksum in the header; a header without one passes. */
NTSTATUS MiCheckImageFile(PFILE_OBJECT File, PMI_IMAGE Image);
VOID MiReleaseImage(PMI_IMAGE Image);
ULONG MiSectionProtection(ULONG Characteristics);           /* PAGE_*, as mapped in user mode */
/* Copies one page of the image as it is in memory, before relocation. */
VOID MiFillImagePage(PMI_IMAGE Image, ULONG Index, PVOID Page);

/* Applies the relocations of the image by Delta. Page(Context, Index) gives the bytes of a page to change. */
typedef PUCHAR MI_RELOCATION_PAGE(PVOID Context, ULONG Index);
NTSTATUS MiRelocatePages(const UCHAR *Relocations, ULONG Size, ULONG PageCount, ULONG64 Delta,
                         MI_RELOCATION_PAGE *Page, PVOID Context);

/* ---- VADs (vad.c) ---- */
struct _MMVAD {
    PMMVAD Next;                        /* by address */
    ULONG64 Start;
    ULONG64 End;                        /* exclusive */
    ULONG64 AllocationBase;
    ULONG AllocationProtect;
    ULONG Protect;                      /* PAGE_*; 0 while only reserved */
    ULONG Type;                         /* MEM_PRIVATE, MEM_MAPPED, MEM_IMAGE */
    PCONTROL_AREA ControlArea;          /* counted; NULL: private */
    ULONG FirstPage;                    /* of the control area, at Start */
    BOOLEAN Charged;                    /* its pages are promised: they may become the process's own */
    BOOLEAN Fixed;                      /* not to be freed or changed: the shared user data */
};

BOOLEAN MiIsUserRangeValid(ULONG64 Start, ULONG64 End);     /* End exclusive; FALSE too when the sum of both ran over */
/* The first page at or after Address whose entry in the page tables is not empty; End when there is none before it. Costs what is
 * mapped, not what lies between. */
ULONG64 MiNextUsedPage(PMMSUPPORT Vm, ULONG64 Address, ULONG64 End);
PMMVAD MiFindVad(PMMSUPPORT Vm, ULONG64 Address);           /* NULL: free */
BOOLEAN MiIsRangeFree(PMMSUPPORT Vm, ULONG64 Start, ULONG64 End);
/* A free range of Size bytes on a 64 KiB boundary, from the bottom or the top; 0: none. */
ULONG64 MiFindFreeRange(PMMSUPPORT Vm, ULONG64 Size, BOOLEAN TopDown);
PMMVAD MiInsertVad(PMMSUPPORT Vm, ULONG64 Start, ULONG64 End, ULONG Type, ULONG Protect);   /* NULL: no memory */
/* Makes VAD boundaries at Start and End, so that [Start, End) can be changed alone. */
NTSTATUS MiSplitVads(PMMSUPPORT Vm, ULONG64 Start, ULONG64 End);
/* Removes the VADs inside [Start, End) and the pages that they map. */
VOID MiRemoveVads(PMMSUPPORT Vm, ULONG64 Start, ULONG64 End);
VOID MiUnmapRange(PMMSUPPORT Vm, ULONG64 Start, ULONG64 End);

/* ---- protections (protect.c) ---- */
BOOLEAN MiIsValidProtection(ULONG Protect);
BOOLEAN MiProtectionAllows(ULONG Protect, ULONG FaultFlags);
BOOLEAN MiIsCopyOnWrite(ULONG Protect);
/* The process gave up making code, and this would: memory becomes executable, or executable and writable. OldProtect 0:
   the memory is new. */
BOOLEAN MiIsDynamicCode(PEPROCESS Process, ULONG OldProtect, ULONG NewProtect);
/* May a view have Protect when its section, or the view at first, has Allowed? Copies on write need no right to write. */
BOOLEAN MiIsViewAllowed(ULONG Allowed, ULONG Protect);
/* Flags of a user page; without KI_PAGE_WRITE while a copy on write is still to be made. */
ULONG MiPageFlags(ULONG Protect, BOOLEAN MayWrite);
/* Of a page of the process's own: its first write is still to be noticed while it has a slot. */
ULONG MiOwnPageFlags(ULONG Protect, PFN_NUMBER Page);

/* ---- sessions (session.c) ---- */
struct _MM_SESSION_SPACE {
    ULONG SessionId;
    ULONG References;
    ULONG64 PageTable;                  /* what the session slot of its processes' roots holds */
    ULONG64 NextAddress;
    LIST_ENTRY Images;                  /* MI_SYSTEM_IMAGE.Link */
    KSERVICE_TABLE_DESCRIPTOR Services; /* what win32k.sys offers */
};

typedef struct _MI_SYSTEM_IMAGE {
    LIST_ENTRY Link;                    /* MiSystemImages or the session's */
    PUCHAR Base;
    ULONG PageCount;
    PVOID Entry;
    UNICODE_STRING Name;                /* full path, pool */
} MI_SYSTEM_IMAGE, *PMI_SYSTEM_IMAGE;
VOID MiUnloadSessionImages(PMM_SESSION_SPACE Session, ULONG64 Root);

/* ---- commitment (commit.c) ---- */
#define MI_MAXIMUM_COMMIT (1ull << 40)
NTSTATUS MiChargeCommitment(ULONG64 Pages);                 /* STATUS_COMMITMENT_LIMIT */
VOID MiReturnCommitment(ULONG64 Pages);
NTSTATUS MiChargeVad(PMMVAD Vad);                           /* all its pages, once */
VOID MiUnchargeVad(PMMVAD Vad);

/* ---- trimming (trim.c) ---- */
BOOLEAN MiPrepareTrimming(VOID);                            /* before the first paging file; FALSE: no memory */
/* Makes free pages when there are few; waits for disks. The caller holds no page, entry or VAD. At PASSIVE_LEVEL (does
 * nothing at DISPATCH_LEVEL). */
VOID MiBalanceMemory(VOID);

/* ---- others ---- */
/* Why the last fault of kernel code was refused: what the copy that it ended returns (fault.c). */
extern NTSTATUS MiRefusedFault;
BOOLEAN MiInitializePool(VOID);
BOOLEAN MiInitializeSharedData(PLOADER_PARAMETER_BLOCK LoaderBlock);
extern PFN_NUMBER MiSharedDataPage;
BOOLEAN MiInitializeSections(VOID);

static inline PVOID MiPageAddress(PFN_NUMBER Page) { return (PVOID)(MM_DIRECT_MAP_BASE + (Page << PAGE_SHIFT)); }
