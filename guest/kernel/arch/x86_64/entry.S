/* The kernel's first instructions: the stub comes here with RCX = loader block (direct map), on a stack of its own. */

    .text
    .globl KiSystemStartup
KiSystemStartup:
    cli
    cld
    leaq KiBootStackTop(%rip), %rsp
    xorl %ebp, %ebp
    subq $0x20, %rsp
    call KiInitializeKernel         /* ke/startup.c; does not return */
    ud2

    .globl KiBootStackTop
    .section .bss, "bw"
    .balign 16
    .skip 0x4000                    /* becomes the idle thread's stack */
KiBootStackTop:
    .skip 16
