/* What a child of the test does: its role is its command line. */
#include "svctest.h"

static NTSTATUS OpenParent(ACCESS_MASK Access, PHANDLE Process)
{
    PROCESS_BASIC_INFORMATION Basic;
    OBJECT_ATTRIBUTES Attributes;
    CLIENT_ID Cid = { 0 };

    NtQueryInformationProcess(NtCurrentProcess(), ProcessBasicInformation, &Basic, sizeof Basic, NULL);
    Cid.UniqueProcess = Basic.InheritedFromUniqueProcessId;
    InitializeObjectAttributes(&Attributes, NULL, 0, NULL, NULL);
    return NtOpenProcess(Process, Access, &Attributes, &Cid);
}

/* The one event among the handles that this process was born with. */
static NTSTATUS SetInheritedEvent(VOID)
{
    NTSTATUS Status = STATUS_INVALID_HANDLE;

    for (ULONG_PTR Handle = 4; Handle < 0x100 && !NT_SUCCESS(Status); Handle += 4)
        Status = NtSetEvent((HANDLE)Handle, NULL);
    return Status;
}

static NTSTATUS CallPort(VOID)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\TestPort");
    SECURITY_QUALITY_OF_SERVICE Qos = { sizeof Qos, SecurityImpersonation, FALSE, TRUE };
    struct { PORT_MESSAGE h; ULONG Value; } Message = { 0 };
    HANDLE Port;
    NTSTATUS Status = NtConnectPort(&Port, &Name, &Qos, NULL, NULL, NULL, NULL, NULL);

    if (!NT_SUCCESS(Status))
        return Status;
    Message.h.u1.s1.DataLength = sizeof Message.Value;
    Message.h.u1.s1.TotalLength = sizeof Message;
    Message.Value = 41;
    Status = NtRequestWaitReplyPort(Port, &Message.h, &Message.h);
    if (!NT_SUCCESS(Status))
        return Status;
    return Message.Value == 42 ? STATUS_SUCCESS : STATUS_DATA_ERROR;
}

/* Code can be made until the policy is set, and then in no way. */
static NTSTATUS MakeCode(VOID)
{
    PROCESS_MITIGATION_POLICY_INFORMATION Policy = { ProcessDynamicCodePolicy, { { { .ProhibitDynamicCode = 1 } } } };
    PVOID Code = NULL, Data = NULL, Section = (PVOID)(ULONG_PTR)MakeCode;
    SIZE_T Size = PAGE_SIZE, Page = PAGE_SIZE;
    ULONG Old;
    NTSTATUS Status;

    Status = NtAllocateVirtualMemory(NtCurrentProcess(), &Code, 0, &Size, MEM_COMMIT, PAGE_EXECUTE_READWRITE);
    if (NT_SUCCESS(Status))
        Status = NtAllocateVirtualMemory(NtCurrentProcess(), &Data, 0, &Size, MEM_COMMIT, PAGE_READWRITE);
    if (NT_SUCCESS(Status))
        Status = NtSetInformationProcess(NtCurrentProcess(), ProcessMitigationPolicy, &Policy, sizeof Policy);
    if (!NT_SUCCESS(Status))
        return Status;
    if (NtProtectVirtualMemory(NtCurrentProcess(), &Data, &Size, PAGE_EXECUTE_READ, &Old) !=
            STATUS_DYNAMIC_CODE_BLOCKED ||
        NtProtectVirtualMemory(NtCurrentProcess(), &Section, &Page, PAGE_EXECUTE_READWRITE, &Old) !=
            STATUS_DYNAMIC_CODE_BLOCKED)
        return STATUS_DATA_ERROR;
    Code = NULL;
    if (NtAllocateVirtualMemory(NtCurrentProcess(), &Code, 0, &Size, MEM_COMMIT, PAGE_EXECUTE_READ) !=
        STATUS_DYNAMIC_CODE_BLOCKED)
        return STATUS_INVALID_PAGE_PROTECTION;
    Policy.DynamicCodePolicy.Flags = 0;
    Status = NtSetInformationProcess(NtCurrentProcess(), ProcessMitigationPolicy, &Policy, sizeof Policy);
    return Status == STATUS_ACCESS_DENIED ? STATUS_SUCCESS : Status;
}

static BOOLEAN Is(PCWSTR Role, PCWSTR Name)
{
    UNICODE_STRING A, B;

    RtlInitUnicodeString(&A, Role);
    RtlInitUnicodeString(&B, Name);
    return RtlEqualUnicodeString(&A, &B, FALSE);
}

DECLSPEC_NORETURN VOID RunRole(PCWSTR Role)
{
    NTSTATUS Status = STATUS_SUCCESS;
    HANDLE Handle;

    if (Is(Role, L"exit"))
        Status = 0x1234;
    else if (Is(Role, L"make-code"))
        Status = MakeCode();
    else if (Is(Role, L"read-nothing"))
        Status = *(volatile ULONG *)8;
    else if (Is(Role, L"read-kernel"))
        Status = *(volatile ULONG *)0xFFFFF80000000000ull;
    else if (Is(Role, L"write-code"))
        *(volatile UCHAR *)(ULONG_PTR)RunRole = 0;
    else if (Is(Role, L"run-stack")) {
        UCHAR Code[16] = { 0xC3, 0xC3 };

        ((VOID (*)(VOID))(ULONG_PTR)Code)();
    } else if (Is(Role, L"open-parent"))
        Status = OpenParent(PROCESS_TERMINATE, &Handle);
    else if (Is(Role, L"read-parent"))
        Status = OpenParent(PROCESS_VM_READ, &Handle);
    else if (Is(Role, L"query-parent"))
        Status = OpenParent(PROCESS_QUERY_LIMITED_INFORMATION | SYNCHRONIZE, &Handle);
    else if (Is(Role, L"protected-child")) {
        RTL_USER_PROCESS_INFORMATION Child;

        Status = TestCreateChild(L"exit", PS_PROTECTED_WINTCB_LIGHT, &Child);
    } else if (Is(Role, L"set-inherited"))
        Status = SetInheritedEvent();
    else if (Is(Role, L"call-port"))
        Status = CallPort();
    else if (Is(Role, L"spin"))
        for (;;)
            ;
    else if (Is(Role, L"wait"))
        NtWaitForSingleObject(NtCurrentProcess(), FALSE, NULL);
    RtlExitUserProcess(Status);
}
