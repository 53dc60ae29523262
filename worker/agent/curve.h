/* curve.h - the end of a learning curve that the coordinator has not acknowledged, and how far it
 * was sent.
 *
 *     0 ........ acknowledged ........ sent ........ total
 *       forgotten |    kept, in flight  |  kept, waits  |
 *
 * Nothing is forgotten before it is acknowledged, so whatever was lost on the way can be sent
 * again. */
#ifndef AGENT_CURVE_H
#define AGENT_CURVE_H
#include "common/point.h"

#include <stdbool.h>
#include <stddef.h>

enum { CURVE_BATCH = 1000, CURVE_WINDOW = 10000 }; /* points in one message; in flight */

struct curve {
    int64_t acknowledged, sent, total;
    uint64_t digest;       /* of all points, also the forgotten ones */
    struct point *points;  /* points[front + i] is number acknowledged + i */
    size_t front, count, capacity;
    char **names;          /* hash set of the metric names of the points; NULL: an empty cell */
    size_t n_names, n_cells;
};

void curve_init(struct curve *curve);
void curve_free(struct curve *curve);

void curve_add(struct curve *curve, const struct point *points, size_t count); /* copies */

/* `recorded` points are durable: they are forgotten. False, and nothing changed, if that cannot be:
 * more than there are. Fewer than before is an answer that was overtaken: true, without effect. */
bool curve_acknowledge(struct curve *curve, int64_t recorded);

void curve_rewind(struct curve *curve); /* everything that is not acknowledged counts as unsent */

/* The next points to send, at most CURVE_BATCH of them, and moves `sent` past them; 0 if there are
 * none or CURVE_WINDOW are in flight. They stay valid until the curve changes. */
size_t curve_take_batch(struct curve *curve, int64_t *first, struct point **points);
#endif
