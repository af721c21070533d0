/* What csrss serves on ApiPort, and what its server DLLs and csrss agree on. */
#pragma once

#include "ntdef.h"
#include "ntlpcapi.h"

typedef enum _CSR_API_NUMBER {
    CsrpClientConnectApi, /* basesrv: which session is this, and where are its named objects? */
    CsrpConsoleWriteApi,  /* winsrv: a line of text for the system's console */
    CsrMaxApiNumber
} CSR_API_NUMBER;

typedef struct _CSR_CLIENT_CONNECT_MSG {
    ULONG SessionId;
    ULONG Length; /* bytes of NamedObjects */
    WCHAR NamedObjects[64];
} CSR_CLIENT_CONNECT_MSG;

typedef struct _CSR_CONSOLE_WRITE_MSG {
    ULONG Length; /* bytes of Text */
    WCHAR Text[100];
} CSR_CONSOLE_WRITE_MSG;

typedef struct _CSR_API_MSG {
    PORT_MESSAGE h;
    ULONG ApiNumber;
    NTSTATUS ReturnValue;
    union {
        CSR_CLIENT_CONNECT_MSG ClientConnect;
        CSR_CONSOLE_WRITE_MSG ConsoleWrite;
    } u;
} CSR_API_MSG, *PCSR_API_MSG;

/* A server DLL's initialisation routine gets this from csrss and fills the second half. */
typedef struct _CSR_SERVER_DLL {
    ULONG SessionId;
    ULONG ServerId; /* the number after the comma */
    /* The server's part of the API; NULL when it serves none. */
    NTSTATUS (NTAPI *Dispatch)(ULONG ApiNumber, PCSR_API_MSG Message);
    /* Tells csrss of each directory or link that the server makes. */
    VOID (NTAPI *ObjectMade)(PCUNICODE_STRING Path);
} CSR_SERVER_DLL, *PCSR_SERVER_DLL;

typedef NTSTATUS (NTAPI *PCSR_SERVER_DLL_INIT_ROUTINE)(PCSR_SERVER_DLL ServerDll);
#define CSR_DEFAULT_INIT_ROUTINE "ServerDllInitialization"
