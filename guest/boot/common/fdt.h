/* A flattened device tree: the few questions that a boot asks. Names are matched without their unit address. */
#pragma once

#include <ntdef.h>

typedef struct _FDT_PROPERTY {
    const UCHAR *Data;
    ULONG Length;
} FDT_PROPERTY;

BOOLEAN FdtIsValid(PCVOID Fdt);
ULONG FdtSize(PCVOID Fdt);
/* Property Name of the first node below the root whose name, up to '@', is Node. */
BOOLEAN FdtFindProperty(PCVOID Fdt, PCSTR Node, PCSTR Name, FDT_PROPERTY *Property);
ULONG64 FdtCells(const UCHAR *Data, ULONG Length);      /* big-endian number of Length bytes: 4 or 8 */
