// Stubs of the win32k.sys services that winsrv calls; numbers as in ntuser.h.
    .text
    .globl NtUserInitialize
NtUserInitialize:
    svc #0x1000
    ret
    .globl NtUserProcessConnect
NtUserProcessConnect:
    svc #0x1001
    ret
