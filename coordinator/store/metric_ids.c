#include "coordinator/store/metric_ids.h"
#include "common/hash.h"
#include "common/xalloc.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 64 };

/* The slot of the name, or the free one where it belongs. */
static struct metric_id_slot *place(const struct metric_ids *ids, const char *name)
{
    size_t at = hash_text(name) & (ids->capacity - 1);
    while (ids->slots[at].name != NULL && strcmp(ids->slots[at].name, name) != 0)
        at = (at + 1) & (ids->capacity - 1);
    return &ids->slots[at];
}

int64_t metric_ids_find(const struct metric_ids *ids, const char *name)
{
    return ids->count == 0 ? 0 : place(ids, name)->id;
}

/* At most half full, so that probes stay short. */
static void reserve(struct metric_ids *ids)
{
    if (2 * (ids->count + 1) <= ids->capacity)
        return;
    const struct metric_ids old = *ids;
    ids->capacity = old.capacity > 0 ? 2 * old.capacity : FIRST_CAPACITY;
    ids->slots = xcalloc(ids->capacity, sizeof *ids->slots);
    for (size_t i = 0; i < old.capacity; i++) {
        if (old.slots[i].name != NULL)
            *place(ids, old.slots[i].name) = old.slots[i];
    }
    free(old.slots);
}

void metric_ids_add(struct metric_ids *ids, const char *name, int64_t id)
{
    reserve(ids);
    *place(ids, name) = (struct metric_id_slot){ xstrdup(name), id };
    ids->count++;
    if (id > ids->last)
        ids->last = id;
}

void metric_ids_clear(struct metric_ids *ids)
{
    for (size_t i = 0; i < ids->capacity; i++)
        free(ids->slots[i].name);
    free(ids->slots);
    *ids = (struct metric_ids){ 0 };
}
