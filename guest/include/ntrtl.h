/* The run-time library. Functions above the line "user mode only" exist in the kernel and in ntdll. */
#pragma once

#include "ntdef.h"
#include "ntexcept.h"
#include "ntimage.h"
#include "ntkeapi.h"
#include "ntpebteb.h"
#include "ntpsapi.h"
#include "ntregapi.h"
#include "ntseapi.h"

/* ---- memory and narrow/wide strings (names of the C library) ---- */

void *memcpy(void *Destination, const void *Source, size_t Count);
void *memmove(void *Destination, const void *Source, size_t Count);
void *memset(void *Destination, int Value, size_t Count);
int memcmp(const void *A, const void *B, size_t Count);
void *memchr(const void *Memory, int Value, size_t Count);
size_t strlen(const char *String);
size_t strnlen(const char *String, size_t Limit);
int strcmp(const char *A, const char *B);
int strncmp(const char *A, const char *B, size_t Count);
int _stricmp(const char *A, const char *B);
char *strcpy(char *Destination, const char *Source);
char *strncpy(char *Destination, const char *Source, size_t Count);
char *strcat(char *Destination, const char *Source);
char *strchr(const char *String, int Character);
char *strrchr(const char *String, int Character);
char *strstr(const char *String, const char *Part);
unsigned long strtoul(const char *String, char **End, int Base);
size_t wcslen(const wchar_t *String);
size_t wcsnlen(const wchar_t *String, size_t Limit);
int wcscmp(const wchar_t *A, const wchar_t *B);
int wcsncmp(const wchar_t *A, const wchar_t *B, size_t Count);
int _wcsicmp(const wchar_t *A, const wchar_t *B);
int _wcsnicmp(const wchar_t *A, const wchar_t *B, size_t Count);
wchar_t *wcscpy(wchar_t *Destination, const wchar_t *Source);
wchar_t *wcsncpy(wchar_t *Destination, const wchar_t *Source, size_t Count);
wchar_t *wcscat(wchar_t *Destination, const wchar_t *Source);
wchar_t *wcschr(const wchar_t *String, wchar_t Character);
wchar_t *wcsrchr(const wchar_t *String, wchar_t Character);
wchar_t *wcsstr(const wchar_t *String, const wchar_t *Part);
wchar_t *_wcsupr(wchar_t *String);
unsigned long wcstoul(const wchar_t *String, wchar_t **End, int Base);

#define RtlCopyMemory __builtin_memcpy
#define RtlMoveMemory __builtin_memmove
#define RtlZeroMemory(d, n) __builtin_memset((d), 0, (n))
#define RtlFillMemory(d, n, v) __builtin_memset((d), (v), (n))
#define RtlEqualMemory(a, b, n) (__builtin_memcmp((a), (b), (n)) == 0)
SIZE_T NTAPI RtlCompareMemory(CONST VOID *A, CONST VOID *B, SIZE_T Length);

/* Formatting: %d %i %u %x %X %o %p %c %C %s %S %ws %ls %wZ %Z %%, flags - 0 + # and space, width, precision,
   sizes h l ll I I32 I64 z. The result is always terminated. Returns the length of the whole text, which may be
   more than what fitted (snprintf's meaning). */
int RtlpFormat(VOID (*Put)(PVOID Context, CHAR Character), PVOID Context, PCSTR Format, va_list Arguments);
int vsnprintf(char *Buffer, size_t Size, const char *Format, va_list Arguments);
int snprintf(char *Buffer, size_t Size, const char *Format, ...);
int sprintf(char *Buffer, const char *Format, ...);
/* Wide forms: Size in characters. Narrow %s means a wide string in the wide form, as in NT's C library. */
int _snwprintf(wchar_t *Buffer, size_t Size, const wchar_t *Format, ...);
int _vsnwprintf(wchar_t *Buffer, size_t Size, const wchar_t *Format, va_list Arguments);

/* ---- counted strings ---- */

VOID NTAPI RtlInitUnicodeString(PUNICODE_STRING Destination, PCWSTR Source);
NTSTATUS NTAPI RtlInitUnicodeStringEx(PUNICODE_STRING Destination, PCWSTR Source);
VOID NTAPI RtlInitAnsiString(PANSI_STRING Destination, PCSZ Source);
VOID NTAPI RtlInitString(PSTRING Destination, PCSZ Source);
VOID NTAPI RtlInitEmptyUnicodeString(PUNICODE_STRING Destination, PWCHAR Buffer, USHORT BufferSize);
VOID NTAPI RtlCopyUnicodeString(PUNICODE_STRING Destination, PCUNICODE_STRING Source);
NTSTATUS NTAPI RtlAppendUnicodeStringToString(PUNICODE_STRING Destination, PCUNICODE_STRING Source);
NTSTATUS NTAPI RtlAppendUnicodeToString(PUNICODE_STRING Destination, PCWSTR Source);
LONG NTAPI RtlCompareUnicodeString(PCUNICODE_STRING A, PCUNICODE_STRING B, BOOLEAN CaseInSensitive);
BOOLEAN NTAPI RtlEqualUnicodeString(PCUNICODE_STRING A, PCUNICODE_STRING B, BOOLEAN CaseInSensitive);
BOOLEAN NTAPI RtlPrefixUnicodeString(PCUNICODE_STRING Prefix, PCUNICODE_STRING String, BOOLEAN CaseInSensitive);
NTSTATUS NTAPI RtlHashUnicodeString(PCUNICODE_STRING String, BOOLEAN CaseInSensitive, ULONG Algorithm, PULONG Hash);
WCHAR NTAPI RtlUpcaseUnicodeChar(WCHAR Character);
WCHAR NTAPI RtlDowncaseUnicodeChar(WCHAR Character);
NTSTATUS NTAPI RtlUpcaseUnicodeString(PUNICODE_STRING Destination, PCUNICODE_STRING Source, BOOLEAN Allocate);
BOOLEAN NTAPI RtlCreateUnicodeString(PUNICODE_STRING Destination, PCWSTR Source);
BOOLEAN NTAPI RtlCreateUnicodeStringFromAsciiz(PUNICODE_STRING Destination, PCSZ Source);
NTSTATUS NTAPI RtlDuplicateUnicodeString(ULONG Flags, PCUNICODE_STRING Source, PUNICODE_STRING Destination);
VOID NTAPI RtlFreeUnicodeString(PUNICODE_STRING String);
VOID NTAPI RtlFreeAnsiString(PANSI_STRING String);
/* The ANSI code page is Latin-1's lower half: a character that does not fit becomes '?'. */
NTSTATUS NTAPI RtlAnsiStringToUnicodeString(PUNICODE_STRING Destination, PCANSI_STRING Source, BOOLEAN Allocate);
NTSTATUS NTAPI RtlUnicodeStringToAnsiString(PANSI_STRING Destination, PCUNICODE_STRING Source, BOOLEAN Allocate);
NTSTATUS NTAPI RtlUnicodeStringToInteger(PCUNICODE_STRING String, ULONG Base, PULONG Value);
NTSTATUS NTAPI RtlIntegerToUnicodeString(ULONG Value, ULONG Base, PUNICODE_STRING String);
NTSTATUS NTAPI RtlCharToInteger(PCSZ String, ULONG Base, PULONG Value);
/* UTF-16 to UTF-8, sizes in bytes; *Written is the size needed when Destination is NULL. */
NTSTATUS NTAPI RtlUnicodeToUTF8N(PCHAR Destination, ULONG Maximum, PULONG Written, PCWCH Source, ULONG SourceBytes);
NTSTATUS NTAPI RtlUTF8ToUnicodeN(PWSTR Destination, ULONG Maximum, PULONG Written, PCSTR Source, ULONG SourceBytes);
#define RTL_DUPLICATE_UNICODE_STRING_NULL_TERMINATE 1
#define HASH_STRING_ALGORITHM_DEFAULT 0
#define HASH_STRING_ALGORITHM_X65599 1

/* ---- security identifiers, lists, descriptors ---- */

BOOLEAN NTAPI RtlValidSid(PSID Sid);
ULONG NTAPI RtlLengthSid(PSID Sid);
ULONG NTAPI RtlLengthRequiredSid(ULONG SubAuthorityCount);
BOOLEAN NTAPI RtlEqualSid(PSID A, PSID B);
NTSTATUS NTAPI RtlCopySid(ULONG Length, PSID Destination, PSID Source);
NTSTATUS NTAPI RtlInitializeSid(PSID Sid, PSID_IDENTIFIER_AUTHORITY Authority, UCHAR SubAuthorityCount);
PULONG NTAPI RtlSubAuthoritySid(PSID Sid, ULONG SubAuthority);
PUCHAR NTAPI RtlSubAuthorityCountSid(PSID Sid);
NTSTATUS NTAPI RtlAllocateAndInitializeSid(PSID_IDENTIFIER_AUTHORITY Authority, UCHAR SubAuthorityCount,
                                           ULONG S0, ULONG S1, ULONG S2, ULONG S3, ULONG S4, ULONG S5, ULONG S6,
                                           ULONG S7, PSID *Sid);
PVOID NTAPI RtlFreeSid(PSID Sid);
NTSTATUS NTAPI RtlConvertSidToUnicodeString(PUNICODE_STRING String, PSID Sid, BOOLEAN Allocate);

NTSTATUS NTAPI RtlCreateAcl(PACL Acl, ULONG AclSize, ULONG AclRevision);
BOOLEAN NTAPI RtlValidAcl(PACL Acl);
NTSTATUS NTAPI RtlAddAce(PACL Acl, ULONG Revision, ULONG StartingIndex, PVOID AceList, ULONG AceListSize);
NTSTATUS NTAPI RtlAddAccessAllowedAce(PACL Acl, ULONG Revision, ACCESS_MASK Mask, PSID Sid);
NTSTATUS NTAPI RtlAddAccessAllowedAceEx(PACL Acl, ULONG Revision, ULONG Flags, ACCESS_MASK Mask, PSID Sid);
NTSTATUS NTAPI RtlAddAccessDeniedAce(PACL Acl, ULONG Revision, ACCESS_MASK Mask, PSID Sid);
NTSTATUS NTAPI RtlGetAce(PACL Acl, ULONG AceIndex, PVOID *Ace);

NTSTATUS NTAPI RtlCreateSecurityDescriptor(PSECURITY_DESCRIPTOR Descriptor, ULONG Revision);
BOOLEAN NTAPI RtlValidSecurityDescriptor(PSECURITY_DESCRIPTOR Descriptor);
/* For a self-relative descriptor that somebody else wrote: every part must lie inside Length bytes. */
BOOLEAN NTAPI RtlValidRelativeSecurityDescriptor(PSECURITY_DESCRIPTOR Descriptor, ULONG Length,
                                                 SECURITY_INFORMATION Required);
ULONG NTAPI RtlLengthSecurityDescriptor(PSECURITY_DESCRIPTOR Descriptor);
NTSTATUS NTAPI RtlSetDaclSecurityDescriptor(PSECURITY_DESCRIPTOR Descriptor, BOOLEAN Present, PACL Dacl,
                                            BOOLEAN Defaulted);
NTSTATUS NTAPI RtlGetDaclSecurityDescriptor(PSECURITY_DESCRIPTOR Descriptor, PBOOLEAN Present, PACL *Dacl,
                                            PBOOLEAN Defaulted);
NTSTATUS NTAPI RtlSetOwnerSecurityDescriptor(PSECURITY_DESCRIPTOR Descriptor, PSID Owner, BOOLEAN Defaulted);
NTSTATUS NTAPI RtlGetOwnerSecurityDescriptor(PSECURITY_DESCRIPTOR Descriptor, PSID *Owner, PBOOLEAN Defaulted);
NTSTATUS NTAPI RtlSetGroupSecurityDescriptor(PSECURITY_DESCRIPTOR Descriptor, PSID Group, BOOLEAN Defaulted);
NTSTATUS NTAPI RtlGetGroupSecurityDescriptor(PSECURITY_DESCRIPTOR Descriptor, PSID *Group, PBOOLEAN Defaulted);
NTSTATUS NTAPI RtlAbsoluteToSelfRelativeSD(PSECURITY_DESCRIPTOR Absolute, PSECURITY_DESCRIPTOR SelfRelative,
                                           PULONG BufferLength);
#define RtlMakeSelfRelativeSD RtlAbsoluteToSelfRelativeSD
/* The descriptor (either form) as SDDL, e.g. `O:SYG:SYD:(A;;GA;;;SY)`; the text is always terminated. */
NTSTATUS NTAPI RtlpSecurityDescriptorToSddl(PSECURITY_DESCRIPTOR Descriptor, PSTR Buffer, ULONG Size);

/* ---- images; a mapped image is trusted only as far as SizeOfImage ---- */

PIMAGE_NT_HEADERS NTAPI RtlImageNtHeader(PVOID Base);
#define RTL_IMAGE_NT_HEADER_EX_FLAG_NO_RANGE_CHECK 1
NTSTATUS NTAPI RtlImageNtHeaderEx(ULONG Flags, PVOID Base, ULONG64 Size, PIMAGE_NT_HEADERS *OutHeaders);
PVOID NTAPI RtlImageDirectoryEntryToData(PVOID Base, BOOLEAN MappedAsImage, USHORT DirectoryEntry, PULONG Size);
PIMAGE_SECTION_HEADER NTAPI RtlImageRvaToSection(PIMAGE_NT_HEADERS NtHeaders, PVOID Base, ULONG Rva);
PVOID NTAPI RtlImageRvaToVa(PIMAGE_NT_HEADERS NtHeaders, PVOID Base, ULONG Rva,
                            PIMAGE_SECTION_HEADER *LastRvaSection);
/* An export of a mapped image by name, or by ordinal when Name is NULL. For a forwarder *Address points at its
   text ("ntdll.RtlFoo") and *Forwarder is TRUE. STATUS_ENTRYPOINT_NOT_FOUND, STATUS_ORDINAL_NOT_FOUND,
   STATUS_INVALID_IMAGE_FORMAT. */
NTSTATUS NTAPI RtlpFindExport(PVOID Base, PCSTR Name, ULONG Ordinal, PVOID *Address, PBOOLEAN Forwarder);
/* A forwarder-free export or NULL. */
PVOID NTAPI RtlFindExportedRoutineByName(PVOID Base, PCSTR Name);
/* Applies DIR64 relocations to a mapped image for a move from its header's ImageBase by Delta. */
NTSTATUS NTAPI LdrRelocateImage(PVOID Base, ULONG64 Delta);
USHORT NTAPI RtlpChecksumWords(ULONG PartialSum, CONST VOID *Data, SIZE_T Bytes);
/* The PE checksum of a whole file image in memory (0 when it has no PE header). */
ULONG NTAPI RtlpImageChecksum(CONST VOID *FileData, ULONG FileSize);
/* From the sum of all words: without those of the field (Told), with the length. */
ULONG NTAPI RtlpFinishImageChecksum(USHORT WholeSum, ULONG Told, ULONG FileSize);

/* CRC-32 (IEEE 802.3): start with 0, feed the previous result. */
ULONG NTAPI RtlComputeCrc32(ULONG PartialCrc, CONST VOID *Buffer, ULONG Length);

/* ---- hooks: the kernel and ntdll each supply their own ---- */

PVOID RtlpAllocateMemory(SIZE_T Size, ULONG Tag);
VOID RtlpFreeMemory(PVOID Memory, ULONG Tag);
DECLSPEC_NORETURN VOID NTAPI RtlAssert(PVOID FailedAssertion, PVOID FileName, ULONG LineNumber, PCSTR Message);
#define ASSERT(e) ((e) ? (void)0 : RtlAssert(#e, __FILE_NAME__, __LINE__, NULL))
#define NT_ASSERT ASSERT

/* ---- registry queries (both modes) ---- */

typedef NTSTATUS (NTAPI *PRTL_QUERY_REGISTRY_ROUTINE)(PWSTR ValueName, ULONG ValueType, PVOID ValueData,
                                                      ULONG ValueLength, PVOID Context, PVOID EntryContext);
typedef struct _RTL_QUERY_REGISTRY_TABLE {
    PRTL_QUERY_REGISTRY_ROUTINE QueryRoutine;
    ULONG Flags;
    PWSTR Name;
    PVOID EntryContext;
    ULONG DefaultType;
    PVOID DefaultData;
    ULONG DefaultLength;
} RTL_QUERY_REGISTRY_TABLE, *PRTL_QUERY_REGISTRY_TABLE;
C_ASSERT(sizeof(RTL_QUERY_REGISTRY_TABLE) == 0x38);

#define RTL_QUERY_REGISTRY_SUBKEY 0x01
#define RTL_QUERY_REGISTRY_TOPKEY 0x02
#define RTL_QUERY_REGISTRY_REQUIRED 0x04
#define RTL_QUERY_REGISTRY_NOVALUE 0x08
#define RTL_QUERY_REGISTRY_NOEXPAND 0x10
#define RTL_QUERY_REGISTRY_DIRECT 0x20
#define RTL_QUERY_REGISTRY_DELETE 0x40

#define RTL_REGISTRY_ABSOLUTE 0
#define RTL_REGISTRY_SERVICES 1
#define RTL_REGISTRY_CONTROL 2
#define RTL_REGISTRY_WINDOWS_NT 3
#define RTL_REGISTRY_DEVICEMAP 4
#define RTL_REGISTRY_USER 5
#define RTL_REGISTRY_HANDLE 0x40000000
#define RTL_REGISTRY_OPTIONAL 0x80000000

#ifndef _NTOSKRNL_
#include "ntrtlu.h"
#endif
