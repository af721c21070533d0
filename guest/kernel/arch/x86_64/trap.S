/* Trap vectors: each pushes its number (and 0 where the processor pushes no error code), builds a KTRAP_FRAME and calls
 * KiTrapHandler. Keep the pushes in step with archdef.h. Interrupts are off until C turns them on.
 *
 * GS holds the TEB's base at all times: the kernel does not use GS, so there is no swapgs to get wrong. */

    .text
    .balign 16
    .globl KiTrapStubs
KiTrapStubs:                        /* 256 stubs of 16 bytes */
    .set vector, 0
    .rept 256
    .balign 16
    /* 8 double fault, 10..14, 17 and 21 bring an error code. */
    .if (vector != 8) && (vector < 10 || vector > 14) && (vector != 17) && (vector != 21)
    pushq $0
    .endif
    pushq $vector
    jmp KiTrapCommon
    .set vector, vector + 1
    .endr

    .balign 16
KiTrapCommon:
    cld
    pushq %rax
    pushq %rbx
    pushq %rcx
    pushq %rdx
    pushq %rsi
    pushq %rdi
    pushq %rbp
    pushq %r8
    pushq %r9
    pushq %r10
    pushq %r11
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    /* A trap from user mode leaves a null SS, `syscall` a 32-bit one. Nothing depends on which, but an emulator translates
     * the kernel's code once for each kind. */
    testb $3, 18 * 8(%rsp)          /* CS */
    jz 1f
    movl $0x10, %eax                /* KGDT_R0_DATA */
    movl %eax, %ss
1:  movq %rsp, %rcx
    subq $0x20, %rsp
    call KiTrapHandler
    addq $0x20, %rsp

/* RSP = KTRAP_FRAME, interrupts off: back to what was interrupted. */
    .globl KiTrapExit
KiTrapExit:
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %r11
    popq %r10
    popq %r9
    popq %r8
    popq %rbp
    popq %rdi
    popq %rsi
    popq %rdx
    popq %rcx
    popq %rbx
    popq %rax
    addq $16, %rsp                  /* vector, error code */
    iretq

/* VOID KiLoadTrapFrame(PKTRAP_FRAME): goes to user mode with these registers. The frame is on the present stack. */
    .globl KiLoadTrapFrame
KiLoadTrapFrame:
    movq %rcx, %rsp
    jmp KiTrapExit
