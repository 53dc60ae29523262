#include "worker/agent/curve.h"
#include "common/hash.h"
#include "common/xalloc.h"

#include <stdlib.h>
#include <string.h>

void curve_init(struct curve *curve)
{
    *curve = (struct curve){ 0 };
}

void curve_free(struct curve *curve)
{
    for (size_t i = 0; i < curve->n_cells; i++)
        free(curve->names[i]);
    free(curve->names);
    free(curve->points);
    curve_init(curve);
}

static char **name_cell(char **names, size_t n_cells, const char *name)
{
    size_t i = hash_text(name) % n_cells;
    while (names[i] != NULL && strcmp(names[i], name) != 0)
        i = (i + 1) % n_cells;
    return &names[i];
}

static void grow_names(struct curve *curve)
{
    size_t n_cells = curve->n_cells == 0 ? 16 : curve->n_cells * 2;
    char **names = xcalloc(n_cells, sizeof *names);
    for (size_t i = 0; i < curve->n_cells; i++)
        if (curve->names[i] != NULL)
            *name_cell(names, n_cells, curve->names[i]) = curve->names[i];
    free(curve->names);
    curve->names = names;
    curve->n_cells = n_cells;
}

/* One copy of each name, however many points carry it. */
static const char *keep_name(struct curve *curve, const char *name)
{
    if (2 * curve->n_names >= curve->n_cells)
        grow_names(curve);
    char **cell = name_cell(curve->names, curve->n_cells, name);
    if (*cell == NULL) {
        *cell = xstrdup(name);
        curve->n_names++;
    }
    return *cell;
}

void curve_add(struct curve *curve, const struct point *points, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        curve->points = xgrow(curve->points, curve->front + curve->count, &curve->capacity,
                              sizeof *curve->points);
        struct point *kept = &curve->points[curve->front + curve->count++];
        *kept = points[i];
        kept->metric = keep_name(curve, points[i].metric);
        curve->digest = point_digest(curve->digest, kept);
        curve->total++;
    }
}

bool curve_acknowledge(struct curve *curve, int64_t recorded)
{
    if (recorded > curve->total)
        return false;
    if (recorded <= curve->acknowledged)
        return true;
    size_t forgotten = (size_t)(recorded - curve->acknowledged);
    curve->front += forgotten;
    curve->count -= forgotten;
    curve->acknowledged = recorded;
    if (curve->sent < recorded)
        curve->sent = recorded;
    if (curve->front >= curve->count) { /* so that each point is moved once at most, on average */
        if (curve->count > 0)
            memmove(curve->points, curve->points + curve->front,
                    curve->count * sizeof *curve->points);
        curve->front = 0;
    }
    return true;
}

void curve_rewind(struct curve *curve)
{
    curve->sent = curve->acknowledged;
}

size_t curve_take_batch(struct curve *curve, int64_t *first, struct point **points)
{
    int64_t in_flight = curve->sent - curve->acknowledged, waiting = curve->total - curve->sent;
    if (waiting == 0 || in_flight >= CURVE_WINDOW)
        return 0;
    size_t count = waiting < CURVE_BATCH ? (size_t)waiting : CURVE_BATCH;
    *first = curve->sent;
    *points = curve->points + curve->front + in_flight;
    curve->sent += (int64_t)count;
    return count;
}
