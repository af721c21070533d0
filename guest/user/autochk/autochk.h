/* autochk: the options of its command line, and one volume. */
#pragma once

#include <native.h>

#include "fatchk.h"

/* As chkdsk's, the highest of all volumes. */
#define EXIT_CLEAN 0
#define EXIT_REPAIRED 1
#define EXIT_NOT_CHECKED 2
#define EXIT_FAILED 3

typedef struct _AUTOCHK_OPTIONS {
    BOOLEAN All;       /* `*`: every drive letter */
    BOOLEAN Force;     /* /p: clean volumes too */
    BOOLEAN Surface;   /* /r: /p, and every free cluster is read */
    ULONG Excluded;    /* /k:X: letters that `*` leaves out; bit 0 is A: */
    PCWSTR Volume;     /* or one volume, an NT path */
} AUTOCHK_OPTIONS;

/* Name is shown and claimed (`C:`), Path opened (`\??\C:`). The exit status, for what is no volume EXIT_CLEAN. */
ULONG AutochkVolume(PCWSTR Name, PCWSTR Path, const AUTOCHK_OPTIONS *Options);
