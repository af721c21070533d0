/* User-mode code of the test: X0 = mode. */
    .section .user, "dr"
    .balign 4096
    .globl TestUserCode, TestUserCodeEnd
TestUserCode:
    cmp x0, #1
    b.eq 3f
    ldr x1, [x18]                   /* the TEB is there */
    sub sp, sp, #0x80
    mov x1, #9
    str x1, [sp]
    mov x1, #10
    str x1, [sp, #8]
    adr x0, 4f
    mov x1, #2
    mov x2, #3
    mov x3, #4
    mov x4, #5
    mov x5, #6
    mov x6, #7
    mov x7, #8
    svc #1
    mov x1, #0x1234
    cmp x0, x1
    b.ne 1f
    mov x0, #0xFFFF800000000000
    ldr x0, [x0]
1:  udf #0
3:  yield
    b 3b
4:  .asciz "tst"
    .balign 4096
TestUserCodeEnd:
