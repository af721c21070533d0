/* The file system on a volume. */
#include "iop.h"

NTSTATUS IopMountForOpen(PDEVICE_OBJECT Device, PFILE_OBJECT File)
{
    UNREFERENCED_PARAMETER(Device);
    UNREFERENCED_PARAMETER(File);
    return STATUS_UNRECOGNIZED_VOLUME;
}
