/* The inside of local procedure calls.
 *
 * A connection port has a name and a queue. A connection is a pair of communication ports, one for each side. What a
 * client sends goes to the queue of the connection port that its connection came from; what a server sends on its
 * communication port goes to the client port's own queue. So each port that can be received on (a connection port or a
 * client port) is a *receiver*: it has a queue, and a chain of the threads that await a reply to what they sent there.
 *
 * Kernel code gives up the processor only in a wait, and nothing here runs in an interrupt, so lists and states are
 * consistent wherever no wait and no copy to or from user memory lies between. */
#pragma once
#include "ex.h"
#include "lpc.h"
#include "mm.h"
#include "ob.h"
#include "ps.h"
#include "se.h"

#define LPCP_TAG 'cpL '
#define LPCP_MAXIMUM_DATA (PORT_MAXIMUM_MESSAGE_LENGTH - sizeof(PORT_MESSAGE))

typedef enum _LPCP_PORT_KIND {
    LpcpConnectionPort = 1,
    LpcpServerPort,                     /* the server's end of a connection */
    LpcpClientPort                      /* the client's end */
} LPCP_PORT_KIND;

typedef struct _LPCP_PORT_OBJECT {
    LPCP_PORT_KIND Kind;
    BOOLEAN Closed;                     /* the last handle is gone: nothing is queued any more */
    ULONG MaxMessageLength;
    ULONG MaxConnectionInfoLength;
    PVOID PortContext;                  /* what the server gave on acceptance */
    CLIENT_ID Creator;
    PACCESS_TOKEN ServerToken;          /* connection port: its maker's token, referenced */
    struct _LPCP_PORT_OBJECT *ConnectionPort;   /* of a communication port, referenced */
    struct _LPCP_PORT_OBJECT *ConnectedPort;    /* the other end; NULL before and after the connection */
    struct _LPCP_MESSAGE *Accepted;     /* server port between accept and complete: the request, owned */

    /* A receiver's part. */
    KSEMAPHORE Semaphore;               /* counts MessageQueue */
    LIST_ENTRY MessageQueue;            /* LPCP_MESSAGE.Entry */
    LIST_ENTRY PendingConnections;      /* requests that were received and not yet answered */
    LIST_ENTRY ReplyChain;              /* ETHREAD.LpcReplyChain: who awaits a reply from here */
} LPCP_PORT_OBJECT, *PLPCP_PORT_OBJECT;

typedef struct _LPCP_MESSAGE {
    LIST_ENTRY Entry;
    PLPCP_PORT_OBJECT ClientPort;       /* connection requests: the port to be connected, referenced */
    PVOID PortContext;
    PORT_MESSAGE Header;
    UCHAR Data[];
} LPCP_MESSAGE, *PLPCP_MESSAGE;

/* lpcqueue.c */
/* A message with room for DataLength bytes, its header filled from Header; NULL: no memory. */
PLPCP_MESSAGE LpcpAllocateMessage(const PORT_MESSAGE *Header, ULONG DataLength);
VOID LpcpFreeMessage(PLPCP_MESSAGE Message);        /* drops the reference to its client port */
ULONG LpcpNextMessageId(VOID);
/* Where messages sent by `Port` are received; NULL: not connected. No reference is taken. */
PLPCP_PORT_OBJECT LpcpReceiverOfSender(PLPCP_PORT_OBJECT Port);
/* The receiver that a handle to `Port` receives from. No reference is taken. */
PLPCP_PORT_OBJECT LpcpReceiverOfHandle(PLPCP_PORT_OBJECT Port);
/* Hands the message over, or frees it when the receiver is closed (STATUS_PORT_DISCONNECTED). */
NTSTATUS LpcpQueueMessage(PLPCP_PORT_OBJECT Receiver, PLPCP_MESSAGE Message);
/* A message that the kernel itself sends: LPC_PORT_CLOSED, LPC_CLIENT_DIED. */
VOID LpcpQueueNotice(PLPCP_PORT_OBJECT Receiver, CSHORT Type, PVOID PortContext, CLIENT_ID Client, ULONG MessageId);

/* lpcwait.c: one thread, one reply. */
/* The current thread will await the reply to MessageId that it sent through Port. Takes a reference to Port. */
VOID LpcpBeginReplyWait(PLPCP_PORT_OBJECT Port, PLPCP_PORT_OBJECT Receiver, ULONG MessageId);
/* Waits for it; drops the reference to the port. *Reply is the caller's to free when the result is a success. */
NTSTATUS LpcpAwaitReply(KPROCESSOR_MODE Mode, PLPCP_MESSAGE *Reply);
/* Ends Thread's wait with Status; Reply (may be NULL) becomes the waiter's. */
VOID LpcpEndReplyWait(PETHREAD Thread, NTSTATUS Status, PLPCP_MESSAGE Reply);
/* The thread of Client if it awaits the reply to MessageId from Receiver, with a reference; else NULL. */
PETHREAD LpcpFindWaiter(PLPCP_PORT_OBJECT Receiver, const CLIENT_ID *Client, ULONG MessageId);
/* Fails every wait at Receiver, or those only that were sent through Port when it is not NULL. */
VOID LpcpFailWaiters(PLPCP_PORT_OBJECT Receiver, PLPCP_PORT_OBJECT Port, NTSTATUS Status);

/* lpccreat.c */
/* A port without a name: one reference, no handle. */
NTSTATUS LpcpCreateCommunicationPort(LPCP_PORT_KIND Kind, PLPCP_PORT_OBJECT ConnectionPort,
                                     PLPCP_PORT_OBJECT *Port);
NTSTATUS LpcpReferencePort(HANDLE Handle, PLPCP_PORT_OBJECT *Port);     /* takes a reference */

/* lpcsend.c */
/* Checks the lengths of a caller's message and copies it; Type and MessageId are set by the kernel. */
NTSTATUS LpcpCaptureMessage(KPROCESSOR_MODE Mode, PPORT_MESSAGE Source, ULONG MaxMessageLength, CSHORT Type,
                            PLPCP_MESSAGE *Message);
NTSTATUS LpcpCopyMessageToCaller(KPROCESSOR_MODE Mode, PPORT_MESSAGE Target, const LPCP_MESSAGE *Message);
