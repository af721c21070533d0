/* The session's directories: \Sessions\<n>, its DosDevices, the directory of the subsystem's ports. */
#include "csrss.h"

VOID NTAPI CsrObjectMade(PCUNICODE_STRING Path)
{
    RtlpClaim("csrss.directory", "path=%wZ", Path);
}

/* Made if it is not there; says whether it was. The handle stays open: the directory lives as long as csrss. */
static BOOLEAN CreateDirectory(PUNICODE_STRING Path)
{
    OBJECT_ATTRIBUTES Attributes;
    HANDLE Directory;
    NTSTATUS Status;

    InitializeObjectAttributes(&Attributes, Path, OBJ_CASE_INSENSITIVE | OBJ_OPENIF, NULL, NULL);
    Status = NtCreateDirectoryObject(&Directory, DIRECTORY_ALL_ACCESS, &Attributes);
    CSR_CHECK(Status, "session directory");
    return Status == STATUS_SUCCESS;
}

static BOOLEAN CreateSessionDirectory(PCWSTR Leaf)
{
    WCHAR Buffer[64];
    UNICODE_STRING Path;

    _snwprintf(Buffer, RTL_NUMBER_OF(Buffer), L"\\Sessions\\%u%ws", CsrSessionId, Leaf);
    RtlInitUnicodeString(&Path, Buffer);
    if (!CreateDirectory(&Path))
        return FALSE;
    if (*Leaf) /* \Sessions\<n> itself only holds the others */
        CsrObjectMade(&Path);
    return TRUE;
}

/* S23; S-087 */
VOID CsrCreateSessionObjects(VOID)
{
    CreateSessionDirectory(L"");
    CreateSessionDirectory(L"\\DosDevices");
    if (CreateDirectory(&CsrObjectDirectory))
        CsrObjectMade(&CsrObjectDirectory);
}
