/* Who listens on an interrupt line. Level-triggered lines are shared, so every listener is asked. */
#include "kip.h"

#define KI_LISTENERS 64

static KI_LISTENER KiListeners[KI_LISTENERS];
static ULONG KiListenerCount;

BOOLEAN KiAddListener(PKI_LISTENER *Line, KINTERRUPT_ROUTINE *Routine, PVOID Context)
{
    BOOLEAN Enabled = KiSaveAndDisableInterrupts();
    PKI_LISTENER Listener = KiListenerCount < KI_LISTENERS ? &KiListeners[KiListenerCount++] : NULL;

    if (Listener != NULL) {
        *Listener = (KI_LISTENER){ *Line, Routine, Context };
        *Line = Listener;
    }
    KiRestoreInterrupts(Enabled);
    return Listener != NULL;
}

VOID KiCallListeners(const KI_LISTENER *Line)
{
    for (; Line != NULL; Line = Line->Next)
        Line->Routine(Line->Context);
}
