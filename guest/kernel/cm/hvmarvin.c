/* Marvin32, the hash that guards the entries of a hive's log. */
#include "hive.h"

static ULONG HvpRotate(ULONG Value, ULONG Bits)
{
    return Value << Bits | Value >> (32 - Bits);
}

static VOID HvpMarvinMix(PHV_MARVIN State, ULONG Word)
{
    State->Low += Word;
    State->High ^= State->Low;
    State->Low = HvpRotate(State->Low, 20) + State->High;
    State->High = HvpRotate(State->High, 9) ^ State->Low;
    State->Low = HvpRotate(State->Low, 27) + State->High;
    State->High = HvpRotate(State->High, 19);
}

VOID HvpMarvinStart(PHV_MARVIN State, ULONG64 Seed)
{
    RtlZeroMemory(State, sizeof *State);
    State->Low = (ULONG)Seed;
    State->High = (ULONG)(Seed >> 32);
}

VOID HvpMarvinAppend(PHV_MARVIN State, const VOID *Data, ULONG Length)
{
    const UCHAR *Bytes = Data;

    while (Length != 0) {
        if (State->RestLength == 0 && Length >= 4) {
            HvpMarvinMix(State, CmpRead32(Bytes));
            Bytes += 4;
            Length -= 4;
            continue;
        }
        State->Rest[State->RestLength++] = *Bytes++;
        Length--;
        if (State->RestLength == 4) {
            State->RestLength = 0;
            HvpMarvinMix(State, CmpRead32(State->Rest));
        }
    }
}

ULONG64 HvpMarvinFinish(PHV_MARVIN State)
{
    ULONG Last = 0x80u << 8 * State->RestLength;

    for (ULONG i = 0; i < State->RestLength; i++)
        Last |= (ULONG)State->Rest[i] << 8 * i;
    HvpMarvinMix(State, Last);
    HvpMarvinMix(State, 0);
    return State->Low | (ULONG64)State->High << 32;
}

ULONG64 HvpMarvin32(const VOID *Data, ULONG Length)
{
    HV_MARVIN State;

    HvpMarvinStart(&State, HV_MARVIN_SEED);
    HvpMarvinAppend(&State, Data, Length);
    return HvpMarvinFinish(&State);
}
