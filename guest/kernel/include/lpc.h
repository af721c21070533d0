/* Local procedure calls: ports, connections, messages. */
#pragma once
#include <nt.h>
#include "ob.h"

struct _ETHREAD;

extern POBJECT_TYPE LpcPortObjectType;

/* Phase 0: the Port type. */
BOOLEAN LpcInitSystem(VOID);
/* Called by Ps when it makes a thread: Lpc's part of ETHREAD. */
VOID LpcInitializeThread(struct _ETHREAD *Thread);
/* Called by Ps when a thread ends: its pending request is withdrawn and the server hears of it. */
VOID LpcExitThread(struct _ETHREAD *Thread);
