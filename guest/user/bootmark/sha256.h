/* SHA-256 (FIPS 180-4) of bytes that are in memory at once. */
#pragma once

#include <ntdef.h>

#define SHA256_SIZE 32
VOID Sha256(const VOID *Data, SIZE_T Length, UCHAR Digest[SHA256_SIZE]);
