/* Strings, numbers, formatting, checksums, descriptors, images. */
#include "test.h"

void *HostReadFile(const char *Path, unsigned *Size);

static BOOLEAN Is(PCUNICODE_STRING String, PCWSTR Text)
{
    UNICODE_STRING Expected;

    RtlInitUnicodeString(&Expected, Text);
    return RtlEqualUnicodeString(String, &Expected, FALSE);
}

static UCHAR Pattern(ULONG Index) { return (UCHAR)(Index * 37 + Index / 7); }

/* Every length that takes another way through the loops, from and to any alignment; nothing beside it is touched. */
void TestMemory(void)
{
    UCHAR From[160], To[160], After;
    BOOLEAN Same = TRUE;

    for (ULONG i = 0; i < sizeof(From); i++)
        From[i] = Pattern(i);
    for (ULONG Length = 0; Length < 140; Length++) {
        for (ULONG Shift = 0; Shift < 9; Shift++) {
            ULONG Whole = RtlComputeCrc32(0, From + Shift, Length), Bytewise = 0;

            memset(To, 0xA5, sizeof(To));
            memcpy(To + 8 - Shift / 2, From + Shift, Length);
            for (ULONG i = 0; i < sizeof(To); i++) {
                ULONG At = i - (8 - Shift / 2);

                Same &= To[i] == (i >= 8 - Shift / 2 && At < Length ? Pattern(At + Shift) : 0xA5);
            }
            After = To[Shift + Length];
            memset(To + Shift, 0x3C, Length);
            for (ULONG i = 0; i < Length; i++) {
                Same &= To[Shift + i] == 0x3C;
                Bytewise = RtlComputeCrc32(Bytewise, From + Shift + i, 1);
            }
            Same &= To[Shift + Length] == After && Whole == Bytewise;
        }
    }
    CHECK(Same);
}

void TestStrings(void)
{
    WCHAR Buffer[8];
    UNICODE_STRING Text = { 0, sizeof(Buffer), Buffer }, Other;
    CHAR Overlap[] = "0123456789abcdef", Utf8[16];
    WCHAR Wide[16];
    ULONG Value, Size;

    memmove(Overlap + 2, Overlap, 12);
    CHECK(!strcmp(Overlap, "010123456789abef"));
    memmove(Overlap, Overlap + 2, 12);
    CHECK(!strcmp(Overlap, "0123456789ababef"));
    CHECK(memcmp("abcdefgh1", "abcdefgh2", 9) < 0 && memcmp("abcdefgh\xff", "abcdefgh\x01", 9) > 0);
    CHECK(NT_SUCCESS(RtlAppendUnicodeToString(&Text, L"1234567")));
    CHECK(Buffer[7] == 0);
    CHECK(NT_SUCCESS(RtlAppendUnicodeToString(&Text, L"8")));
    CHECK(RtlAppendUnicodeToString(&Text, L"9") == STATUS_BUFFER_TOO_SMALL && Is(&Text, L"12345678"));

    for (ULONG c = 0; c < 0x10000; c++) {
        WCHAR Upper = RtlUpcaseUnicodeChar((WCHAR)c);

        CHECK(RtlUpcaseUnicodeChar(Upper) == Upper);
        if (Upper != c)
            CHECK(RtlDowncaseUnicodeChar(Upper) == c);
    }
    CHECK(RtlUpcaseUnicodeChar(L'\u00FC') == L'\u00DC' && RtlUpcaseUnicodeChar(L'\u0444') == L'\u0424');
    RtlInitUnicodeString(&Text, L"\\SystemRoot");
    RtlInitUnicodeString(&Other, L"\\SYSTEMROOT\\System32");
    CHECK(RtlPrefixUnicodeString(&Text, &Other, TRUE) && !RtlPrefixUnicodeString(&Text, &Other, FALSE));
    CHECK(!RtlPrefixUnicodeString(&Other, &Text, TRUE) && RtlCompareUnicodeString(&Text, &Other, TRUE) < 0);

    RtlInitUnicodeString(&Text, L"  -0x1Fg");
    CHECK(NT_SUCCESS(RtlUnicodeStringToInteger(&Text, 0, &Value)) && Value == (ULONG)-31);
    RtlInitUnicodeString(&Text, L"0b101");
    CHECK(NT_SUCCESS(RtlUnicodeStringToInteger(&Text, 0, &Value)) && Value == 5);
    CHECK(RtlUnicodeStringToInteger(&Text, 7, &Value) == STATUS_INVALID_PARAMETER);
    CHECK(wcstoul(L"99999999999", NULL, 10) == 0xFFFFFFFF && strtoul("0x10", NULL, 0) == 16);

    CHECK(NT_SUCCESS(RtlUnicodeToUTF8N(Utf8, sizeof(Utf8), &Size, L"\u00FC\u4E16\xD83D\xDE00\xD800", 10)) && Size == 12);
    CHECK(!memcmp(Utf8, "\xC3\xBC\xE4\xB8\x96\xF0\x9F\x98\x80\xEF\xBF\xBD", 12));
    CHECK(NT_SUCCESS(RtlUTF8ToUnicodeN(Wide, sizeof(Wide), &Size, Utf8, 12)) && Size == 10 && Wide[3] == 0xDE00);
    CHECK(NT_SUCCESS(RtlUTF8ToUnicodeN(Wide, sizeof(Wide), &Size, "\xC0\x80\xE4\xB8", 4)) && Wide[0] == 0xFFFD);
    CHECK(RtlUnicodeToUTF8N(Utf8, 2, &Size, L"\u4E16", 2) == STATUS_BUFFER_TOO_SMALL && Size == 0);
    CHECK(RtlComputeCrc32(0, "123456789", 9) == 0xCBF43926);
    CHECK(RtlComputeCrc32(RtlComputeCrc32(0, "1234", 4), "56789", 5) == 0xCBF43926);
}

static BOOLEAN Prints(PCSTR Expected, PCSTR Format, ...)
{
    CHAR Buffer[128];
    va_list Arguments;
    int Length;

    va_start(Arguments, Format);
    Length = vsnprintf(Buffer, sizeof(Buffer), Format, Arguments);
    va_end(Arguments);
    return Length == (int)strlen(Expected) && !strcmp(Buffer, Expected);
}

void TestFormat(void)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\u00FCber");
    CHAR Small[4];
    WCHAR Wide[32];

    CHECK(Prints("a -5 4294967295 1f 1F 017 %", "%c %d %u %x %X 0%o %%", 'a', -5, 4294967295u, 31, 31, 15));
    CHECK(Prints("[   42][42   ][00042][  +42]", "[%5d][%-5d][%05d][%+5d]", 42, 42, 42, 42));
    CHECK(Prints("[0x001f][0][][ab]", "[%#06x][%#x][%.0d][%.2s]", 31, 0, 0, "abc"));
    CHECK(Prints("123456789ABCDEF0 FFFF 18446744073709551615", "%I64X %hX %llu", 0x123456789ABCDEF0ull, 0x1FFFF, ~0ull));
    CHECK(Prints("\xC3\xBC" "ber wide (null)", "%wZ %ws %s", &Name, L"wide", (char *)NULL));
    CHECK(Prints("00000000DEADBEEF", "%p", (PVOID)0xDEADBEEFull));
    CHECK(Prints("-9223372036854775808", "%I64d", (LONG64)(1ull << 63)));
    CHECK(Prints("x   |   x|", "%*s|%*s|", -4, "x", 4, "x"));
    CHECK(snprintf(Small, sizeof(Small), "%s", "12345") == 5 && !strcmp(Small, "123"));
    CHECK(_snwprintf(Wide, RTL_NUMBER_OF(Wide), L"\\Sessions\\%u\\%s%wZ%S", 7, L"a", &Name, "n") == 18);
    CHECK(!wcscmp(Wide, L"\\Sessions\\7\\a\u00FCbern"));
    CHECK(_snwprintf(Wide, 4, L"%u", 12345) == -1 && !wcscmp(Wide, L"123"));
}

void TestSecurity(void)
{
    SID_IDENTIFIER_AUTHORITY Nt = SECURITY_NT_AUTHORITY, World = SECURITY_WORLD_SID_AUTHORITY;
    UCHAR AclBuffer[128], Relative[256];
    PACL Acl = (PACL)AclBuffer, Dacl;
    SECURITY_DESCRIPTOR Sd;
    PSID System, Admins, Everyone;
    ULONG Length = 0, Full;
    BOOLEAN Present, Defaulted;
    CHAR Text[128];
    UNICODE_STRING Name;

    CHECK(NT_SUCCESS(RtlAllocateAndInitializeSid(&Nt, 1, 18, 0, 0, 0, 0, 0, 0, 0, &System)));
    CHECK(NT_SUCCESS(RtlAllocateAndInitializeSid(&Nt, 2, 32, 544, 0, 0, 0, 0, 0, 0, &Admins)));
    CHECK(NT_SUCCESS(RtlAllocateAndInitializeSid(&World, 1, 0, 0, 0, 0, 0, 0, 0, 0, &Everyone)));
    CHECK(RtlLengthSid(Admins) == 16 && RtlEqualSid(System, System) && !RtlEqualSid(System, Everyone));
    CHECK(NT_SUCCESS(RtlConvertSidToUnicodeString(&Name, Admins, TRUE)) && Is(&Name, L"S-1-5-32-544"));
    RtlFreeUnicodeString(&Name);

    CHECK(NT_SUCCESS(RtlCreateAcl(Acl, sizeof(ACL) + 8 + 12 + 8 + 16, ACL_REVISION)));
    CHECK(NT_SUCCESS(RtlAddAccessAllowedAce(Acl, ACL_REVISION, GENERIC_ALL, System)));
    CHECK(NT_SUCCESS(RtlAddAccessDeniedAce(Acl, ACL_REVISION, 0x1F0003, Admins)));
    CHECK(RtlAddAccessAllowedAce(Acl, ACL_REVISION, GENERIC_READ, Everyone) == STATUS_ALLOTTED_SPACE_EXCEEDED);
    CHECK(Acl->AceCount == 2 && RtlValidAcl(Acl));
    CHECK(NT_SUCCESS(RtlCreateSecurityDescriptor(&Sd, SECURITY_DESCRIPTOR_REVISION)));
    CHECK(NT_SUCCESS(RtlSetDaclSecurityDescriptor(&Sd, TRUE, Acl, FALSE)));
    CHECK(NT_SUCCESS(RtlSetOwnerSecurityDescriptor(&Sd, System, FALSE)));
    CHECK(NT_SUCCESS(RtlpSecurityDescriptorToSddl(&Sd, Text, sizeof(Text))));
    CHECK(!strcmp(Text, "O:SYD:(A;;GA;;;SY)(D;;0x1f0003;;;BA)"));
    CHECK(RtlpSecurityDescriptorToSddl(&Sd, Text, 8) == STATUS_BUFFER_TOO_SMALL && strlen(Text) < 8);

    CHECK(RtlAbsoluteToSelfRelativeSD(&Sd, Relative, &Length) == STATUS_BUFFER_TOO_SMALL);
    Full = Length;
    CHECK(NT_SUCCESS(RtlAbsoluteToSelfRelativeSD(&Sd, Relative, &Length)) && Length == Full);
    CHECK(RtlLengthSecurityDescriptor(Relative) == Full);
    CHECK(NT_SUCCESS(RtlGetDaclSecurityDescriptor(Relative, &Present, &Dacl, &Defaulted)) && Present);
    CHECK((PUCHAR)Dacl > Relative && RtlEqualMemory(Dacl, Acl, Acl->AclSize));
    CHECK(RtlSetDaclSecurityDescriptor(Relative, TRUE, Acl, FALSE) == STATUS_INVALID_SECURITY_DESCR);
    CHECK(RtlValidRelativeSecurityDescriptor(Relative, Full, DACL_SECURITY_INFORMATION));
    CHECK(!RtlValidRelativeSecurityDescriptor(Relative, Full, SACL_SECURITY_INFORMATION));
    for (ULONG Cut = 0; Cut < Full; Cut++)
        CHECK(!RtlValidRelativeSecurityDescriptor(Relative, Cut, 0));
    Dacl->AceCount = 200;
    CHECK(!RtlValidRelativeSecurityDescriptor(Relative, Full, 0));
}

/* A file of the build, mapped as the loader does it. */
void TestImage(const char *Path, unsigned Checksum)
{
    static UCHAR Mapped[0x40000] DECLSPEC_ALIGN(4096), Moved[0x40000] DECLSPEC_ALIGN(4096);
    unsigned Size;
    PUCHAR File = HostReadFile(Path, &Size);
    PIMAGE_NT_HEADERS Nt;
    PIMAGE_SECTION_HEADER Section;
    PIMAGE_EXPORT_DIRECTORY Exports;
    ULONG DirectorySize, Changed = 0;
    BOOLEAN Forwarder;
    PVOID Address;

    CHECK(File != NULL);
    if (!File)
        return;
    CHECK(RtlpImageChecksum(File, Size) == Checksum);
    CHECK(NT_SUCCESS(RtlImageNtHeaderEx(0, File, Size, &Nt)) && Nt->OptionalHeader.SizeOfImage <= sizeof(Mapped));
    CHECK(RtlImageNtHeaderEx(0, File, 0x80, &Nt) == STATUS_INVALID_IMAGE_FORMAT);
    Nt = RtlImageNtHeader(File);
    memcpy(Mapped, File, Nt->OptionalHeader.SizeOfHeaders);
    Section = IMAGE_FIRST_SECTION(Nt);
    for (ULONG i = 0; i < Nt->FileHeader.NumberOfSections; i++, Section++)
        memcpy(Mapped + Section->VirtualAddress, File + Section->PointerToRawData,
               min(Section->SizeOfRawData, Section->Misc.VirtualSize));

    Exports = RtlImageDirectoryEntryToData(Mapped, TRUE, IMAGE_DIRECTORY_ENTRY_EXPORT, &DirectorySize);
    CHECK(Exports && Exports->NumberOfNames > 200);
    for (ULONG i = 0; Exports && i < Exports->NumberOfNames; i++) {
        PCSTR Name = (PCSTR)Mapped + ((PULONG)(Mapped + Exports->AddressOfNames))[i];
        ULONG Ordinal = Exports->Base + ((PUSHORT)(Mapped + Exports->AddressOfNameOrdinals))[i];
        PVOID ByOrdinal;

        CHECK(NT_SUCCESS(RtlpFindExport(Mapped, Name, 0, &Address, &Forwarder)) && !Forwarder);
        CHECK(NT_SUCCESS(RtlpFindExport(Mapped, NULL, Ordinal, &ByOrdinal, &Forwarder)) && ByOrdinal == Address);
    }
    CHECK(RtlpFindExport(Mapped, "NtNoSuchService", 0, &Address, &Forwarder) == STATUS_ENTRYPOINT_NOT_FOUND);
    CHECK(RtlpFindExport(Mapped, NULL, 60000, &Address, &Forwarder) == STATUS_ORDINAL_NOT_FOUND);

    memcpy(Moved, Mapped, sizeof(Moved));
    CHECK(NT_SUCCESS(LdrRelocateImage(Moved, 0x1230000)));
    for (ULONG i = 0; i + 8 <= sizeof(Moved); i += 8) {
        ULONG64 Before = *(PULONG64)(Mapped + i), After = *(PULONG64)(Moved + i);

        CHECK(Before == After || After == Before + 0x1230000);
        Changed += Before != After;
    }
    CHECK(Changed > 0 && NT_SUCCESS(LdrRelocateImage(Moved, 0 - 0x1230000ull)));
    CHECK(!memcmp(Moved, Mapped, sizeof(Moved)));
    ((PIMAGE_BASE_RELOCATION)RtlImageDirectoryEntryToData(Moved, TRUE, IMAGE_DIRECTORY_ENTRY_BASERELOC,
                                                          &DirectorySize))->VirtualAddress = 0x7FFFFFFF;
    CHECK(LdrRelocateImage(Moved, 0x1000) == STATUS_INVALID_IMAGE_FORMAT);
}
