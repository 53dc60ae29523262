/* hash.h - FNV-1a of 64 bits (Fowler, Noll, Vo): for tables in memory, and for the few numbers that
 * follow from a name. Those stand in databases and in names of directories, so it stays what it is
 * in all versions. Whoever must prove that bytes are unchanged uses XXH3. */
#ifndef COMMON_HASH_H
#define COMMON_HASH_H
#include <stddef.h>
#include <stdint.h>

#define HASH_START 0xcbf29ce484222325u
uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t count); /* goes on from HASH_START */
uint64_t hash_text(const char *text);
#endif
