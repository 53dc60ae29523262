/* metric_ids.h - the table metric in memory: from a metric's name to its number. A program that
 * puts a step or a seed into the names of its metrics makes hundreds of thousands of them, so
 * neither a new name nor an old one is looked for among all others. */
#ifndef STORE_METRIC_IDS_H
#define STORE_METRIC_IDS_H
#include "coordinator/core/index.h"

struct metric_ids {
    struct name_index by_name; /* of struct metric_id, owned */
    int64_t last;              /* the highest number; 0: none yet */
};

int64_t metric_ids_find(const struct metric_ids *ids, const char *name); /* 0: unknown */
void metric_ids_add(struct metric_ids *ids, const char *name, int64_t id); /* an unknown name */
void metric_ids_clear(struct metric_ids *ids);
#endif
