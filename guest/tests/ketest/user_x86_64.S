/* User-mode code of the test: RCX = mode. */
    .section .user, "dr"
    .balign 4096
    .globl TestUserCode, TestUserCodeEnd
TestUserCode:
    cmpl $1, %ecx
    je 3f
    movq %gs:0, %rax                /* the TEB is there */
    subq $0x80, %rsp
    movq $5, 0x20(%rsp)
    movq $6, 0x28(%rsp)
    movq $7, 0x30(%rsp)
    movq $8, 0x38(%rsp)
    movq $9, 0x40(%rsp)
    movq $10, 0x48(%rsp)
    leaq 4f(%rip), %rcx
    movl $2, %edx
    movl $3, %r8d
    movl $4, %r9d
    call 2f
    cmpl $0x1234, %eax
    jne 1f
    movq $0xFFFF800000000000, %rax
    movq (%rax), %rax
1:  ud2
2:  movq %rcx, %r10
    movl $1, %eax
    syscall
    ret
3:  pause
    jmp 3b
4:  .asciz "tst"
    .balign 4096
TestUserCodeEnd:
