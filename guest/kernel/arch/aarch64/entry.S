/* The kernel's first instructions: the stub comes here with X0 = loader block (direct map), on a stack of its own. */

    .text
    .globl KiSystemStartup
KiSystemStartup:
    msr daifset, #0xF
    msr spsel, #1
    adrp x1, KiBootStackTop
    add x1, x1, :lo12:KiBootStackTop
    mov sp, x1
    mov x29, xzr
    bl KiInitializeKernel           /* ke/startup.c; does not return */
    brk #0

    .globl KiBootStackTop
    .section .bss, "bw"
    .balign 16
    .skip 0x4000                    /* becomes the idle thread's stack */
KiBootStackTop:
    .skip 16
