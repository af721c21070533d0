// __chkstk: compilers call it before they make a frame of more than a page. RAX bytes are about to be taken from the
// stack; every page of them is touched, top down, so that a guard page is met before what lies below it. RAX is kept.
    .text
    .globl __chkstk
__chkstk:
    pushq %rcx
    pushq %rax
    leaq 24(%rsp), %rcx             // the caller's stack pointer
1:  cmpq $0x1000, %rax
    jb 2f
    subq $0x1000, %rcx
    testl %eax, (%rcx)
    subq $0x1000, %rax
    jmp 1b
2:  subq %rax, %rcx
    testl %eax, (%rcx)
    popq %rax
    popq %rcx
    ret
