#include "coordinator/store/metric_ids.h"
#include "common/xalloc.h"

#include <stdlib.h>
#include <string.h>

/* Where the name stands, or should be put. */
static size_t place(const struct metric_ids *ids, const char *name)
{
    size_t low = 0, high = ids->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (strcmp(ids->rows[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int64_t metric_ids_find(const struct metric_ids *ids, const char *name)
{
    size_t at = place(ids, name);
    return at < ids->count && strcmp(ids->rows[at].name, name) == 0 ? ids->rows[at].id : 0;
}

int64_t metric_ids_last(const struct metric_ids *ids)
{
    int64_t last = 0;
    for (size_t i = 0; i < ids->count; i++)
        last = ids->rows[i].id > last ? ids->rows[i].id : last;
    return last;
}

void metric_ids_add(struct metric_ids *ids, const char *name, int64_t id)
{
    size_t at = place(ids, name);
    ids->rows = xgrow(ids->rows, ids->count, &ids->capacity, sizeof *ids->rows);
    memmove(ids->rows + at + 1, ids->rows + at, (ids->count - at) * sizeof *ids->rows);
    ids->rows[at] = (struct metric_id_row){ xstrdup(name), id };
    ids->count++;
}

void metric_ids_clear(struct metric_ids *ids)
{
    for (size_t i = 0; i < ids->count; i++)
        free(ids->rows[i].name);
    free(ids->rows);
    *ids = (struct metric_ids){ 0 };
}
