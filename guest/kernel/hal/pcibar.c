/* Base address registers: their sizes, and addresses for those that firmware gave none. */
#include <hal.h>

#include "halp.h"

#define PCI_HEADER_TYPE  0x0E
#define PCI_BAR0         0x10
#define PCI_BARS         6
#define PCI_BRIDGE_BARS  2
#define PCI_BAR_IO       0x1u
#define PCI_BAR_64       0x4u

typedef struct _HAL_BAR {
    BOOLEAN Io, Wide;
    ULONG64 Address, Size;          /* 0: none */
} HAL_BAR;

static ULONG64 HalpNext[HalPciSpaces];
static BOOLEAN HalpSurveyed;

static ULONG HalpBarCount(const HAL_PCI_FUNCTION *F)
{
    return (HalReadPciFunction(F, PCI_HEADER_TYPE, 1) & 0x7F) == 0 ? PCI_BARS : PCI_BRIDGE_BARS;
}

static VOID HalpWriteBar(const HAL_PCI_FUNCTION *F, ULONG Index, const HAL_BAR *Bar, ULONG64 Value)
{
    HalpWritePciFunction(F, PCI_BAR0 + 4 * Index, 4, (ULONG)Value);
    if (Bar->Wide)
        HalpWritePciFunction(F, PCI_BAR0 + 4 * Index + 4, 4, (ULONG)(Value >> 32));
}

static ULONG64 HalpReadBar(const HAL_PCI_FUNCTION *F, ULONG Index, const HAL_BAR *Bar)
{
    ULONG64 Value = HalReadPciFunction(F, PCI_BAR0 + 4 * Index, 4) & (Bar->Io ? ~3u : ~15u);

    if (Bar->Wide)
        Value |= (ULONG64)HalReadPciFunction(F, PCI_BAR0 + 4 * Index + 4, 4) << 32;
    return Value;
}

/* The kind and the address of a BAR; its size is 0 yet. */
static HAL_BAR HalpLookAtBar(const HAL_PCI_FUNCTION *F, ULONG Index)
{
    ULONG Low = HalReadPciFunction(F, PCI_BAR0 + 4 * Index, 4);
    HAL_BAR Bar = { .Io = (Low & PCI_BAR_IO) != 0 };

    Bar.Wide = !Bar.Io && (Low & PCI_BAR_64) && Index + 1 < HalpBarCount(F);
    Bar.Address = HalpReadBar(F, Index, &Bar);
    return Bar;
}

/* The function decodes nothing while all ones are in the register, and no interrupt's handler may miss it then. A hypervisor
 * takes its time for every switch of the decoding, so nobody measures without need. */
static HAL_BAR HalpMeasureBar(const HAL_PCI_FUNCTION *F, ULONG Index)
{
    HAL_BAR Bar = HalpLookAtBar(F, Index);
    ULONG Command = HalReadPciFunction(F, PCI_COMMAND, 2);
    BOOLEAN Enabled = KiSaveAndDisableInterrupts();
    ULONG64 Mask;

    if (Command & PCI_COMMAND_DECODE)
        HalpWritePciFunction(F, PCI_COMMAND, 2, Command & ~PCI_COMMAND_ALL);
    HalpWriteBar(F, Index, &Bar, ~0ull);
    Mask = HalpReadBar(F, Index, &Bar);
    HalpWriteBar(F, Index, &Bar, Bar.Address);
    if (Command & PCI_COMMAND_DECODE)
        HalpWritePciFunction(F, PCI_COMMAND, 2, Command);
    KiRestoreInterrupts(Enabled);
    if (Mask != 0 && !Bar.Wide)
        Mask |= Bar.Io ? ~0xFFFFull : ~0xFFFFFFFFull;
    Bar.Size = ~Mask + 1;
    return Bar;
}

/* What firmware gave away is not given again: in each window the first free address is behind its highest one. */
static VOID HalpSurveyBars(VOID)
{
    HAL_PCI_FUNCTION F = { 0, 0, 0 };

    HalpSurveyed = TRUE;
    for (; HalpNextPciFunction(&F); HalpSkipPciFunction(&F))
        for (ULONG Index = 0, Count = HalpBarCount(&F); Index < Count; Index++) {
            HAL_BAR Bar = HalpLookAtBar(&F, Index);

            if (Bar.Address != 0)
                Bar = HalpMeasureBar(&F, Index);
            for (ULONG Space = 0; Bar.Address != 0 && Space < HalPciSpaces; Space++) {
                ULONG64 Base, End;

                HalpPciWindow(Space, &Base, &End);
                if (Bar.Io == (Space == HalPciIo) && Bar.Address >= Base && Bar.Address < End)
                    HalpNext[Space] = max(HalpNext[Space], Bar.Address + Bar.Size);
            }
            Index += Bar.Wide;
        }
}

static ULONG64 HalpAllocateWindow(HAL_PCI_SPACE Space, ULONG64 Size)
{
    ULONG64 Base, End;

    HalpPciWindow(Space, &Base, &End);
    Base = (max(Base, HalpNext[Space]) + Size - 1) & ~(Size - 1);
    if (Size > End || Base > End - Size)
        return 0;
    HalpNext[Space] = Base + Size;
    return Base;
}

ULONG64 HalAssignPciBar(const HAL_PCI_FUNCTION *F, ULONG Index)
{
    HAL_BAR Bar;

    if (Index >= HalpBarCount(F))
        return 0;
    if (!HalpSurveyed)
        HalpSurveyBars();
    Bar = HalpLookAtBar(F, Index);
    if (Bar.Address == 0) {
        Bar = HalpMeasureBar(F, Index);
        if (Bar.Size == 0)
            return 0;
        Bar.Address = HalpAllocateWindow(Bar.Io ? HalPciIo : HalPciMemory, Bar.Size);
        if (Bar.Address == 0 && Bar.Wide)
            Bar.Address = HalpAllocateWindow(HalPciMemory64, Bar.Size);
        if (Bar.Address == 0)
            return 0;
        HalpWriteBar(F, Index, &Bar, Bar.Address);
    }
    HalpWritePciFunction(F, PCI_COMMAND, 2, HalReadPciFunction(F, PCI_COMMAND, 2) | PCI_COMMAND_ALL);
    return Bar.Address;
}

ULONG64 HalQueryPciBarSize(const HAL_PCI_FUNCTION *F, ULONG Index)
{
    return Index < HalpBarCount(F) ? HalpMeasureBar(F, Index).Size : 0;
}
