/* Time and the processor: the clock, delays, giving way. */
#include "exp.h"

NTSTATUS NTAPI NtQuerySystemTime(PLARGE_INTEGER SystemTime)
{
    LARGE_INTEGER Now;

    KeQuerySystemTime(&Now);
    return ExCopyToMode(ExGetPreviousMode(), SystemTime, &Now, sizeof Now);
}

NTSTATUS NTAPI NtQueryPerformanceCounter(PLARGE_INTEGER PerformanceCounter, PLARGE_INTEGER PerformanceFrequency)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    LARGE_INTEGER Frequency, Counter = KeQueryPerformanceCounter(&Frequency);
    NTSTATUS Status = ExCopyToMode(Mode, PerformanceCounter, &Counter, sizeof Counter);

    if (NT_SUCCESS(Status) && PerformanceFrequency != NULL)
        Status = ExCopyToMode(Mode, PerformanceFrequency, &Frequency, sizeof Frequency);
    return Status;
}

NTSTATUS NTAPI NtDelayExecution(BOOLEAN Alertable, PLARGE_INTEGER DelayInterval)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    LARGE_INTEGER Interval;
    NTSTATUS Status = ExCopyFromMode(Mode, &Interval, DelayInterval, sizeof Interval);

    return NT_SUCCESS(Status) ? KeDelayExecutionThread(Mode, Alertable, &Interval) : Status;
}

NTSTATUS NTAPI NtYieldExecution(VOID)
{
    KeYieldExecution();
    return STATUS_SUCCESS;
}
