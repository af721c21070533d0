/* The master's steps in order, one table for each profile, and which of them this boot follows. */
#include "smss.h"

typedef VOID SMP_STEP(VOID);

typedef struct _SMP_PROFILE {
    PCWSTR Name;
    BOOLEAN EndsSystem;
    SMP_STEP *CONST *Steps; /* up to NULL */
} SMP_PROFILE;

/* As the two documents tell it: smss loads the drivers, S15 and S17 come before S18, and S16 is one step. */
static SMP_STEP *CONST DocumentedSteps[] = {
    SmpMakeCritical,
    SmpSetPriority,
    SmpInit,
    SmpCreateSecurityDescriptors,
    SmpCreateApiPort,
    SmpCreateApiThreads,
    SmpCreateVolumesEvent,
    SmpCreateRenameMutex,
    SmpConfigureProcessors,
    SmpProhibitDynamicCode,
    SmpCreateEnvironmentTemplate,
    SmpLoadDataFromRegistry,
    SmpInitializeDosDevices,
    SmpCreateSessionsDirectory,
    SmpLoadSystemDrivers,
    SmpRunBootExecute,
    SmpProcessFileRenames,
    SmpCheckForCrashDump,
    SmpCreatePagingFiles,
    SmpInitializeRegistry,
    SmpWriteEventLog,
    SmpSetDynamicEnvironment,
    SmpSetSystemPartition,
    SmpRunSetupExecute,
    SmpInitializeKnownDlls,
    SmpWriteEventLog,
    SmpStartInitialSessions,
    SmpSignalVolumesWritable,
    NULL,
};

/* As other sources saw Windows 10 and 11: the kernel has loaded the drivers, \KnownDlls is there before the DOS devices
   and filled after SetupExecute, and S18 comes before S15. */
static SMP_STEP *CONST ObservedSteps[] = {
    SmpMakeCritical,
    SmpSetPriority,
    SmpInit,
    SmpCreateSecurityDescriptors,
    SmpCreateApiPort,
    SmpCreateApiThreads,
    SmpCreateVolumesEvent,
    SmpCreateRenameMutex,
    SmpConfigureProcessors,
    SmpProhibitDynamicCode,
    SmpCreateEnvironmentTemplate,
    SmpLoadDataFromRegistry,
    SmpCreateKnownDllsDirectory,
    SmpInitializeDosDevices,
    SmpCreateSessionsDirectory,
    SmpRunBootExecute,
    SmpInitializeRegistry,
    SmpProcessFileRenames,
    SmpCheckForCrashDump,
    SmpCreatePagingFiles,
    SmpWriteEventLog,
    SmpSetDynamicEnvironment,
    SmpSetSystemPartition,
    SmpRunSetupExecute,
    SmpInitializeKnownDlls,
    SmpWriteEventLog,
    SmpStartInitialSessions,
    SmpSignalVolumesWritable,
    NULL,
};

/* The first one is for a boot that names none of them. */
static CONST SMP_PROFILE Profiles[] = {
    { L"win11/documented", TRUE, DocumentedSteps },
    { L"win11/observed", FALSE, ObservedSteps },
};

BOOLEAN SmpEndsSystem;

/* `profile=` among the loader's options, which the kernel keeps in the registry: words with blanks between them. */
static CONST SMP_PROFILE *FindProfile(VOID)
{
    static CONST WCHAR Key[] = L"profile=";
    WCHAR Options[SMP_VALUE_SIZE / sizeof(WCHAR) + 1];
    SIZE_T KeyLength = wcslen(Key), Length;
    NTSTATUS Status = SmpReadString(L"\\Registry\\Machine\\System\\CurrentControlSet\\Control",
                                    L"SystemStartOptions", Options, sizeof(Options));

    if (!NT_SUCCESS(Status) && Status != STATUS_OBJECT_NAME_NOT_FOUND)
        SmpTerminate(Status, "SystemStartOptions");
    for (PCWSTR Word = Options; *Word; Word += Length) {
        Word += *Word == L' ';
        for (Length = 0; Word[Length] && Word[Length] != L' '; Length++)
            ;
        if (Length < KeyLength || wcsncmp(Word, Key, KeyLength))
            continue;
        for (ULONG i = 0; i < RTL_NUMBER_OF(Profiles); i++) {
            if (wcslen(Profiles[i].Name) == Length - KeyLength &&
                !wcsncmp(Word + KeyLength, Profiles[i].Name, Length - KeyLength))
                return &Profiles[i];
        }
    }
    return &Profiles[0];
}

VOID SmpRunSteps(VOID)
{
    CONST SMP_PROFILE *Profile = FindProfile();

    SmpEndsSystem = Profile->EndsSystem;
    for (SMP_STEP *CONST *Step = Profile->Steps; *Step; Step++)
        (*Step)();
}
