// Stubs of the win32k.sys services that winsrv calls; numbers as in ntuser.h.
    .text
    .globl NtUserInitialize
NtUserInitialize:
    movq %rcx, %r10
    movl $0x1000, %eax
    syscall
    ret
    .globl NtUserProcessConnect
NtUserProcessConnect:
    movq %rcx, %r10
    movl $0x1001, %eax
    syscall
    ret
