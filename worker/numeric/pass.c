#include "worker/numeric/pass.h"

#include "common/xalloc.h"

#include <assert.h>
#include <stdlib.h>

enum { ALIGNED_REALS = 64 / sizeof(real) };

void workspace_reserve(struct workspace *workspace, size_t reals)
{
    if (reals <= workspace->capacity)
        return;
    workspace_free(workspace);
    workspace->memory = xaligned(reals * sizeof(real));
    workspace->capacity = reals;
}

void workspace_free(struct workspace *workspace)
{
    free(workspace->memory);
    *workspace = (struct workspace){ 0 };
}

struct workspace workspace_piece(struct workspace whole, size_t index, size_t reals_each)
{
    assert((index + 1) * reals_each <= whole.capacity);
    return (struct workspace){ .memory = whole.memory + index * reals_each,
                               .capacity = reals_each };
}

static real *workspace_take(struct workspace *workspace, size_t reals)
{
    real *taken = workspace->memory ? workspace->memory + workspace->used : NULL;
    workspace->used += (reals + ALIGNED_REALS - 1) / ALIGNED_REALS * ALIGNED_REALS;
    assert(workspace->memory == NULL || workspace->used <= workspace->capacity);
    return taken;
}

struct pass pass_dry(void)
{
    return (struct pass){ 0 };
}

struct pass pass_values(struct workspace values)
{
    return (struct pass){ .values = values, .fill_values = true };
}

struct pass pass_tangents(struct workspace values, struct workspace tangents)
{
    return (struct pass){ .values = values, .tangents = tangents, .fill_tangents = true };
}

struct pass pass_both(struct workspace values, struct workspace tangents)
{
    struct pass pass = pass_tangents(values, tangents);
    pass.fill_values = true;
    return pass;
}

struct mat mat_new(struct pass *pass, int rows, int cols)
{
    struct mat m = { .rows = rows, .cols = cols };
    m.value = workspace_take(&pass->values, mat_count(m));
    if (pass->fill_tangents)
        m.tangent = workspace_take(&pass->tangents, mat_count(m));
    return m;
}
