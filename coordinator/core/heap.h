/* heap.h - the least of many: a binary heap of nodes that live inside what they stand for. Ordered
 * by (load, served): the least loaded first, among equals the one that was served longest ago. */
#ifndef CORE_HEAP_H
#define CORE_HEAP_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct heap_node {
    int64_t load;    /* change it only through heap_put */
    uint64_t served;
    size_t position; /* from 1; 0: in no heap */
};
struct heap {        /* zeroed: empty */
    struct heap_node **nodes;
    size_t count, capacity;
};

#define HEAP_ITEM(node_, type, member) ((type *)((char *)(node_)-offsetof(type, member)))

bool heap_before(const struct heap_node *a, const struct heap_node *b);
struct heap_node *heap_least(const struct heap *heap); /* NULL: empty */
/* Puts a node in, or moves it to where its new load and time of service belong. */
void heap_put(struct heap *heap, struct heap_node *node, int64_t load, uint64_t served);
void heap_remove(struct heap *heap, struct heap_node *node); /* nothing happens if it is not in */
void heap_free(struct heap *heap);
#endif
