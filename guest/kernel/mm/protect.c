/* PAGE_* protections: what they allow, and the bits of a page table entry that they become. */
#include "mip.h"

#define MI_MODIFIERS (PAGE_GUARD | PAGE_NOCACHE)
#define MI_WRITABLE (PAGE_READWRITE | PAGE_WRITECOPY | PAGE_EXECUTE_READWRITE | PAGE_EXECUTE_WRITECOPY)
#define MI_EXECUTABLE (PAGE_EXECUTE | PAGE_EXECUTE_READ | PAGE_EXECUTE_READWRITE | PAGE_EXECUTE_WRITECOPY)

BOOLEAN MiIsValidProtection(ULONG Protect)
{
    ULONG Base = Protect & ~(ULONG)MI_MODIFIERS;

    if (Base == 0 || Base > PAGE_EXECUTE_WRITECOPY || (Base & (Base - 1)) != 0)
        return FALSE;
    return Base != PAGE_NOACCESS || (Protect & MI_MODIFIERS) == 0;
}

BOOLEAN MiProtectionAllows(ULONG Protect, ULONG FaultFlags)
{
    if (Protect == 0 || (Protect & PAGE_NOACCESS) != 0)
        return FALSE;
    if ((FaultFlags & MM_FAULT_WRITE) != 0 && (Protect & MI_WRITABLE) == 0)
        return FALSE;
    return (FaultFlags & MM_FAULT_EXECUTE) == 0 || (Protect & MI_EXECUTABLE) != 0;
}

BOOLEAN MiIsDynamicCode(PEPROCESS Process, ULONG OldProtect, ULONG NewProtect)
{
    if (!Process->DynamicCodeProhibited || (NewProtect & MI_EXECUTABLE) == 0)
        return FALSE;
    return (OldProtect & MI_EXECUTABLE) == 0 || (NewProtect & MI_WRITABLE) != 0;
}

BOOLEAN MiIsCopyOnWrite(ULONG Protect)
{
    return (Protect & (PAGE_WRITECOPY | PAGE_EXECUTE_WRITECOPY)) != 0;
}

ULONG MiPageFlags(ULONG Protect, BOOLEAN MayWrite)
{
    return KI_PAGE_USER | (MayWrite && (Protect & MI_WRITABLE) != 0 ? KI_PAGE_WRITE : 0) |
           ((Protect & MI_EXECUTABLE) != 0 ? KI_PAGE_EXECUTE : 0);
}

ULONG MiOwnPageFlags(ULONG Protect, PFN_NUMBER Page)
{
    return MiPageFlags(Protect, MiPageSlot(Page) == 0);
}

BOOLEAN MiIsViewAllowed(ULONG Allowed, ULONG Protect)
{
    BOOLEAN WritesShared = MiProtectionAllows(Protect, MM_FAULT_WRITE) && !MiIsCopyOnWrite(Protect);

    if (WritesShared && (!MiProtectionAllows(Allowed, MM_FAULT_WRITE) || MiIsCopyOnWrite(Allowed)))
        return FALSE;
    return !MiProtectionAllows(Protect, MM_FAULT_EXECUTE) || MiProtectionAllows(Allowed, MM_FAULT_EXECUTE);
}
