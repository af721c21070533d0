/* The smallest guest: copies its initrd to COM1 as it is, then powers off. PVH entry, 32-bit, no paging. */

    .section .note.pvh, "a", @note
    .balign 4
    .long 4, 4, 18                  /* name size, descriptor size, XEN_ELFNOTE_PHYS32_ENTRY */
    .asciz "Xen"
    .long start32

    .text
    .code32
    .globl start32
start32:                            /* EBX = hvm_start_info */
    cmpl $0, 12(%ebx)               /* number of modules */
    je 3f
    movl 16(%ebx), %eax             /* module list */
    movl (%eax), %esi               /* address */
    movl 8(%eax), %ecx              /* size */
    jecxz 3f
1:  movw $0x3FD, %dx
2:  inb %dx, %al                    /* line status: a socket's reader may be slow */
    testb $0x20, %al
    jz 2b
    movw $0x3F8, %dx
    lodsb
    outb %al, %dx
    loop 1b
3:  movb $0x34, 0xFEA00200          /* microvm: sleep control register */
    movw $0x2000, %ax               /* the PC machines: S5 through PM1 control */
    movw $0x604, %dx
    outw %ax, %dx
    movw $0xB004, %dx
    outw %ax, %dx
4:  hlt
    jmp 4b

