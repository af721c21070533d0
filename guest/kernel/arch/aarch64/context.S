/* Switches from one thread's kernel stack to another's. */

    .text
/* VOID KiSwapContext(PVOID *OldStack, PVOID NewStack): the registers that a call must preserve go through the stack;
 * KiInitializeSwitchFrame makes the same picture for a new thread. */
    .balign 16
    .globl KiSwapContext
KiSwapContext:
    stp x29, x30, [sp, #-96]!
    stp x19, x20, [sp, #16]
    stp x21, x22, [sp, #32]
    stp x23, x24, [sp, #48]
    stp x25, x26, [sp, #64]
    stp x27, x28, [sp, #80]
    mov x2, sp
    str x2, [x0]
    mov sp, x1
    ldp x19, x20, [sp, #16]
    ldp x21, x22, [sp, #32]
    ldp x23, x24, [sp, #48]
    ldp x25, x26, [sp, #64]
    ldp x27, x28, [sp, #80]
    ldp x29, x30, [sp], #96
    ret

/* A new thread's first return address. */
    .balign 16
    .globl KiThreadEntry
KiThreadEntry:
    mov x29, xzr
    bl KiThreadStartup              /* ke/thread.c; does not return */
    brk #0
