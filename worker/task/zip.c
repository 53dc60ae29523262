#include "worker/task/zip.h"

/* Bit by bit for each byte value once, with the polynomial 0xedb88320 in reflected order. */
uint32_t zip_crc(uint32_t crc, const void *bytes, size_t count)
{
    static uint32_t table[256];
    for (uint32_t i = 0; table[255] == 0 && i < 256; i++) {
        uint32_t value = i;
        for (int bit = 0; bit < 8; bit++)
            value = value >> 1 ^ (value & 1 ? 0xedb88320u : 0);
        table[i] = value;
    }
    const unsigned char *at = bytes;
    crc = ~crc;
    for (size_t i = 0; i < count; i++)
        crc = crc >> 8 ^ table[(crc ^ at[i]) & 0xff];
    return ~crc;
}
