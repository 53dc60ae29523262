/* zip.h - what the writer and the reader of .npz archives both know of zip files.
 *
 * The layout, from PKWARE's description of the format (all numbers little endian):
 *     for each member: a local header (30 bytes), its name, its content
 *     for each member: an entry of the directory (46 bytes), its name
 *     the end of the directory (22 bytes)
 * Members are stored as they are, times are the format's first, 1980-01-01 00:00, and no offset
 * needs more than 32 bits. */
#ifndef TASK_ZIP_H
#define TASK_ZIP_H
#include <stddef.h>
#include <stdint.h>

enum {
    ZIP_LOCAL_HEADER = 0x04034b50,
    ZIP_DIRECTORY_ENTRY = 0x02014b50,
    ZIP_END_OF_DIRECTORY = 0x06054b50,
    ZIP_LOCAL_HEADER_BYTES = 30,
    ZIP_DIRECTORY_ENTRY_BYTES = 46,
    ZIP_END_OF_DIRECTORY_BYTES = 22,
    ZIP_VERSION_NEEDED = 10, /* 1.0: stored members */
    ZIP_FIRST_DATE = 0x0021,
    ZIP_MEMBERS_MOST = 4096, /* ours: no model has more arrays */
};

/* CRC-32 of the format, of bytes that follow those of `crc` (0: none). */
uint32_t zip_crc(uint32_t crc, const void *bytes, size_t count);
#endif
