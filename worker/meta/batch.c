#include "worker/meta/batch.h"

#include "common/xalloc.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static void place_batches(struct gathered *g, const struct batch *batches, int n_batches)
{
    if (n_batches + 1 > g->capacity) {
        g->first = xrealloc_array(g->first, (size_t)n_batches + 1, sizeof *g->first);
        g->capacity = n_batches + 1;
    }
    g->n_batches = n_batches;
    g->first[0] = 0;
    for (int b = 0; b < n_batches; b++) {
        assert(batches[b].count > 0);
        g->first[b + 1] = g->first[b] + batches[b].count;
    }
}

static void make_room(struct gathered *g, int x_cols, int xstar_cols)
{
    int rows = g->first[g->n_batches];
    for (int dry = 1; dry >= 0; dry--) {
        struct pass pass = dry ? pass_dry() : pass_values(g->memory);
        g->x = mat_new(&pass, rows, x_cols);
        g->xstar = mat_new(&pass, xstar_cols ? rows : 0, xstar_cols);
        g->labels = mat_new(&pass, rows, 1);
        workspace_reserve(&g->memory, pass.values.used);
    }
}

static void copy_rows(struct mat to, int first, const real *from, const struct batch *batch)
{
    size_t cols = (size_t)to.cols;
    for (int i = 0; i < batch->count; i++)
        memcpy(to.value + (size_t)(first + i) * cols, from + (size_t)batch->index[i] * cols,
               cols * sizeof(real));
}

void gathered_fill(struct gathered *gathered, const struct examples *data,
                   const struct batch *batches, int n_batches, int x_cols, int xstar_cols)
{
    place_batches(gathered, batches, n_batches);
    make_room(gathered, x_cols, xstar_cols);
    for (int b = 0; b < n_batches; b++) {
        int first = gathered->first[b];
        for (int i = 0; i < batches[b].count; i++)
            assert(batches[b].index[i] >= 0 && batches[b].index[i] < data->count);
        copy_rows(gathered->x, first, data->x, &batches[b]);
        copy_rows(gathered->labels, first, data->labels, &batches[b]);
        if (xstar_cols)
            copy_rows(gathered->xstar, first, data->xstar, &batches[b]);
    }
}

void gathered_free(struct gathered *gathered)
{
    workspace_free(&gathered->memory);
    free(gathered->first);
    *gathered = (struct gathered){ 0 };
}
