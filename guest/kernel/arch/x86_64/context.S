/* Switches from one thread's kernel stack to another's. */

    .text
/* VOID KiSwapContext(PVOID *OldStack, PVOID NewStack): the registers that a call must preserve go through the stack;
 * KiInitializeSwitchFrame makes the same picture for a new thread. */
    .balign 16
    .globl KiSwapContext
KiSwapContext:
    pushq %rbx
    pushq %rbp
    pushq %rdi
    pushq %rsi
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rcx)
    movq %rdx, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rsi
    popq %rdi
    popq %rbp
    popq %rbx
    ret

/* A new thread's first return address. */
    .balign 16
    .globl KiThreadEntry
KiThreadEntry:
    xorl %ebp, %ebp
    subq $0x20, %rsp
    call KiThreadStartup            /* ke/thread.c; does not return */
    ud2
