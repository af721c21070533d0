/* Privileges of this process or thread, and criticality: whose death stops the system. */
#include "ntdllp.h"

NTSTATUS NTAPI RtlAdjustPrivilege(ULONG Privilege, BOOLEAN Enable, BOOLEAN CurrentThread, PBOOLEAN WasEnabled)
{
    TOKEN_PRIVILEGES New = { 1, { { { Privilege, 0 }, Enable ? SE_PRIVILEGE_ENABLED : 0 } } }, Old = { 0 };
    ULONG Length;
    HANDLE Token;
    NTSTATUS Status;

    if (CurrentThread)
        Status = NtOpenThreadToken(NtCurrentThread(), TOKEN_ADJUST_PRIVILEGES | TOKEN_QUERY, FALSE, &Token);
    else
        Status = NtOpenProcessToken(NtCurrentProcess(), TOKEN_ADJUST_PRIVILEGES | TOKEN_QUERY, &Token);
    if (!NT_SUCCESS(Status))
        return Status;
    Status = NtAdjustPrivilegesToken(Token, FALSE, &New, sizeof(Old), &Old, &Length);
    NtClose(Token);
    if (Status == STATUS_NOT_ALL_ASSIGNED)
        return STATUS_PRIVILEGE_NOT_HELD;
    if (!NT_SUCCESS(Status))
        return Status;
    /* A state that did not change is not listed. */
    *WasEnabled = Old.PrivilegeCount ? (Old.Privileges[0].Attributes & SE_PRIVILEGE_ENABLED) != 0 : Enable;
    return STATUS_SUCCESS;
}

#define FLG_ENABLE_SYSTEM_CRIT_BREAKS 0x00100000

ULONG NTAPI RtlGetNtGlobalFlags(VOID)
{
    return NtCurrentPeb()->NtGlobalFlag;
}

NTSTATUS NTAPI RtlSetProcessIsCritical(BOOLEAN NewValue, PBOOLEAN OldValue, BOOLEAN NeedBreaks)
{
    ULONG Value;
    NTSTATUS Status;

    if (OldValue)
        *OldValue = FALSE;
    if (NeedBreaks && !(RtlGetNtGlobalFlags() & FLG_ENABLE_SYSTEM_CRIT_BREAKS))
        return STATUS_UNSUCCESSFUL;
    if (OldValue) {
        Status = NtQueryInformationProcess(NtCurrentProcess(), ProcessBreakOnTermination, &Value, sizeof(Value), NULL);
        if (!NT_SUCCESS(Status))
            return Status;
        *OldValue = Value != 0;
    }
    Value = NewValue;
    return NtSetInformationProcess(NtCurrentProcess(), ProcessBreakOnTermination, &Value, sizeof(Value));
}

NTSTATUS NTAPI RtlSetThreadIsCritical(BOOLEAN NewValue, PBOOLEAN OldValue, BOOLEAN NeedBreaks)
{
    ULONG Value;
    NTSTATUS Status;

    if (OldValue)
        *OldValue = FALSE;
    if (NeedBreaks && !(RtlGetNtGlobalFlags() & FLG_ENABLE_SYSTEM_CRIT_BREAKS))
        return STATUS_UNSUCCESSFUL;
    if (OldValue) {
        Status = NtQueryInformationThread(NtCurrentThread(), ThreadBreakOnTermination, &Value, sizeof(Value), NULL);
        if (!NT_SUCCESS(Status))
            return Status;
        *OldValue = Value != 0;
    }
    Value = NewValue;
    return NtSetInformationThread(NtCurrentThread(), ThreadBreakOnTermination, &Value, sizeof(Value));
}
