/* basesrv: the session's named objects, and the answer to programs that ask where these are. */
#include <nt.h>
#include <nt_services.h>
#include <csrapi.h>

static WCHAR PathBuffer[64];
static UNICODE_STRING NamedObjects = { 0, sizeof(PathBuffer), PathBuffer };
static ULONG ServerSessionId;

static NTSTATUS CreateDirectory(PUNICODE_STRING Path, PHANDLE Directory)
{
    OBJECT_ATTRIBUTES Attributes;

    InitializeObjectAttributes(&Attributes, Path, OBJ_CASE_INSENSITIVE | OBJ_OPENIF, NULL, NULL);
    return NtCreateDirectoryObject(Directory, DIRECTORY_ALL_ACCESS, &Attributes);
}

/* The handle stays open: the link lives as long as csrss. */
static NTSTATUS CreateLink(HANDLE Directory, PUNICODE_STRING Name, PUNICODE_STRING Target)
{
    OBJECT_ATTRIBUTES Attributes;
    HANDLE Link;

    InitializeObjectAttributes(&Attributes, Name, OBJ_CASE_INSENSITIVE | OBJ_OPENIF, Directory, NULL);
    return NtCreateSymbolicLinkObject(&Link, SYMBOLIC_LINK_ALL_ACCESS, &Attributes, Target);
}

/* Global\, Local\ and Session\ in a name lead to everybody's, this session's or a numbered session's objects. */
static NTSTATUS CreateNameLinks(HANDLE Directory)
{
    static CONST struct {
        PCWSTR Name;
        PCWSTR Target; /* NULL: this session's own directory */
    } Links[] = { { L"Global", L"\\BaseNamedObjects" }, { L"Local", NULL }, { L"Session", L"\\Sessions\\BNOLINKS" } };
    NTSTATUS Status = STATUS_SUCCESS;

    for (ULONG i = 0; NT_SUCCESS(Status) && i < RTL_NUMBER_OF(Links); i++) {
        UNICODE_STRING Name, Target = NamedObjects;

        RtlInitUnicodeString(&Name, Links[i].Name);
        if (Links[i].Target)
            RtlInitUnicodeString(&Target, Links[i].Target);
        Status = CreateLink(Directory, &Name, &Target);
    }
    return Status;
}

/* \Sessions\BNOLINKS\<n>. Its directory belongs to all sessions: whoever comes first makes it, for good. */
static NTSTATUS CreateSessionLink(PCSR_SERVER_DLL Server)
{
    UNICODE_STRING LinksPath = RTL_CONSTANT_STRING(L"\\Sessions\\BNOLINKS"), Path;
    OBJECT_ATTRIBUTES Attributes;
    WCHAR Buffer[64];
    HANDLE Links;
    NTSTATUS Status;

    InitializeObjectAttributes(&Attributes, &LinksPath, OBJ_CASE_INSENSITIVE | OBJ_OPENIF | OBJ_PERMANENT, NULL, NULL);
    Status = NtCreateDirectoryObject(&Links, DIRECTORY_ALL_ACCESS, &Attributes);
    if (!NT_SUCCESS(Status))
        return Status;
    NtClose(Links);
    _snwprintf(Buffer, RTL_NUMBER_OF(Buffer), L"%wZ\\%u", &LinksPath, Server->SessionId);
    RtlInitUnicodeString(&Path, Buffer);
    Status = CreateLink(NULL, &Path, &NamedObjects);
    if (Status == STATUS_SUCCESS)
        Server->ObjectMade(&Path);
    return Status;
}

static NTSTATUS NTAPI Dispatch(ULONG ApiNumber, PCSR_API_MSG Message)
{
    CSR_CLIENT_CONNECT_MSG *Connect = &Message->u.ClientConnect;

    if (ApiNumber != CsrpClientConnectApi)
        return STATUS_NOT_IMPLEMENTED;
    memset(Connect, 0, sizeof(*Connect));
    Connect->SessionId = ServerSessionId;
    Connect->Length = NamedObjects.Length;
    memcpy(Connect->NamedObjects, NamedObjects.Buffer, NamedObjects.Length);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI ServerDllInitialization(PCSR_SERVER_DLL Server)
{
    HANDLE Directory;
    NTSTATUS Status;

    ServerSessionId = Server->SessionId;
    if (Server->SessionId)
        _snwprintf(PathBuffer, RTL_NUMBER_OF(PathBuffer), L"\\Sessions\\%u\\BaseNamedObjects", Server->SessionId);
    else
        wcscpy(PathBuffer, L"\\BaseNamedObjects");
    NamedObjects.Length = (USHORT)(wcslen(PathBuffer) * sizeof(WCHAR));

    Status = CreateDirectory(&NamedObjects, &Directory);
    if (!NT_SUCCESS(Status))
        return Status;
    if (Status == STATUS_SUCCESS)
        Server->ObjectMade(&NamedObjects);
    Status = CreateNameLinks(Directory);
    if (NT_SUCCESS(Status))
        Status = CreateSessionLink(Server);
    if (NT_SUCCESS(Status))
        Server->Dispatch = Dispatch;
    return Status;
}
