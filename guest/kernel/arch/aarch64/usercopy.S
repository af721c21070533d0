/* BOOLEAN KiCopyUserMemory(PVOID Destination, const VOID *Source, SIZE_T Length): a fault between KiUserCopyStart and
 * KiUserCopyEnd that MmAccessFault refuses goes on at KiUserCopyFault (trap.c), and the result is FALSE. */

    .text
    .balign 16
    .globl KiCopyUserMemory
    .globl KiUserCopyStart
    .globl KiUserCopyEnd
    .globl KiUserCopyFault
KiCopyUserMemory:
KiUserCopyStart:
    subs x2, x2, #8
    b.lo 2f
1:  ldr x3, [x1], #8
    str x3, [x0], #8
    subs x2, x2, #8
    b.hs 1b
2:  adds x2, x2, #8
    b.eq 4f
3:  ldrb w3, [x1], #1
    strb w3, [x0], #1
    subs x2, x2, #1
    b.ne 3b
4:
KiUserCopyEnd:
    mov w0, #1
    ret
KiUserCopyFault:
    mov w0, #0
    ret
