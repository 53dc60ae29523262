#include "worker/numeric/pass.h"

#include "common/xalloc.h"

#include <assert.h>
#include <stdlib.h>

enum { ALIGNED_REALS = 64 / sizeof(real) };

void frame_reserve(struct frame *frame, size_t reals)
{
    if (reals <= frame->capacity)
        return;
    frame_free(frame);
    frame->memory = xaligned(reals * sizeof(real));
    frame->capacity = reals;
}

void frame_free(struct frame *frame)
{
    free(frame->memory);
    *frame = (struct frame){ 0 };
}

struct frame frame_piece(struct frame whole, size_t index, size_t reals_each)
{
    assert((index + 1) * reals_each <= whole.capacity);
    return (struct frame){ .memory = whole.memory + index * reals_each, .capacity = reals_each };
}

static real *frame_take(struct frame *frame, size_t reals)
{
    real *taken = frame->memory ? frame->memory + frame->used : NULL;
    frame->used += (reals + ALIGNED_REALS - 1) / ALIGNED_REALS * ALIGNED_REALS;
    assert(frame->memory == NULL || frame->used <= frame->capacity);
    return taken;
}

struct pass pass_dry(void)
{
    return (struct pass){ 0 };
}

struct pass pass_values(struct frame values)
{
    return (struct pass){ .values = values, .fill_values = true };
}

struct pass pass_tangents(struct frame values, struct frame tangents)
{
    return (struct pass){ .values = values, .tangents = tangents, .fill_tangents = true };
}

struct pass pass_both(struct frame values, struct frame tangents)
{
    struct pass pass = pass_tangents(values, tangents);
    pass.fill_values = true;
    return pass;
}

struct mat mat_new(struct pass *pass, int rows, int cols)
{
    struct mat m = { .rows = rows, .cols = cols };
    m.value = frame_take(&pass->values, mat_count(m));
    if (pass->fill_tangents)
        m.tangent = frame_take(&pass->tangents, mat_count(m));
    return m;
}
