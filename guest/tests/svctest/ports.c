/* A server and its clients: connection, request, reply, and either one's death. */
#include "svctest.h"

typedef struct _TEST_MESSAGE {
    PORT_MESSAGE h;
    ULONG Value;
    UCHAR Rest[128];
} TEST_MESSAGE;

static ULONG Type(TEST_MESSAGE *Message)
{
    return Message->h.u2.s2.Type & 0xFF;
}

VOID TestPorts(VOID)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\TestPort");
    RTL_USER_PROCESS_INFORMATION Child;
    PROCESS_BASIC_INFORMATION Basic;
    OBJECT_ATTRIBUTES Attributes;
    TEST_MESSAGE Message;
    HANDLE Port, Connection = NULL;
    PVOID Context = NULL;

    InitializeObjectAttributes(&Attributes, &Name, 0, NULL, NULL);
    CHECK_STATUS("port is made", NtCreatePort(&Port, &Attributes, 0, sizeof(TEST_MESSAGE), 0), 0);
    TestCreateChild(L"call-port", 0, &Child);
    NtResumeThread(Child.ThreadHandle, NULL);
    CHECK_STATUS("connection request", NtReplyWaitReceivePort(Port, NULL, NULL, &Message.h), 0);
    CHECK("is one", Type(&Message) == LPC_CONNECTION_REQUEST);
    CHECK("by the child", Message.h.ClientId.UniqueProcess == Child.ClientId.UniqueProcess);
    CHECK_STATUS("accept", NtAcceptConnectPort(&Connection, (PVOID)0x1234, &Message.h, TRUE, NULL, NULL), 0);
    CHECK_STATUS("complete", NtCompleteConnectPort(Connection), 0);
    CHECK_STATUS("request", NtReplyWaitReceivePort(Port, &Context, NULL, &Message.h), 0);
    CHECK("is one", Type(&Message) == LPC_REQUEST);
    CHECK("with the context of its connection", Context == (PVOID)0x1234);
    Message.Value++;
    CHECK_STATUS("reply", NtReplyPort(Port, &Message.h), 0);
    CHECK_STATUS("the client ends well", TestWait(Child.ProcessHandle, 2000), 0);
    NtQueryInformationProcess(Child.ProcessHandle, ProcessBasicInformation, &Basic, sizeof Basic, NULL);
    CHECK_STATUS("with its answer", Basic.ExitStatus, 0);
    CHECK_STATUS("its end is told", NtReplyWaitReceivePort(Port, &Context, NULL, &Message.h), 0);
    CHECK("as a closed port", Type(&Message) == LPC_PORT_CLOSED && Context == (PVOID)0x1234);
    NtClose(Connection);
    NtClose(Child.ThreadHandle);
    NtClose(Child.ProcessHandle);

    TestCreateChild(L"call-port", 0, &Child);
    NtResumeThread(Child.ThreadHandle, NULL);
    NtReplyWaitReceivePort(Port, NULL, NULL, &Message.h);
    CHECK_STATUS("refuse", NtAcceptConnectPort(&Connection, NULL, &Message.h, FALSE, NULL, NULL), 0);
    TestWait(Child.ProcessHandle, 2000);
    NtQueryInformationProcess(Child.ProcessHandle, ProcessBasicInformation, &Basic, sizeof Basic, NULL);
    CHECK_STATUS("the client hears of it", Basic.ExitStatus, STATUS_PORT_CONNECTION_REFUSED);
    NtClose(Child.ThreadHandle);
    NtClose(Child.ProcessHandle);

    TestCreateChild(L"call-port", 0, &Child);
    NtResumeThread(Child.ThreadHandle, NULL);
    NtReplyWaitReceivePort(Port, NULL, NULL, &Message.h);
    NtAcceptConnectPort(&Connection, NULL, &Message.h, TRUE, NULL, NULL);
    NtCompleteConnectPort(Connection);
    NtReplyWaitReceivePort(Port, NULL, NULL, &Message.h);
    NtClose(Connection);
    NtClose(Port);
    TestWait(Child.ProcessHandle, 2000);
    NtQueryInformationProcess(Child.ProcessHandle, ProcessBasicInformation, &Basic, sizeof Basic, NULL);
    CHECK_STATUS("a server's end fails the request", Basic.ExitStatus, STATUS_PORT_DISCONNECTED);
    NtClose(Child.ThreadHandle);
    NtClose(Child.ProcessHandle);
}
