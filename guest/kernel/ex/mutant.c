/* Mutant objects and their services. */
#include "exp.h"

POBJECT_TYPE ExMutantObjectType;

/* An owned mutant hangs in its owner's list; raises IRQL to take it out. */
static VOID NTAPI ExpDeleteMutant(PVOID Object)
{
    PKMUTANT Mutant = Object;
    KIRQL Irql;

    KeRaiseIrql(DISPATCH_LEVEL, &Irql);
    if (Mutant->OwnerThread != NULL)
        RemoveEntryList(&Mutant->MutantListEntry);
    Mutant->OwnerThread = NULL;
    KeLowerIrql(Irql);
}

BOOLEAN ExpCreateMutantType(VOID)
{
    static UNICODE_STRING Name = RTL_CONSTANT_STRING(L"Mutant");
    OBJECT_TYPE_INITIALIZER Mutant = { .Length = sizeof Mutant, .PoolType = NonPagedPool,
        .ValidAccessMask = MUTANT_ALL_ACCESS, .DeleteProcedure = ExpDeleteMutant,
        .GenericMapping = { STANDARD_RIGHTS_READ | MUTANT_QUERY_STATE, STANDARD_RIGHTS_WRITE,
                            STANDARD_RIGHTS_EXECUTE | SYNCHRONIZE, MUTANT_ALL_ACCESS } };

    if (!NT_SUCCESS(ObCreateObjectType(&Name, &Mutant, NULL, &ExMutantObjectType)))
        return FALSE;
    ExMutantObjectType->DefaultDispatcherOffset = 0;
    return TRUE;
}

/* With OBJ_OPENIF the handle may be one to a mutant that was there: the new one goes, and the caller owns neither. */
NTSTATUS NTAPI NtCreateMutant(PHANDLE MutantHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                              BOOLEAN InitialOwner)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    HANDLE Handle = NULL;
    PVOID Mutant;
    NTSTATUS Status;

    Status = ObCreateObject(Mode, ExMutantObjectType, ObjectAttributes, Mode, NULL, sizeof(KMUTANT), 0, 0, &Mutant);
    if (!NT_SUCCESS(Status))
        return Status;
    KeInitializeMutant(Mutant, InitialOwner);
    Status = ObInsertObject(Mutant, NULL, DesiredAccess, 0, NULL, &Handle);
    if (!NT_SUCCESS(Status))
        return Status;
    return ObReturnHandle(Mode, MutantHandle, Handle, Status);
}

NTSTATUS NTAPI NtOpenMutant(PHANDLE MutantHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes)
{
    return ObOpenByAttributes(MutantHandle, DesiredAccess, ObjectAttributes, ExMutantObjectType);
}

NTSTATUS NTAPI NtReleaseMutant(HANDLE MutantHandle, PLONG PreviousCount)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    PVOID Mutant;
    LONG Previous;
    NTSTATUS Status = ObReferenceObjectByHandle(MutantHandle, 0, ExMutantObjectType, Mode, &Mutant, NULL);

    if (!NT_SUCCESS(Status))
        return Status;
    Status = KeReleaseMutant(Mutant, 0, FALSE, &Previous);
    ObDereferenceObject(Mutant);
    return NT_SUCCESS(Status) && PreviousCount != NULL ? ExCopyToMode(Mode, PreviousCount, &Previous, sizeof Previous)
                                                       : Status;
}

NTSTATUS NTAPI NtQueryMutant(HANDLE MutantHandle, MUTANT_INFORMATION_CLASS MutantInformationClass,
                             PVOID MutantInformation, ULONG MutantInformationLength, PULONG ReturnLength)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    MUTANT_BASIC_INFORMATION Basic = { 0 };
    PKMUTANT Mutant;
    NTSTATUS Status;

    if (MutantInformationClass != MutantBasicInformation)
        return STATUS_INVALID_INFO_CLASS;
    Status = ObReferenceObjectByHandle(MutantHandle, MUTANT_QUERY_STATE, ExMutantObjectType, Mode, (PVOID *)&Mutant,
                                       NULL);
    if (!NT_SUCCESS(Status))
        return Status;
    Basic.CurrentCount = KeReadStateMutant(Mutant);
    Basic.OwnedByCaller = Mutant->OwnerThread == KeGetCurrentThread();
    Basic.AbandonedState = Mutant->Abandoned;
    ObDereferenceObject(Mutant);
    return ExReturnInformation(Mode, MutantInformation, MutantInformationLength, ReturnLength, &Basic, sizeof Basic);
}
