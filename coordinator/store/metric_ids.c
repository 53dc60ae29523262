#include "coordinator/store/metric_ids.h"
#include "common/xalloc.h"

#include <stdlib.h>
#include <string.h>

struct metric_id {
    int64_t id;
    char name[];
};

int64_t metric_ids_find(const struct metric_ids *ids, const char *name)
{
    const struct metric_id *metric = name_index_find(&ids->by_name, name);
    return metric != NULL ? metric->id : 0;
}

void metric_ids_add(struct metric_ids *ids, const char *name, int64_t id)
{
    size_t size = strlen(name) + 1;
    struct metric_id *metric = xmalloc(sizeof *metric + size);
    metric->id = id;
    memcpy(metric->name, name, size);
    name_index_put(&ids->by_name, metric->name, metric);
    if (id > ids->last)
        ids->last = id;
}

void metric_ids_clear(struct metric_ids *ids)
{
    for (size_t i = 0; i < ids->by_name.capacity; i++)
        free(ids->by_name.slots[i].item);
    name_index_free(&ids->by_name);
    *ids = (struct metric_ids){ 0 };
}
