/* The arm64 Linux boot protocol: MMU off, X0 = device tree. */

    .section .text.header, "ax"
    .globl _start
_start:
    b start                         /* code0 */
    .long 0                         /* code1 */
    .quad 0x80000                   /* text_offset from the RAM base */
    .quad BootImageEnd - _start     /* image_size */
    .quad 0xA                       /* little endian, 4 KiB pages, anywhere */
    .quad 0, 0, 0
    .ascii "ARM\x64"
    .long 0

    .text
start:
    msr daifset, #0xF
    mov x19, x0
    mrs x0, CurrentEL
    cmp x0, #(2 << 2)
    b.ne 1f
    mov x0, #(1 << 31)              /* EL2: EL1 is AArch64; timers belong to it; no traps */
    msr hcr_el2, x0
    mov x0, #3
    msr cnthctl_el2, x0
    msr cntvoff_el2, xzr
    msr cptr_el2, xzr
    mov x0, #0x3C5                  /* EL1h, all masked */
    msr spsr_el2, x0
    adr x0, 1f
    msr elr_el2, x0
    eret
1:  ldr x0, =BootStackTop
    mov sp, x0
    ldr x0, =BootBssStart
    ldr x1, =BootImageEnd
2:  cmp x0, x1
    b.hs 3f
    stp xzr, xzr, [x0], #16
    b 2b
3:  mov x0, x19
    mov x29, xzr
    bl BootMain                     /* does not return */

/* void BootEnterKernel(root, entry, block). The one root serves both halves; the kernel drops the lower one. */
    .globl BootEnterKernel
BootEnterKernel:
    movz x3, #0x4404                /* MAIR: 0 device nGnRE, 1 normal uncached, 3 normal write-back */
    movk x3, #0xFF00, lsl #16
    msr mair_el1, x3
    ldr x3, =0x5B5103510            /* 48-bit halves, 4 KiB, inner shareable, write-back walks, 48-bit physical */
    msr tcr_el1, x3
    msr ttbr0_el1, x0
    msr ttbr1_el1, x0
    dsb sy
    tlbi vmalle1
    ic iallu
    dsb sy
    isb
    mrs x3, sctlr_el1
    ldr x4, =0x1005                 /* M, C, I */
    orr x3, x3, x4
    bic x3, x3, #2                  /* no alignment checks */
    bic x3, x3, #(1 << 19)          /* WXN off: the tables say it themselves */
    msr sctlr_el1, x3
    isb
    mov x0, x2
    br x1

    .bss
    .balign 16
    .skip 16384
BootStackTop:
