/* BOOLEAN KiCopyUserMemory(PVOID Destination, const VOID *Source, SIZE_T Length): a fault between KiUserCopyStart and
 * KiUserCopyEnd that MmAccessFault refuses goes on at KiUserCopyFault (trap.c), and the result is FALSE. */

    .text
    .balign 16
    .globl KiCopyUserMemory
    .globl KiUserCopyStart
    .globl KiUserCopyEnd
    .globl KiUserCopyFault
KiCopyUserMemory:
    pushq %rdi
    pushq %rsi
    movq %rcx, %rdi
    movq %rdx, %rsi
    movq %r8, %rcx
    shrq $3, %rcx
KiUserCopyStart:
    rep movsq
    movq %r8, %rcx
    andl $7, %ecx
    rep movsb
KiUserCopyEnd:
    movl $1, %eax
    popq %rsi
    popq %rdi
    ret
KiUserCopyFault:
    xorl %eax, %eax
    popq %rsi
    popq %rdi
    ret
