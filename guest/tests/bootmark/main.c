/* The digest of standard input by bootmark's SHA-256, in hexadecimal. */
#include "sha256.h"

#include <stdio.h>

int main(void)
{
    static unsigned char Data[1 << 20], Digest[SHA256_SIZE];
    size_t Length = fread(Data, 1, sizeof(Data), stdin);

    Sha256(Data, Length, Digest);
    for (int i = 0; i < SHA256_SIZE; i++)
        printf("%02x", Digest[i]);
    return 0;
}
