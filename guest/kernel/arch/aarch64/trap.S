/* The exception vectors: each builds a KTRAP_FRAME (archdef.h, keep in step) on the kernel stack and calls C with
 * interrupts off. X18 is user mode's TEB and nobody's in the kernel. */

#define FRAME_SP   (31 * 8)
#define FRAME_PC   (32 * 8)
#define FRAME_SPSR (33 * 8)
#define FRAME_ESR  (34 * 8)
#define FRAME_FAR  (35 * 8)
#define FRAME_SIZE (36 * 8)

    .macro SAVE_FRAME from_user
    sub sp, sp, #FRAME_SIZE
    stp x0, x1, [sp, #16 * 0]
    stp x2, x3, [sp, #16 * 1]
    stp x4, x5, [sp, #16 * 2]
    stp x6, x7, [sp, #16 * 3]
    stp x8, x9, [sp, #16 * 4]
    stp x10, x11, [sp, #16 * 5]
    stp x12, x13, [sp, #16 * 6]
    stp x14, x15, [sp, #16 * 7]
    stp x16, x17, [sp, #16 * 8]
    stp x18, x19, [sp, #16 * 9]
    stp x20, x21, [sp, #16 * 10]
    stp x22, x23, [sp, #16 * 11]
    stp x24, x25, [sp, #16 * 12]
    stp x26, x27, [sp, #16 * 13]
    stp x28, x29, [sp, #16 * 14]
    .if \from_user
    mrs x0, sp_el0
    mov x29, xzr
    .else
    add x0, sp, #FRAME_SIZE
    .endif
    mrs x1, elr_el1
    mrs x2, spsr_el1
    mrs x3, esr_el1
    mrs x4, far_el1
    stp x30, x0, [sp, #30 * 8]
    stp x1, x2, [sp, #FRAME_PC]
    stp x3, x4, [sp, #FRAME_ESR]
    mov x0, sp
    .endm

/* SP = KTRAP_FRAME, interrupts off. */
    .macro LOAD_FRAME to_user
    ldp x1, x2, [sp, #FRAME_PC]
    msr elr_el1, x1
    msr spsr_el1, x2
    ldp x30, x0, [sp, #30 * 8]
    .if \to_user
    msr sp_el0, x0
    .endif
    ldp x0, x1, [sp, #16 * 0]
    ldp x2, x3, [sp, #16 * 1]
    ldp x4, x5, [sp, #16 * 2]
    ldp x6, x7, [sp, #16 * 3]
    ldp x8, x9, [sp, #16 * 4]
    ldp x10, x11, [sp, #16 * 5]
    ldp x12, x13, [sp, #16 * 6]
    ldp x14, x15, [sp, #16 * 7]
    ldp x16, x17, [sp, #16 * 8]
    ldp x18, x19, [sp, #16 * 9]
    ldp x20, x21, [sp, #16 * 10]
    ldp x22, x23, [sp, #16 * 11]
    ldp x24, x25, [sp, #16 * 12]
    ldp x26, x27, [sp, #16 * 13]
    ldp x28, x29, [sp, #16 * 14]
    add sp, sp, #FRAME_SIZE
    eret
    .endm

    .macro VECTOR target
    .balign 128
    b \target
    .endm

    .text
    .balign 2048
    .globl KiVectors
KiVectors:
    VECTOR KiUnexpectedEntry        /* current level with SP_EL0: never used */
    VECTOR KiUnexpectedEntry
    VECTOR KiUnexpectedEntry
    VECTOR KiUnexpectedEntry
    VECTOR KiKernelSyncEntry        /* current level with SP_EL1 */
    VECTOR KiKernelIrqEntry
    VECTOR KiUnexpectedEntry
    VECTOR KiUnexpectedEntry
    VECTOR KiUserSyncEntry          /* EL0, 64-bit */
    VECTOR KiUserIrqEntry
    VECTOR KiUnexpectedEntry
    VECTOR KiUnexpectedEntry
    VECTOR KiUnexpectedEntry        /* EL0, 32-bit: no such programs */
    VECTOR KiUnexpectedEntry
    VECTOR KiUnexpectedEntry
    VECTOR KiUnexpectedEntry

/* A fault in here mostly means that the kernel stack overflowed: a frame cannot be pushed on it. The address that
 * faulted tells, so such a frame goes to a stack of its own. */
KiKernelSyncEntry:
    msr tpidr_el1, x0
    mov x0, sp
    sub x0, x0, #FRAME_SIZE
    msr tpidrro_el0, x1
    at s1e1w, x0
    isb
    mrs x1, par_el1
    tbnz x1, #0, KiStackFault
    mrs x1, tpidrro_el0
    msr tpidrro_el0, xzr            /* user mode can read that one */
    mrs x0, tpidr_el1
    SAVE_FRAME 0
    bl KiKernelSyncHandler
    LOAD_FRAME 0
KiKernelIrqEntry:
    SAVE_FRAME 0
    bl KiKernelIrqHandler
    LOAD_FRAME 0
KiUserSyncEntry:
    SAVE_FRAME 1
    bl KiUserSyncHandler
    LOAD_FRAME 1
KiUserIrqEntry:
    SAVE_FRAME 1
    bl KiUserIrqHandler
    LOAD_FRAME 1
KiUnexpectedEntry:
    SAVE_FRAME 0
    bl KiUnexpectedHandler
    brk #0
KiStackFault:
    mov x1, sp
    adrp x0, KiFaultStackTop
    add x0, x0, :lo12:KiFaultStackTop
    mov sp, x0
    mrs x0, tpidr_el1
    SAVE_FRAME 0
    bl KiStackFaultHandler
    brk #0

/* VOID KiLoadTrapFrame(PKTRAP_FRAME, PVOID InitialStack): goes to user mode with these registers. The frame moves to the
 * top of the kernel stack, so that the next entry finds that stack empty. */
    .globl KiLoadTrapFrame
KiLoadTrapFrame:
    sub x1, x1, #FRAME_SIZE
    mov x2, #FRAME_SIZE
1:  sub x2, x2, #16                 /* from the end: the frame may overlap its new place, which is above */
    add x3, x0, x2
    ldp x4, x5, [x3]
    add x3, x1, x2
    stp x4, x5, [x3]
    cbnz x2, 1b
    mov sp, x1
    LOAD_FRAME 1

    .section .bss, "bw"
    .balign 16
    .skip 0x2000
KiFaultStackTop:
    .skip 16
