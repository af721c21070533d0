/* Impersonation: one thread acts with the security of another. */
#include "sep.h"

NTSTATUS NTAPI NtImpersonateThread(HANDLE ServerThreadHandle, HANDLE ClientThreadHandle,
                                   PSECURITY_QUALITY_OF_SERVICE SecurityQos)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    SECURITY_QUALITY_OF_SERVICE Qos;
    PETHREAD Server, Client;
    PTOKEN Token, Source, Old;
    NTSTATUS Status;

    Status = ExCopyFromMode(Mode, &Qos, SecurityQos, sizeof Qos);
    if (!NT_SUCCESS(Status))
        return Status;
    if (Qos.ImpersonationLevel > SecurityDelegation)
        return STATUS_INVALID_PARAMETER;
    Status = ObReferenceObjectByHandle(ClientThreadHandle, THREAD_DIRECT_IMPERSONATION, PsThreadType, Mode,
                                       (PVOID *)&Client, NULL);
    if (!NT_SUCCESS(Status))
        return Status;
    Status = ObReferenceObjectByHandle(ServerThreadHandle, THREAD_IMPERSONATE, PsThreadType, Mode,
                                       (PVOID *)&Server, NULL);
    if (!NT_SUCCESS(Status)) {
        ObDereferenceObject(Client);
        return Status;
    }
    Source = Client->ImpersonationToken != NULL ? Client->ImpersonationToken : Client->ThreadsProcess->Token;
    if (Source->TokenType == TokenImpersonation && Source->ImpersonationLevel < Qos.ImpersonationLevel)
        Status = STATUS_BAD_IMPERSONATION_LEVEL;
    else
        Status = SepDuplicateToken(Source, TokenImpersonation, Qos.ImpersonationLevel, &Token);
    if (NT_SUCCESS(Status)) {
        Old = Server->ImpersonationToken;
        Server->ImpersonationToken = Token;     /* takes over the new token's reference */
        if (Old != NULL)
            ObDereferenceObject(Old);
    }
    ObDereferenceObject(Server);
    ObDereferenceObject(Client);
    return Status;
}
