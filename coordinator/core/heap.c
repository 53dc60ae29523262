#include "coordinator/core/heap.h"
#include "common/xalloc.h"

#include <stdlib.h>

bool heap_before(const struct heap_node *a, const struct heap_node *b)
{
    return a->load != b->load ? a->load < b->load : a->served < b->served;
}

static void set(struct heap *heap, size_t position, struct heap_node *node)
{
    heap->nodes[position - 1] = node;
    node->position = position;
}

static struct heap_node *at(const struct heap *heap, size_t position)
{
    return heap->nodes[position - 1];
}

static void rise(struct heap *heap, struct heap_node *node)
{
    size_t position = node->position;
    while (position > 1 && heap_before(node, at(heap, position / 2))) {
        set(heap, position, at(heap, position / 2));
        position /= 2;
    }
    set(heap, position, node);
}

static void sink(struct heap *heap, struct heap_node *node)
{
    size_t position = node->position;
    for (size_t child; (child = 2 * position) <= heap->count; position = child) {
        if (child < heap->count && heap_before(at(heap, child + 1), at(heap, child)))
            child++;
        if (!heap_before(at(heap, child), node))
            break;
        set(heap, position, at(heap, child));
    }
    set(heap, position, node);
}

struct heap_node *heap_least(const struct heap *heap)
{
    return heap->count > 0 ? heap->nodes[0] : NULL;
}

void heap_put(struct heap *heap, struct heap_node *node, int64_t load, uint64_t served)
{
    node->load = load;
    node->served = served;
    if (node->position == 0) {
        heap->nodes = xgrow(heap->nodes, heap->count, &heap->capacity, sizeof(struct heap_node *));
        set(heap, ++heap->count, node);
    }
    rise(heap, node);
    sink(heap, node);
}

void heap_remove(struct heap *heap, struct heap_node *node)
{
    size_t position = node->position;
    if (position == 0)
        return;
    struct heap_node *last = at(heap, heap->count--);
    node->position = 0;
    if (last == node)
        return;
    set(heap, position, last);
    rise(heap, last);
    sink(heap, last);
}

void heap_free(struct heap *heap)
{
    free(heap->nodes);
    *heap = (struct heap){ 0 };
}
