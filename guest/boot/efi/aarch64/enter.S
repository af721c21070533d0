/* void EfiEnterKernel(root, entry, block). The memory attributes change with the tables, so translation is off in
 * between; nothing but this page's instructions is read then. */

    .text
    .balign 4096
    .globl EfiTrampoline, EfiTrampolineEnd, EfiEnterKernel
EfiTrampoline:
EfiEnterKernel:
    msr daifset, #0xF
    adr x3, EfiTrampoline           /* what is fetched without a cache must be in memory */
    mov x4, #64
1:  dc civac, x3
    add x3, x3, #64
    subs x4, x4, #1
    b.ne 1b
    dsb sy
    isb
    mrs x3, sctlr_el1
    bic x4, x3, #0x1                /* M, C */
    bic x4, x4, #0x4
    bic x4, x4, #0x1000             /* I */
    msr sctlr_el1, x4
    isb
    movz x4, #0x4404                /* MAIR, TCR: as boot/aarch64/start.S has them */
    movk x4, #0xFF00, lsl #16
    msr mair_el1, x4
    movz x4, #0x3510
    movk x4, #0xB510, lsl #16
    movk x4, #0x5, lsl #32
    msr tcr_el1, x4
    msr ttbr0_el1, x0
    msr ttbr1_el1, x0
    dsb sy
    tlbi vmalle1
    ic iallu
    dsb sy
    isb
    mov x4, #0x1005                 /* M, C, I */
    orr x3, x3, x4
    bic x3, x3, #2                  /* no alignment checks */
    bic x3, x3, #(1 << 19)          /* WXN off: the tables say it themselves */
    msr sctlr_el1, x3
    isb
    mov x0, x2
    mov x29, xzr
    br x1
    .balign 4096
EfiTrampolineEnd:
