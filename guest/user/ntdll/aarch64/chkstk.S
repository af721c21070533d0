// __chkstk: compilers call it before they make a frame of more than a page. X15 times 16 bytes are about to be taken from
// the stack; every page of them is touched, top down, so that a guard page is met before what lies below it. Only X16 and
// X17 are changed.
    .text
    .globl __chkstk
__chkstk:
    lsl x16, x15, #4
    mov x17, sp
1:  subs x16, x16, #0x1000
    b.lo 2f
    sub x17, x17, #0x1000
    ldr xzr, [x17]
    b 1b
2:  add x16, x16, #0x1000
    sub x17, x17, x16
    ldr xzr, [x17]
    ret
