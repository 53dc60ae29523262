/* metric_ids.h - the table metric in memory: from a metric's name to its number, sorted by name. */
#ifndef STORE_METRIC_IDS_H
#define STORE_METRIC_IDS_H
#include <stddef.h>
#include <stdint.h>

struct metric_ids {
    struct metric_id_row { char *name; int64_t id; } *rows;
    size_t count, capacity;
};

int64_t metric_ids_find(const struct metric_ids *ids, const char *name); /* 0: unknown */
int64_t metric_ids_last(const struct metric_ids *ids);                    /* the highest number */
void metric_ids_add(struct metric_ids *ids, const char *name, int64_t id);
void metric_ids_clear(struct metric_ids *ids);
#endif
