/* Local procedure calls: ports, connections, messages. */
#pragma once
#include <nt.h>
#include "ob.h"

struct _ETHREAD;

extern POBJECT_TYPE LpcPortObjectType;

BOOLEAN LpcInitSystem(VOID);
/* Called by Ps when a thread ends: its pending request is withdrawn and its ports hear of it. */
VOID LpcExitThread(struct _ETHREAD *Thread);
