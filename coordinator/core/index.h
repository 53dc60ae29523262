/* index.h - finds things by number or by name: hash tables of pointers, open addressing with
 * linear probing. Neither owns what it points to; a name must live as long as its entry. A zeroed
 * index is empty. */
#ifndef CORE_INDEX_H
#define CORE_INDEX_H
#include <stddef.h>
#include <stdint.h>

struct index {
    struct index_slot { uint64_t key; void *item; } *slots; /* item NULL: free */
    size_t capacity, count;                                 /* capacity is a power of two */
};
void *index_find(const struct index *index, uint64_t key); /* NULL: not there */
void index_put(struct index *index, uint64_t key, void *item); /* replaces an equal key's entry */
void index_remove(struct index *index, uint64_t key);
void index_free(struct index *index);

struct name_index {
    struct name_slot { const char *name; void *item; } *slots;
    size_t capacity, count;
};
void *name_index_find(const struct name_index *index, const char *name);
/* The name must be new. */
void name_index_put(struct name_index *index, const char *name, void *item);
void name_index_free(struct name_index *index);
#endif
