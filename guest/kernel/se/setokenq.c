/* What tokens say about themselves, and the session that they belong to. */
#include "sep.h"

/* Structures with SIDs behind them: pointers are in the caller's address space, bytes in Reply. */
static NTSTATUS SepReturnSids(KPROCESSOR_MODE Mode, PVOID User, ULONG Length, PULONG ReturnLength,
                              const SID_AND_ATTRIBUTES *Sids, ULONG Count, ULONG FirstOffset)
{
    ULONG Needed = FirstOffset + Count * sizeof(SID_AND_ATTRIBUTES), Offset = Needed;
    PUCHAR Reply;
    NTSTATUS Status;

    for (ULONG i = 0; i < Count; i++)
        Needed += RtlLengthSid(Sids[i].Sid);
    Reply = ExAllocatePoolWithTag(PagedPool, Needed, SEP_TAG);
    if (Reply == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(Reply, Needed);
    if (FirstOffset != 0)
        *(PULONG)Reply = Count;
    for (ULONG i = 0; i < Count; i++) {
        PSID_AND_ATTRIBUTES Entry = (PSID_AND_ATTRIBUTES)(Reply + FirstOffset) + i;

        Entry->Sid = (PUCHAR)User + Offset;
        Entry->Attributes = Sids[i].Attributes;
        RtlCopyMemory(Reply + Offset, Sids[i].Sid, RtlLengthSid(Sids[i].Sid));
        Offset += RtlLengthSid(Sids[i].Sid);
    }
    Status = ExReturnInformation(Mode, User, Length, ReturnLength, Reply, Needed);
    ExFreePool(Reply);
    return Status == STATUS_INFO_LENGTH_MISMATCH ? STATUS_BUFFER_TOO_SMALL : Status;
}

static NTSTATUS SepReturnPrivileges(PTOKEN Token, KPROCESSOR_MODE Mode, PVOID User, ULONG Length,
                                    PULONG ReturnLength)
{
    UCHAR Buffer[sizeof(ULONG) + SE_MAX_PRIVILEGES * sizeof(LUID_AND_ATTRIBUTES)];
    ULONG Size = sizeof(ULONG) + Token->PrivilegeCount * sizeof(LUID_AND_ATTRIBUTES);
    NTSTATUS Status;

    *(PULONG)Buffer = Token->PrivilegeCount;
    RtlCopyMemory(Buffer + sizeof(ULONG), Token->Privileges, Size - sizeof(ULONG));
    Status = ExReturnInformation(Mode, User, Length, ReturnLength, Buffer, Size);
    return Status == STATUS_INFO_LENGTH_MISMATCH ? STATUS_BUFFER_TOO_SMALL : Status;
}

static VOID SepFillStatistics(PTOKEN Token, PTOKEN_STATISTICS Statistics)
{
    RtlZeroMemory(Statistics, sizeof *Statistics);
    Statistics->TokenId = Token->TokenId;
    Statistics->AuthenticationId = Token->AuthenticationId;
    Statistics->ExpirationTime.QuadPart = 0x7FFFFFFFFFFFFFFFll;
    Statistics->TokenType = Token->TokenType;
    Statistics->ImpersonationLevel = Token->ImpersonationLevel;
    Statistics->GroupCount = Token->GroupCount;
    Statistics->PrivilegeCount = Token->PrivilegeCount;
    Statistics->ModifiedId = Token->ModifiedId;
}

NTSTATUS NTAPI NtQueryInformationToken(HANDLE TokenHandle, TOKEN_INFORMATION_CLASS TokenInformationClass,
                                       PVOID TokenInformation, ULONG TokenInformationLength, PULONG ReturnLength)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    TOKEN_STATISTICS Statistics;
    SID_AND_ATTRIBUTES One;
    PTOKEN Token;
    NTSTATUS Status;

    Status = ObReferenceObjectByHandle(TokenHandle, TOKEN_QUERY, SeTokenObjectType, Mode, (PVOID *)&Token, NULL);
    if (!NT_SUCCESS(Status))
        return Status;
    switch (TokenInformationClass) {
    case TokenUser:
        One.Sid = Token->UserSid;
        One.Attributes = 0;
        Status = SepReturnSids(Mode, TokenInformation, TokenInformationLength, ReturnLength, &One, 1, 0);
        break;
    case TokenGroups:
        Status = SepReturnSids(Mode, TokenInformation, TokenInformationLength, ReturnLength, Token->Groups,
                               Token->GroupCount, FIELD_OFFSET(TOKEN_GROUPS, Groups));
        break;
    case TokenIntegrityLevel:
        One.Sid = Token->IntegritySid;
        One.Attributes = SE_GROUP_INTEGRITY;
        Status = SepReturnSids(Mode, TokenInformation, TokenInformationLength, ReturnLength, &One, 1, 0);
        break;
    case TokenPrivileges:
        Status = SepReturnPrivileges(Token, Mode, TokenInformation, TokenInformationLength, ReturnLength);
        break;
    case TokenStatistics:
        SepFillStatistics(Token, &Statistics);
        Status = ExReturnInformation(Mode, TokenInformation, TokenInformationLength, ReturnLength, &Statistics,
                                     sizeof Statistics);
        break;
    case TokenType:
        Status = ExReturnInformation(Mode, TokenInformation, TokenInformationLength, ReturnLength,
                                     &Token->TokenType, sizeof Token->TokenType);
        break;
    case TokenSessionId:
        Status = ExReturnInformation(Mode, TokenInformation, TokenInformationLength, ReturnLength,
                                     &Token->SessionId, sizeof Token->SessionId);
        break;
    default:
        Status = STATUS_INVALID_INFO_CLASS;
        break;
    }
    ObDereferenceObject(Token);
    return Status;
}

NTSTATUS NTAPI NtSetInformationToken(HANDLE TokenHandle, TOKEN_INFORMATION_CLASS TokenInformationClass,
                                     PVOID TokenInformation, ULONG TokenInformationLength)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    ULONG SessionId;
    PTOKEN Token;
    NTSTATUS Status;

    if (TokenInformationClass != TokenSessionId)
        return STATUS_INVALID_INFO_CLASS;
    if (TokenInformationLength != sizeof SessionId)
        return STATUS_INFO_LENGTH_MISMATCH;
    Status = ExCopyFromMode(Mode, &SessionId, TokenInformation, sizeof SessionId);
    if (!NT_SUCCESS(Status))
        return Status;
    if (Mode == UserMode && !SePrivilegeCheckToken(NULL, SE_TCB_PRIVILEGE))
        return STATUS_PRIVILEGE_NOT_HELD;
    Status = ObReferenceObjectByHandle(TokenHandle, TOKEN_ADJUST_SESSIONID | TOKEN_ADJUST_DEFAULT,
                                       SeTokenObjectType, Mode, (PVOID *)&Token, NULL);
    if (NT_SUCCESS(Status)) {
        Token->SessionId = SessionId;
        Token->ModifiedId = SepAllocateLuid();
        ObDereferenceObject(Token);
    }
    return Status;
}
