/* User mode's floating point registers to and from memory. */

    .text
/* VOID KiSaveFloatingState(PKFLOATING_SAVE State) */
    .balign 16
    .globl KiSaveFloatingState
KiSaveFloatingState:
    fxsave64 (%rcx)
    ret

/* VOID KiRestoreFloatingState(const KFLOATING_SAVE *State) */
    .balign 16
    .globl KiRestoreFloatingState
KiRestoreFloatingState:
    fxrstor64 (%rcx)
    ret
