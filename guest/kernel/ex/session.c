/* K3 to K7: the Session Manager's parameters, environment, process, and its first five seconds. */
#include "exp.h"

#define SMSS_IMAGE    L"\\SystemRoot\\System32\\smss.exe"
#define SYSTEM_ROOT   L"C:\\Windows"
#define SMSS_WATCH_100NS (-5ll * 10000000)

/* Three variables, in alphabetical order, and the end. */
static const WCHAR ExpInitialEnvironment[] = L"Path=" SYSTEM_ROOT L"\\System32;" SYSTEM_ROOT L"\0"
                                             L"SystemDrive=C:\0"
                                             L"SystemRoot=" SYSTEM_ROOT L"\0";

/* Appends Text to the block after Parameters and describes it in String by its offset. */
static VOID ExpAddString(PRTL_USER_PROCESS_PARAMETERS Parameters, PUNICODE_STRING String, PCWSTR Text)
{
    ULONG Length = 0;

    while (Text[Length] != 0)
        Length++;
    String->Length = (USHORT)(Length * sizeof(WCHAR));
    String->MaximumLength = String->Length + sizeof(WCHAR);
    String->Buffer = (PWSTR)(ULONG_PTR)Parameters->Length;
    RtlCopyMemory((PUCHAR)Parameters + Parameters->Length, Text, String->MaximumLength);
    Parameters->Length += (ULONG)ALIGN_UP_BY(String->MaximumLength, 8);
}

/* K3, K4: denormalised, as every creator hands them over. */
static PRTL_USER_PROCESS_PARAMETERS ExpBuildParameters(VOID)
{
    const ULONG Size = PAGE_SIZE;
    PRTL_USER_PROCESS_PARAMETERS Parameters = ExAllocatePoolWithTag(PagedPool, Size, EXP_TAG);
    PWSTR Environment;

    if (Parameters == NULL)
        KeBugCheckEx(SESSION1_INITIALIZATION_FAILED, (ULONG_PTR)(ULONG)STATUS_NO_MEMORY, 0, 0, 0);
    Environment = ExAllocatePoolWithTag(PagedPool, sizeof ExpInitialEnvironment, EXP_TAG);
    if (Environment == NULL)
        KeBugCheckEx(SESSION2_INITIALIZATION_FAILED, (ULONG_PTR)(ULONG)STATUS_NO_MEMORY, 0, 0, 0);
    RtlZeroMemory(Parameters, Size);
    Parameters->Length = sizeof *Parameters;
    ExpAddString(Parameters, &Parameters->CurrentDirectory.DosPath, SYSTEM_ROOT L"\\");
    ExpAddString(Parameters, &Parameters->DllPath, SYSTEM_ROOT L"\\System32");
    ExpAddString(Parameters, &Parameters->ImagePathName, SMSS_IMAGE);
    ExpAddString(Parameters, &Parameters->CommandLine, SMSS_IMAGE);
    Parameters->MaximumLength = Size;
    RtlCopyMemory(Environment, ExpInitialEnvironment, sizeof ExpInitialEnvironment);
    Parameters->Environment = Environment;
    Parameters->EnvironmentSize = sizeof ExpInitialEnvironment;
    return Parameters;
}

/* K5: suspended, protected, child of the System process, in session 0 without a desktop. */
static NTSTATUS ExpCreateSmss(PRTL_USER_PROCESS_PARAMETERS Parameters, PHANDLE Process, PHANDLE Thread)
{
    static WCHAR ImageName[] = SMSS_IMAGE;
    struct {
        SIZE_T TotalLength;
        PS_ATTRIBUTE Attributes[2];
    } List = { sizeof List, { { PS_ATTRIBUTE_IMAGE_NAME, sizeof ImageName - sizeof(WCHAR), { .ValuePtr = ImageName },
                                NULL },
                              { PS_ATTRIBUTE_PROTECTION_LEVEL, sizeof(UCHAR), { .Value = PS_PROTECTED_WINTCB_LIGHT },
                                NULL } } };
    PS_CREATE_INFO Info = { .Size = sizeof Info };

    return NtCreateUserProcess(Process, Thread, PROCESS_ALL_ACCESS, THREAD_ALL_ACCESS, NULL, NULL, 0,
                               THREAD_CREATE_FLAGS_CREATE_SUSPENDED, Parameters, &Info, (PPS_ATTRIBUTE_LIST)&List);
}

VOID ExpStartSessionManager(VOID)
{
    PRTL_USER_PROCESS_PARAMETERS Parameters = ExpBuildParameters();
    LARGE_INTEGER Timeout = { .QuadPart = SMSS_WATCH_100NS };
    HANDLE Process, Thread;
    NTSTATUS Status;

    Status = ExpCreateSmss(Parameters, &Process, &Thread);
    if (!NT_SUCCESS(Status))
        KeBugCheckEx(SESSION3_INITIALIZATION_FAILED, (ULONG_PTR)(ULONG)Status, 0, 0, 0);
    Status = NtResumeThread(Thread, NULL);
    if (!NT_SUCCESS(Status))
        KeBugCheckEx(SESSION4_INITIALIZATION_FAILED, (ULONG_PTR)(ULONG)Status, 0, 0, 0);
    Status = NtWaitForSingleObject(Process, FALSE, &Timeout);
    if (Status == STATUS_SUCCESS)                   /* it ended: nobody is left to bring the system up */
        KeBugCheckEx(SESSION5_INITIALIZATION_FAILED, (ULONG_PTR)(ULONG)Status, 0, 0, 0);
    NtClose(Thread);
    NtClose(Process);
    ExFreePool(Parameters->Environment);
    ExFreePool(Parameters);
}
