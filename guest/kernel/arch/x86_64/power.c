/* Power through ACPI's fixed hardware (PM1 registers) or, on hardware-reduced machines (microvm), QEMU's generic event
 * device. Everything is found through the tables: RSDP, FADT, and the S5 sleep type in the DSDT. */
#include "archp.h"

#include <hal.h>
#include <ke.h>
#include <loader.h>
#include <mm.h>

#define FADT_DSDT              40
#define FADT_SCI_INTERRUPT     46
#define FADT_SMI_COMMAND       48
#define FADT_ACPI_ENABLE       52
#define FADT_PM1A_EVENT        56
#define FADT_PM1A_CONTROL      64
#define FADT_PM1_EVENT_LENGTH  88
#define FADT_FLAGS             112
#define FADT_RESET_REGISTER    116      /* generic address: space id at +0, address at +4 */
#define FADT_RESET_VALUE       128
#define FADT_SLEEP_CONTROL     244
#define FADT_FLAG_RESET        (1u << 10)
#define FADT_FLAG_HW_REDUCED   (1u << 20)
#define ADDRESS_SPACE_MEMORY   0
#define ADDRESS_SPACE_IO       1

#define PM1_POWER_BUTTON       0x100
#define PM1_SCI_ENABLE         0x001
#define PM1_SLEEP_ENABLE       0x2000
#define SLEEP_CONTROL_ENABLE   0x20

/* The event device's registers are in one block with the sleep control register. */
#define GED_SELECTOR_BEFORE_SLEEP_CONTROL 0x200
#define GED_EVENT_POWER_BUTTON 2
#define GED_LINE               9

static USHORT HalpPm1Event, HalpPm1Enable, HalpPm1Control;
static ULONG HalpSleepTypeS5;
static volatile UCHAR *HalpSleepControl;
static volatile ULONG *HalpEventSelector;
static USHORT HalpResetPort;
static volatile UCHAR *HalpResetRegister;
static UCHAR HalpResetValue;

typedef struct __attribute__((packed)) _ACPI_TABLE { CHAR Signature[4]; ULONG Length; UCHAR Rest[28]; } ACPI_TABLE;

static ULONG Read32(PCVOID Table, ULONG Offset) { ULONG v; __builtin_memcpy(&v, (PUCHAR)Table + Offset, 4); return v; }
static ULONG64 Read64(PCVOID Table, ULONG Offset) { ULONG64 v; __builtin_memcpy(&v, (PUCHAR)Table + Offset, 8); return v; }
static UCHAR Read8(PCVOID Table, ULONG Offset) { return ((PUCHAR)Table)[Offset]; }

/* Tables are RAM that firmware keeps; mostly the direct map reaches it. */
static PVOID HalpPhysical(ULONG64 Address, SIZE_T Length)
{
    if (Address + Length <= KeLoaderBlock->DirectMapEnd)
        return (PVOID)(KSEG_BASE + Address);
    return MmMapIoSpace(Address, Length);
}

static const ACPI_TABLE *HalpTable(ULONG64 Address)
{
    const ACPI_TABLE *Table = HalpPhysical(Address, sizeof(*Table));

    return Table ? HalpPhysical(Address, Table->Length) : NULL;
}

static const ACPI_TABLE *HalpFindFadt(ULONG64 RsdpAddress)
{
    PCVOID Rsdp = HalpPhysical(RsdpAddress, 36);
    BOOLEAN Extended = Rsdp && Read8(Rsdp, 15) >= 2 && Read64(Rsdp, 24) != 0;
    const ACPI_TABLE *Root = Rsdp ? HalpTable(Extended ? Read64(Rsdp, 24) : Read32(Rsdp, 16)) : NULL;
    ULONG Size = Extended ? 8 : 4;

    for (ULONG Offset = sizeof(*Root); Root && Offset + Size <= Root->Length; Offset += Size) {
        const ACPI_TABLE *Table = HalpTable(Extended ? Read64(Root, Offset) : Read32(Root, Offset));
        if (Table != NULL && __builtin_memcmp(Table->Signature, "FACP", 4) == 0)
            return Table;
    }
    return NULL;
}

/* Name(\_S5_, Package() { n, ... }): NameOp "_S5_" PackageOp PkgLength NumElements, then n as a byte or a constant. */
static ULONG HalpFindSleepType(const ACPI_TABLE *Dsdt)
{
    for (ULONG i = sizeof(*Dsdt); i + 9 <= Dsdt->Length; i++) {
        const UCHAR *Aml = (const UCHAR *)Dsdt + i;
        if (__builtin_memcmp(Aml, "_S5_", 4) != 0 || Aml[4] != 0x12)
            continue;
        Aml += 6 + (Aml[5] >> 6) + 1;               /* past the package's length and its count */
        return *Aml == 0x0A ? Aml[1] : *Aml;        /* BytePrefix, or ZeroOp and OneOp, which are their values */
    }
    return 0;
}

static VOID HalpFixedEvent(PVOID Context)
{
    UNREFERENCED_PARAMETER(Context);
    if (KiIn16(HalpPm1Event) & PM1_POWER_BUTTON) {
        KiOut16(HalpPm1Event, PM1_POWER_BUTTON);
        HalpPowerButtonPressed();
    }
}

static VOID HalpGenericEvent(PVOID Context)
{
    UNREFERENCED_PARAMETER(Context);
    if (*HalpEventSelector & GED_EVENT_POWER_BUTTON)  /* reading clears it */
        HalpPowerButtonPressed();
}

static VOID HalpInitializeFixedHardware(const ACPI_TABLE *Fadt)
{
    ULONG SmiCommand = Read32(Fadt, FADT_SMI_COMMAND);

    HalpPm1Event = (USHORT)Read32(Fadt, FADT_PM1A_EVENT);
    HalpPm1Enable = (USHORT)(HalpPm1Event + Read8(Fadt, FADT_PM1_EVENT_LENGTH) / 2);
    HalpPm1Control = (USHORT)Read32(Fadt, FADT_PM1A_CONTROL);
    if (!(KiIn16(HalpPm1Control) & PM1_SCI_ENABLE)) {
        if (SmiCommand != 0 && Read8(Fadt, FADT_ACPI_ENABLE) != 0)
            KiOut8((USHORT)SmiCommand, Read8(Fadt, FADT_ACPI_ENABLE));
        KiOut16(HalpPm1Control, KiIn16(HalpPm1Control) | PM1_SCI_ENABLE);
    }
    KiOut16(HalpPm1Event, PM1_POWER_BUTTON);
    KiConnectInterrupt(Read32(Fadt, FADT_SCI_INTERRUPT) & 0xFFFF, TRUE, HalpFixedEvent, NULL);
    KiOut16(HalpPm1Enable, PM1_POWER_BUTTON);       /* without this the press is not even latched */
}

static VOID HalpInitializeReducedHardware(const ACPI_TABLE *Fadt)
{
    ULONG64 Address = Read64(Fadt, FADT_SLEEP_CONTROL + 4);

    if (Address == 0 || Read8(Fadt, FADT_SLEEP_CONTROL) != ADDRESS_SPACE_MEMORY)
        return;
    HalpSleepControl = MmMapIoSpace(Address, 1);
    HalpEventSelector = MmMapIoSpace(Address - GED_SELECTOR_BEFORE_SLEEP_CONTROL, sizeof(ULONG));
    if (HalpEventSelector != NULL)
        KiConnectInterrupt(GED_LINE, FALSE, HalpGenericEvent, NULL);
}

static VOID HalpInitializeReset(const ACPI_TABLE *Fadt)
{
    ULONG64 Address = Read64(Fadt, FADT_RESET_REGISTER + 4);

    if (!(Read32(Fadt, FADT_FLAGS) & FADT_FLAG_RESET) || Address == 0)
        return;
    HalpResetValue = Read8(Fadt, FADT_RESET_VALUE);
    if (Read8(Fadt, FADT_RESET_REGISTER) == ADDRESS_SPACE_IO)
        HalpResetPort = (USHORT)Address;
    else
        HalpResetRegister = MmMapIoSpace(Address, 1);
}

VOID HalpInitializePower(PLOADER_PARAMETER_BLOCK LoaderBlock)
{
    const ACPI_TABLE *Fadt = LoaderBlock->AcpiRsdpPhysical ? HalpFindFadt(LoaderBlock->AcpiRsdpPhysical) : NULL;
    const ACPI_TABLE *Dsdt = Fadt ? HalpTable(Read32(Fadt, FADT_DSDT)) : NULL;

    if (Fadt == NULL || Dsdt == NULL) {
        HalDisplayString("hal: no ACPI: neither power button nor power-off\n");
        return;
    }
    HalpSleepTypeS5 = HalpFindSleepType(Dsdt);
    HalpInitializeReset(Fadt);
    if (Fadt->Length > FADT_SLEEP_CONTROL + 12 && (Read32(Fadt, FADT_FLAGS) & FADT_FLAG_HW_REDUCED))
        HalpInitializeReducedHardware(Fadt);
    else
        HalpInitializeFixedHardware(Fadt);
}

VOID HalpPowerOff(VOID)
{
    if (HalpSleepControl != NULL)
        *HalpSleepControl = (UCHAR)(HalpSleepTypeS5 << 2 | SLEEP_CONTROL_ENABLE);
    else if (HalpPm1Control != 0)
        KiOut16(HalpPm1Control, (USHORT)(HalpSleepTypeS5 << 10 | PM1_SLEEP_ENABLE));
}

/* The register that the tables name, the chipset's reset port, and in the end a triple fault, which every PC obeys. */
VOID HalpReset(VOID)
{
    struct __attribute__((packed)) { USHORT Limit; ULONG64 Base; } NoIdt = { 0, 0 };

    if (HalpResetRegister != NULL)
        *HalpResetRegister = HalpResetValue;
    if (HalpResetPort != 0)
        KiOut8(HalpResetPort, HalpResetValue);
    KiOut8(0xCF9, 0x06);
    __asm__ volatile("lidt %0; int3" :: "m"(NoIdt));
}
