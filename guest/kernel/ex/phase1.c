/* Phase 1 of the executive: the rest of the system comes up in a thread, then the Session Manager is started. */
#include "exp.h"

VOID Phase1Initialization(PVOID Context)
{
    PLOADER_PARAMETER_BLOCK LoaderBlock = Context;

    KeInitSystem();
    if (!HalInitSystem(1, LoaderBlock))
        KeBugCheckEx(HAL_INITIALIZATION_FAILED, 1, 0, 0, 0);
    ObStartRecording();
    if (!MmInitSystem(1, LoaderBlock))
        KeBugCheckEx(MEMORY1_INITIALIZATION_FAILED, 1, 0, 0, 0);
    if (!ExpCreatePowerEvents())
        KeBugCheckEx(OBJECT_INITIALIZATION_FAILED, 2, 0, 0, 0);
    if (!IoInitSystem(LoaderBlock))
        KeBugCheckEx(IO1_INITIALIZATION_FAILED, 0, 0, 0, 0);
    if (!CmInitSystem(LoaderBlock))                 /* K1 */
        KeBugCheckEx(CONFIG_INITIALIZATION_FAILED, 0, 0, 0, 0);
    if (!IoInitDrivers(LoaderBlock))
        KeBugCheckEx(IO1_INITIALIZATION_FAILED, 1, 0, 0, 0);
    if (!PsInitSystem(1, LoaderBlock))              /* K2 */
        KeBugCheckEx(PROCESS_INITIALIZATION_FAILED, 2, 0, 0, 0);
    ExRecordFact("kernel.phase1", "");
    ExpStartSessionManager();                       /* K3 to K7 */
    MmZeroPageThread();                             /* K8 */
}
