/* Server DLLs: `ServerDll=name:Routine,id`. One DLL may serve under several numbers. */
#include "csrss.h"

#define SERVER_LIMIT 8

static CSR_SERVER_DLL Servers[SERVER_LIMIT];
static ULONG ServerCount;

/* `name[:Routine][,id]` into its parts. */
static NTSTATUS ParseServer(PCUNICODE_STRING Value, PUNICODE_STRING Name, PSTR Routine, ULONG RoutineSize, PULONG Id)
{
    ULONG Count = Value->Length / sizeof(WCHAR), Colon = Count, Comma = Count;
    UNICODE_STRING Number;

    for (ULONG i = Count; i-- > 0;) {
        if (Value->Buffer[i] == L':')
            Colon = i;
        else if (Value->Buffer[i] == L',')
            Comma = i;
    }
    Colon = min(Colon, Comma);
    Name->Buffer = Value->Buffer;
    Name->Length = Name->MaximumLength = (USHORT)(Colon * sizeof(WCHAR));
    strncpy(Routine, CSR_DEFAULT_INIT_ROUTINE, RoutineSize);
    if (Comma > Colon + 1) {
        if (Comma - Colon - 1 >= RoutineSize)
            return STATUS_INVALID_PARAMETER;
        for (ULONG i = Colon + 1; i < Comma; i++)
            Routine[i - Colon - 1] = (CHAR)Value->Buffer[i];
        Routine[Comma - Colon - 1] = 0;
    }
    *Id = 0;
    if (Comma >= Count)
        return Name->Length ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
    Number.Buffer = Value->Buffer + Comma + 1;
    Number.Length = Number.MaximumLength = (USHORT)((Count - Comma - 1) * sizeof(WCHAR));
    return RtlUnicodeStringToInteger(&Number, 10, Id);
}

/* S23; S-061 */
NTSTATUS CsrLoadServerDll(PCUNICODE_STRING Value)
{
    PCSR_SERVER_DLL Server = &Servers[ServerCount];
    CHAR Routine[64];
    ANSI_STRING RoutineName;
    UNICODE_STRING Name;
    PVOID Dll, Address;
    NTSTATUS Status;

    if (ServerCount == SERVER_LIMIT)
        return STATUS_INSUFFICIENT_RESOURCES;
    Status = ParseServer(Value, &Name, Routine, sizeof(Routine), &Server->ServerId);
    if (!NT_SUCCESS(Status))
        return Status;
    Status = LdrLoadDll(NULL, NULL, &Name, &Dll);
    if (!NT_SUCCESS(Status))
        return Status;
    RtlInitAnsiString(&RoutineName, Routine);
    Status = LdrGetProcedureAddress(Dll, &RoutineName, 0, &Address);
    if (!NT_SUCCESS(Status))
        return Status;
    Server->SessionId = CsrSessionId;
    Server->ObjectMade = CsrObjectMade;
    Status = ((PCSR_SERVER_DLL_INIT_ROUTINE)Address)(Server);
    if (!NT_SUCCESS(Status))
        return Status;
    ServerCount++;
    return RtlpClaim("csrss.server-dll", "name=%wZ", &Name);
}

/* The first server that knows the number. */
NTSTATUS CsrDispatchToServer(PCSR_API_MSG Message)
{
    NTSTATUS Status = STATUS_NOT_IMPLEMENTED;

    for (ULONG i = 0; i < ServerCount && Status == STATUS_NOT_IMPLEMENTED; i++) {
        if (Servers[i].Dispatch)
            Status = Servers[i].Dispatch(Message->ApiNumber, Message);
    }
    return Status;
}
