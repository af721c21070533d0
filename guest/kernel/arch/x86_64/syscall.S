/* System service entry: `syscall` with the number in EAX, arguments in R10, RDX, R8, R9 and on the user stack. Builds
 * the same KTRAP_FRAME as a trap, so that everything else need not know how user mode came in; goes back by iretq. */

    .text
    .balign 16
    .globl KiSystemCall64
KiSystemCall64:                     /* RCX = user RIP, R11 = user RFLAGS; FMASK has cleared IF, TF, DF, AC */
    movq %rsp, KiUserStackPointer(%rip)
    movq KiKernelStackPointer(%rip), %rsp
    pushq $0x23                     /* KGDT_R3_DATA | 3 */
    pushq KiUserStackPointer(%rip)
    pushq %r11
    pushq $0x2B                     /* KGDT_R3_CODE | 3 */
    pushq %rcx
    pushq $0                        /* error code */
    pushq $0x100                    /* no vector: a service */
    pushq %rax
    pushq %rbx
    pushq %rcx
    pushq %rdx
    pushq %rsi
    pushq %rdi
    pushq %rbp
    pushq %r8
    pushq %r9
    pushq %r10
    pushq %r11
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, %rcx
    subq $0x20, %rsp
    call KiSystemCallHandler
    addq $0x20, %rsp
    jmp KiTrapExit

    .section .bss, "bw"
    .balign 8
KiUserStackPointer:                 /* between two instructions only, with interrupts off */
    .skip 8
    .globl KiKernelStackPointer
KiKernelStackPointer:               /* KTHREAD.InitialStack of the current thread: KiSetThreadState */
    .skip 8
