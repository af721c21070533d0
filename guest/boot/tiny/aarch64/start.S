/* The arm64 Linux boot protocol: MMU off, X0 = device tree. */

    .section .text.header, "ax"
    .globl _start
_start:
    b start                         /* code0 */
    .long 0                         /* code1 */
    .quad 0x80000                   /* text_offset from the RAM base */
    .quad BootImageEnd - _start     /* image_size */
    .quad 0xA                       /* little endian, 4 KiB pages, anywhere */
    .quad 0, 0, 0
    .ascii "ARM\x64"
    .long 0

    .text
start:
    ldr x1, =StackTop
    mov sp, x1
    bl TinyMain

    .bss
    .balign 16
    .skip 4096
StackTop:
