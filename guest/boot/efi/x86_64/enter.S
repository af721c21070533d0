/* void EfiEnterKernel(root, entry, block), by the Microsoft convention: RCX, RDX, R8. From the firmware's page tables to
 * the kernel's; only this page is mapped in both, so there is no stack in between. */

    .text
    .balign 4096
    .globl EfiTrampoline, EfiTrampolineEnd, EfiEnterKernel
EfiTrampoline:
EfiEnterKernel:
    cli
    cld
    movq %rcx, %r9
    movq %rdx, %r10
    movl $0xC0000080, %ecx          /* EFER: NXE, which the kernel's tables use */
    rdmsr
    orl $0x800, %eax
    wrmsr
    movq %cr0, %rax                 /* WP: the kernel obeys its own tables */
    orq $0x10000, %rax
    movq %rax, %cr0
    movq %cr4, %rax
    andq $~0x80, %rax               /* PGE off: forgets the firmware's global entries */
    movq %rax, %cr4
    movq %r9, %cr3
    orq $0x80, %rax
    movq %rax, %cr4
    movq %r8, %rcx
    xorl %ebp, %ebp
    jmpq *%r10
    .balign 4096
EfiTrampolineEnd:
