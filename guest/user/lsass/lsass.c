/* lsass: the local security authority's process. Answers on \LsaAuthenticationPort who a caller is. */
#include <client.h>

typedef struct _LSA_API_MSG {
    PORT_MESSAGE h;
    ULONG ApiNumber;
    NTSTATUS ReturnValue;
    ULONG SidLength;
    UCHAR Sid[SECURITY_MAX_SID_SIZE];
} LSA_API_MSG;

enum { LsapQueryOwnSidApi };

/* This process's own user, from its token. */
static NTSTATUS QueryOwnSid(LSA_API_MSG *Message)
{
    UCHAR Buffer[sizeof(TOKEN_USER) + SECURITY_MAX_SID_SIZE] DECLSPEC_ALIGN(8);
    PTOKEN_USER User = (PTOKEN_USER)Buffer;
    ULONG Length;
    HANDLE Token;
    NTSTATUS Status = NtOpenProcessToken(NtCurrentProcess(), TOKEN_QUERY, &Token);

    if (!NT_SUCCESS(Status))
        return Status;
    Status = NtQueryInformationToken(Token, TokenUser, User, sizeof(Buffer), &Length);
    NtClose(Token);
    if (!NT_SUCCESS(Status))
        return Status;
    Message->SidLength = RtlLengthSid(User->User.Sid);
    return RtlCopySid(sizeof(Message->Sid), Message->Sid, User->User.Sid);
}

static VOID Dispatch(PPORT_MESSAGE Request)
{
    LSA_API_MSG *Message = (LSA_API_MSG *)Request;

    Message->ReturnValue = Message->ApiNumber == LsapQueryOwnSidApi ? QueryOwnSid(Message) : STATUS_NOT_IMPLEMENTED;
}

VOID NTAPI NtProcessStartup(PPEB Peb)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\LsaAuthenticationPort");
    OBJECT_ATTRIBUTES Attributes;
    LSA_API_MSG Message;
    SESSION Session;
    HANDLE Port, Active;

    UNREFERENCED_PARAMETER(Peb);
    ConnectToSession(&Session);
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    CHECK(NtCreatePort(&Port, &Attributes, 0, sizeof(LSA_API_MSG), 32 * sizeof(LSA_API_MSG)), "authentication port");
    Active = CreateSessionEvent(&Session, L"LSA_RPC_SERVER_ACTIVE", FALSE);
    RtlpClaim("lsass.ready", NULL); /* S-047 */
    CHECK(NtSetEvent(Active, NULL), "LSA_RPC_SERVER_ACTIVE");
    ServePort(Port, &Message.h, Dispatch);
}
