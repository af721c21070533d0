/* Creation of processes and threads. */
#include "ntdllp.h"

typedef struct _CREATE_ATTRIBUTES {
    PS_ATTRIBUTE_LIST List; /* with room for one */
    PS_ATTRIBUTE More[5];
} CREATE_ATTRIBUTES;

static VOID AddAttribute(CREATE_ATTRIBUTES *Attributes, ULONG_PTR Attribute, SIZE_T Size, ULONG_PTR Value)
{
    PPS_ATTRIBUTE Next = (PPS_ATTRIBUTE)((PUCHAR)&Attributes->List + Attributes->List.TotalLength);

    Next->Attribute = Attribute;
    Next->Size = Size;
    Next->Value = Value;
    Next->ReturnLength = NULL;
    Attributes->List.TotalLength += sizeof(*Next);
}

typedef struct _CREATE_REQUEST {
    PUNICODE_STRING ImageFileName;
    PRTL_USER_PROCESS_PARAMETERS Parameters;
    PSECURITY_DESCRIPTOR ProcessSd;
    PSECURITY_DESCRIPTOR ThreadSd;
    HANDLE ParentProcess;
    HANDLE Token;
    ULONG ProcessFlags;
    UCHAR ProtectionLevel;
} CREATE_REQUEST;

static NTSTATUS CreateProcess(const CREATE_REQUEST *Request, PRTL_USER_PROCESS_INFORMATION Information)
{
    OBJECT_ATTRIBUTES ProcessAttributes, ThreadAttributes;
    CREATE_ATTRIBUTES Attributes = { .List.TotalLength = offsetof(PS_ATTRIBUTE_LIST, Attributes) };
    PS_CREATE_INFO CreateInfo = { .Size = sizeof(CreateInfo), .State = PsCreateInitialState };
    BOOLEAN Normalized = (Request->Parameters->Flags & RTL_USER_PROC_PARAMS_NORMALIZED) != 0;
    NTSTATUS Status;

    InitializeObjectAttributes(&ProcessAttributes, NULL, 0, NULL, Request->ProcessSd);
    InitializeObjectAttributes(&ThreadAttributes, NULL, 0, NULL, Request->ThreadSd);
    AddAttribute(&Attributes, PS_ATTRIBUTE_IMAGE_NAME, Request->ImageFileName->Length,
                 (ULONG_PTR)Request->ImageFileName->Buffer);
    AddAttribute(&Attributes, PS_ATTRIBUTE_CLIENT_ID, sizeof(CLIENT_ID), (ULONG_PTR)&Information->ClientId);
    AddAttribute(&Attributes, PS_ATTRIBUTE_IMAGE_INFO, sizeof(SECTION_IMAGE_INFORMATION),
                 (ULONG_PTR)&Information->ImageInformation);
    if (Request->ParentProcess)
        AddAttribute(&Attributes, PS_ATTRIBUTE_PARENT_PROCESS, sizeof(HANDLE), (ULONG_PTR)Request->ParentProcess);
    if (Request->Token)
        AddAttribute(&Attributes, PS_ATTRIBUTE_TOKEN, sizeof(HANDLE), (ULONG_PTR)Request->Token);
    if (Request->ProtectionLevel)
        AddAttribute(&Attributes, PS_ATTRIBUTE_PROTECTION_LEVEL, sizeof(UCHAR), Request->ProtectionLevel);

    memset(Information, 0, sizeof(*Information));
    Information->Length = sizeof(*Information);
    RtlDeNormalizeProcessParams(Request->Parameters);
    Status = NtCreateUserProcess(&Information->ProcessHandle, &Information->ThreadHandle, PROCESS_ALL_ACCESS,
                                 THREAD_ALL_ACCESS, &ProcessAttributes, &ThreadAttributes, Request->ProcessFlags,
                                 THREAD_CREATE_FLAGS_CREATE_SUSPENDED, Request->Parameters, &CreateInfo,
                                 &Attributes.List);
    if (Normalized)
        RtlNormalizeProcessParams(Request->Parameters);
    return Status;
}

NTSTATUS NTAPI RtlCreateUserProcess(PUNICODE_STRING ImageFileName, ULONG ObjectAttributes,
                                    PRTL_USER_PROCESS_PARAMETERS Parameters, PSECURITY_DESCRIPTOR ProcessSd,
                                    PSECURITY_DESCRIPTOR ThreadSd, HANDLE ParentProcess, BOOLEAN InheritHandles,
                                    HANDLE DebugPort, HANDLE TokenHandle, PRTL_USER_PROCESS_INFORMATION Information)
{
    CREATE_REQUEST Request = { .ImageFileName = ImageFileName, .Parameters = Parameters, .ProcessSd = ProcessSd,
                               .ThreadSd = ThreadSd, .ParentProcess = ParentProcess, .Token = TokenHandle,
                               .ProcessFlags = InheritHandles ? PROCESS_CREATE_FLAGS_INHERIT_HANDLES : 0 };

    UNREFERENCED_PARAMETER(ObjectAttributes);
    return DebugPort ? STATUS_NOT_SUPPORTED : CreateProcess(&Request, Information);
}

NTSTATUS NTAPI RtlpCreateUserProcess(PUNICODE_STRING ImageFileName, PRTL_USER_PROCESS_PARAMETERS Parameters,
                                     ULONG ProcessFlags, UCHAR ProtectionLevel,
                                     PRTL_USER_PROCESS_INFORMATION Information)
{
    CREATE_REQUEST Request = { .ImageFileName = ImageFileName, .Parameters = Parameters,
                               .ProcessFlags = ProcessFlags, .ProtectionLevel = ProtectionLevel };

    if (ProtectionLevel)
        Request.ProcessFlags |= PROCESS_CREATE_FLAGS_PROTECTED_PROCESS;
    return CreateProcess(&Request, Information);
}

NTSTATUS NTAPI RtlCreateUserThread(HANDLE ProcessHandle, PSECURITY_DESCRIPTOR ThreadSd, BOOLEAN CreateSuspended,
                                   ULONG ZeroBits, SIZE_T MaximumStackSize, SIZE_T CommittedStackSize,
                                   PUSER_THREAD_START_ROUTINE StartAddress, PVOID Parameter, PHANDLE ThreadHandle,
                                   PCLIENT_ID ClientId)
{
    CREATE_ATTRIBUTES Attributes = { .List.TotalLength = offsetof(PS_ATTRIBUTE_LIST, Attributes) };
    OBJECT_ATTRIBUTES ThreadAttributes;
    CLIENT_ID Ignored;
    HANDLE Thread;
    NTSTATUS Status;

    InitializeObjectAttributes(&ThreadAttributes, NULL, 0, NULL, ThreadSd);
    AddAttribute(&Attributes, PS_ATTRIBUTE_CLIENT_ID, sizeof(CLIENT_ID), (ULONG_PTR)(ClientId ? ClientId : &Ignored));
    Status = NtCreateThreadEx(&Thread, THREAD_ALL_ACCESS, &ThreadAttributes, ProcessHandle, (PVOID)StartAddress,
                              Parameter, CreateSuspended ? THREAD_CREATE_FLAGS_CREATE_SUSPENDED : 0, ZeroBits,
                              CommittedStackSize, MaximumStackSize, &Attributes.List);
    if (!NT_SUCCESS(Status))
        return Status;
    if (ThreadHandle)
        *ThreadHandle = Thread;
    else
        NtClose(Thread);
    return STATUS_SUCCESS;
}
