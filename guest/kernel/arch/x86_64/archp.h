/* Private to arch/x86_64. */
#pragma once

#include <arch.h>

/* Vectors: a line (GSI) n of the I/O APICs raises KI_VECTOR_LINE + n. */
#define KI_VECTOR_LINE     0x30
#define KI_LINES           48
#define KI_VECTOR_CLOCK    0xD1
#define KI_VECTOR_SPURIOUS 0xFF

VOID KiInterruptHandler(ULONG Vector);      /* interrupt.c */
extern UCHAR KiUserCopyStart[], KiUserCopyEnd[], KiUserCopyFault[];
DECLSPEC_NORETURN VOID KiLoadTrapFrame(PKTRAP_FRAME TrapFrame);
