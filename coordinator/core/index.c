#include "coordinator/core/index.h"
#include "common/hash.h"
#include "common/xalloc.h"

#include <stdlib.h>
#include <string.h>

/* Ids come in sequence and must spread (splitmix64's finaliser). */
static uint64_t spread(uint64_t key)
{
    key = (key ^ (key >> 30)) * 0xbf58476d1ce4e5b9u;
    key = (key ^ (key >> 27)) * 0x94d049bb133111ebu;
    return key ^ (key >> 31);
}

/* The slot of the key, or the free one where it belongs. */
static size_t place(const struct index *index, uint64_t key)
{
    size_t at = spread(key) & (index->capacity - 1);
    while (index->slots[at].item != NULL && index->slots[at].key != key)
        at = (at + 1) & (index->capacity - 1);
    return at;
}

void *index_find(const struct index *index, uint64_t key)
{
    return index->count == 0 ? NULL : index->slots[place(index, key)].item;
}

/* At most half full, so that probes stay short. */
static void reserve(struct index *index)
{
    if (2 * (index->count + 1) <= index->capacity)
        return;
    struct index old = *index;
    index->capacity = old.capacity ? 2 * old.capacity : 16;
    index->slots = xcalloc(index->capacity, sizeof *index->slots);
    for (size_t i = 0; i < old.capacity; i++) {
        if (old.slots[i].item != NULL)
            index->slots[place(index, old.slots[i].key)] = old.slots[i];
    }
    free(old.slots);
}

void index_put(struct index *index, uint64_t key, void *item)
{
    reserve(index);
    struct index_slot *slot = &index->slots[place(index, key)];
    index->count += slot->item == NULL;
    *slot = (struct index_slot){ key, item };
}

/* Entries after the hole move back into it unless that would put them before their own place. */
static void close_hole(struct index *index, size_t hole)
{
    size_t mask = index->capacity - 1;
    for (size_t at = (hole + 1) & mask; index->slots[at].item != NULL; at = (at + 1) & mask) {
        size_t home = spread(index->slots[at].key) & mask;
        if (((at - home) & mask) < ((at - hole) & mask))
            continue;
        index->slots[hole] = index->slots[at];
        hole = at;
    }
    index->slots[hole] = (struct index_slot){ 0 };
}

void index_remove(struct index *index, uint64_t key)
{
    if (index->count == 0)
        return;
    size_t at = place(index, key);
    if (index->slots[at].item == NULL)
        return;
    close_hole(index, at);
    index->count--;
}

void index_free(struct index *index)
{
    free(index->slots);
    *index = (struct index){ 0 };
}

static size_t name_place(const struct name_index *index, const char *name)
{
    size_t at = spread(hash_text(name)) & (index->capacity - 1);
    while (index->slots[at].item != NULL && strcmp(index->slots[at].name, name) != 0)
        at = (at + 1) & (index->capacity - 1);
    return at;
}

void *name_index_find(const struct name_index *index, const char *name)
{
    return index->count == 0 ? NULL : index->slots[name_place(index, name)].item;
}

void name_index_put(struct name_index *index, const char *name, void *item)
{
    if (2 * (index->count + 1) > index->capacity) {
        struct name_index old = *index;
        index->capacity = old.capacity ? 2 * old.capacity : 16;
        index->slots = xcalloc(index->capacity, sizeof *index->slots);
        for (size_t i = 0; i < old.capacity; i++) {
            if (old.slots[i].item != NULL)
                index->slots[name_place(index, old.slots[i].name)] = old.slots[i];
        }
        free(old.slots);
    }
    index->slots[name_place(index, name)] = (struct name_slot){ name, item };
    index->count++;
}

void name_index_free(struct name_index *index)
{
    free(index->slots);
    *index = (struct name_index){ 0 };
}
