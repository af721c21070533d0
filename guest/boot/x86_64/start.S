/* PVH entry: 32-bit protected mode without paging, EBX = hvm_start_info. Goes to 64-bit mode with the first 4 GiB
 * mapped one to one, then to BootMain. */

    .section .note.pvh, "a", @note
    .balign 4
    .long 4, 4, 18                  /* name size, descriptor size, XEN_ELFNOTE_PHYS32_ENTRY */
    .asciz "Xen"
    .long start32

    .text
    .code32
    .globl start32
start32:
    cli
    movl $BootStackTop, %esp

    /* PML4[0] -> PDPT; PDPT[0..3] -> four page directories of 512 2 MiB pages each. */
    movl $BootIdentityPdpt + 3, BootIdentityPml4
    movl $BootIdentityPdpt, %edi
    movl $BootIdentityPd + 3, %eax
    movl $4, %ecx
1:  movl %eax, (%edi)
    addl $4096, %eax
    addl $8, %edi
    loop 1b
    movl $BootIdentityPd, %edi
    movl $0x83, %eax                /* present, writable, 2 MiB */
    movl $2048, %ecx
2:  movl %eax, (%edi)
    addl $0x200000, %eax
    addl $8, %edi
    loop 2b

    movl $0xA0, %eax                /* CR4: PAE, PGE */
    movl %eax, %cr4
    movl $BootIdentityPml4, %eax
    movl %eax, %cr3
    movl $0xC0000080, %ecx          /* EFER: LME, NXE */
    rdmsr
    orl $0x900, %eax
    wrmsr
    movl $0x80010033, %eax          /* CR0: PG, WP, NE, ET, MP, PE */
    movl %eax, %cr0
    lgdt BootGdtPointer
    ljmpl $8, $start64

    .code64
start64:
    movl $16, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl %ebx, %edi
    call BootMain                   /* does not return */

/* void BootEnterKernel(root, entry, block): the kernel's calling convention is Microsoft's. */
    .globl BootEnterKernel
BootEnterKernel:
    movq %rdi, %cr3
    movq %rdx, %rcx
    xorl %ebp, %ebp
    pushq $0
    jmpq *%rsi

    .balign 8
BootGdt:
    .quad 0, 0x00AF9B000000FFFF, 0x00CF93000000FFFF
BootGdtPointer:
    .word 23
    .long BootGdt

    .bss
    .balign 4096
BootIdentityPml4: .skip 4096
BootIdentityPdpt: .skip 4096
BootIdentityPd:   .skip 4 * 4096
    .skip 16384
BootStackTop:
