/* Keys and values as cells of a hive: nk, vk, sk, lists and data. The tree of nodes (cmp.h) is the index over them.
 *
 * Whatever can fail is done before anything is linked, so a failure leaves the hive as it was. */
#pragma once
#include "hive.h"

#define CMP_MAXIMUM_NAME (255 * sizeof(WCHAR))

#define NK_FLAGS 2u
#define NK_TIME 4u
#define NK_PARENT 16u
#define NK_SUBKEYS 20u
#define NK_SUBKEY_LIST 28u
#define NK_VOLATILE_LIST 32u
#define NK_VALUES 36u
#define NK_VALUE_LIST 40u
#define NK_SECURITY 44u
#define NK_CLASS 48u
#define NK_MAX_NAME 52u                 /* 16 bits; newer versions keep flags behind it */
#define NK_MAX_CLASS 56u
#define NK_MAX_VALUE_NAME 60u
#define NK_MAX_VALUE_DATA 64u
#define NK_NAME_LENGTH 72u
#define NK_CLASS_LENGTH 74u
#define NK_SIZE 76u
#define NK_FLAG_HIVE_ENTRY 0x04u
#define NK_FLAG_NO_DELETE 0x08u
#define NK_FLAG_COMPRESSED_NAME 0x20u

#define VK_NAME_LENGTH 2u
#define VK_DATA_LENGTH 4u
#define VK_DATA 8u
#define VK_TYPE 12u
#define VK_FLAGS 16u
#define VK_SIZE 20u
#define VK_FLAG_COMPRESSED_NAME 0x01u
#define VK_DATA_INLINE 0x80000000u

#define SK_NEXT 4u
#define SK_PREVIOUS 8u
#define SK_REFERENCES 12u
#define SK_LENGTH 16u
#define SK_SIZE 20u

#define DB_SEGMENT_SIZE 16344u

/* cmname.c. A name of a cell, one byte or two bytes a character, into Buffer of CMP_MAXIMUM_NAME bytes. */
BOOLEAN CmpReadName(const UCHAR *Source, ULONG Bytes, BOOLEAN Compressed, PWSTR Buffer, PUNICODE_STRING Name);
/* Only ASCII is stored as one byte a character: readers disagree about the upper half of Latin-1. */
BOOLEAN CmpIsCompressible(PCUNICODE_STRING Name);
ULONG CmpStoredNameLength(PCUNICODE_STRING Name);
VOID CmpStoreName(PUCHAR Target, PCUNICODE_STRING Name);
ULONG CmpHashName(PCUNICODE_STRING Name);
/* The name of the key in cell Key; FALSE when the cell is no key. */
BOOLEAN CmpReadKeyName(PCMHIVE Hive, ULONG Key, PWSTR Buffer, PUNICODE_STRING Name);
/* A name that a key or a value may have: not too long, no NUL; a key's: not empty, no backslash. */
BOOLEAN CmpIsGoodName(PCUNICODE_STRING Name, BOOLEAN Key);

/* cmindex.c: the list of a key's subkeys, sorted by upper-case name; counts them in the parent's cell. */
NTSTATUS CmpAddSubKeyCell(PCMHIVE Hive, ULONG Parent, ULONG Child, PCUNICODE_STRING Name);
VOID CmpRemoveSubKeyCell(PCMHIVE Hive, ULONG Parent, ULONG Child);

/* cmsec.c: descriptors, one cell each, counted. */
VOID CmpInheritSecurity(PCMHIVE Hive, ULONG Parent, ULONG Child);   /* one reference more */
VOID CmpDropSecurity(PCMHIVE Hive, ULONG Key);                      /* one less; the last one frees the cell */
NTSTATUS CmpAssignSecurity(PCMHIVE Hive, ULONG Key, const VOID *Descriptor, ULONG Length);
/* The descriptor of a key, in its cell; NULL: none, or none that lies inside its cell. */
const UCHAR *CmpKeySecurity(PCMHIVE Hive, ULONG Key, PULONG Length);

/* cmdata.c: the data of the value in the vk cell `Value`; *OwnsData when they had to be put together in pool. Claims
 * their cells when the hive is being read. */
NTSTATUS CmpReadValueData(PCMHIVE Hive, const UCHAR *Value, ULONG Cell, PVOID *Data, PULONG Length,
                          BOOLEAN *OwnsData);
/* cmdatawr.c: cells for data; *LengthField and *DataField are what the vk says of them. */
NTSTATUS CmpStoreData(PCMHIVE Hive, const VOID *Data, ULONG Length, PULONG LengthField, PULONG DataField);
VOID CmpFreeData(PCMHIVE Hive, ULONG LengthField, ULONG DataField);
/* Is the data a db record? */
BOOLEAN CmpIsBigData(PCMHIVE Hive, ULONG LengthField, ULONG DataField);

/* cmkeycel.c */
NTSTATUS CmpCreateRootCell(PCMHIVE Hive, PCUNICODE_STRING Name, LARGE_INTEGER Time);
NTSTATUS CmpCreateKeyCell(PCMHIVE Hive, ULONG Parent, PCUNICODE_STRING Name, const UNICODE_STRING *Class,
                          LARGE_INTEGER Time, PULONG Cell);
VOID CmpDeleteKeyCell(PCMHIVE Hive, ULONG Parent, ULONG Cell);  /* with its values; it has no subkeys */
VOID CmpTouchKeyCell(PCMHIVE Hive, ULONG Cell, LARGE_INTEGER Time);

/* cmvalcel.c. *Value 0: the value is made; else it gets new data. */
NTSTATUS CmpSetValueCell(PCMHIVE Hive, ULONG Key, PULONG Value, PCUNICODE_STRING Name, ULONG Type, const VOID *Data,
                         ULONG Length);
VOID CmpDeleteValueCell(PCMHIVE Hive, ULONG Key, ULONG Value);
VOID CmpFreeValueCell(PCMHIVE Hive, ULONG Value);   /* with its data; not the list's entry */
