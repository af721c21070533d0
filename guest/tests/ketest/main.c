/* Phase 0 and 1 of the self-testing kernel. The command line says what comes after the checks: `then=` off, reset, wait
 * (for the power button or the operator), bugcheck, write-code, run-data, bad-pointer, overflow. */
#include "ketest.h"

static BOOLEAN Then(PCSTR What)
{
    PCSTR Text = KeLoaderBlock->CommandLine;

    for (; *Text; Text++) {
        PCSTR a = Text, b = "then=";
        while (*b && *a == *b)
            a++, b++;
        if (*b)
            continue;
        for (b = What; *b && *a == *b;)
            a++, b++;
        return *b == 0 && (*a == 0 || *a == ' ');
    }
    return FALSE;
}

static ULONG __attribute__((noinline)) Overflow(volatile ULONG *Depth)
{
    volatile ULONG Buffer[64];

    Buffer[0] = *Depth + 1;
    return Buffer[0] == 0 ? 0 : Overflow(Buffer) + Buffer[0];     /* never 0 before the stack ends */
}

static VOID Phase1(PVOID Context)
{
    volatile ULONG Depth = 0;

    UNREFERENCED_PARAMETER(Context);
    KeInitSystem();
    KeInitializeEvent(&TestPowerEvent, NotificationEvent, FALSE);
    HalInitSystem(1, KeLoaderBlock);
    TestWaits();
    TestUserMode();
    HalDisplayString(TestFailures == 0 ? "all passed\n" : "some failed\n");

    if (Then("bugcheck"))
        KeBugCheckEx(SESSION3_INITIALIZATION_FAILED, 1, 2, 3, 4);
    if (Then("write-code"))
        *(volatile ULONG *)(ULONG64)&KiSystemStartup = 0;
    if (Then("run-data"))
        ((VOID(*)(VOID))(PVOID)&TestFailures)();
    if (Then("bad-pointer"))
        *(volatile ULONG *)0xFFFFFA8000001000ull = 0;
    if (Then("overflow"))
        Overflow(&Depth);
    if (Then("reset"))
        HalReturnToFirmware(HalRebootRoutine);
    if (Then("wait")) {
        HalDisplayString("waiting\n");
        KeWaitForSingleObject(&TestPowerEvent, Executive, KernelMode, FALSE, NULL);
        HalReturnToFirmware(TestPowerAction == PoActionReset ? HalRebootRoutine : HalPowerDownRoutine);
    }
    HalReturnToFirmware(HalPowerDownRoutine);
}

VOID ExpInitializeExecutive(PLOADER_PARAMETER_BLOCK LoaderBlock)
{
    TestInitializeMemory(LoaderBlock);
    CHECK("kernel-root", KiPrepareKernelRoot());
    KiInitialProcess.Pcb.BasePriority = 8;
    KeReadyThread(TestCreateThread(Phase1, NULL, &KiInitialProcess.Pcb, NULL));
}
