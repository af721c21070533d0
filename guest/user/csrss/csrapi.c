/* ApiPort: the session's programs ask their subsystem. */
#include "csrss.h"

static HANDLE ApiPort;

static VOID AcceptClient(PPORT_MESSAGE Request)
{
    HANDLE Port;
    NTSTATUS Status = NtAcceptConnectPort(&Port, NULL, Request, TRUE, NULL, NULL);

    if (NT_SUCCESS(Status))
        NtCompleteConnectPort(Port);
}

static DECLSPEC_NORETURN VOID NTAPI CsrApiRequestThread(PVOID Parameter)
{
    PCSR_API_MSG Reply = NULL;
    CSR_API_MSG Message;

    UNREFERENCED_PARAMETER(Parameter);
    for (;;) {
        NTSTATUS Status = NtReplyWaitReceivePort(ApiPort, NULL, Reply ? &Reply->h : NULL, &Message.h);

        if (!NT_SUCCESS(Status)) {
            if (!Reply)
                CsrFail(Status, "ApiPort");
            Reply = NULL; /* the client went away before its answer */
            continue;
        }
        Reply = NULL;
        if ((Message.h.u2.s2.Type & 0xFF) == LPC_CONNECTION_REQUEST) {
            AcceptClient(&Message.h);
        } else if ((Message.h.u2.s2.Type & 0xFF) == LPC_REQUEST) {
            Message.ReturnValue = CsrDispatchToServer(&Message);
            Reply = &Message;
        }
    }
}

VOID CsrStartApiPort(VOID)
{
    WCHAR Buffer[96];
    UNICODE_STRING Name = { 0, sizeof(Buffer), Buffer };

    CSR_CHECK(CsrCreatePort(L"ApiPort", 0, sizeof(CSR_API_MSG), PORT_CONNECT | READ_CONTROL, &Name, &ApiPort),
              "ApiPort");
    /* Hard errors of the whole system are session 0's to show. */
    if (CsrSessionId == 0)
        CSR_CHECK(NtSetDefaultHardErrorPort(ApiPort), "NtSetDefaultHardErrorPort");
    CSR_CHECK(RtlCreateUserThread(NtCurrentProcess(), NULL, FALSE, 0, 0, 0, CsrApiRequestThread, NULL, NULL, NULL),
              "ApiPort's thread");
}
